//! The components that pages are made of.
//!
//! A component takes data and gives markup; words that it needs come from the [`PageContext`](crate::PageContext).
//! Every one works without scripts, in both directions of writing, by keyboard, and on paper.

mod badge;
mod data;
mod form;
mod notice;
mod passkey;
mod record;

pub use badge::{Tone, action, badge, category, confidence, severity, tlp, verdict, warning};
pub use data::{Cell, Column, Stat, Table, Trend, TrendMeaning, facts, share, stat, stats, table};
pub use form::{Choice, Field, FieldKind, button, button_link, field, post_button, submit};
pub use notice::{Pager, Progress, Tab, alert, card, empty, pager, progress, tabs};
pub use passkey::{Ceremony, passkey};
pub use record::{Event, Proof, copyable, mono, proof, timeline};
