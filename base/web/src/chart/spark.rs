//! The course of one number, small.

use super::scale::{Scale, place};
use maud::{Markup, html};

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;
/// Points that are told apart at this size.
const POINTS_MAX: usize = 120;

/// The course of a number, the oldest value first. `about` says it in words, for those who cannot see it.
#[must_use]
pub fn sparkline(values: &[f64], about: &str) -> Markup {
    let every = values.len().div_ceil(POINTS_MAX).max(1);
    let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).step_by(every).collect();
    let Some(last) = values.last().copied() else { return html! {} };
    let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let least = values.iter().copied().fold(0.0, f64::min);
    #[expect(clippy::cast_precision_loss, reason = "at most POINTS_MAX")]
    let x = Scale::new((0.0, (values.len().max(2) - 1) as f64), (2.0, WIDTH - 4.0));
    let y = Scale::new((least, most), (HEIGHT - 3.0, 3.0));
    #[expect(clippy::cast_precision_loss, reason = "at most POINTS_MAX")]
    let points: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(n, value)| format!("{},{}", place(x.at(n as f64)), place(y.at(*value))))
        .collect();
    let end = points.last().and_then(|point| point.split_once(',')).map_or("0".to_owned(), |(x, _)| x.to_owned());
    html! {
        svg.spark viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) direction="ltr" role="img" aria-label=(about) {
            g.s1 {
                polyline points=(points.join(" ")) {}
                circle cx=(end) cy=(place(y.at(last))) r="2.5" {}
            }
        }
    }
}
