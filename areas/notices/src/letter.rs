//! What a letter says, in the languages of its reader. Things are listed once: a list of addresses has no language.

use crate::model::{Classes, Due, Notice, Thing, document};
use sipar_area::{Instance, Reached};
use sipar_web::{Lang, TextValue, Texts, format::rfc3339};
use std::{collections::BTreeMap, fmt::Write as _};

/// Bytes of the list of things in a letter's text: some 200 of them. The attachments have all.
const LIST_BYTES_MAX: usize = 20 * 1_024;

/// Characters of what to do about a class, as a letter says it; the page has all.
const FIX_CHARS_MAX: usize = 800;

/// What a letter is about.
pub(crate) struct Words<'a> {
    pub texts: &'a Texts,
    pub classes: &'a Classes,
    pub instance: &'a Instance,
    pub notice: &'a Notice,
    pub due: Due,
    /// Whose things they are.
    pub owner: &'a Reached,
    /// Who gets the letter: the owner, or who stands above.
    pub to: &'a Reached,
    /// The things that it names.
    pub things: &'a [Thing],
    /// Of the others, how many no source sees any more.
    pub unseen: usize,
    /// What acknowledges it.
    pub link: &'a str,
    pub languages: &'a [Lang],
}

/// A letter without its head.
pub(crate) struct Written {
    pub subject: String,
    pub text: String,
    pub languages: String,
}

const fn kind(words: &Words<'_>) -> &'static str {
    match (words.due, words.notice.unreachable_at) {
        (Due::Remind, _) => "reminder",
        (Due::Escalate, Some(_)) => "unreachable",
        (Due::Escalate, None) => "escalation",
        _ => "first",
    }
}

/// Writes it.
pub(crate) fn written(words: &Words<'_>) -> Written {
    let kind = kind(words);
    let (subject, body) = (format!("notices-letter-{kind}-subject"), format!("notices-letter-{kind}"));
    let subjects: Vec<String> = words.languages.iter().map(|lang| words.say(*lang, &subject)).collect();
    let mut text = String::new();
    for lang in words.languages {
        let mut paragraph = |said: &str| {
            text.push_str(said.trim_end());
            text.push_str("\n\n");
        };
        paragraph(&words.say(*lang, &body));
        if words.unseen > 0 {
            paragraph(&words.say(*lang, "notices-letter-unseen"));
        }
        paragraph(&words.say(*lang, "notices-letter-answer"));
        // An address stands on a line of its own, where no direction of text touches it.
        paragraph(words.link);
    }
    list(words, &mut text);
    for lang in words.languages {
        let _ = write!(text, "\n{}\n", words.say(*lang, "notices-letter-end").trim_end());
    }
    let codes: Vec<&str> = words.languages.iter().map(|lang| lang.code()).collect();
    Written {
        subject: format!("N-{}: {}", words.notice.number, subjects.join(" / ")),
        text,
        languages: codes.join(", "),
    }
}

impl Words<'_> {
    fn say(&self, lang: Lang, key: &str) -> String {
        let severity = self.texts.get(lang, &format!("web-severity-{}", self.notice.severity.word()));
        let values: [(&str, TextValue<'_>); 10] = [
            ("number", self.notice.number.to_string().into()),
            ("n", i64::try_from(self.things.len()).unwrap_or(i64::MAX).into()),
            ("all", self.notice.things.into()),
            ("unseen", i64::try_from(self.unseen).unwrap_or(i64::MAX).into()),
            ("severity", severity.into()),
            ("party", self.owner.title(lang).to_owned().into()),
            ("reader", self.to.title(lang).to_owned().into()),
            ("organisation", self.instance.organisation.clone().into()),
            ("contact", self.instance.contact.trim_start_matches("mailto:").to_owned().into()),
            ("tlp", document::marking(self.things).word().to_uppercase().into()),
        ];
        let made = ("made", TextValue::from(rfc3339(self.notice.made_at)));
        self.texts.with(lang, key, &[values.as_slice(), &[made]].concat())
    }
}

/// The things by their class: what it is and what to do once, then each thing on a line.
fn list(words: &Words<'_>, text: &mut String) {
    let mut classes: BTreeMap<&str, Vec<&Thing>> = BTreeMap::new();
    for thing in words.things {
        classes.entry(&thing.exposed.class).or_default().push(thing);
    }
    let (start, mut left) = (text.len(), words.things.len());
    for (class, things) in classes {
        let mut head = String::from("--------\n");
        for lang in words.languages {
            let (title, fix) = words.classes.texts(class, *lang);
            let fix: String = fix.chars().take(FIX_CHARS_MAX).collect();
            let _ = write!(head, "{title}\n{fix}\n");
        }
        head.push('\n');
        if text.len() - start + head.len() > LIST_BYTES_MAX {
            break;
        }
        text.push_str(&head);
        for thing in things {
            let line = line(thing);
            if text.len() - start + line.len() > LIST_BYTES_MAX {
                break;
            }
            text.push_str(&line);
            left -= 1;
        }
        text.push('\n');
    }
    if left > 0 {
        for lang in words.languages {
            let values = [("n", TextValue::from(i64::try_from(left).unwrap_or(i64::MAX)))];
            let _ = writeln!(text, "{}", words.texts.with(*lang, "notices-letter-more", &values));
        }
    }
}

/// `E-3  192.0.2.7  in 192.0.2.0/24  certain  2026-11-01T00:00:00Z - 2026-11-29T00:00:00Z  x2`
fn line(thing: &Thing) -> String {
    let one = &thing.exposed;
    let (subject, asset) = (one.subject.value(), one.asset.value());
    let within = if subject == asset { String::new() } else { format!("  ({asset})") };
    let times = if one.times > 1 { format!("  x{}", one.times) } else { String::new() };
    let (first, last) = (rfc3339(one.first_seen), rfc3339(one.last_seen));
    format!("E-{}  {subject}{within}  {}  {first} - {last}{times}\n", one.number, one.evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::page::TEXTS;
    use sipar_area::Contact;
    use sipar_model::{Exposed, PartyId, TimestampMs};

    fn reached(id: &str, title: &str, title_ur: &str) -> Reached {
        let party = PartyId::parse(id).expect("an id");
        let (contacts, certificates) = (Vec::<Contact>::new(), Vec::new());
        Reached { party, title: title.into(), title_ur: title_ur.into(), contacts, certificates }
    }

    fn things(count: i64) -> Vec<Thing> {
        let thing = |number| {
            let exposed = Exposed { times: 2, ..testing::exposed(number, "192.0.2.7") };
            Thing { exposed, waiting_since: None, told_of: None, notice: Some(1) }
        };
        (1..=count).map(thing).collect()
    }

    fn letter(notice: &Notice, due: Due, things: &[Thing], unseen: usize, languages: &[Lang]) -> Written {
        let texts = Texts::new(TEXTS.iter().copied()).expect("texts");
        let instance = Instance {
            organisation: "Example CERT".into(),
            contact: "mailto:cert@example.org".into(),
            portal: "https://portal.example".into(),
            time_zone: "Asia/Karachi".into(),
        };
        let (owner, above) = (reached("bank", "Example Bank", "مثالی بینک"), reached("sector", "Finance CERT", ""));
        written(&Words {
            texts: &texts,
            classes: &testing::classes(),
            instance: &instance,
            notice,
            due,
            owner: &owner,
            to: if due == Due::Escalate { &above } else { &owner },
            things,
            unseen,
            link: "https://portal.example/notice/abc",
            languages,
        })
    }

    #[test]
    fn it_says_whose_what_where_and_what_to_do() {
        let one = letter(&testing::notice(), Due::Send, &things(1), 0, &[Lang::En]);
        for words in [
            "Example Bank",
            "\nhttps://portal.example/notice/abc\n",
            "commands infected machines",
            "Disconnect",
            "E-1  192.0.2.7  (192.0.2.0/24)  likely  1970",
            "  x2\n",
            "TLP:AMBER",
            "cert@example.org",
        ] {
            assert!(one.text.contains(words), "`{words}` is not in {}", one.text);
        }
        assert!(one.subject.starts_with("N-1: ") && one.languages == "en", "{}", one.subject);
        let both = letter(&testing::notice(), Due::Send, &things(1), 0, &[Lang::Ur, Lang::En]);
        assert!(both.text.contains("مثالی بینک") && both.text.contains("Example Bank") && both.languages == "ur, en");
        assert_eq!(both.text.matches("E-1  192.0.2.7").count(), 1, "a list has no language");
        assert!(!letter(&testing::notice(), Due::Send, &things(1), 0, &[Lang::Ur]).text.contains("Example Bank"));
    }

    #[test]
    fn reminders_and_escalations_say_so() {
        let reminder = letter(&testing::notice(), Due::Remind, &things(2), 1, &[Lang::En]);
        assert!(reminder.text.contains("no longer") && reminder.text.contains("Nobody has"), "{}", reminder.text);
        let told = letter(&testing::notice(), Due::Escalate, &things(2), 0, &[Lang::En]);
        assert!(told.text.contains("Finance CERT") && told.text.contains("Example Bank"), "{}", told.text);
        let lost = testing::notice().unreachable(TimestampMs(1));
        let lost = letter(&lost, Due::Escalate, &things(2), 0, &[Lang::En]);
        assert!(lost.text.contains("no contact"), "{}", lost.text);
    }

    #[test]
    fn a_long_list_ends_and_says_how_much_is_left() {
        let many = letter(&testing::notice(), Due::Send, &things(1_000), 0, &[Lang::Ur, Lang::En]);
        assert!(many.text.len() < sipar_mail::LETTER_BYTES_MAX, "{}", many.text.len());
        let listed = many.text.matches("  192.0.2.7  ").count();
        assert!(listed > 100 && many.text.contains(&format!("{} more", 1_000 - listed)), "{listed}");
    }
}
