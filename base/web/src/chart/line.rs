//! Values over time as lines.

use super::{
    SERIES_MAX, TABLE_ROWS_MAX, figure, label, nothing,
    scale::{Scale, place, ticks},
};
use crate::{
    context::PageContext,
    format,
    lang::Lang,
    ui::{Column, Table, table},
};
use maud::{Markup, html};
use sipar_model::{TimestampMs, time::DAY_MS};
use std::collections::BTreeMap;

/// The size of the picture in its own points; it fills the width that it is given.
const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 290.0;
/// Room for the values at the side, and above for the topmost of them.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 30.0;
/// The most points of one series that are drawn: two for each point of width.
const POINTS_MAX: usize = 1600;

/// One line.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// What it shows.
    pub name: String,
    /// Its values, the oldest first.
    pub points: Vec<(TimestampMs, f64)>,
}

/// A height that means something.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// How high.
    pub value: f64,
    /// What it means.
    pub name: String,
}

/// Values over time.
#[derive(Clone, Debug, Default)]
pub struct LineChart {
    /// What it shows, over which time.
    pub title: String,
    /// What the picture says, for those who cannot see it: `the score falls from 92 to below 50 on 3 December`.
    pub about: String,
    /// What the values count.
    pub unit: String,
    /// The lines.
    pub series: Vec<Series>,
    /// Heights that mean something.
    pub thresholds: Vec<Threshold>,
    /// The height of the picture, where it is not the highest value: 100 for a score.
    pub most: Option<f64>,
    /// A moment to be marked, such as now.
    pub mark: Option<(TimestampMs, String)>,
    /// Whether the room under the first line is filled.
    pub filled: bool,
}

/// Where things are on the picture.
struct Plot {
    x: Scale,
    y: Scale,
    from: i64,
    to: i64,
    bottom: f64,
    values: Vec<f64>,
}

/// Values over time, as a picture with its numbers.
#[must_use]
pub fn line_chart(ctx: &PageContext, chart: &LineChart) -> Markup {
    let Some(plot) = plot(ctx, chart) else { return nothing(ctx, &chart.title) };
    let picture = html! {
        svg viewBox=(format!("0 0 {WIDTH} {}", place(plot.bottom + under(ctx)))) direction="ltr" role="img"
            aria-label=(format!("{}. {}", chart.title, chart.about)) {
            title { (chart.title) }
            desc { (chart.about) }
            (axes(ctx, &plot, &chart.unit))
            @for threshold in &chart.thresholds { (threshold_line(ctx, &plot, threshold)) }
            @if let Some((at, name)) = &chart.mark { (mark_line(ctx, &plot, *at, name)) }
            @for (n, series) in chart.series.iter().take(SERIES_MAX).enumerate() {
                g class={ "s" (n + 1) } { (drawn(&plot, series, chart.filled && n == 0)) }
            }
        }
    };
    let legend: Vec<_> = chart.series.iter().map(|series| series.name.clone()).collect();
    figure(ctx, &chart.title, picture, &legend, numbers(ctx, chart))
}

fn plot(ctx: &PageContext, chart: &LineChart) -> Option<Plot> {
    let points = || chart.series.iter().flat_map(|series| &series.points);
    let from = points().map(|(at, _)| at.0).min()?;
    let to = points().map(|(at, _)| at.0).max()?;
    let highest = points().map(|(_, value)| *value).chain(chart.thresholds.iter().map(|one| one.value));
    let most = chart.most.unwrap_or_else(|| highest.fold(0.0, f64::max));
    let least = points().map(|(_, value)| *value).fold(0.0, f64::min);
    let values = ticks(least, most, 4);
    let bottom = HEIGHT - under(ctx);
    let ends = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(1.0));
    // Whole numbers of milliseconds below 2^53 are exact; times lie far below.
    #[expect(clippy::cast_precision_loss, reason = "a picture needs no milliseconds")]
    let x = Scale::new((from as f64, to.max(from + 1) as f64), (LEFT, WIDTH - RIGHT));
    Some(Plot { x, y: Scale::new(ends, (bottom, TOP)), from, to, bottom, values })
}

/// Room under the picture for the days: Nastaliq reaches far below its line.
const fn under(ctx: &PageContext) -> f64 {
    match ctx.lang {
        Lang::En => 26.0,
        Lang::Ur => 38.0,
    }
}

fn axes(ctx: &PageContext, plot: &Plot, unit: &str) -> Markup {
    let labels = time_labels(ctx, plot.from, plot.to);
    html! {
        g.axis {
            @for value in &plot.values {
                @let y = place(plot.y.at(*value));
                line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                text x=(LEFT - 8.0) y=(y) dy="0.35em" text-anchor="end" { (format::decimal(*value)) }
            }
            text.unit x="0" y="12" { (label(ctx, unit)) }
            @for (at, text) in labels {
                text x=(place(at_x(plot, at))) y=(place(plot.bottom)) dy="1.5em" text-anchor="middle" { (label(ctx, &text)) }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture needs no milliseconds")]
fn at_x(plot: &Plot, at: i64) -> f64 {
    plot.x.at(at as f64)
}

/// Five moments, evenly spread and away from the ends: days, or hours when all lies within two days.
fn time_labels(ctx: &PageContext, from: i64, to: i64) -> Vec<(i64, String)> {
    const LABELS: i64 = 5;
    let span = to.saturating_sub(from);
    let show = |at: i64| {
        let at = TimestampMs(at);
        if span <= 2 * DAY_MS { ctx.clock_text(at) } else { ctx.day_short(at) }
    };
    let mut labels: Vec<(i64, String)> = Vec::new();
    for n in 0..LABELS {
        let at = from + span / (2 * LABELS) * (2 * n + 1);
        let text = show(at);
        if labels.last().is_none_or(|(_, before)| *before != text) {
            labels.push((at, text));
        }
    }
    labels
}

fn threshold_line(ctx: &PageContext, plot: &Plot, threshold: &Threshold) -> Markup {
    let y = plot.y.at(threshold.value);
    html! {
        g.threshold {
            line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(place(y)) y2=(place(y)) {}
            text x=(LEFT + 6.0) y=(place(y)) dy="-0.45em" { (label(ctx, &threshold.name)) }
        }
    }
}

fn mark_line(ctx: &PageContext, plot: &Plot, at: TimestampMs, name: &str) -> Markup {
    let x = at_x(plot, at.0);
    let anchor = if x > WIDTH / 2.0 { "end" } else { "start" };
    let shift = if x > WIDTH / 2.0 { -5.0 } else { 5.0 };
    html! {
        g.mark {
            line x1=(place(x)) x2=(place(x)) y1=(TOP) y2=(place(plot.bottom)) {}
            text x=(place(x + shift)) y=(TOP + 8.0) text-anchor=(anchor) { (label(ctx, name)) }
        }
    }
}

fn drawn(plot: &Plot, series: &Series, filled: bool) -> Markup {
    let every = series.points.len().div_ceil(POINTS_MAX).max(1);
    let last = series.points.len().saturating_sub(1);
    let kept =
        series.points.iter().enumerate().filter(|(n, (_, value))| value.is_finite() && (n % every == 0 || *n == last));
    let places: Vec<String> =
        kept.map(|(_, (at, value))| format!("{},{}", place(at_x(plot, at.0)), place(plot.y.at(*value)))).collect();
    let (Some(first), Some(end)) = (places.first(), places.last()) else { return html! {} };
    if places.len() == 1 {
        let (x, y) = first.split_once(',').unwrap_or(("0", "0"));
        return html! { circle cx=(x) cy=(y) r="3" {} };
    }
    let base = place(plot.y.at(0.0));
    let x_of = |point: &str| point.split(',').next().unwrap_or("0").to_owned();
    html! {
        @if filled { polygon points=(format!("{},{base} {} {},{base}", x_of(first), places.join(" "), x_of(end))) {} }
        polyline points=(places.join(" ")) {}
    }
}

/// The numbers: a row a moment, a column a series.
fn numbers(ctx: &PageContext, chart: &LineChart) -> Markup {
    let mut rows: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
    for (place, series) in chart.series.iter().enumerate() {
        for (at, value) in &series.points {
            let row = rows.entry(at.0).or_insert_with(|| vec![None; chart.series.len()]);
            row[place] = Some(*value);
        }
    }
    let every = rows.len().div_ceil(TABLE_ROWS_MAX).max(1);
    let mut columns = vec![Column::text(ctx.t("web-chart-time"))];
    columns.extend(chart.series.iter().map(|series| Column::number(format!("{} ({})", series.name, chart.unit))));
    let rows = rows.iter().step_by(every).map(|(at, values)| {
        let mut row = vec![html! { (ctx.time_text(TimestampMs(*at))) }];
        row.extend(values.iter().map(|value| html! { (value.map_or("\u{2013}".into(), format::decimal)) }));
        row
    });
    let table = table(&Table { caption: chart.title.clone(), columns, rows: rows.collect(), empty: None });
    html! { @if every > 1 { p.basis { (ctx.tw("web-chart-every", &[("n", every.into())])) } } (table) }
}
