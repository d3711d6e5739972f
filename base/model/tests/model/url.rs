//! URLs.

use crate::through_json;
use proptest::prelude::*;
use sipar_model::{CanonicalUrl, Host};

#[test]
fn becomes_canonical() {
    let check = |input: &str, expect: &str| match CanonicalUrl::parse(input) {
        Ok(url) => assert_eq!(url.as_str(), expect, "{input}"),
        Err(error) => panic!("{input}: {}", sipar_model::chain(&error)),
    };
    check("http://evil.example", "http://evil.example/");
    check("HTTP://EVIL.example/", "http://evil.example/");
    check("  http://evil.example/a\r\n", "http://evil.example/a");
    check("http://evil.example./a", "http://evil.example/a");
    check("hxxps://evil[.]example/a[.]php", "https://evil.example/a.php");
    check("hXXp[:]//evil(dot)example:8080/x", "http://evil.example:8080/x");
    check("ftp://evil.example/f", "ftp://evil.example/f");
    // Ports
    check("http://evil.example:80/a", "http://evil.example/a");
    check("http://evil.example:0080/a", "http://evil.example/a");
    check("https://evil.example:443/", "https://evil.example/");
    check("https://evil.example:80/", "https://evil.example:80/");
    check("http://evil.example:/a", "http://evil.example/a");
    check("ftp://evil.example:21/", "ftp://evil.example/");
    // Users
    check("http://user:pass@evil.example/a", "http://evil.example/a");
    check("http://good.example@evil.example/", "http://evil.example/");
    check("http://a@b@evil.example/", "http://evil.example/");
    check("http://good.example%2f@evil.example/", "http://evil.example/");
    check("http://evil.example\\@good.example/", "http://evil.example/@good.example/");
    // Fragments and queries
    check("http://evil.example/a#b", "http://evil.example/a");
    check("http://evil.example#b", "http://evil.example/");
    check("http://evil.example?q=1", "http://evil.example/?q=1");
    check("http://evil.example/?", "http://evil.example/?");
    check("http://evil.example/a?B=C&d=../e", "http://evil.example/a?B=C&d=../e");
    // RFC 3986 §6.2.2
    check("http://evil.example/%7euser/%41%2f%2F", "http://evil.example/~user/A%2F%2F");
    check("http://evil.example/a/./b/../c", "http://evil.example/a/c");
    check("http://evil.example/a/%2e%2E/c", "http://evil.example/c");
    check("http://evil.example/../../a", "http://evil.example/a");
    check("http://evil.example/a//b", "http://evil.example/a//b");
    check("http://evil.example/A/b", "http://evil.example/A/b");
    check("http://evil.example/a b", "http://evil.example/a%20b");
    check("http://evil.example/ü?ü", "http://evil.example/%C3%BC?%C3%BC");
    check("http://evil.example/100%", "http://evil.example/100%25");
    check("http://evil.example/%zz%4", "http://evil.example/%25zz%254");
    check("http://evil.example/%%34%31", "http://evil.example/%2541");
    check("http://evil.example/a\\b", "http://evil.example/a/b");
    check("http://evil.example/x(.)y", "http://evil.example/x(.)y");
    // Hosts
    check("http://BÜCHER.example/", "http://xn--bcher-kva.example/");
    check("http://ex%61mple.com/", "http://example.com/");
    check("http://b%C3%BCcher.example/", "http://xn--bcher-kva.example/");
    check("http://_a.evil.example/", "http://_a.evil.example/");
    check("http://192.0.2.1/", "http://192.0.2.1/");
    check("http://192[.]0.2.1:8080/bin.sh", "http://192.0.2.1:8080/bin.sh");
    check("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]/");
    check("http://[2001:db8::1]:81", "http://[2001:db8::1]:81/");
    check("http://[::ffff:192.0.2.1]/", "http://192.0.2.1/");
    check("http://localhost/", "http://localhost/");
}

#[test]
fn is_refused_with_a_reason() {
    let check = |input: &str, expect: &str| {
        let error = sipar_model::chain(&CanonicalUrl::parse(input).expect_err(input));
        assert!(error.contains(expect), "{input}: {error}");
    };
    check("", "does not start with");
    check("evil.example/a", "does not start with");
    check("//evil.example/a", "does not start with");
    check("http:evil.example", "does not start with");
    check("http:/evil.example", "does not start with");
    check("http:\\\\evil.example", "does not start with");
    check("javascript://evil.example/%0aalert(1)", "does not start with");
    check("data:text/html,x", "does not start with");
    check("ws://evil.example/", "does not start with");
    check("http://", "names no host");
    check("http:///evil.example", "names no host");
    check("http://?a", "names no host");
    check("http://user@/", "names no host");
    check("http://:80/", "names no host");
    // Odd IPv4, as browsers would convert it
    check("http://0x7f.1/", "four decimals");
    check("http://0177.0.0.1/", "four decimals");
    check("http://2130706433/", "four decimals");
    check("http://127.1/", "four decimals");
    check("http://127.0.0.1./", "four decimals");
    check("http://0x7f000001:8080/a", "four decimals");
    check("http://user@0x7f.1/", "four decimals");
    check("http://0%7837.1/", "four decimals");
    check("http://%30x7f.1/", "four decimals");
    check("http://１27.1/", "ends in a number");
    check("http://127。1/", "ends in a number");
    check("http://256.1.1.1/", "four decimals");
    check("http://1.2.3.4.5/", "ends in a number");
    check("http://evil.0x10/", "ends in a number");
    // Others
    check("http://[fe80::1%25eth0]/", "zone");
    check("http://[fe80::1%eth0]/", "zone");
    check("http://[2001:db8::1/", "not a valid address");
    check("http://[2001:db8::1]x/", "port");
    check("http://[192.0.2.1]/", "not a valid address");
    check("http://2001:db8::1/", "port");
    check("http://evil.example:65536/", "port");
    check("http://evil.example:8o80/", "port");
    check("http://evil.example:-1/", "port");
    check("http://evil..example/", "empty label");
    check("http://ev il.example/", "character ` `");
    check("http://ev%20il.example/", "character ` `");
    check("http://ev%00il.example/", "character `\\u{0}`");
    check("http://ev%2fil.example/", "character `/`");
    check("http://evil%.example/", "character `%`");
    check("http://%ff.example/", "internationalised");
    check("http://evil.example/a\nb", "control character");
    check("http://ev\til.example/", "control character");
    check(&format!("http://evil.example/{}", "a".repeat(8_192)), "8192 bytes");
    check(&format!("http://evil.example/{}", "ü".repeat(3_000)), "8192 bytes");
}

#[test]
fn knows_its_parts() {
    let check = |input: &str, scheme: &str, host: &str, port: Option<u16>, rest: &str| {
        let url = CanonicalUrl::parse(input).expect(input);
        assert_eq!((url.scheme(), url.host_str(), url.port(), url.path_and_query()), (scheme, host, port, rest));
    };
    check("http://u@evil.example:81/a?b@c:d", "http", "evil.example", Some(81), "/a?b@c:d");
    check("https://[2001:db8::1]/", "https", "[2001:db8::1]", None, "/");
    check("https://[2001:db8::1]:8443/", "https", "[2001:db8::1]", Some(8443), "/");
    let host = |input: &str| CanonicalUrl::parse(input).expect(input).host();
    assert!(matches!(host("http://evil.example/a"), Host::Name(name) if name.as_str() == "evil.example"));
    assert!(matches!(host("http://[::ffff:192.0.2.1]/"), Host::Address(ip) if ip.to_string() == "192.0.2.1"));
    assert!(matches!(host("http://[2001:db8::1]:81/"), Host::Address(ip) if ip.to_string() == "2001:db8::1"));
}

/// Text that is nearly a URL.
const NEARLY: &str = "(http|https|HXXP|ftp)(://|\\[:\\]//)([a-z%@:]{0,6}@)?([a-zA-Z0-9ü.%_-]{1,16}|[0-9x.]{1,15}|\\[[0-9a-f:.%]{1,20}\\])(:[0-9]{0,6})?([/\\\\?#][a-zA-Z0-9ü%./?#&=;'\"<>\\[\\](){}|^`@: ~\\\\-]{0,40})?";

proptest! {
    #[test]
    fn parsing_is_idempotent(text in NEARLY) {
        if let Ok(once) = CanonicalUrl::parse(&text) {
            prop_assert_eq!(&CanonicalUrl::parse(once.as_str()).expect("canonical"), &once);
            prop_assert_eq!(&through_json(&once), &once);
            prop_assert!(once.as_str().is_ascii());
            prop_assert!(once.path_and_query().starts_with('/'));
            let _ = once.host();
        }
    }

    #[test]
    fn escapes_settle(path in "[%0-9a-fA-F2e./]{0,40}") {
        let once = CanonicalUrl::parse(&format!("http://evil.example/{path}")).expect("any path will do");
        prop_assert_eq!(&CanonicalUrl::parse(once.as_str()).expect("canonical"), &once);
    }

    #[test]
    fn goes_where_a_browser_goes(text in NEARLY) {
        // The crate `url` reads as browsers do. What we accept must point to the same host and port.
        let plain = sipar_model::refang::refang(&text).into_owned();
        if let (Ok(ours), Ok(theirs)) = (CanonicalUrl::parse(&plain), url::Url::parse(&plain)) {
            let host = theirs.host_str().unwrap_or_default().trim_end_matches('.').to_string();
            let mapped = theirs.host().is_some_and(|h| matches!(h, url::Host::Ipv6(v6) if v6.to_ipv4_mapped().is_some()));
            if !mapped {
                prop_assert_eq!(ours.host_str(), host);
            }
            prop_assert_eq!(ours.port(), theirs.port());
        }
    }
}
