//! The pure rules of appeals: no I/O, no clock, no chance.

pub mod appeal;
pub mod code;
pub mod quota;
pub mod subject;

pub use appeal::{Appeal, Group, State, Words, WordsError, groups};
pub use code::{Code, CodeError};
pub use subject::{Asked, covering};
