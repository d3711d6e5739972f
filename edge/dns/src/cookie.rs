//! DNS cookies (RFC 7873) in the interoperable form of RFC 9018, so that every edge behind one address
//! that holds the same secret knows the cookies of the others.

use crate::siphash::siphash24;
use std::net::IpAddr;

/// Length of a client cookie (RFC 7873 §4).
pub const CLIENT_COOKIE_BYTES: usize = 8;
/// Length of our server cookie: version, reserved, time stamp, hash (RFC 9018 §4).
pub const SERVER_COOKIE_BYTES: usize = 16;
/// Length of the option that we send.
pub const COOKIE_BYTES: usize = CLIENT_COOKIE_BYTES + SERVER_COOKIE_BYTES;
/// Longest server cookie that a client may send back (RFC 7873 §4).
const SERVER_COOKIE_BYTES_MAX: usize = 32;
/// A cookie older than this is refused (RFC 9018 §4.3).
const AGE_S_MAX: i32 = 3600;
/// A cookie older than this is still good, but the client gets a new one (RFC 9018 §4.3).
const AGE_S_RENEW: i32 = 1800;
/// How far ahead another server's clock may be (RFC 9018 §4.3).
const AHEAD_S_MAX: i32 = 300;

/// The cookie option of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// What the client made.
    pub client: [u8; CLIENT_COOKIE_BYTES],
    /// What a server made, if the client has one of our form.
    pub server: Option<[u8; SERVER_COOKIE_BYTES]>,
}

impl Cookie {
    /// Reads the option's data. A wrong length is a format error (RFC 7873 §5.2.2).
    #[must_use]
    pub fn read(data: &[u8]) -> Option<Self> {
        let (client, server) = data.split_first_chunk()?;
        let length_ok = server.is_empty() || (8..=SERVER_COOKIE_BYTES_MAX).contains(&server.len());
        length_ok.then(|| Self { client: *client, server: server.try_into().ok() })
    }
}

/// The secret or two with which server cookies are made and known.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// New cookies are made with this one.
    pub current: [u8; 16],
    /// Cookies made with this one are still good: the secret before or, while many servers change over, the next
    /// (RFC 9018 §5).
    pub other: Option<[u8; 16]>,
}

impl Secrets {
    /// Whether `cookie` holds a server cookie of ours, made for this client lately.
    #[must_use]
    pub fn standing(&self, cookie: &Cookie, client: IpAddr, now_s: u32) -> Standing {
        let Some(server) = cookie.server else { return Standing::Unknown };
        let age_s = age_s(&server, now_s);
        if server[0] != 1 || !(-AHEAD_S_MAX..=AGE_S_MAX).contains(&age_s) {
            return Standing::Unknown;
        }
        let prefix = [server[0], server[1], server[2], server[3], server[4], server[5], server[6], server[7]];
        let made_with = |secret: &[u8; 16]| equal(&seal(secret, &cookie.client, prefix, client), &server);
        if made_with(&self.current) {
            if age_s < AGE_S_RENEW { Standing::Fresh } else { Standing::Ageing }
        } else if self.other.as_ref().is_some_and(made_with) {
            Standing::Ageing
        } else {
            Standing::Unknown
        }
    }

    /// The option to send back: the client's cookie with a server cookie, the old one while it is fresh.
    #[must_use]
    pub fn answer(&self, cookie: &Cookie, client: IpAddr, now_s: u32, standing: Standing) -> [u8; COOKIE_BYTES] {
        let server = match cookie.server {
            Some(server) if standing == Standing::Fresh => server,
            _ => {
                let t = now_s.to_be_bytes();
                seal(&self.current, &cookie.client, [1, 0, 0, 0, t[0], t[1], t[2], t[3]], client)
            }
        };
        let mut out = [0; COOKIE_BYTES];
        out[..CLIENT_COOKIE_BYTES].copy_from_slice(&cookie.client);
        out[CLIENT_COOKIE_BYTES..].copy_from_slice(&server);
        out
    }
}

/// What a cookie proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Unknown,
    /// The client's address; it gets a new one, for it is old or made with the other secret.
    Ageing,
    /// The client's address.
    Fresh,
}

/// Seconds since the cookie was made, in serial number arithmetic (RFC 9018 §4.3, RFC 1982).
fn age_s(server: &[u8; SERVER_COOKIE_BYTES], now_s: u32) -> i32 {
    now_s.wrapping_sub(u32::from_be_bytes([server[4], server[5], server[6], server[7]])).cast_signed()
}

/// `prefix` and its hash with the client's cookie and address (RFC 9018 §4.4).
fn seal(secret: &[u8; 16], client_cookie: &[u8; 8], prefix: [u8; 8], client: IpAddr) -> [u8; SERVER_COOKIE_BYTES] {
    let mut data = [0; 32];
    data[..8].copy_from_slice(client_cookie);
    data[8..16].copy_from_slice(&prefix);
    let length = match client {
        IpAddr::V4(v4) => {
            data[16..20].copy_from_slice(&v4.octets());
            20
        }
        IpAddr::V6(v6) => {
            data[16..32].copy_from_slice(&v6.octets());
            32
        }
    };
    let mut out = [0; SERVER_COOKIE_BYTES];
    out[..8].copy_from_slice(&prefix);
    out[8..].copy_from_slice(&siphash24(secret, &data[..length]).to_le_bytes());
    out
}

/// Compares in a time that does not depend on where they differ.
fn equal(a: &[u8; SERVER_COOKIE_BYTES], b: &[u8; SERVER_COOKIE_BYTES]) -> bool {
    a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
