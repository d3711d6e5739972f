//! The signed, memory-mapped file that every edge answers from.
