//! The shield from outside: told of indicators and warning lists, asked by people, and publishing what edges use.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod by_value;
mod drills;
mod gate;
mod judging;
mod meeting;
mod people;
mod publishing;
mod real;
mod redress;
mod rig;
mod servers;
mod texts;
mod warnings;
