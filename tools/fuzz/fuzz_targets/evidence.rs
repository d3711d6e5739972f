//! Any bytes as evidence: a document of the ledger that somebody brings, and what sources say as it is stored. No panic;
//! nothing is proved by a key that signed nothing; and what is read is written and read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_ledger::{Evidence, LedgerKey};
use sipar_model::{Assertion, Fact, Indicator};
use std::sync::LazyLock;

static KEY: LazyLock<LedgerKey> =
    LazyLock::new(|| LedgerKey::from_seed("fuzz.example/log", [1; 32]).expect("a key"));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(evidence) = serde_json::from_slice::<Evidence>(bytes) {
        assert!(evidence.check(KEY.verifying_key()).is_err());
        let json = serde_json::to_vec(&evidence).expect("writes");
        assert_eq!(serde_json::from_slice::<Evidence>(&json).expect("reads what it wrote"), evidence);
    }
    if let Ok(assertions) = serde_json::from_slice::<Vec<Assertion>>(bytes) {
        let json = serde_json::to_vec(&assertions).expect("writes");
        assert_eq!(serde_json::from_slice::<Vec<Assertion>>(&json).expect("reads what it wrote"), assertions);
    }
    if let Ok(indicator) = serde_json::from_slice::<Indicator>(bytes) {
        let json = serde_json::to_vec(&indicator).expect("writes");
        assert_eq!(serde_json::from_slice::<Indicator>(&json).expect("reads what it wrote"), indicator);
    }
    if let Ok(fact) = serde_json::from_slice::<Fact>(bytes) {
        let json = serde_json::to_vec(&fact).expect("writes");
        assert_eq!(serde_json::from_slice::<Fact>(&json).expect("reads what it wrote"), fact);
    }
});
