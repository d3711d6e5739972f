//! Rules about the words in any file: citations, reminders, and paths that exist on one machine only.

use super::Fault;
use super::tree::Tree;

/// These rules' own patterns and examples are no breaches of them.
const OWN: &str = "tools/xtask/src/tidy/";
/// Real data quotes whatever the world wrote.
const DATA: &[&str] = &["csv", "txt", "json"];
/// Folders of one person's machine. A test makes a folder of its own instead.
// Put together, so that this file does not name what it looks for.
const MACHINE_FOLDERS: &[&str] =
    &[concat!("/", "work/"), concat!("/", "root/"), "/home/", "/tmp/", concat!("/", "farm/")];
const REMINDERS: &[&str] = &["TODO", "FIXME", "XXX"];

pub fn check(tree: &Tree) -> Vec<Fault> {
    let files = tree.files.iter().filter(|file| !file.path.starts_with(OWN));
    let prose = files.filter(|file| !DATA.iter().any(|ending| file.path.ends_with(&format!(".{ending}"))));
    let mut faults = Vec::new();
    for file in prose {
        for (number, line) in file.text.lines().enumerate() {
            let found = machine_path(line).into_iter().chain(reminder(line)).chain(rfc_citation(line));
            faults.extend(found.map(|what| Fault::at(&file.path, number + 1, what)));
        }
    }
    faults
}

/// The places where `word` stands in `line` with nothing of a longer word before it.
pub fn occurrences<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let starts = line.match_indices(word).filter(|(at, _)| {
        line[..*at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != '-')
    });
    starts.map(move |(at, _)| &line[at + word.len()..])
}

fn machine_path(line: &str) -> Option<String> {
    let found = MACHINE_FOLDERS.iter().find(|folder| {
        line.match_indices(**folder).any(|(at, _)| {
            line[..at]
                .chars()
                .next_back()
                .is_none_or(|before| !before.is_alphanumeric() && !"._-*}/:~".contains(before))
        })
    });
    found.map(|folder| format!("`{folder}` is a path of one machine: write it relative, or make a temporary folder"))
}

/// A reminder carries the number of its issue: `WORD(#12)`.
fn reminder(line: &str) -> Option<String> {
    let bare = |word: &&&str| {
        occurrences(line, word).any(|rest| {
            let numbered = rest.strip_prefix("(#").and_then(|rest| rest.split_once(')'));
            let continues = rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
            !continues && !numbered.is_some_and(|(number, _)| is_number(number))
        })
    };
    REMINDERS.iter().find(bare).map(|word| format!("`{word}` without its issue: write `{word}(#number)`"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `RFC 8020 §2`, or `RFC 8020` for the whole of it, and no other way, so that one search finds all.
fn rfc_citation(line: &str) -> Option<String> {
    occurrences(line, "RFC").find_map(|rest| match citation_form(rest) {
        Form::Good => None,
        Form::Bad(what) => Some(format!("{what}: cite as `RFC 8020 §2`")),
    })
}

#[derive(Debug, PartialEq)]
enum Form {
    Good,
    Bad(&'static str),
}

fn citation_form(rest: &str) -> Form {
    let glued = rest.trim_start_matches('-');
    if glued.starts_with(|next: char| next.is_ascii_digit()) {
        return Form::Bad("`RFC` and its number stand apart");
    }
    let Some(numbered) = rest.strip_prefix(' ').filter(|next| next.starts_with(|digit: char| digit.is_ascii_digit()))
    else {
        return Form::Good;
    };
    let after = numbered.trim_start_matches(|digit: char| digit.is_ascii_digit());
    if numbered.len() - after.len() > 5 {
        return Form::Bad("no RFC has such a number");
    }
    let words = after.trim_start_matches([',', ' ']).to_ascii_lowercase();
    if ["section", "sec.", "sect.", "s. "].iter().any(|word| words.starts_with(word)) || after.starts_with(",§") {
        return Form::Bad("a section is written with §");
    }
    match after.split_once('§') {
        Some((" ", section)) if section.starts_with(|next: char| next.is_ascii_alphanumeric()) => Form::Good,
        Some((between, _)) if between.chars().all(|gap| gap == ' ' || gap == ',') => {
            Form::Bad("one space before § and none after it")
        }
        _ => Form::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(line: &str) -> usize {
        check(&Tree::of(&[("base/model/src/x.rs", line)])).len()
    }

    #[test]
    fn citations_have_one_form() {
        for (line, expect) in [
            ("// RFC 8020 §2 says so", 0),
            ("// RFC 8020 says so", 0),
            ("// by RFC section", 0),
            ("// the RFCs say", 0),
            ("// RFC 1035 §2.3.4, RFC 5321 §4.5.3.1", 0),
            ("// RFC 3986 §A", 0),
            ("fn rfc8020() {}", 0),
            ("// RFC8020", 1),
            ("// RFC-8020 §2", 1),
            ("// RFC 8020, section 2", 1),
            ("// RFC 8020 Section 2", 1),
            ("// RFC 8020§2", 1),
            ("// RFC 8020 § 2", 1),
            ("// RFC 8020, §2", 1),
            ("// RFC 802020", 1),
        ] {
            assert_eq!(faults(line), expect, "{line}");
        }
    }

    #[test]
    fn reminders_carry_their_issue() {
        for (line, expect) in [
            ("// TODO(#12): measure", 0),
            ("// TODO: measure", 1),
            ("// TODO", 1),
            ("// TODO(#x)", 1),
            ("// FIXME later", 1),
            ("const TODOS: u8 = 1;", 0),
            ("// mkstemp takes XXXXXX", 0),
        ] {
            assert_eq!(faults(line), expect, "{line}");
        }
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for (line, expect) in [
            (concat!("let x = \"/", "work/main\";"), 1),
            (concat!("see /", "root/notes"), 1),
            ("cd /home/someone", 1),
            ("open(\"/tmp/x\")", 1),
            (concat!("https://example.org/", "work/x"), 0),
            ("a/home/b", 0),
            ("/var/lib/sipar", 0),
            ("/workshop", 0),
        ] {
            assert_eq!(faults(line), expect, "{line}");
        }
    }

    #[test]
    fn data_may_quote_what_the_world_wrote() {
        let tree = Tree::of(&[("packs/demo/feed.csv", "http://x.example,/tmp/x,TODO,RFC8020")]);
        assert!(check(&tree).is_empty());
    }
}
