//! Values side by side: upright bars, alone or stacked, and ranked lists.

use super::{
    SERIES_MAX, figure, label, nothing,
    scale::{Scale, place, ticks},
};
use crate::{
    context::PageContext,
    format,
    lang::Lang,
    ui::{Column, Table, table},
};
use maud::{Markup, html};

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 30.0;
/// The most columns: below some ten points of width each, nobody tells them apart.
const COLUMNS_MAX: usize = 62;
/// Labels under the columns that fit beside one another.
const LABELS_MAX: usize = 12;

/// One part of each column.
#[derive(Clone, Debug, Default)]
pub struct BarSeries {
    /// What it counts.
    pub name: String,
    /// Its value in each column; what is negative or not a number counts as nought.
    pub values: Vec<f64>,
}

/// Upright bars; several series stand on one another.
#[derive(Clone, Debug, Default)]
pub struct BarChart {
    /// What it shows, over which time.
    pub title: String,
    /// What the picture says, for those who cannot see it.
    pub about: String,
    /// What the values count.
    pub unit: String,
    /// What each column stands for: days, feeds, categories.
    pub columns: Vec<String>,
    /// What the columns are, as the heading of the table: `day`.
    pub columns_title: String,
    /// The parts, the lowest first.
    pub series: Vec<BarSeries>,
}

/// Upright bars as a picture with their numbers.
#[must_use]
pub fn bars(ctx: &PageContext, chart: &BarChart) -> Markup {
    let count = chart.columns.len().min(COLUMNS_MAX);
    if count == 0 || chart.series.is_empty() {
        return nothing(ctx, &chart.title);
    }
    let total = |column: usize| chart.series.iter().take(SERIES_MAX).map(|series| height(series, column)).sum::<f64>();
    let most = (0..count).map(total).fold(0.0, f64::max);
    if most == 0.0 {
        return nothing(ctx, &chart.title);
    }
    let mut values = ticks(0.0, most, 4);
    if (0..count).all(|column| total(column).fract() == 0.0) {
        // What is counted has no halves.
        values.retain(|value| value.fract() == 0.0);
    }
    let under = if ctx.lang == Lang::Ur { 38.0 } else { 26.0 };
    let bottom = HEIGHT - under;
    let y = Scale::new((0.0, values.last().copied().unwrap_or(1.0)), (bottom, TOP));
    #[expect(clippy::cast_precision_loss, reason = "at most COLUMNS_MAX")]
    let pitch = (WIDTH - LEFT - RIGHT) / count as f64;
    let every = count.div_ceil(LABELS_MAX);
    let picture = html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) direction="ltr" role="img"
            aria-label=(format!("{}. {}", chart.title, chart.about)) {
            title { (chart.title) }
            desc { (chart.about) }
            g.axis {
                @for value in &values {
                    @let y = place(y.at(*value));
                    line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                    text x=(LEFT - 8.0) y=(y) dy="0.35em" text-anchor="end" { (format::decimal(*value)) }
                }
                text.unit x="0" y="12" { (label(ctx, &chart.unit)) }
                @for (column, name) in chart.columns.iter().take(count).enumerate().step_by(every) {
                    text x=(place(middle(column, pitch))) y=(place(bottom)) dy="1.5em" text-anchor="middle" { (label(ctx, name)) }
                }
            }
            @for column in 0..count { (one_column(chart, column, pitch, &y)) }
        }
    };
    let legend: Vec<_> = chart.series.iter().map(|series| series.name.clone()).collect();
    figure(ctx, &chart.title, picture, &legend, numbers(chart))
}

fn height(series: &BarSeries, column: usize) -> f64 {
    series.values.get(column).copied().filter(|value| value.is_finite()).unwrap_or(0.0).max(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "at most COLUMNS_MAX")]
fn middle(column: usize, pitch: f64) -> f64 {
    LEFT + pitch * (column as f64 + 0.5)
}

fn one_column(chart: &BarChart, column: usize, pitch: f64, y: &Scale) -> Markup {
    let width = (pitch * 0.72).min(56.0);
    let left = middle(column, pitch) - width / 2.0;
    let mut base = 0.0;
    html! {
        @for (n, series) in chart.series.iter().take(SERIES_MAX).enumerate() {
            @let value = height(series, column);
            @if value > 0.0 {
                @let (low, high) = (y.at(base), y.at(base + value));
                rect class={ "s" (n + 1) } x=(place(left)) y=(place(high)) width=(place(width))
                    height=(place((low - high - 1.0).max(0.5))) {
                    title { (chart.columns[column]) " · " (series.name) ": " (format::decimal(value)) " " (chart.unit) }
                }
            }
            @let () = { base += value };
        }
    }
}

fn numbers(chart: &BarChart) -> Markup {
    let mut columns = vec![Column::text(chart.columns_title.clone())];
    columns.extend(chart.series.iter().map(|series| Column::number(format!("{} ({})", series.name, chart.unit))));
    let rows = chart.columns.iter().enumerate().map(|(column, name)| {
        let mut row = vec![html! { (name) }];
        row.extend(chart.series.iter().map(|series| html! { (format::decimal(height(series, column))) }));
        row
    });
    table(&Table { caption: chart.title.clone(), columns, rows: rows.collect(), empty: None })
}

/// One line of a ranked list.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// What it is.
    pub name: Markup,
    /// How much.
    pub value: f64,
}

/// A list with a bar to each line, in the order given. It is a table itself, and follows the page's direction.
#[must_use]
pub fn ranked(title: &str, name_title: &str, unit: &str, lines: &[Ranked]) -> Markup {
    let most = lines.iter().map(|line| line.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    html! {
        div.table {
            table.ranked {
                caption { (title) }
                thead { tr { th scope="col" { (name_title) } th.number scope="col" { (unit) } th aria-hidden="true" {} } }
                tbody {
                    @for line in lines {
                        tr {
                            th scope="row" { bdi { (line.name) } }
                            td.number { (format::decimal(line.value)) }
                            td.bar aria-hidden="true" {
                                svg viewBox="0 0 100 10" preserveAspectRatio="none" {
                                    rect.s1 x="0" y="0" height="10" width=(place(100.0 * (line.value / most).clamp(0.0, 1.0))) {}
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
