//! A signed question for a transfer is answered once: whoever writes it down on its way gets nothing with it.
//!
//! A signature ends with its time (RFC 8945 §5.2.3); until then its code is remembered. Questions over UDP are left
//! out: honest askers repeat those byte for byte, and what fits into a datagram goes to the asker's address alone.

use crate::wire::FUDGE_S;
use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Codes that are remembered: a hundred transfers a second for as long as a signature is good. Beyond, the oldest go.
const CODES_MAX: usize = 65_536;

/// Bytes of a code that tell it from others: half of the shortest.
const CODE_BYTES: usize = 16;

type Code = [u8; CODE_BYTES];

/// The codes of questions that were answered.
#[derive(Debug, Default)]
pub struct Answered(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    codes: HashSet<Code>,
    /// The same in the order of their coming, with the second after which each is of no use to anybody.
    order: VecDeque<(u64, Code)>,
}

impl Answered {
    /// Whether a question with this code, signed at `time_s`, was not answered before. It counts as answered then.
    pub fn is_first(&self, mac: &[u8], time_s: u64, now_s: u64) -> bool {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while book.order.front().is_some_and(|(end_s, _)| *end_s < now_s) || book.order.len() >= CODES_MAX {
            let Some((_, code)) = book.order.pop_front() else { break };
            book.codes.remove(&code);
        }
        let mut code = Code::default();
        code.iter_mut().zip(mac).for_each(|(to, from)| *to = *from);
        let is_first = book.codes.insert(code);
        if is_first {
            book.order.push_back((time_s.saturating_add(u64::from(FUDGE_S)), code));
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_counts_once_as_long_as_its_time_is_good() {
        let answered = Answered::default();
        let now = 1_000_000;
        assert!(answered.is_first(&[1; 32], now, now));
        assert!(!answered.is_first(&[1; 32], now, now + 300));
        assert!(answered.is_first(&[2; 48], now + 200, now));
        // Its signature is too old by then, whatever is remembered.
        assert!(answered.is_first(&[1; 32], now, now + 301));
        assert!(!answered.is_first(&[2; 48], now + 200, now + 400));
    }

    #[test]
    fn the_book_is_bounded() {
        let answered = Answered::default();
        for number in 0..CODES_MAX as u64 + 10 {
            let mac = [&number.to_be_bytes()[..], &[0; 24]].concat();
            assert!(answered.is_first(&mac, 0, 0));
        }
        assert_eq!(answered.0.lock().unwrap().codes.len(), CODES_MAX);
        assert!(answered.is_first(&[0; 32], 0, 0), "the oldest were forgotten");
    }
}
