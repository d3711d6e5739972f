//! Tests of [`crate::cache`].

use super::*;
use crate::testing::wire;
use proptest::prelude::*;
use std::collections::HashMap;

fn key(name: &[u8]) -> Key<'_> {
    Key { name, qtype: 1, dnssec_ok: false, checking_disabled: false }
}

/// An answer to `name` that is `extra` bytes longer than its question and lives for `keep_s`.
fn entry(key: &Key<'_>, extra: usize, keep_s: u32, now_s: u32) -> Entry {
    let mut message = vec![0; HEADER_BYTES];
    message.extend(key.name);
    message.extend([0, 1, 0, 1]);
    message.extend(vec![0; extra]);
    let answer = Answer {
        message,
        ttl_at: vec![20],
        additional_at: 12,
        ede: b"\0\x0f\0\x02\0\x06".to_vec(),
        keep_s: Some(keep_s),
    };
    Entry::new(key, &answer, now_s).expect("short")
}

fn put(cache: &mut Cache, name: &str, extra: usize) {
    let name = wire(name);
    let hash = cache.hash(&key(&name));
    cache.put(hash, &key(&name), entry(&key(&name), extra, 60, 0));
}

fn has(cache: &mut Cache, name: &str) -> bool {
    let name = wire(name);
    let hash = cache.hash(&key(&name));
    cache.find(hash, &key(&name)).is_some()
}

#[test]
fn name_type_and_both_bits_tell_entries_apart() {
    let name = wire("www.example.org");
    let mut cache = Cache::new(1 << 20, [1, 2]);
    let keys: Vec<Key<'_>> =
        [(1, false, false), (28, false, false), (1, true, false), (1, false, true), (1, true, true)]
            .map(|(qtype, dnssec_ok, checking_disabled)| Key { name: &name, qtype, dnssec_ok, checking_disabled })
            .into();
    for (i, key) in keys.iter().enumerate() {
        let hash = cache.hash(key);
        assert_eq!(cache.find(hash, key), None, "{key:?}");
        cache.put(hash, key, entry(key, i, 60, 0));
    }
    for (i, key) in keys.iter().enumerate() {
        let slot = cache.find(cache.hash(key), key).expect("kept");
        assert_eq!(cache.entry(slot).expect("there").message().len(), 12 + name.len() + 4 + i);
    }
    assert_eq!(cache.entries(), 5);
}

#[test]
fn parts_of_an_entry_come_back_as_they_went_in() {
    let name = wire("a.example");
    let entry = entry(&key(&name), 30, 60, 100);
    assert_eq!(entry.errors(), b"\0\x0f\0\x02\0\x06");
    let stored = entry.stored(130, None, true);
    assert_eq!((stored.age_s, stored.ttl_at), (30, &20u16.to_ne_bytes()[..]));
    assert_eq!((entry.left_s(130), entry.left_s(160), entry.left_s(170), entry.over_s(170)), (30, 0, 0, 10));
}

#[test]
fn an_entry_that_is_asked_for_often_is_renewed_near_its_end_once() {
    let name = wire("a.example");
    let mut e = entry(&key(&name), 0, 100, 0);
    assert_eq!([0, 50, 89, 90, 95].map(|now| e.used(now)), [false, false, false, true, true]);
    e.renewing = true;
    assert!(!e.used(95));
    let mut once = entry(&key(&name), 0, 100, 0);
    assert!(!once.used(95), "asked for once");
    let mut short = entry(&key(&name), 0, 9, 0);
    assert_eq!([8, 8].map(|now| short.used(now)), [false, false]);
}

#[test]
fn a_new_answer_takes_the_place_of_the_old_one() {
    let mut cache = Cache::new(1 << 20, [1, 2]);
    put(&mut cache, "a.example", 0);
    let bytes = cache.bytes();
    put(&mut cache, "a.example", 0);
    assert_eq!((cache.bytes(), cache.entries()), (bytes, 1));
}

#[test]
fn what_is_asked_for_stays_and_what_is_not_goes() {
    let mut cache = Cache::new(100_000, [1, 2]);
    for n in 0..5_000 {
        put(&mut cache, &format!("n{n}.example"), 50);
        assert!(cache.bytes() <= 100_000);
        if n % 50 == 0 {
            put(&mut cache, "hot.example", 50);
        }
        assert!(n == 0 || has(&mut cache, "hot.example"), "after {n}");
    }
    assert!(!has(&mut cache, "n0.example"));
    assert!(has(&mut cache, "n4999.example"));
}

#[test]
fn an_answer_larger_than_the_cache_is_not_kept() {
    let mut cache = Cache::new(1_000, [1, 2]);
    put(&mut cache, "a.example", 0);
    put(&mut cache, "b.example", 2_000);
    assert_eq!((has(&mut cache, "a.example"), has(&mut cache, "b.example")), (true, false));
    let mut none = Cache::new(0, [1, 2]);
    put(&mut none, "a.example", 0);
    assert_eq!(none.entries(), 0);
}

proptest! {
    /// Whatever is put in and found: never more than the bound, never another's answer.
    #[test]
    fn the_cache_agrees_with_a_map(steps in prop::collection::vec((0u16..200, 0usize..400), 1..600)) {
        let mut cache = Cache::new(30_000, [7, 9]);
        let mut model = HashMap::new();
        for (n, extra) in steps {
            put(&mut cache, &format!("n{n}.example"), extra);
            model.insert(n, extra);
            prop_assert!(cache.bytes() <= 30_000);
        }
        for (n, extra) in model {
            let name = wire(&format!("n{n}.example"));
            let hash = cache.hash(&key(&name));
            if let Some(slot) = cache.find(hash, &key(&name)) {
                prop_assert_eq!(cache.entry(slot).expect("there").message().len(), 12 + name.len() + 4 + extra);
            }
        }
    }
}
