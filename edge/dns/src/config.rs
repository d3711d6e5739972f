//! What an operator may set. An unknown key is refused, a setting that cannot work is refused with a reason.

use crate::discovery::wire_name;
use crate::dnsbl::{DnsblConfig, SERVERS_MAX};
use crate::encrypted::EncryptedConfig;
use serde::{Deserialize, Serialize};
use sipar_model::Prefix;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Largest UDP answer that may be configured, in bytes (RFC 6891 §6.2.5 names 4,096 as the most to start from).
pub const UDP_BYTES_MAX: u16 = 4096;
/// Most upstream resolvers: more would only slow the choice down.
pub const UPSTREAMS_MAX: usize = 16;
/// Most addresses to listen on.
pub const LISTEN_MAX: usize = 16;
/// Most workers: one for each core of the largest machines of today.
pub const WORKERS_MAX: usize = 256;

/// The resolver's settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DnsConfig {
    /// Where to answer, over UDP and TCP both. Port 0 lets the system choose one.
    pub listen: Vec<SocketAddr>,
    /// Threads; 0 means one for each core.
    pub workers: usize,
    /// The resolvers that are asked for everything that is not blocked. They should validate DNSSEC.
    pub upstreams: Vec<SocketAddr>,
    /// What a blocked name is answered with.
    pub block: BlockAnswer,
    /// How long a client may keep a block, in seconds. Short, so that an undone block is gone soon.
    pub block_ttl_s: u32,
    /// Largest UDP answer in bytes; 1,232 is never fragmented (DNS flag day 2020, RFC 9715 §3.2).
    pub udp_bytes_max: u16,
    /// Whom to ask about a block: `mailto:` or `tel:`. Empty: what the snapshot says.
    pub contact: String,
    /// Who blocks, in words that citizens know.
    pub organization: String,
    /// The option code by which clients ask for structured errors, once IANA has given it
    /// (draft-ietf-dnsop-structured-dns-error). An empty Extended Error option always asks, as in its older versions.
    pub structured_error_option: Option<u16>,
    /// Name of the subscriber network that counts are told for.
    pub network: String,
    /// 16 bytes in hex that all servers of one service address share (RFC 9018); empty: made anew at each start.
    pub cookie_secret: String,
    /// The secret before `cookie_secret`, or the next one: cookies made with it are good too.
    pub cookie_secret_other: String,
    /// The cache.
    pub cache: CacheConfig,
    /// How upstream resolvers are asked.
    pub forward: ForwardConfig,
    /// How many queries one client may send over UDP and over encrypted transports.
    pub rate_limit: RateLimit,
    /// TCP clients.
    pub tcp: TcpConfig,
    /// DNS over TLS, HTTPS and QUIC.
    pub encrypted: EncryptedConfig,
    /// A blocklist that others ask.
    pub dnsbl: DnsblConfig,
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 5353))],
            workers: 0,
            upstreams: Vec::new(),
            block: BlockAnswer::Nxdomain,
            block_ttl_s: 30,
            udp_bytes_max: 1232,
            contact: String::new(),
            organization: String::new(),
            structured_error_option: None,
            network: String::new(),
            cookie_secret: String::new(),
            cookie_secret_other: String::new(),
            cache: CacheConfig::default(),
            forward: ForwardConfig::default(),
            rate_limit: RateLimit::default(),
            tcp: TcpConfig::default(),
            encrypted: EncryptedConfig::default(),
            dnsbl: DnsblConfig::default(),
        }
    }
}

/// What a blocked name is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum BlockAnswer {
    /// There is no such name.
    Nxdomain,
    /// There is such a name, but it has nothing.
    Nodata,
    /// The address of a block page; what has no address here gets NODATA.
    Address {
        /// For A.
        #[serde(default)]
        v4: Option<Ipv4Addr>,
        /// For AAAA.
        #[serde(default)]
        v6: Option<Ipv6Addr>,
    },
}

/// The cache's bounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheConfig {
    /// Memory for all workers together, in bytes. Taken only as it fills.
    pub bytes_max: usize,
    /// An answer is kept at least this long, in seconds. 0 keeps what its owner says.
    pub ttl_s_min: u32,
    /// An answer is kept at most this long, in seconds: 1 day (RFC 8767 §4 wants a cap; RFC 2181 §8 allows one).
    pub ttl_s_max: u32,
    /// "No such thing" is kept at most this long, in seconds: 1 hour; RFC 2308 §5 suggests one to three.
    pub negative_ttl_s_max: u32,
    /// A failure of the upstream is kept this long, in seconds: 5 (RFC 9520 §3.2 wants 1 to 300).
    pub failure_ttl_s: u32,
    /// An answer may be served this long after its end when upstreams fail, in seconds: 1 day (RFC 8767 §5: 1 to 3).
    /// 0 switches it off.
    pub stale_s_max: u32,
    /// Whether names that are asked often are asked anew before they run out.
    pub prefetch: bool,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            bytes_max: 64 << 20,
            ttl_s_min: 0,
            ttl_s_max: 86_400,
            negative_ttl_s_max: 3_600,
            failure_ttl_s: 5,
            stale_s_max: 86_400,
            prefetch: true,
        }
    }
}

/// How upstream resolvers are asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForwardConfig {
    /// How long all tries for one question may take, in milliseconds. Stubs give up after 5 s.
    pub total_ms_max: u64,
    /// How long one try may take at most, in milliseconds.
    pub try_ms_max: u64,
    /// How long to wait before an old answer is served instead, in milliseconds: 1.8 s (RFC 8767 §5).
    pub stale_after_ms: u64,
    /// Questions under way at once, for each worker. Beyond, clients get SERVFAIL at once.
    pub questions_max: usize,
    /// Sockets, and so source ports, for each upstream and worker.
    pub sockets: usize,
    /// Whether the letters' case is varied to keep forged answers out (draft-vixie-dnsext-dns0x20).
    pub vary_case: bool,
    /// Whether the upstream's AD bit is passed on. Only right where the way to it is safe (RFC 6840 §5.8).
    pub trust_ad: bool,
}

impl Default for ForwardConfig {
    fn default() -> Self {
        Self {
            total_ms_max: 4_500,
            try_ms_max: 1_500,
            stale_after_ms: 1_800,
            questions_max: 4_096,
            sockets: 8,
            vary_case: true,
            trust_ad: true,
        }
    }
}

/// How many queries one client (/32 or /56) may send over UDP and over encrypted transports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// Queries a second in the long run; 0 sets no limit. Many subscribers may share one address.
    pub queries_per_s: u32,
    /// Queries at once after a pause.
    pub burst: u32,
    /// Every how many queries over the limit one is answered with the truncation bit; 0: none, 1: all.
    pub slip: u32,
    /// Networks without a limit. Nobody outside can forge a loopback address.
    pub exempt: Vec<Prefix>,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            queries_per_s: 1_000,
            burst: 2_000,
            slip: 2,
            exempt: ["127.0.0.0/8", "::1/128"].iter().filter_map(|net| Prefix::parse(net).ok()).collect(),
        }
    }
}

/// TCP clients (RFC 7766).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TcpConfig {
    /// Connections at once, for each worker.
    pub connections_max: usize,
    /// Connections at once of one client address, for each worker.
    pub connections_per_client_max: usize,
    /// A connection on which nothing moves is closed after this many milliseconds (RFC 7766 §6.2.3: a few seconds).
    pub idle_ms: u64,
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self { connections_max: 512, connections_per_client_max: 32, idle_ms: 10_000 }
    }
}

/// A setting with which the resolver cannot work.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadSetting {
    /// There is nowhere to listen.
    #[error("`listen` is empty: name at least one address and port")]
    NoListen,
    /// There is nobody to ask.
    #[error("`upstreams` is empty: name at least one resolver as ADDRESS:PORT")]
    NoUpstream,
    /// The resolver would ask itself.
    #[error("upstream `{0}` is an address this resolver listens on: it would ask itself for ever")]
    AsksItself(SocketAddr),
    /// A number is outside its bounds.
    #[error("`{key}` is {given}: it must be {allowed}")]
    OutOfBounds {
        /// The setting.
        key: &'static str,
        /// What was given.
        given: u64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A secret is not 16 bytes in hex.
    #[error("`{0}` is not 16 bytes in hex (32 digits): make one with `openssl rand -hex 16`")]
    Secret(&'static str),
    /// A contact that no client would show.
    #[error("contact `{0}` is neither `mailto:` nor `tel:`: clients show no other")]
    Contact(String),
    /// Encrypted transports without a certificate.
    #[error("`encrypted.certificate` and `encrypted.key` name the PEM files that DNS over TLS, HTTPS and QUIC need")]
    NoCertificate,
    /// A path that clients cannot use.
    #[error("`encrypted.https_path` is `{0}`: it must begin with `/` and need no escaping")]
    Path(String),
    /// Not a host name.
    #[error("`{key}` is `{given}`: it must be a host name such as `dns.example.pk`")]
    Name {
        /// The setting.
        key: &'static str,
        /// What was given.
        given: String,
    },
    /// A block page without an address.
    #[error("`block.mode` is `address`, but neither `block.v4` nor `block.v6` is set")]
    NoBlockPage,
}

impl DnsConfig {
    /// The first setting that cannot work, if there is one.
    ///
    /// # Errors
    /// Says which setting, and what to do.
    pub fn check(&self) -> Result<(), BadSetting> {
        if self.listen.is_empty() {
            return Err(BadSetting::NoListen);
        }
        if self.upstreams.is_empty() {
            return Err(BadSetting::NoUpstream);
        }
        if let Some(own) = self.upstreams.iter().find(|up| up.port() != 0 && self.listen.contains(up)) {
            return Err(BadSetting::AsksItself(*own));
        }
        if self.block == (BlockAnswer::Address { v4: None, v6: None }) {
            return Err(BadSetting::NoBlockPage);
        }
        if !self.contact.is_empty() && !is_contact(&self.contact) {
            return Err(BadSetting::Contact(self.contact.chars().take(100).collect()));
        }
        for (key, text) in [("cookie_secret", &self.cookie_secret), ("cookie_secret_other", &self.cookie_secret_other)]
        {
            if !text.is_empty() && secret(text).is_none() {
                return Err(BadSetting::Secret(key));
            }
        }
        self.encrypted.check()?;
        let list = &self.dnsbl;
        let zone = Some(("dnsbl.zone", &list.zone)).filter(|(_, zone)| !zone.is_empty());
        let names = zone.into_iter().chain(list.servers.iter().map(|name| ("dnsbl.servers", name)));
        for (key, name) in names {
            if wire_name(name).is_none() {
                return Err(BadSetting::Name { key, given: name.chars().take(100).collect() });
            }
        }
        self.bounds()
    }

    fn bounds(&self) -> Result<(), BadSetting> {
        let wide = |n: usize| n as u64;
        let rows = [
            ("listen", wide(self.listen.len()), 1, wide(LISTEN_MAX), "1 to 16 addresses"),
            ("upstreams", wide(self.upstreams.len()), 1, wide(UPSTREAMS_MAX), "1 to 16 addresses"),
            ("workers", wide(self.workers), 0, wide(WORKERS_MAX), "0 (one a core) to 256"),
            ("udp_bytes_max", self.udp_bytes_max.into(), 512, UDP_BYTES_MAX.into(), "512 to 4096"),
            ("dnsbl.ttl_s", self.dnsbl.ttl_s.into(), 0, 86_400, "0 to 86400"),
            ("dnsbl.servers", wide(self.dnsbl.servers.len()), 0, wide(SERVERS_MAX), "0 to 13 names"),
            ("block_ttl_s", self.block_ttl_s.into(), 0, 86_400, "0 to 86400"),
            ("cache.failure_ttl_s", self.cache.failure_ttl_s.into(), 0, 300, "0 to 300 (RFC 9520 §3.2)"),
            ("cache.stale_s_max", self.cache.stale_s_max.into(), 0, 604_800, "0 to 604800"),
            (
                "cache.ttl_s_max",
                self.cache.ttl_s_max.into(),
                self.cache.ttl_s_min.into(),
                604_800,
                "ttl_s_min to 604800",
            ),
            ("cache.ttl_s_min", self.cache.ttl_s_min.into(), 0, 3_600, "0 to 3600"),
            ("forward.total_ms_max", self.forward.total_ms_max, 10, 60_000, "10 to 60000"),
            ("forward.try_ms_max", self.forward.try_ms_max, 10, 30_000, "10 to 30000"),
            ("forward.questions_max", wide(self.forward.questions_max), 1, 1 << 20, "1 to 1048576"),
            ("forward.sockets", wide(self.forward.sockets), 1, 64, "1 to 64"),
            ("tcp.connections_max", wide(self.tcp.connections_max), 0, 65_536, "0 to 65536"),
            ("tcp.idle_ms", self.tcp.idle_ms, 10, 600_000, "10 to 600000"),
        ];
        match rows.into_iter().find(|(_, given, low, high, _)| given < low || given > high) {
            Some((key, given, _, _, allowed)) => Err(BadSetting::OutOfBounds { key, given, allowed }),
            None => Ok(()),
        }
    }
}

/// Whether clients of structured errors may show it (draft-ietf-dnsop-structured-dns-error, Contact URI Schemes).
#[must_use]
pub fn is_contact(text: &str) -> bool {
    ["mailto:", "tel:"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

/// 16 bytes from 32 hex digits.
#[must_use]
pub fn secret(hex: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    if digits.len() == 32 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
