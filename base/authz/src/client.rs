//! Where a request comes from: for bounds kept in memory, never for records or logs.

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use std::net::{IpAddr, SocketAddr};

/// The longest `X-Forwarded-For` that is looked at, in bytes: some twenty proxies.
const FORWARDED_BYTES_MAX: usize = 1_024;

/// The address of whoever asks, as far as it is known. Behind a proxy of the operator's own it is what that proxy says;
/// what anybody else claims is passed over.
#[must_use]
pub fn client_address(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpAddr]) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    peer.map(|peer| behind(peer, headers, proxies))
}

/// The last address that one of our own proxies was asked by.
fn behind(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut address = peer;
    let told = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> =
        told.filter(|text| text.len() <= FORWARDED_BYTES_MAX).flat_map(|text| text.split(',')).collect();
    for before in told.into_iter().rev() {
        if !proxies.contains(&address) {
            break;
        }
        let Ok(parsed) = before.trim().parse::<IpAddr>() else { break };
        address = parsed.to_canonical();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_are_believed() {
        let check = |peer: &str, told: &[&str], expect: &str| {
            let mut headers = HeaderMap::new();
            for one in told {
                headers.append("x-forwarded-for", one.parse().unwrap());
            }
            let proxies: Vec<IpAddr> = ["127.0.0.1", "10.0.0.1"].map(|text| text.parse().unwrap()).into();
            let found = behind(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(found, expect.parse::<IpAddr>().unwrap(), "{peer} {told:?}");
        };
        check("192.0.2.1", &[], "192.0.2.1");
        check("192.0.2.1", &["198.51.100.1"], "192.0.2.1");
        check("127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.1"], "198.51.100.1");
        check("127.0.0.1", &["203.0.113.9", "198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["nonsense"], "127.0.0.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }
}
