//! Domain names.

use crate::through_json;
use proptest::prelude::*;
use sipar_model::{DomainName, SuffixKind};

fn name(text: &str) -> DomainName {
    DomainName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn becomes_canonical() {
    let check = |input: &str, expect: &str| assert_eq!(name(input).as_str(), expect, "{input}");
    check("evil.example", "evil.example");
    check("EVIL.Example", "evil.example");
    check("evil.example.", "evil.example");
    check("  evil.example\r\n", "evil.example");
    check("evil[.]example", "evil.example");
    check("evil(dot)example", "evil.example");
    check("_dmarc.evil.example", "_dmarc.evil.example");
    check("r3---sn-abc.evil.example", "r3---sn-abc.evil.example");
    check("-a-.evil.example", "-a-.evil.example");
    check("1.2.3.4.in-addr.arpa", "1.2.3.4.in-addr.arpa");
    check("3com.com", "3com.com");
    check("0x7f.example", "0x7f.example");
    check("localhost", "localhost");
    check("com", "com");
    // UTS 46
    check("bücher.example", "xn--bcher-kva.example");
    check("BÜCHER.example", "xn--bcher-kva.example");
    check("bu\u{308}cher.example", "xn--bcher-kva.example");
    check("XN--BCHER-KVA.example", "xn--bcher-kva.example");
    check("faß.example", "xn--fa-hia.example");
    check("ｅｖｉｌ．example", "evil.example");
    check("evil。example", "evil.example");
    check("evil.example。", "evil.example");
    check("ev\u{ad}il.example", "evil.example");
    check("_sip.bücher.example", "_sip.xn--bcher-kva.example");
    check("پاکستان", "xn--mgbai9azgqp6j");
    check("مثال.پاکستان", "xn--mgbh0fb.xn--mgbai9azgqp6j");
    check("i❤.ws", "xn--i-7iq.ws");
    check("xn--i-7iq.ws", "xn--i-7iq.ws");
    // The Kelvin sign is a k.
    check("\u{212a}.example", "k.example");
}

#[test]
fn refuses_with_a_reason() {
    let check = |input: &str, expect: &str| {
        let error = DomainName::parse(input).expect_err(input).to_string();
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("", "empty");
    check("   ", "empty");
    check(".", "empty");
    check("..", "empty label");
    check(".example", "empty label");
    check("evil..example", "empty label");
    check("evil.example..", "empty label");
    check("evil。。example", "empty label");
    check("*.evil.example", "character `*`");
    check("evil example.com", "character ` `");
    check("evil.example:8080", "character `:`");
    check("evil.example/path", "character `/`");
    check("user@evil.example", "character `@`");
    check("evil.exa`mple", "character `\\u{60}`");
    check("evil\0.example", "character `\\u{0}`");
    check("ev[il.example", "character `[`");
    check("ｅvil／.example", "character `/`");
    check("\u{ad}", "empty");
    check("192.0.2.1", "ends in a number");
    check("127.1", "ends in a number");
    check("0x7f.1", "ends in a number");
    check("0x7f000001", "ends in a number");
    check("2130706433", "ends in a number");
    check("evil.0xAF", "ends in a number");
    check("evil.0x", "ends in a number");
    check("１９２.0.2.1", "ends in a number");
    check("xn--.example", "internationalised");
    check("xn--a.example", "internationalised");
    check("xn--\u{fc}.example", "internationalised");
    // A punycode label for what needs none, and one for a capital letter.
    check("xn--evil-.example", "internationalised");
    check("xn--bcher-2pa.example", "internationalised");
    check("\u{202e}evil.example", "internationalised");
    check("\u{fffd}.example", "internationalised");
    check(&format!("{}.example", "a".repeat(64)), "label longer than 63");
    check(&format!("{}.example", "ü".repeat(64)), "label longer than 63");
    check(&"a.".repeat(128), "253 characters");
    check(&"a".repeat(1_000_000), "253 characters");
    check(&"ü".repeat(1_000_000), "253 characters");
}

#[test]
fn rfc1035_2_3_4_bounds_are_exact() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(longest.len(), 253);
    assert_eq!(name(&longest).as_str(), longest);
    assert_eq!(name(&format!("{longest}.")).as_str(), longest);
    assert!(DomainName::parse(&format!("{longest}a")).is_err());
    assert_eq!(name(&format!("{}a", "a.".repeat(126))).label_count(), 127);
    // Defanged dots are longer than dots.
    assert_eq!(name(&longest.replace('.', "[.]")).as_str(), longest);
}

#[test]
fn errors_quote_a_bounded_part_of_the_input() {
    let error = DomainName::parse(&format!("{}.example", "a".repeat(100_000))).expect_err("too long").to_string();
    assert!(error.len() < 400, "{}", error.len());
}

#[test]
fn knows_its_parts() {
    let deep = name("a.b.evil.co.uk");
    assert_eq!(deep.labels().rev().collect::<Vec<_>>(), ["uk", "co", "evil", "b", "a"]);
    assert_eq!(deep.parent(), Some(name("b.evil.co.uk")));
    assert_eq!(name("uk").parent(), None);
    assert_eq!(deep.suffixes().collect::<Vec<_>>(), ["a.b.evil.co.uk", "b.evil.co.uk", "evil.co.uk", "co.uk", "uk"]);
    assert!(deep.is_within(&name("evil.co.uk")));
    assert!(deep.is_within(&deep));
    assert!(!name("notevil.co.uk").is_within(&name("evil.co.uk")));
    assert!(!name("uk").is_within(&name("co.uk")));
    assert_eq!(name("xn--bcher-kva.example").to_unicode(), "bücher.example");
}

#[test]
fn knows_public_suffixes() {
    let check = |input: &str, suffix: &str, registrable: Option<&str>, kind: Option<SuffixKind>| {
        let name = name(input);
        assert_eq!(name.public_suffix(), suffix, "{input}");
        assert_eq!(name.registrable(), registrable, "{input}");
        assert_eq!(name.suffix_kind(), kind, "{input}");
        assert_eq!(name.is_public_suffix(), kind.is_some(), "{input}");
    };
    check("www.evil.com", "com", Some("evil.com"), None);
    check("com", "com", None, Some(SuffixKind::Icann));
    check("gov.pk", "gov.pk", None, Some(SuffixKind::Icann));
    check("www.nadra.gov.pk", "gov.pk", Some("nadra.gov.pk"), None);
    check("github.io", "github.io", None, Some(SuffixKind::Private));
    check("evil.github.io", "github.io", Some("evil.github.io"), None);
    check("www.ck", "ck", Some("www.ck"), None);
    check("evil.ck", "evil.ck", None, Some(SuffixKind::Icann));
    check("no-such-tld-4711", "no-such-tld-4711", None, Some(SuffixKind::Unlisted));
    check("evil.xn--mgbai9azgqp6j", "xn--mgbai9azgqp6j", Some("evil.xn--mgbai9azgqp6j"), None);
    check("公司.cn", "xn--55qx5d.cn", None, Some(SuffixKind::Icann));
}

#[test]
fn deserialising_parses_again() {
    let read = |json: &str| serde_json::from_str::<DomainName>(json);
    assert_eq!(read("\"EVIL.example.\"").expect("reads"), name("evil.example"));
    assert!(read("\"evil..example\"").is_err());
    assert!(read("4").is_err());
    assert_eq!(serde_json::to_string(&name("evil.example")).expect("writes"), "\"evil.example\"");
}

proptest! {
    #[test]
    fn plain_names_stay_as_they_are(text in "[a-z0-9_-]{1,20}(\\.[a-z0-9_-]{1,20}){0,4}\\.[a-z]{2,10}") {
        if let Ok(name) = DomainName::parse(&text) {
            prop_assert_eq!(name.as_str(), &text);
        } else {
            prop_assert!(text.contains("xn--"));
        }
    }

    #[test]
    fn parsing_is_idempotent(text in "\\PC{0,30}(\\.\\PC{1,10}){0,3}") {
        if let Ok(once) = DomainName::parse(&text) {
            prop_assert_eq!(&DomainName::parse(once.as_str()).expect("canonical"), &once);
            prop_assert_eq!(&through_json(&once), &once);
            prop_assert_eq!(&DomainName::parse(&format!("{once}.")).expect("with a dot"), &once);
            prop_assert_eq!(&DomainName::parse(&once.as_str().to_uppercase()).expect("in capitals"), &once);
        }
    }

    #[test]
    fn idempotent_on_letters_of_many_scripts(text in "[a-zß-žа-яא-תا-ی一-三ก-ฮ\u{200c}\u{200d}ς。．.-]{1,24}\\.(com|pk)") {
        if let Ok(once) = DomainName::parse(&text) {
            prop_assert!(once.as_str().is_ascii());
            prop_assert_eq!(&DomainName::parse(once.as_str()).expect("canonical"), &once);
            prop_assert_eq!(&DomainName::parse(&once.to_unicode()).expect("its U-labels"), &once);
        }
    }

    #[test]
    fn idempotent_on_punycode(text in "xn--[a-z0-9-]{1,20}\\.com") {
        if let Ok(once) = DomainName::parse(&text) {
            prop_assert_eq!(once.as_str(), &text);
        }
    }
}
