//! Decisions as the JSON of CrowdSec's API, written piece by piece: no list is ever put together in memory.

use super::filter::{Filter, KIND, ORIGIN, scenario, scope};
use crate::model::{book::Item, duration::write_go_duration, net::Net};
use crate::policy::State;
use axum::body::{Body, Bytes};
use sipar_model::TimestampMs;
use std::{collections::VecDeque, convert::Infallible, fmt::Write as _, sync::Arc, vec};

/// Bytes of one piece, about: large enough for a socket, small enough for a hundred at once.
const PIECE_BYTES: usize = 64 << 10;

/// Blocks looked at for one piece: each becomes some 160 bytes, and a filter may leave all of them out.
const PIECE_BLOCKS: usize = 1_000;

/// One part of an answer.
pub enum Part {
    /// Text as it is.
    Text(&'static str),
    /// Everything that is blocked.
    All,
    /// These.
    Items(vec::IntoIter<Item>),
}

/// An answer under way.
pub struct Telling {
    state: Arc<State>,
    filter: Filter,
    now: TimestampMs,
    parts: VecDeque<Part>,
    /// Where the walk through everything is.
    reached: Option<Net>,
    /// Whether the next decision of this array needs a comma before it.
    comma: bool,
    skipped: usize,
    told: usize,
    done: Option<Box<dyn FnOnce() + Send>>,
}

impl Telling {
    /// An answer of these parts; `done` is called when the last of it was handed over.
    pub fn new(
        state: Arc<State>,
        filter: Filter,
        now: TimestampMs,
        parts: impl IntoIterator<Item = Part>,
        done: impl FnOnce() + Send + 'static,
    ) -> Self {
        let parts = parts.into_iter().collect();
        let done: Box<dyn FnOnce() + Send> = Box::new(done);
        Self { state, filter, now, parts, reached: None, comma: false, skipped: 0, told: 0, done: Some(done) }
    }

    /// The next piece; none at the end.
    pub fn next_piece(&mut self) -> Option<Bytes> {
        let mut text = String::new();
        while text.len() < PIECE_BYTES {
            let Some(part) = self.parts.pop_front() else {
                if let Some(done) = self.done.take() {
                    done();
                }
                break;
            };
            match part {
                Part::Text(own) => {
                    text.push_str(own);
                    (self.comma, self.reached) = (false, None);
                }
                Part::All => {
                    let (state, last) = (Arc::clone(&self.state), self.reached);
                    let reached = state.book.walk(last, PIECE_BLOCKS, self.now, |item| self.tell(&mut text, item));
                    // Nothing more is written once there are as many as were asked for.
                    if reached.is_some() && self.told < self.filter.limit {
                        self.reached = reached;
                        self.parts.push_front(Part::All);
                    }
                }
                Part::Items(mut items) => {
                    for item in items.by_ref().take(PIECE_BLOCKS) {
                        self.tell(&mut text, &item);
                    }
                    if !items.as_slice().is_empty() {
                        self.parts.push_front(Part::Items(items));
                    }
                }
            }
        }
        (!text.is_empty()).then(|| Bytes::from(text))
    }

    fn tell(&mut self, text: &mut String, item: &Item) {
        if !self.filter.takes(item) || self.told >= self.filter.limit {
            return;
        }
        if self.skipped < self.filter.offset {
            self.skipped += 1;
            return;
        }
        if self.comma {
            text.push(',');
        }
        self.comma = true;
        self.told += 1;
        write_decision(text, item, self.now);
    }

    /// The answer as a body that is written while it is read.
    pub fn body(self) -> Body {
        Body::from_stream(futures_util::stream::iter(Pieces(self)))
    }
}

impl Telling {
    /// The body that begins with `first`, a piece that was looked at.
    pub fn body_after(self, first: Bytes) -> Body {
        let pieces = std::iter::once(Ok::<_, Infallible>(first)).chain(Pieces(self));
        Body::from_stream(futures_util::stream::iter(pieces))
    }
}

struct Pieces(Telling);

impl Iterator for Pieces {
    type Item = Result<Bytes, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_piece().map(Ok)
    }
}

/// One decision. No value of ours holds a character that JSON would escape.
fn write_decision(text: &mut String, item: &Item, now: TimestampMs) {
    let left_s = i64::from(item.expires_s) - now.0.div_euclid(1_000);
    text.push_str("{\"duration\":\"");
    // A string takes all that is written to it.
    let _written = write_go_duration(text, left_s.max(0));
    let _written = write!(
        text,
        "\",\"id\":{},\"origin\":\"{ORIGIN}\",\"scenario\":\"{}\",\"scope\":\"{}\",\"type\":\"{KIND}\",\"value\":\"{}\"}}",
        item.decision,
        scenario(item.category),
        scope(&item.net),
        item.net
    );
}
