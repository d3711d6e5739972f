//! What the operator's own file says of drills: packs/drills/default.toml.

use serde::Deserialize;
use sipar_area::Places;
use sipar_model::Observable;
use std::sync::Arc;

/// Names and addresses in the operator's own list: each costs some 200 bytes of memory.
pub const MUST_RESOLVE_MAX: usize = 100_000;

/// Why a text does not say how to drill.
#[derive(Debug, thiserror::Error)]
pub enum DrillsError {
    /// Not TOML, or not with these keys.
    #[error("reading the drills as TOML")]
    Toml(#[source] toml::de::Error),
    /// Something in the list cannot be looked up.
    #[error("`{given}` under `must_resolve` is not a name, an address or a network")]
    Thing {
        /// What stands there.
        given: String,
    },
    /// Too long.
    #[error("`must_resolve` has more than {max} entries; an entry covers everything below it, so name the higher one")]
    TooMany {
        /// The bound.
        max: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    hits_max: usize,
    must_resolve: Vec<String>,
}

/// How to drill.
#[derive(Clone, Debug)]
pub struct Drills {
    /// More decisions than this stop a change.
    pub hits_max: usize,
    /// The operator's own list.
    pub own: Arc<Places<()>>,
}

impl Drills {
    /// Reads the file.
    ///
    /// # Errors
    /// Names what in it makes no sense.
    pub fn from_toml(text: &str) -> Result<Self, DrillsError> {
        let written: Written = toml::from_str(text).map_err(DrillsError::Toml)?;
        if written.must_resolve.len() > MUST_RESOLVE_MAX {
            return Err(DrillsError::TooMany { max: MUST_RESOLVE_MAX });
        }
        let mut own = Places::default();
        for given in written.must_resolve {
            match Observable::guess(&given) {
                Ok(thing @ (Observable::Domain(_) | Observable::Address(_) | Observable::Prefix(_))) => {
                    own.insert(&thing, ());
                }
                _ => return Err(DrillsError::Thing { given: given.chars().take(80).collect() }),
            }
        }
        Ok(Self { hits_max: written.hits_max, own: Arc::new(own) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_reads_and_what_makes_no_sense_is_named() {
        let shipped = Drills::from_toml(include_str!("../../../../packs/drills/default.toml")).expect("reads");
        assert!(shipped.own.is_empty() && shipped.hits_max > 0);
        let own =
            Drills::from_toml("hits_max = 3\nmust_resolve = [\"bank.example\", \"192.0.2.0/24\"]").expect("reads");
        assert_eq!((own.hits_max, own.own.len()), (3, 2));
        for (text, expect) in [
            ("hits_max = 3", "TOML"),
            ("hits_max = -1\nmust_resolve = []", "TOML"),
            ("hits_max = 3\nmust_resolve = []\nmore = 1", "TOML"),
            ("hits_max = 3\nmust_resolve = [\"https://bank.example/x\"]", "`https://bank.example/x`"),
            ("hits_max = 3\nmust_resolve = [\"no such thing\"]", "`no such thing`"),
        ] {
            let error = Drills::from_toml(text).expect_err(text).to_string();
            assert!(error.contains(expect), "{error}");
        }
        let many = vec!["\"a.example\""; MUST_RESOLVE_MAX + 1].join(",");
        let error = Drills::from_toml(&format!("hits_max = 3\nmust_resolve = [{many}]")).expect_err("too many");
        assert!(matches!(error, DrillsError::TooMany { .. }), "{error}");
    }
}
