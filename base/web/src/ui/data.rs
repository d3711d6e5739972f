//! Numbers, tables and lists of facts.

use super::badge::Tone;
use crate::{chart, context::PageContext};
use maud::{Markup, html};

/// What a change means to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrendMeaning {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// Better than before.
    Better,
    /// Worse than before.
    Worse,
}

/// How a number came to be what it is.
#[derive(Clone, Debug, Default)]
pub struct Trend {
    /// The change in words, with its period: `+12% on the day before`.
    pub text: String,
    /// What it means.
    pub meaning: TrendMeaning,
    /// The course of the number, the oldest first; drawn small when there are two or more.
    pub course: Vec<f64>,
}

/// One number. It is never shown without what it counts and over which time.
#[derive(Clone, Debug, Default)]
pub struct Stat {
    /// What it is: `Names blocked`.
    pub label: String,
    /// The number, formatted.
    pub value: String,
    /// What is counted: `names`.
    pub unit: String,
    /// Over which time: `now`, `last 24 hours`.
    pub period: String,
    /// Out of how many: `of 13,752 listed`.
    pub denominator: Option<String>,
    /// How it came to be.
    pub trend: Option<Trend>,
    /// Where to read more.
    pub href: Option<String>,
}

/// One number with all that it needs to be understood.
#[must_use]
pub fn stat(stat: &Stat) -> Markup {
    let label = html! { @if let Some(href) = &stat.href { a href=(href) { (stat.label) } } @else { (stat.label) } };
    html! {
        div.stat {
            p.label { (label) }
            p.value { bdi { (stat.value) } " " span.unit { (stat.unit) } }
            p.basis {
                (stat.period)
                @if let Some(denominator) = &stat.denominator { " · " (denominator) }
            }
            @if let Some(trend) = &stat.trend {
                @if trend.course.len() > 1 { (chart::sparkline(&trend.course, &trend.text)) }
                p class={ "trend " (trend_class(trend.meaning)) } { (trend.text) }
            }
        }
    }
}

const fn trend_class(meaning: TrendMeaning) -> &'static str {
    match meaning {
        TrendMeaning::Plain => "plain",
        TrendMeaning::Better => "better",
        TrendMeaning::Worse => "worse",
    }
}

/// Numbers side by side.
#[must_use]
pub fn stats(all: &[Stat]) -> Markup {
    html! { div.stats { @for one in all { (stat(one)) } } }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// Words.
    #[default]
    Text,
    /// Numbers, set flush so that digits stand under one another.
    Number,
    /// Names, addresses, hashes: Latin, from left to right in both languages.
    Code,
}

/// A column.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its heading, with the unit where it holds numbers.
    pub title: String,
    /// What it holds.
    pub cell: Cell,
}

impl Column {
    /// A column of words.
    pub fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), cell: Cell::Text }
    }

    /// A column of numbers.
    pub fn number(title: impl Into<String>) -> Self {
        Self { title: title.into(), cell: Cell::Number }
    }

    /// A column of names, addresses or hashes.
    pub fn code(title: impl Into<String>) -> Self {
        Self { title: title.into(), cell: Cell::Code }
    }
}

/// A table. The first cell of each row names the row.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What the table shows, with its period.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows: as many cells as columns.
    pub rows: Vec<Vec<Markup>>,
    /// What stands in its place when there are no rows: see [`empty`](super::empty).
    pub empty: Option<Markup>,
}

/// A table; on a narrow screen each row becomes a card with its headings inside.
#[must_use]
pub fn table(table: &Table) -> Markup {
    if let (true, Some(empty)) = (table.rows.is_empty(), &table.empty) {
        return empty.clone();
    }
    html! {
        div.table {
            table {
                caption { (table.caption) }
                thead { tr { @for column in &table.columns { th scope="col" class=[cell_class(column.cell)] { (column.title) } } } }
                tbody {
                    @for row in &table.rows {
                        tr { @for (place, (cell, column)) in row.iter().zip(&table.columns).enumerate() {
                            @let class = cell_class(column.cell);
                            @if place == 0 {
                                th scope="row" class=[class] data-title=(column.title) { (value(column.cell, cell)) }
                            } @else {
                                td class=[class] data-title=(column.title) { (value(column.cell, cell)) }
                            }
                        } }
                    }
                }
            }
        }
    }
}

fn value(kind: Cell, cell: &Markup) -> Markup {
    match kind {
        Cell::Code => html! { bdi dir="ltr" { (cell) } },
        Cell::Number => html! { bdi { (cell) } },
        Cell::Text => html! { div { (cell) } },
    }
}

const fn cell_class(cell: Cell) -> Option<&'static str> {
    match cell {
        Cell::Text => None,
        Cell::Number => Some("number"),
        Cell::Code => Some("code"),
    }
}

/// Names and what holds for each.
#[must_use]
pub fn facts(facts: &[(String, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

/// A share as a picture with its number: `part` of `whole`.
#[must_use]
pub fn share(ctx: &PageContext, part: f64, whole: f64, tone: Tone) -> Markup {
    let text = crate::format::percent(part, whole);
    let of = ctx.tw("web-share", &[("part", part.into()), ("whole", whole.into())]);
    html! {
        span class={ "share " (tone.class()) } title=(of) {
            meter min="0" max=(if whole > 0.0 { whole } else { 1.0 }) value=(part.clamp(0.0, whole.max(0.0))) aria-hidden="true" {}
            bdi { (text) }
        }
    }
}
