//! Any text as an address, a network or an autonomous system: no panic, and what is canonical stays so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipar_model::address::{Asn, Prefix, parse_address, split_port};

fuzz_target!(|text: &str| {
    if let Ok(address) = parse_address(text) {
        assert_eq!(parse_address(&address.to_string()), Ok(address));
        assert_eq!(address, address.to_canonical());
        assert_eq!(Prefix::parse(text), Ok(Prefix::from(address)));
    }
    if let Ok(network) = Prefix::parse(text) {
        assert_eq!(Prefix::parse_masking(text), Ok(network));
    }
    if let Ok(network) = Prefix::parse_masking(text) {
        assert_eq!(Prefix::parse(&network.to_string()), Ok(network));
        assert!(network.contains(network.addr()));
    }
    if let Ok(asn) = Asn::parse(text) {
        assert_eq!(Asn::parse(&asn.to_string()), Ok(asn));
    }
    if let (host, Some(port)) = split_port(text) {
        assert!(text.starts_with(host) && text.trim_end_matches(char::is_numeric).ends_with(':'), "{port}");
    }
});
