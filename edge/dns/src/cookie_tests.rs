//! Tests of [`crate::cookie`].

use super::*;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
}

fn secrets(current: &str, other: Option<&str>) -> Secrets {
    Secrets { current: hex(current), other: other.map(hex) }
}

const A: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const B: &str = "445536bcd2513298075a5d379663c962";

/// The examples of RFC 9018, appendix A: secret, client, time, what the client sends, what it gets.
#[test]
fn rfc9018_appendix_a() {
    let check = |secret: &Secrets, client: &str, now_s: u32, sent: &[u8], expect: &str| {
        let client: IpAddr = client.parse().expect("address");
        let cookie = Cookie::read(sent).expect("readable");
        let standing = secret.standing(&cookie, client, now_s);
        assert_eq!(secret.answer(&cookie, client, now_s, standing), hex::<24>(expect));
        standing
    };
    let learnt = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
    // A.1: learning a new server cookie.
    let standing = check(&secrets(A, None), "198.51.100.100", 0x5cf7_9f11, &hex::<8>(&learnt[..16]), learnt);
    assert_eq!(standing, Standing::Unknown);
    // A.2: the same client, a little later, keeps it.
    let standing = check(&secrets(A, None), "198.51.100.100", 0x5cf7_9f11 + 600, &hex::<24>(learnt), learnt);
    assert_eq!(standing, Standing::Fresh);
    // A.4: IPv6, while the secret is being changed over.
    let sent = hex::<24>("22681ab97d52c298010000005cf7c57926556bd0934c72f8");
    let expect = "22681ab97d52c298010000005cf7c609a6bb79d16625507a";
    let client = "2001:db8:220:1:59de:d0f4:8769:82b8";
    let standing = check(&secrets(B, Some(OLD)), client, 0x5cf7_c609, &sent, expect);
    assert_eq!(standing, Standing::Ageing);
}

const OLD: &str = "dd3bdf9344b678b185a6f5cb60fca715";

/// A cookie made for 192.0.2.1, and that address.
fn made(secret: &Secrets, made_s: u32) -> (Cookie, IpAddr, [u8; 24]) {
    let client: IpAddr = "192.0.2.1".parse().expect("address");
    let sent = secret.answer(&Cookie { client: [7; 8], server: None }, client, made_s, Standing::Unknown);
    (Cookie::read(&sent).expect("24 bytes"), client, sent)
}

#[test]
fn rfc9018_4_3_age_and_owner_are_checked() {
    use Standing::{Ageing, Fresh, Unknown};
    let (secret, made_s) = (secrets(A, None), 1_000_000);
    let (cookie, own, _) = made(&secret, made_s);
    let check = |client: &str, now_s: u32, expect| {
        assert_eq!(secret.standing(&cookie, client.parse().expect("address"), now_s), expect, "{client} at {now_s}");
    };
    check("192.0.2.1", made_s, Fresh);
    check("192.0.2.1", made_s + 1799, Fresh);
    check("192.0.2.1", made_s + 1800, Ageing);
    check("192.0.2.1", made_s + 3600, Ageing);
    check("192.0.2.1", made_s + 3601, Unknown);
    check("192.0.2.1", made_s - 300, Fresh);
    check("192.0.2.1", made_s - 301, Unknown);
    check("192.0.2.2", made_s, Unknown);
    assert_eq!(secrets(B, None).standing(&cookie, own, made_s), Unknown);
    let mut forged = cookie;
    forged.server.as_mut().expect("there")[15] ^= 1;
    assert_eq!(secret.standing(&forged, own, made_s), Unknown);
}

#[test]
fn rfc9018_4_3_an_ageing_cookie_is_renewed() {
    let secret = secrets(A, None);
    let (cookie, client, sent) = made(&secret, 1000);
    assert_eq!(secret.answer(&cookie, client, 2000, Standing::Fresh), sent);
    assert_ne!(secret.answer(&cookie, client, 2800, Standing::Ageing), sent);
}

#[test]
fn rfc7873_5_2_2_lengths() {
    for length in 0..=48 {
        let ok = length == 8 || (16..=40).contains(&length);
        assert_eq!(Cookie::read(&vec![0; length]).is_some(), ok, "{length}");
    }
}
