//! What the resolver did, as numbers that only grow. None of them says who asked or for what.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Defines the numbers once, for a worker's own copy and for the one that others may read.
macro_rules! stats {
    ($(#[doc = $doc:literal] $field:ident),+ $(,)?) => {
        /// Counts since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
        pub struct Stats { $(#[doc = $doc] pub $field: u64),+ }

        impl Stats {
            /// Each number with its name and what it says.
            pub fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
                [$((stringify!($field), $doc, self.$field)),+].into_iter()
            }
        }

        /// A worker's counts, for others to read.
        #[derive(Debug, Default)]
        pub struct SharedStats { $($field: AtomicU64),+ }

        impl SharedStats {
            /// Shows `stats` to the readers. Only one worker writes, so nothing is added here.
            pub fn publish(&self, stats: &Stats) { $(self.$field.store(stats.$field, Relaxed);)+ }

            /// Adds what is shown here to `sum`.
            pub fn add_to(&self, sum: &mut Stats) { $(sum.$field += self.$field.load(Relaxed);)+ }
        }
    };
}

stats! {
    /// Messages from clients.
    queries,
    /// Of these, over TCP.
    tcp_queries,
    /// Of these, over TLS.
    tls_queries,
    /// Of these, over HTTPS.
    https_queries,
    /// Of these, over QUIC.
    quic_queries,
    /// Answered with a block.
    blocked,
    /// Would have been blocked, by a list that is tried out.
    shadow,
    /// Asked of the blocklist.
    list_asked,
    /// Of these, for something that is listed.
    list_listed,
    /// Answered from the cache.
    hits,
    /// Had to wait for an upstream.
    misses,
    /// Of these, joined a question that was under way.
    joined,
    /// Answered with an old answer, because upstreams failed or were slow.
    stale,
    /// Questions renewed before their end.
    renewed,
    /// Questions sent to upstreams.
    asked,
    /// Of these, over TCP.
    asked_tcp,
    /// Tries that took too long or could not be sent.
    failed_tries,
    /// Messages from upstreams that did not fit any question: late, or forged.
    suspect,
    /// Answers that were "server failed".
    server_failed,
    /// Refused: no policy, another class, no recursion desired.
    refused,
    /// Could not be read as a query, and were told so.
    malformed,
    /// Were no query at all, and were left without an answer.
    ignored,
    /// Over the client's limit.
    limited,
    /// Answers that the system did not take.
    unsent,
    /// Counts per decision that found no room.
    counts_lost,
    /// Connections open now, of all transports.
    connections_open,
    /// Connections taken in.
    connections_opened,
    /// Connections turned away, because there were too many.
    connections_refused,
    /// Connections ended because what came could not be understood.
    connections_broken,
    /// Bytes in the cache now.
    cache_bytes,
    /// Answers in the cache now.
    cache_entries,
}
