//! Durations as Go writes them (`time.Duration.String`), which is how the CrowdSec API tells how long a ban lasts.

use std::fmt::{self, Write};

/// Writes whole seconds as Go does: `45s`, `1m0s`, `143h59m57s`. Less than nothing is `-` and the same.
///
/// # Errors
/// Those of `out`.
pub fn write_go_duration(out: &mut impl Write, seconds: i64) -> fmt::Result {
    if seconds < 0 {
        out.write_char('-')?;
    }
    let seconds = seconds.unsigned_abs();
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => write!(out, "{rest}s"),
        (0, _) => write!(out, "{minutes}m{rest}s"),
        _ => write!(out, "{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        let check = |seconds, expect: &str| {
            let mut text = String::new();
            write_go_duration(&mut text, seconds).expect("a string takes all");
            assert_eq!(text, expect);
        };
        check(0, "0s");
        check(59, "59s");
        check(60, "1m0s");
        check(3_600, "1h0m0s");
        check(86_400 * 30 - 3, "719h59m57s");
        check(-61, "-1m1s");
        check(i64::MIN, "-2562047788015215h30m8s");
    }
}
