//! What a class of exposure says, from the pack that exposures are classed by.

use serde::Deserialize;
use sipar_web::Lang;
use std::collections::BTreeMap;

/// What a class says in one language.
#[derive(Clone, Debug, Deserialize)]
struct Text {
    title: String,
    fix: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Class {
    en: Text,
    ur: Text,
}

/// The texts by the names of classes. Whether the pack makes sense is for exposures to say.
#[derive(Clone, Debug)]
pub struct Classes(BTreeMap<String, Class>);

impl Classes {
    /// Reads the texts of the pack.
    ///
    /// # Errors
    /// When it is no such TOML.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text).map(Self)
    }

    /// What is wrong in this class, and what its owner does about it. One that is gone from the pack says its name.
    #[must_use]
    pub fn texts<'a>(&'a self, class: &'a str, lang: Lang) -> (&'a str, &'a str) {
        let text = self.0.get(class).map(|class| match lang {
            Lang::En => &class.en,
            Lang::Ur => &class.ur,
        });
        text.map_or((class, ""), |text| (text.title.as_str(), text.fix.as_str()))
    }
}
