//! Roots and proofs against `ct-merkle`, which shares no code with ours.

use super::{add, key, log, open, text};
use crate::disk::Disk;
use crate::publish::begin;
use crate::tree::Tree;
use crate::{Hash, leaf_hash, verify, verify_consistency, verify_inclusion};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

fn oracle(size: u64) -> Oracle {
    let mut tree = Oracle::new();
    (0..size).for_each(|number| tree.push(text(number).into_bytes()));
    tree
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn root_of(tree: &Oracle) -> Hash {
    Hash(tree.root().as_bytes()[..].try_into().expect("32 bytes"))
}

#[test]
fn every_size_to_600_has_the_oracles_root_and_verifies() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut disk = Disk::new(dir.path());
    begin(&mut disk, &key()).expect("begun");
    let mut tree = Oracle::new();
    for size in 1..=600 {
        tree.push(text(size - 1).into_bytes());
        let written = add(&mut disk, size - 1, size).expect("written");
        assert_eq!(written.checkpoint.root, root_of(&tree), "size {size}");
        let report = verify(dir.path(), key().verifying_key()).unwrap_or_else(|faults| panic!("{size}: {faults:?}"));
        assert_eq!((report.size, report.unpublished, report.strangers.len()), (size, 0, 0));
    }
}

#[test]
fn a_log_of_70_000_in_two_steps_has_the_oracles_proofs() {
    let dir = log(&[65_000, 70_000]);
    let tree = oracle(70_000);
    let ledger = open(dir.path());
    let root = root_of(&tree);
    assert_eq!(ledger.checkpoint().expect("signed").checkpoint.root, root);
    for index in [0, 1, 255, 256, 65_535, 65_536, 69_631, 69_632, 69_999] {
        let proof = ledger.inclusion(index).expect("a proof").hashes;
        assert_eq!(bytes(&proof), tree.prove_inclusion(index as usize).as_bytes(), "entry {index}");
        assert!(verify_inclusion(ledger.leaf(index).expect("a leaf"), index, 70_000, &proof, root));
        assert_eq!(ledger.entry(index).expect("an entry").to_text().expect("short"), text(index));
    }
    for old in [1_u64, 255, 256, 257, 65_000, 65_536, 69_999] {
        let proof = ledger.consistency(old).expect("a proof").hashes;
        assert_eq!(bytes(&proof), tree.prove_consistency((70_000 - old) as usize).as_bytes(), "from {old}");
        assert!(verify_consistency(old, root_of(&oracle(old)), 70_000, root, &proof));
    }
    assert!(ledger.inclusion(70_000).is_err());
    assert!(ledger.consistency(70_001).is_err());
    verify(dir.path(), key().verifying_key()).expect("whole");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_proof_is_the_oracles_and_nothing_else_passes(size in 2_u64..1_200, at in any::<u64>(), salt in any::<u8>()) {
        let dir = log(&[size]);
        let disk = Disk::new(dir.path());
        let mut tree = Tree::new(size, &disk);
        let (whole, root) = (oracle(size), tree.root().expect("a root"));
        let index = at % size;
        let leaf = leaf_hash(text(index).as_bytes());

        let proof = tree.inclusion(index).expect("a proof");
        prop_assert_eq!(bytes(&proof), whole.prove_inclusion(index as usize).as_bytes().to_vec());
        prop_assert!(verify_inclusion(leaf, index, size, &proof, root));
        prop_assert!(!verify_inclusion(leaf, (index + 1) % size, size, &proof, root));
        prop_assert!(!verify_inclusion(leaf, index, size, &proof[1..], root));
        prop_assert!(!verify_inclusion(leaf_hash(&[salt]), index, size, &proof, root));

        let old = 1 + at % (size - 1);
        let old_root = root_of(&oracle(old));
        let proof = tree.consistency(old).expect("a proof");
        prop_assert_eq!(bytes(&proof), whole.prove_consistency((size - old) as usize).as_bytes().to_vec());
        prop_assert!(verify_consistency(old, old_root, size, root, &proof));
        prop_assert!(!verify_consistency(old, leaf, size, root, &proof));
        prop_assert!(!verify_consistency(old, old_root, size, leaf, &proof));
        prop_assert!(!verify_consistency(old, old_root, size, root, &proof[1..]));
        let mut longer = proof;
        longer.push(leaf);
        prop_assert!(!verify_consistency(old, old_root, size, root, &longer));
    }
}

#[test]
fn the_ends_of_consistency() {
    let (empty, one) = (Hash::of_empty_tree(), leaf_hash(b"1"));
    assert!(verify_consistency(0, empty, 1, one, &[]));
    assert!(!verify_consistency(0, one, 1, one, &[]));
    assert!(verify_consistency(1, one, 1, one, &[]));
    assert!(!verify_consistency(2, one, 1, one, &[]));
    assert!(!verify_consistency(1, one, 1, empty, &[]));
    assert!(!verify_inclusion(one, 0, 0, &[], one));
    assert!(verify_inclusion(one, 0, 1, &[], one));
}
