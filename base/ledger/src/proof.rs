//! How anyone checks a proof (RFC 9162 §2.1.3.2 and §2.1.4.2, which give RFC 6962's proofs an algorithm).

use crate::hash::{Hash, node_hash};

/// True when `proof` shows that the entry with `leaf` is number `index` of the `size` entries under `root`.
#[must_use]
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = leaf;
    for &beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(beside, hash);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            hash = node_hash(hash, beside);
        }
        at /= 2;
        last /= 2;
    }
    last == 0 && hash == root
}

/// True when `proof` shows that the `old_size` entries under `old_root` are the first of the `new_size` under
/// `new_root`.
#[must_use]
pub fn verify_consistency(old_size: u64, old_root: Hash, new_size: u64, new_root: Hash, proof: &[Hash]) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && old_root == Hash::of_empty_tree();
    }
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at % 2 == 1 {
        at /= 2;
        last /= 2;
    }
    let (first, rest) = match (old_size.is_power_of_two(), proof.split_first()) {
        (true, _) => (old_root, proof),
        (false, Some((first, rest))) => (*first, rest),
        (false, None) => return false,
    };
    let (mut old, mut new) = (first, first);
    for &beside in rest {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            old = node_hash(beside, old);
            new = node_hash(beside, new);
            while at.is_multiple_of(2) && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            new = node_hash(new, beside);
        }
        at /= 2;
        last /= 2;
    }
    last == 0 && old == old_root && new == new_root
}
