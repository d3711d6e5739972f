//! Which addresses may be asked.
//!
//! Whoever can name an address for us to ask, or answer for its name, could else make Sipar speak to what only Sipar can reach
//! (server-side request forgery). So every address is looked at after the name is resolved, at each hop of a redirect,
//! and the connection goes to the very address that was looked at.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    path::PathBuf,
    sync::Arc,
};

/// Turns a host and port into addresses.
pub trait Names: Send + Sync {
    /// The addresses of `host`.
    ///
    /// # Errors
    /// When it has none, or nobody answers.
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        (host, port).to_socket_addrs().map(Iterator::collect)
    }
}

/// Where a fetch may go.
#[derive(Clone)]
pub struct Reach {
    /// How names are resolved.
    pub names: Arc<dyn Names>,
    /// Which addresses may be connected to.
    pub allows: Arc<dyn Fn(SocketAddr) -> bool + Send + Sync>,
    /// The file, in PEM, with the authorities that must have signed a server's certificate; without it, the public ones.
    pub authorities: Option<PathBuf>,
}

impl Reach {
    /// Public addresses alone.
    #[must_use]
    pub fn public() -> Self {
        Self { names: Arc::new(SystemNames), allows: Arc::new(|address| is_public(address.ip())), authorities: None }
    }

    /// Any address but link-local ones: for what is on the operator's own network, by the operator's own word.
    /// At link-local addresses clouds hand out the machine's own credentials, and nobody keeps anything else there.
    #[must_use]
    pub fn private() -> Self {
        let allows = Arc::new(|address: SocketAddr| !is_link_local(address.ip()));
        Self { names: Arc::new(SystemNames), allows, authorities: None }
    }
}

/// RFC 3927 §2.1 and RFC 4291 §2.5.6, and the address at which one cloud answers over IPv6 (fd00:ec2::254).
fn is_link_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.segments()[..2] == [0xfd00, 0x0ec2],
    }
}

/// Whether an address is on the public Internet: in none of the special-purpose registries (RFC 6890 and IANA's
/// registries of 2024).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Global unicast (2000::/3) without the parts that stand for something else. An IPv4 address inside one is looked at.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let low_v4 = || Ipv4Addr::from((u32::from(s[6]) << 16) | u32::from(s[7]));
    match (s[0], s[1]) {
        // NAT64 (RFC 6052 §2.1).
        (0x0064, 0xff9b) if s[2..6] == [0; 4] => is_public_v4(low_v4()),
        // 6to4 (RFC 3056).
        (0x2002, _) => is_public_v4(Ipv4Addr::from((u32::from(s[1]) << 16) | u32::from(s[2]))),
        // Protocol assignments with Teredo and ORCHID (RFC 2928), and documentation (RFC 3849, RFC 9637).
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x3fff, 0x0000..=0x0fff) => false,
        (0, 0) => match address.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => false,
        },
        (first, _) => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_is_not_link_local() {
        let check = |text: &str, expect: bool| {
            let address = SocketAddr::new(text.parse().expect("address"), 80);
            assert_eq!((Reach::private().allows)(address), expect, "{text}");
        };
        check("127.0.0.1", true);
        check("10.1.2.3", true);
        check("fd12:3456::1", true);
        check("169.254.169.254", false);
        check("::ffff:169.254.169.254", false);
        check("fe80::1", false);
        check("fd00:ec2::254", false);
    }

    #[test]
    fn what_is_public() {
        let check = |text: &str, expect: bool| assert_eq!(is_public(text.parse().expect("address")), expect, "{text}");
        for public in [
            "8.8.8.8",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1",
            "2002:0808:0808::1",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            check(public, true);
        }
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "5f00::1",
            "3fff::1",
        ] {
            check(private, false);
        }
    }
}
