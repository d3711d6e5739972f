//! What happened, and how anybody can check it.

use super::{badge::Tone, data::facts};
use crate::{context::PageContext, format};
use maud::{Markup, html};
use sipar_model::TimestampMs;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: TimestampMs,
    /// What.
    pub title: Markup,
    /// More about it.
    pub body: Option<Markup>,
    /// What it means.
    pub tone: Tone,
}

/// What happened, in the order given.
#[must_use]
pub fn timeline(ctx: &PageContext, events: &[Event]) -> Markup {
    html! {
        ol.timeline {
            @for event in events {
                li class=(event.tone.class()) {
                    p.at { (ctx.when(event.at)) " · " (ctx.ago(event.at)) }
                    p.title { (event.title) }
                    @if let Some(body) = &event.body { div { (body) } }
                }
            }
        }
    }
}

/// A name, address or hash inside running text, from left to right whatever stands around it.
#[must_use]
pub fn mono(text: &str) -> Markup {
    html! { code dir="ltr" { (text) } }
}

/// Text to be taken elsewhere whole. One click selects it all; with scripts a button copies it.
#[must_use]
pub fn copyable(ctx: &PageContext, text: &str) -> Markup {
    html! {
        span.copyable {
            code dir="ltr" { (text) }
            button.plain type="button" hidden data-copy=(text) data-done=(ctx.t("web-copied")) { (ctx.t("web-copy")) }
        }
    }
}

/// The proof that an entry stands in the ledger (RFC 6962 §2.1.1, C2SP tlog-proof).
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// The place of the entry.
    pub index: u64,
    /// The size of the tree that it is proved in.
    pub size: u64,
    /// The ledger's name.
    pub origin: String,
    /// The tree's root hash, as its checkpoint says it.
    pub root: String,
    /// The hash of the entry's leaf.
    pub leaf: String,
    /// The hashes from the leaf to the root.
    pub path: Vec<String>,
    /// The signed checkpoint, whole.
    pub checkpoint: String,
    /// Where the proof is had as a file.
    pub href: Option<String>,
    /// The command that checks it offline.
    pub command: Option<String>,
}

/// A proof that a person can take along and check.
#[must_use]
pub fn proof(ctx: &PageContext, proof: &Proof) -> Markup {
    let show = |n: u64| format::number(i64::try_from(n).unwrap_or(i64::MAX));
    let values = [("index", show(proof.index).into()), ("size", show(proof.size).into())];
    html! {
        section.proof aria-label=(ctx.t("web-proof-title")) {
            p.title { (ctx.tw("web-proof-entry", &values)) }
            (facts(&[
                (ctx.t("web-proof-origin"), mono(&proof.origin)),
                (ctx.t("web-proof-leaf"), copyable(ctx, &proof.leaf)),
                (ctx.t("web-proof-root"), copyable(ctx, &proof.root)),
            ]))
            details {
                summary { (ctx.tw("web-proof-path", &[("n", proof.path.len().into())])) }
                ol.hashes { @for hash in &proof.path { li { (mono(hash)) } } }
                p.label { (ctx.t("web-proof-checkpoint")) }
                pre dir="ltr" { (proof.checkpoint) }
            }
            @if let Some(command) = &proof.command {
                p.label { (ctx.t("web-proof-check")) }
                p { (copyable(ctx, command)) }
            }
            @if let Some(href) = &proof.href { p { a href=(href) download { (ctx.t("web-proof-file")) } } }
        }
    }
}
