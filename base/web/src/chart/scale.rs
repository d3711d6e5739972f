//! From values to places on the picture.

/// The most steps that an axis is cut into.
const STEPS_MAX: f64 = 64.0;

/// Round values from nought (or below) to at least `most`, about `count` steps of 1, 2, 2.5 or 5 times a power of ten.
#[must_use]
pub fn ticks(least: f64, most: f64, count: u8) -> Vec<f64> {
    let (least, most) = (finite(least).min(0.0), finite(most).max(0.0));
    let span = if most - least > 0.0 && (most - least).is_finite() { most - least } else { 1.0 };
    let rough = span / f64::from(count.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(power * 10.0);
    let first = (least / step).floor();
    let last = ((least + span) / step - 1e-9).ceil().max(first + 1.0).min(first + STEPS_MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most STEPS_MAX")]
    let steps = (last - first) as u32;
    (0..=steps).map(|n| (first + f64::from(n)) * step).collect()
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// Maps one range onto another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    span: f64,
    to: f64,
    length: f64,
}

impl Scale {
    pub(super) fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        let span = from.1 - from.0;
        let span = if span.is_finite() && span != 0.0 { span } else { 1.0 };
        Self { from: from.0, span, to: to.0, length: to.1 - to.0 }
    }

    /// The place of a value, kept on the picture.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = ((value - self.from) / self.span).clamp(0.0, 1.0);
        self.to + share * self.length
    }
}

/// A place on the picture to a tenth of a point: enough for the eye, and short.
pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover() {
        let check = |least, most, expect: &[f64]| assert_eq!(ticks(least, most, 4), expect, "{least}..{most}");
        check(0.0, 100.0, &[0.0, 25.0, 50.0, 75.0, 100.0]);
        check(0.0, 101.0, &[0.0, 50.0, 100.0, 150.0]);
        check(0.0, 7.0, &[0.0, 2.0, 4.0, 6.0, 8.0]);
        check(0.0, 0.0, &[0.0, 0.25, 0.5, 0.75, 1.0]);
        check(-10.0, 10.0, &[-10.0, -5.0, 0.0, 5.0, 10.0]);
        check(f64::NAN, f64::INFINITY, &[0.0, 0.25, 0.5, 0.75, 1.0]);
    }

    #[test]
    fn any_numbers_give_few_ticks() {
        for most in [1e-300, 0.001, 13_752.0, 1e18, 1e300, f64::MAX] {
            let found = ticks(0.0, most, 5);
            assert!((2..=8).contains(&found.len()), "{most}: {found:?}");
            assert!(*found.last().unwrap() >= most * 0.999, "{most}: {found:?}");
        }
    }

    #[test]
    fn places_stay_on_the_picture() {
        let scale = Scale::new((0.0, 10.0), (100.0, 0.0));
        assert_eq!([scale.at(0.0), scale.at(5.0), scale.at(99.0)], [100.0, 50.0, 0.0]);
        assert_eq!(Scale::new((3.0, 3.0), (0.0, 1.0)).at(3.0), 0.0);
        assert_eq!([place(1.0), place(1.25)], ["1", "1.2"]);
    }
}
