//! What a contact is told, in Urdu and in English; the words stand with the page's texts.

use super::rule::{Due, Trouble};
use crate::{model::zone_serial, page::TEXTS, people::Standing};
use sipar_area::Instance;
use sipar_model::TimestampMs;
use sipar_web::{Lang, TextValue, Texts, format};
use std::{fmt::Write as _, net::SocketAddr};

/// Zones that are named one by one; a subscriber may take more than twenty.
const ZONES_SHOWN_MAX: usize = 30;

/// What stands in letters.
pub struct Words<'a> {
    /// The texts.
    pub texts: &'a Texts,
    /// Who writes.
    pub instance: &'a Instance,
    /// Where zones are served.
    pub server: SocketAddr,
    /// Where the guide's page on zones is; empty: nowhere that we know.
    pub guide: &'a str,
    /// The newest serial.
    pub serial: u64,
}

/// The texts of letters alone, in every language.
pub fn texts() -> Texts {
    Texts::new(TEXTS.iter().copied()).unwrap_or_else(|faults| panic!("texts: {faults:?}"))
}

/// Its subject and its text.
pub fn written(words: &Words<'_>, one: &Standing, due: Due) -> (String, String) {
    let subject = |lang| words.say(lang, one, &format!("zones-letter-{}", name(due)));
    let (english, urdu) = (body(words, Lang::En, one, due), body(words, Lang::Ur, one, due));
    (format!("{} / {}", subject(Lang::En), subject(Lang::Ur)), format!("{urdu}\n----\n\n{english}"))
}

const fn name(due: Due) -> &'static str {
    match due {
        Due::Warning(Trouble::Behind { .. }) => "behind",
        Due::Warning(Trouble::Never { .. }) => "never",
        Due::AllClear => "clear",
    }
}

fn body(words: &Words<'_>, lang: Lang, one: &Standing, due: Due) -> String {
    let mut text = String::new();
    let mut paragraph = |said: &str| {
        text.push_str(said.trim_end());
        text.push_str("\n\n");
    };
    match due {
        Due::AllClear => paragraph(&words.say(lang, one, "zones-letter-clear-text")),
        Due::Warning(trouble) => {
            let since = words.time(trouble.since());
            let key = format!("zones-letter-{}-text", name(due));
            paragraph(&words.say_with(lang, one, &key, &[("since", since.into())]));
            paragraph(&zones(words, lang, one));
            let mut steps = String::new();
            for key in ["notify", "reach", "key", "guide"] {
                // Writing to a string cannot fail.
                let _written = writeln!(steps, "- {}", look_at(words, lang, one, key));
            }
            paragraph(&words.say(lang, one, "zones-letter-look"));
            paragraph(&steps);
        }
    }
    paragraph(&words.say(lang, one, "zones-letter-ask"));
    text.trim_end().to_owned() + "\n"
}

/// Which zone, which serial it has, and which is the newest.
fn zones(words: &Words<'_>, lang: Lang, one: &Standing) -> String {
    let newest = zone_serial(words.serial).to_string();
    let line = |zone: &crate::people::ZoneNow| {
        let mut values: Vec<(&str, TextValue<'_>)> = vec![("zone", zone.name.clone().into())];
        values.push(("newest", newest.clone().into()));
        match zone.serial {
            // As text: serials are no quantities, and have no commas.
            Some(serial) => {
                values.push(("serial", serial.to_string().into()));
                words.texts.with(lang, "zones-letter-zone", &values)
            }
            None => words.texts.with(lang, "zones-letter-zone-never", &values),
        }
    };
    let lines: Vec<String> = one.each.iter().take(ZONES_SHOWN_MAX).map(line).collect();
    lines.join("\n")
}

fn look_at(words: &Words<'_>, lang: Lang, one: &Standing, key: &str) -> String {
    let addresses: Vec<String> = one.about.notify.iter().map(ToString::to_string).collect();
    match key {
        "notify" if addresses.is_empty() => words.say(lang, one, "zones-letter-look-no-notify"),
        "notify" => {
            words.say_with(lang, one, "zones-letter-look-notify", &[("addresses", addresses.join(", ").into())])
        }
        "reach" => words.say_with(lang, one, "zones-letter-look-reach", &[("server", words.server.to_string().into())]),
        "key" => words.say_with(lang, one, "zones-letter-look-key", &[("key", one.key_name.clone().into())]),
        _ if words.guide.is_empty() => words.say(lang, one, "zones-letter-look-no-guide"),
        _ => words.say_with(lang, one, "zones-letter-look-guide", &[("guide", words.guide.to_owned().into())]),
    }
}

impl Words<'_> {
    fn say(&self, lang: Lang, one: &Standing, key: &str) -> String {
        self.say_with(lang, one, key, &[])
    }

    fn say_with(&self, lang: Lang, one: &Standing, key: &str, more: &[(&str, TextValue<'_>)]) -> String {
        let contact = self.instance.contact.strip_prefix("mailto:").unwrap_or(&self.instance.contact);
        let mut values: Vec<(&str, TextValue<'_>)> = vec![
            ("organisation", self.instance.organisation.clone().into()),
            ("subscriber", one.about.slug.clone().into()),
            ("contact", contact.to_owned().into()),
        ];
        values.extend(more.iter().cloned());
        self.texts.with(lang, key, &values)
    }

    fn time(&self, at: TimestampMs) -> String {
        format::local(at, &self.instance.time_zone)
    }
}
