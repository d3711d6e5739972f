//! Tests of [`crate::config`].

use super::*;

fn good() -> DnsConfig {
    DnsConfig { upstreams: vec!["192.0.2.53:53".parse().expect("address")], ..DnsConfig::default() }
}

fn check(change: impl FnOnce(&mut DnsConfig), expect: Option<&str>) {
    let mut config = good();
    change(&mut config);
    assert_eq!(config.check().err().map(|e| e.to_string()).as_deref(), expect);
}

#[test]
fn settings_that_cannot_work_are_refused_with_a_reason() {
    check(|_| {}, None);
    check(|c| c.listen.clear(), Some("`listen` is empty: name at least one address and port"));
    check(|c| c.upstreams.clear(), Some("`upstreams` is empty: name at least one resolver as ADDRESS:PORT"));
    check(
        |c| c.upstreams = c.listen.clone(),
        Some("upstream `127.0.0.1:5353` is an address this resolver listens on: it would ask itself for ever"),
    );
    check(
        |c| c.block = BlockAnswer::Address { v4: None, v6: None },
        Some("`block.mode` is `address`, but neither `block.v4` nor `block.v6` is set"),
    );
    check(
        |c| c.contact = "https://example.org/".into(),
        Some("contact `https://example.org/` is neither `mailto:` nor `tel:`: clients show no other"),
    );
    check(|c| c.udp_bytes_max = 511, Some("`udp_bytes_max` is 511: it must be 512 to 4096"));
    check(|c| c.dnsbl.zone = "bl.example.pk".into(), None);
    check(
        |c| c.dnsbl.zone = "bl..pk".into(),
        Some("`dnsbl.zone` is `bl..pk`: it must be a host name such as `dns.example.pk`"),
    );
    check(
        |c| c.dnsbl.servers = vec!["no name".into()],
        Some("`dnsbl.servers` is `no name`: it must be a host name such as `dns.example.pk`"),
    );
    check(|c| c.forward.sockets = 0, Some("`forward.sockets` is 0: it must be 1 to 64"));
    check(
        |c| c.cookie_secret = "00".into(),
        Some("`cookie_secret` is not 16 bytes in hex (32 digits): make one with `openssl rand -hex 16`"),
    );
    check(|c| c.cookie_secret = "e5e973e5a6b2a43f48e7dc849e37bfcf".into(), None);
}

#[test]
fn a_secret_is_32_hex_digits() {
    assert_eq!(secret("000102030405060708090a0b0c0d0e0f").map(|s| s[15]), Some(15));
    for bad in [
        "",
        "0",
        "zz0102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0f0",
        "é00102030405060708090a0b0c0d0e0",
    ] {
        assert_eq!(secret(bad), None, "{bad}");
    }
}

#[test]
fn the_text_form_reads_and_an_unknown_key_is_refused() {
    let read = |text: &str| toml::from_str::<DnsConfig>(text).map_err(|e| e.to_string());
    let config = read(
        "upstreams = [\"[::1]:53\"]\nblock = { mode = \"address\", v4 = \"192.0.2.1\" }\n[cache]\nbytes_max = 1\n",
    )
    .expect("reads");
    assert_eq!(config.block, BlockAnswer::Address { v4: Some(Ipv4Addr::new(192, 0, 2, 1)), v6: None });
    assert_eq!(config.cache.bytes_max, 1);
    assert_eq!(config.cache.ttl_s_max, 86_400, "what is not set keeps its default");
    assert!(read("upstream = []").is_err_and(|e| e.contains("unknown field `upstream`")));
    assert!(read("[cache]\nsize = 1").is_err_and(|e| e.contains("unknown field `size`")));
    assert!(read("block = { mode = \"drop\" }").is_err_and(|e| e.contains("unknown variant `drop`")));
}
