//! Whatever is decided, undone, allowed, over or protected anew: the changes lead to the state that compiling all rows
//! from nothing gives.

use crate::rig::{NOW, Rig, allow, block, each_rig, phishing, says, thing};
use sipar_model::{Category, SnapshotSerial, TimestampMs, Tlp, WarningKind};
use sipar_shield::{Compiler, ShieldError, rules::Rules, store::in_force, store::lists};
use sipar_snapshot::{Policy, PolicyEntry, PolicyHead, WarningIndex};
use std::sync::Arc;

const RULES: &str = include_str!("../../../../packs/rules/default.toml");

/// Names above and below one another, networks, and things of other kinds.
const THINGS: [&str; 15] = [
    "host.example",
    "www.host.example",
    "a.www.host.example",
    "deep.a.www.host.example",
    "evil.example",
    "mail.evil.example",
    "203.0.113.9",
    "203.0.113.0/24",
    "https://evil.example/login",
    "d41d8cd98f00b204e9800998ecf8427e",
    "clerk@evil.example",
    "2001:db8::5",
    "ns:host.example",
    "ns:a.www.host.example",
    "ns:203.0.113.0/24",
];

const PROTECTED: [&[&str]; 4] = [
    &[],
    &["www.host.example"],
    &["a.www.host.example", "mail.evil.example", "203.0.113.9"],
    &["www.host.example", "deep.a.www.host.example"],
];

/// Numbers that look random, the same each time (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

fn words(entries: impl Iterator<Item = PolicyEntry>) -> Vec<String> {
    let mut words: Vec<String> = entries.map(|entry| format!("{entry:?}")).collect();
    words.sort();
    words
}

/// What the rows say, compiled from nothing.
async fn compiled(rig: &Rig) -> Vec<String> {
    let house = rig.house.clone();
    let file = house.data.join("compiled");
    let (key, target) = (Arc::clone(&house.snapshot_key), file.clone());
    let read = house.store.read(move |reader| {
        let rules = Rules::from_toml(RULES).unwrap();
        let index = lists::in_use(reader)?
            .map(|used| WarningIndex::open(&house.blobs.path(&used.blob).unwrap(), &key.verifying_key()).unwrap());
        let head = PolicyHead { serial: SnapshotSerial(1), created: NOW, contact: String::new() };
        let mut compiler = Compiler::new(head, &rules, index.as_ref())?;
        in_force::each(reader, |decision| compiler.add(decision))?;
        compiler.finish()?.0.write(&target, &key).map_err(ShieldError::Build)?;
        Ok::<_, ShieldError>(())
    });
    read.await.unwrap();
    words(Policy::open(&file, &rig.house.snapshot_key.verifying_key()).unwrap().iter())
}

async fn step(rig: &Rig, chance: &mut Chance, now: &mut TimestampMs) -> String {
    let what = THINGS[chance.below(THINGS.len())];
    match chance.below(8) {
        0 => {
            let mut indicator = phishing(what);
            if chance.below(4) == 0 {
                indicator.assertions[0].tlp = Tlp::Amber;
            }
            rig.tell_of(vec![indicator]).await;
            format!("phishing {what}")
        }
        1 => {
            rig.tell_of(vec![says(what, "other-feed", Category::C2, *now)]).await;
            format!("c2 {what}")
        }
        2 | 3 => format!("block {what}: {:?}", rig.request(block(what)).await.is_ok()),
        4 => format!("allow {what}: {:?}", rig.request(allow(what)).await.is_ok()),
        5 => {
            let last = rig.records().await.len();
            let number = u32::try_from(1 + chance.below(last.max(1))).unwrap();
            format!("undo {number}: {:?}", rig.undo(number, "it was a mistake of mine").await.is_ok())
        }
        6 => {
            *now = now.plus_days(i64::try_from(chance.below(6)).unwrap());
            rig.set(*now);
            format!("now {now:?}")
        }
        _ => {
            let protected = PROTECTED[chance.below(PROTECTED.len())];
            rig.warn(&[("national", WarningKind::Never, protected)]).await;
            format!("protect {protected:?}")
        }
    }
}

#[test]
fn changes_lead_to_the_state_that_the_rows_say() {
    each_rig(|rig| async move {
        let (mut chance, mut now) = (Chance(20_261_124), NOW);
        rig.warn(&[]).await;
        rig.reconcile().await;
        let mut steps = Vec::new();
        for round in 0..120 {
            for _ in 0..=chance.below(3) {
                steps.push(step(&rig, &mut chance, &mut now).await);
            }
            rig.reconcile().await;
            if chance.below(15) == 0 {
                rig.shield().publish_whole().await.unwrap();
            }
            let published = words(rig.policy().iter());
            let last = &steps[steps.len().saturating_sub(8)..];
            assert_eq!(published, compiled(&rig).await, "round {round}, after {last:#?}");
        }
        assert!(rig.policy().serial().0 > 40, "{steps:#?}");
        let open = rig.policy().said_of(&thing("www.host.example"));
        eprintln!("serial {}, {} entries, {open:?}", rig.policy().serial(), rig.policy().entries());
        // A shield that starts anew reads the same.
        let before = words(rig.policy().iter());
        assert_eq!(rig.another().publish().await.unwrap(), None);
        assert_eq!(words(rig.policy().iter()), before);
    });
}
