//! Whole pages as people get them, in both languages.

use maud::html;
use sipar_authz::{Identity, Role};
use sipar_model::{Action, Category, TimestampMs};
use sipar_web::{
    Group, Lang, NavItem, Page, PageContext,
    chart::{BarChart, BarSeries, LineChart, Series, Threshold, bars, line_chart, sparkline},
    page::document,
    ui,
};
use std::sync::Arc;

/// One tag a line, hashes of files taken out: so that a difference can be read.
fn readable(page: &str) -> String {
    let mut out = page.replace("><", ">\n<");
    for asset in sipar_web::assets::all() {
        out = out.replace(asset.file, asset.name);
    }
    out
}

fn sample(lang: Lang) -> String {
    let nav = vec![
        NavItem { group: Group::Public, text_key: "web-search", href: "/search", least: Role::Public },
        NavItem { group: Group::Public, text_key: "web-copy", href: "/decisions", least: Role::Analyst },
        NavItem { group: Group::Public, text_key: "web-copied", href: "/admin", least: Role::Admin },
    ];
    let ctx = PageContext { nav: Arc::new(nav), path: "/decisions/1842".into(), ..PageContext::sample(lang) };
    let fields = [
        (ctx.t("web-category-phishing"), ui::verdict(&ctx, Some(Action::Block))),
        ("<b>".into(), html! { (ctx.when(ctx.now)) " " (ctx.ago(ctx.now.plus_days(-3))) }),
    ];
    let field = ui::Field {
        name: "what".into(),
        label: ctx.t("web-search"),
        hint: Some("hint".into()),
        value: "\"><script>".into(),
        error: Some("wrong".into()),
        required: true,
        ..ui::Field::default()
    };
    let body = html! {
        (ui::facts(&fields))
        (ui::category(&ctx, Category::Phishing))
        (ui::copyable(&ctx, "D-1842"))
        form method="post" { (ui::field(&ctx, &field)) (ui::submit("ok")) }
        (ui::pager(&ctx, &ui::Pager { page: 2, per_page: 50, total: 1234 }))
    };
    let page = Page::new("login.bank.example", body).crumb("D-1", "/decisions").lead("lead");
    readable(&document(&ctx, &page).into_string())
}

#[test]
fn a_page_in_english() {
    insta::assert_snapshot!(sample(Lang::En));
}

#[test]
fn a_page_in_urdu() {
    insta::assert_snapshot!(sample(Lang::Ur));
}

#[test]
fn charts_carry_title_description_and_numbers() {
    let ctx = PageContext { identity: Identity::public(), ..PageContext::sample(Lang::En) };
    let points = [0, 10, 20].map(|day| (ctx.now.plus_days(day), 90.0 - f64::from(u32::try_from(day).unwrap()) * 3.0));
    let line = line_chart(
        &ctx,
        &LineChart {
            title: "Score".into(),
            about: "It falls.".into(),
            unit: "points".into(),
            series: vec![Series { name: "score".into(), points: points.to_vec() }],
            thresholds: vec![Threshold { value: 50.0, name: "block".into() }],
            most: Some(100.0),
            mark: Some((ctx.now, "now".into())),
            filled: true,
        },
    );
    let columns = bars(
        &ctx,
        &BarChart {
            title: "Blocked".into(),
            about: "More each day.".into(),
            unit: "queries".into(),
            columns: vec!["Mon".into(), "Tue".into()],
            columns_title: "Day".into(),
            series: vec![
                BarSeries { name: "malware".into(), values: vec![1.0, 2.0] },
                BarSeries { name: "fraud".into(), values: vec![f64::NAN, 3.0] },
            ],
        },
    );
    let spark = sparkline(&[1.0, 5.0, 2.0], "up and down");
    insta::assert_snapshot!(readable(&html! { (line) (columns) (spark) }.into_string()));
}

#[test]
fn charts_stand_hostile_numbers() {
    let ctx = PageContext::sample(Lang::Ur);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0, 5e-324];
    let points: Vec<_> = odd.iter().enumerate().map(|(n, value)| (TimestampMs(i64::MAX - n as i64), *value)).collect();
    let chart = LineChart { series: vec![Series { name: "x".into(), points }], ..LineChart::default() };
    let columns = BarChart {
        columns: vec!["a".into(); 500],
        series: vec![BarSeries { name: "x".into(), values: odd.to_vec() }],
        ..BarChart::default()
    };
    let spark = sparkline(&odd, "odd");
    let nothing = line_chart(&ctx, &LineChart::default());
    let text = html! { (line_chart(&ctx, &chart)) (bars(&ctx, &columns)) (spark) (nothing) }.into_string();
    for part in text.split("points=\"").skip(1).map(|part| part.split('"').next().unwrap()) {
        assert!(!part.contains("NaN") && !part.contains("inf"), "{part}");
    }
}
