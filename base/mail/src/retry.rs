//! When to try again what a mail server did not take. Pure.

/// The first wait: longer than most servers that put strangers off make them wait (RFC 6647 §2).
const FIRST_MS: i64 = 5 * 60 * 1_000;

/// The longest: a mended server or address is found out within a working morning, and a broken one is not pestered.
const LONGEST_MS: i64 = 4 * 60 * 60 * 1_000;

/// How long to wait after so many failures in a row: five minutes, then twice as long each time, to four hours.
/// RFC 5321 §4.5.4.1 wants growing waits; who sends decides when to give up.
#[must_use]
pub fn retry_after_ms(failures: u32) -> i64 {
    match failures {
        0 => 0,
        // From the seventh on it is the longest.
        1..=6 => (FIRST_MS << (failures - 1)).min(LONGEST_MS),
        _ => LONGEST_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let minutes: Vec<i64> = (0..9).map(|failures| retry_after_ms(failures) / 60_000).collect();
        assert_eq!(minutes, [0, 5, 10, 20, 40, 80, 160, 240, 240]);
        assert_eq!(retry_after_ms(u32::MAX), LONGEST_MS);
    }
}
