//! The shield's part of the first page: what was decided, what is enforced.

use crate::{
    Shield, ShieldError,
    store::{
        held::{self, HeldState},
        read, sightings,
    },
};
use maud::{Markup, html};
use sipar_authz::Role;
use sipar_model::TimestampMs;
use sipar_web::{PageContext, chart, format::number, ui};
use std::sync::Arc;

const HOUR_MS: i64 = 3_600_000;

/// Hours in the pictures.
const HOURS: i64 = 24;

/// What was decided and enforced.
pub async fn overview(shield: &Arc<Shield>, ctx: &PageContext) -> Result<Option<Markup>, ShieldError> {
    let now = ctx.now;
    let from = TimestampMs(now.0 - now.0.rem_euclid(HOUR_MS) - (HOURS - 1) * HOUR_MS);
    let (in_force, taken, enforced, report) = shield
        .house
        .store
        .read(move |reader| {
            Ok::<_, ShieldError>((
                read::in_force_by_category(reader)?,
                read::taken_per_hour(reader, from)?,
                sightings::per_hour(reader, from)?,
                held::report(reader)?,
            ))
        })
        .await?;
    let newest = shield.publications(1).await?.into_iter().next();
    let blocks: u64 = in_force.iter().map(|(_, count)| count).sum();
    let waiting: u64 = report.iter().filter(|group| group.state == HeldState::Review).map(|group| group.count).sum();
    let taken_sum: u64 = taken.iter().map(|(_, count)| count).sum();
    let enforced_sum: u64 = enforced.iter().map(|(_, blocked, _)| blocked).sum();
    let day = ctx.t("shield-day");
    let stat = |label: &str, value: u64, unit: &str, period: String| ui::Stat {
        label: ctx.t(label),
        value: show(value),
        unit: ctx.t(unit),
        period,
        ..ui::Stat::default()
    };
    let mut stats = vec![
        ui::Stat {
            href: Some("/decisions?state=active".into()),
            denominator: newest.as_ref().map(|published| {
                let values = [("n", show(published.entries).into()), ("serial", published.serial.to_string().into())];
                ctx.tw("shield-of-snapshot", &values)
            }),
            ..stat("shield-in-force", blocks, "shield-blocks", ctx.t("shield-now"))
        },
        ui::Stat {
            trend: trend(&taken.iter().map(|(_, count)| *count).collect::<Vec<_>>(), &day),
            ..stat("shield-taken", taken_sum, "shield-decisions-unit", day.clone())
        },
        ui::Stat {
            trend: trend(&enforced.iter().map(|(_, blocked, _)| *blocked).collect::<Vec<_>>(), &day),
            ..stat("shield-enforced", enforced_sum, "shield-answers", day.clone())
        },
    ];
    if ctx.identity.role >= Role::Reader {
        let held = stat("shield-held", waiting, "shield-held-unit", ctx.t("shield-now"));
        stats.push(ui::Stat { href: Some("/held".into()), ..held });
    }
    let hours: Vec<TimestampMs> = (0..HOURS).map(|hour| from.plus_ms(hour * HOUR_MS)).collect();
    let body = html! {
        (ui::stats(&stats))
        (per_hour(ctx, &hours, &taken, &enforced))
        @if !in_force.is_empty() { (by_category(ctx, &in_force)) }
    };
    Ok(Some(ui::card(&ctx.t("shield-panel"), body)))
}

fn trend(course: &[u64], period: &str) -> Option<ui::Trend> {
    let course: Vec<f64> = course.iter().map(|count| as_f64(*count)).collect();
    (course.len() > 1).then(|| ui::Trend { text: period.to_owned(), course, ..ui::Trend::default() })
}

fn per_hour(
    ctx: &PageContext,
    hours: &[TimestampMs],
    taken: &[(TimestampMs, u64)],
    enforced: &[(TimestampMs, u64, u64)],
) -> Markup {
    let value = |count: Option<u64>| as_f64(count.unwrap_or(0));
    let enforced_at = |hour: &TimestampMs| value(enforced.iter().find(|(at, ..)| at == hour).map(|(_, n, _)| *n));
    let taken_at = |hour: &TimestampMs| value(taken.iter().find(|(at, _)| at == hour).map(|(_, n)| *n));
    let columns: Vec<String> = hours.iter().map(|hour| ctx.clock_text(*hour)).collect();
    let picture = |title: &str, unit: &str, values: Vec<f64>| {
        chart::bars(
            ctx,
            &chart::BarChart {
                title: ctx.t(title),
                about: ctx.t(title),
                unit: ctx.t(unit),
                columns: columns.clone(),
                columns_title: ctx.t("shield-hour"),
                series: vec![chart::BarSeries { name: ctx.t(unit), values }],
            },
        )
    };
    html! {
        (picture("shield-taken-hours", "shield-decisions-unit", hours.iter().map(taken_at).collect()))
        (picture("shield-enforced-hours", "shield-answers", hours.iter().map(enforced_at).collect()))
    }
}

fn by_category(ctx: &PageContext, counts: &[(sipar_model::Category, u64)]) -> Markup {
    let mut lines: Vec<chart::Ranked> = counts
        .iter()
        .map(|(category, count)| chart::Ranked { name: ui::category(ctx, *category), value: as_f64(*count) })
        .collect();
    lines.sort_by(|one, other| other.value.total_cmp(&one.value));
    chart::ranked(&ctx.t("shield-by-category"), &ctx.t("shield-what"), &ctx.t("shield-blocks"), &lines)
}

fn show(count: u64) -> String {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "a picture's height")]
pub(super) fn as_f64(count: u64) -> f64 {
    count as f64
}
