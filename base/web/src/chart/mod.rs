//! Charts as SVG made on the server: they work without scripts, print, and carry their numbers as a table.
//!
//! Time runs from left to right in both languages, as in Urdu print, and digits are Latin;
//! legends, captions and tables follow the page's direction.
//! Series differ by dash as well as by colour; every colour keeps 3:1 on the page in light and dark (WCAG 2.2 §1.4.11).

mod bars;
mod line;
mod scale;
mod spark;

pub use bars::{BarChart, BarSeries, Ranked, bars, ranked};
pub use line::{LineChart, Series, Threshold, line_chart};
pub use scale::ticks;
pub use spark::sparkline;

use crate::context::PageContext;
use maud::{Markup, html};

/// The most series that one chart tells apart; what is beyond is not drawn but stands in the table.
pub const SERIES_MAX: usize = 6;
/// The most rows of a chart's table: beyond, every n-th is shown.
const TABLE_ROWS_MAX: usize = 120;

/// The picture, its caption, its legend and its numbers.
fn figure(ctx: &PageContext, title: &str, picture: Markup, legend: &[String], table: Markup) -> Markup {
    html! {
        figure.chart {
            figcaption { (title) }
            @if legend.len() > 1 {
                ul.legend aria-hidden="true" {
                    @for (place, name) in legend.iter().take(SERIES_MAX).enumerate() {
                        li { svg width="22" height="10" class={ "s" (place + 1) } { line x1="1" y1="5" x2="21" y2="5" {} } bdi { (name) } }
                    }
                }
            }
            div.scroll tabindex="0" role="group" aria-label=(title) { (picture) }
            details { summary { (ctx.t("web-chart-table")) } (table) }
        }
    }
}

/// Words on a picture. The picture itself runs from left to right; the words in it follow their own script
/// (U+2067 isolates them), so that `14 نومبر` reads as it should.
fn label(ctx: &PageContext, text: &str) -> String {
    if ctx.lang.dir() == "rtl" { format!("\u{2067}{text}\u{2069}") } else { text.to_owned() }
}

/// What stands where there is nothing to draw.
fn nothing(ctx: &PageContext, title: &str) -> Markup {
    html! { figure.chart { figcaption { (title) } p.basis { (ctx.t("web-chart-none")) } } }
}
