//! Any text as each file that an operator puts into the packs: no panic; what makes no sense is an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_bouncers::model::{kinds::Kinds, trust::TrustRule};
use sipar_exposure::model::Classes;
use sipar_intel::{
    format::{FeedFormat, Recipe},
    warning::{National, Rules as WarningRules},
};
use sipar_model::DecayTable;
use sipar_shield::{drill::Drills, rules::Rules};

fuzz_target!(|text: &str| {
    // The first letter picks the file, so that each of them is tried for long.
    let Some((first, text)) = text.split_at_checked(1) else { return };
    match first.as_bytes()[0] % 9 {
        0 => {
            if let Ok(format) = FeedFormat::parse("fuzz", text) {
                let _recipe = Recipe::new(&format);
            }
        }
        1 => drop(Rules::from_toml(text)),
        2 => drop(Drills::from_toml(text)),
        3 => drop(Kinds::from_toml(text)),
        4 => drop(TrustRule::from_toml(text)),
        5 => drop(DecayTable::from_toml(text)),
        6 => drop(WarningRules::parse(text)),
        7 => drop(Classes::parse(text)),
        _ => drop(National::parse(text)),
    }
});
