//! Every component, in each language, as files: `cargo run -p sipar-web --example gallery -- FOLDER`.
//! Look at them through any file server in FOLDER, such as `python3 -m http.server`. The numbers are invented.

use maud::{Markup, html};
use sipar_authz::Role;
use sipar_model::{Action, Category, Confidence, Severity, TimestampMs, Tlp, WarningKind};
use sipar_web::{
    Group, Lang, NavItem, Page, PageContext, assets,
    chart::{BarChart, BarSeries, LineChart, Ranked, Series, Threshold, bars, line_chart, ranked},
    format,
    page::document,
    ui::{
        Choice, Column, Event, Field, FieldKind, Pager, Progress, Proof, Stat, Tab, Table, Tone, Trend, TrendMeaning,
        action, alert, button, button_link, card, category, confidence, copyable, empty, facts, field, mono, pager,
        progress, proof, severity, share, stats, submit, table, tabs, timeline, tlp, verdict, warning,
    },
};
use std::{error::Error, fs, path::PathBuf, sync::Arc};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: gallery FOLDER")?);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in assets::all() {
        fs::write(folder.join("assets").join(asset.file), asset.bytes)?;
    }
    for lang in Lang::ALL {
        let words = Words { urdu: *lang == Lang::Ur };
        let ctx = context(*lang);
        for (name, page) in [
            ("overview", overview(&ctx, words)),
            ("indicator", indicator(&ctx, words)),
            ("forms", forms(&ctx, words)),
            ("tables", tables(&ctx, words)),
        ] {
            let html = document(&ctx, &page).into_string();
            fs::write(folder.join(format!("{name}.{}.html", lang.code())), html)?;
        }
    }
    Ok(())
}

/// The gallery's own words: it stands outside the program, so they are here and not in a Fluent file.
#[derive(Clone, Copy)]
struct Words {
    urdu: bool,
}

impl Words {
    fn say(self, english: &str, urdu: &str) -> String {
        if self.urdu { urdu.into() } else { english.into() }
    }
}

fn context(lang: Lang) -> PageContext {
    let nav = [("web-name", "/"), ("web-search", "/search"), ("web-proof-title", "/ledger"), ("web-copy", "/copy")];
    let nav = nav.map(|(text_key, href)| NavItem { group: Group::Public, text_key, href, least: Role::Public });
    PageContext { nav: Arc::new(nav.to_vec()), ..PageContext::sample(lang) }
}

fn overview(ctx: &PageContext, w: Words) -> Page {
    let course = |n: u32| (0..30).map(|day| f64::from(n + day * 7 + (day * 37) % 23)).collect::<Vec<_>>();
    let numbers = stats(&[
        Stat {
            label: w.say("Taken in", "موصول"),
            value: format::number(1_284_031),
            unit: w.say("indicators", "اشارے"),
            period: w.say("last 24 hours", "گزشتہ 24 گھنٹے"),
            denominator: Some(w.say("from 14 of 15 feeds", "15 میں سے 14 ذرائع سے")),
            trend: Some(Trend {
                text: w.say("+4% on the day before", "ایک دن پہلے سے 4% زیادہ"),
                meaning: TrendMeaning::Plain,
                course: course(100),
            }),
            href: Some("/feeds".into()),
        },
        Stat {
            label: w.say("In force", "نافذ"),
            value: format::number(13_752),
            unit: w.say("blocks", "بندشیں"),
            period: w.say("now", "اس وقت"),
            denominator: Some(w.say("of 14,890 listed", "فہرست کے 14,890 میں سے")),
            trend: Some(Trend {
                text: w.say("+312 since yesterday", "کل سے 312 زیادہ"),
                meaning: TrendMeaning::Better,
                course: course(40),
            }),
            href: None,
        },
        Stat {
            label: w.say("Held for a person", "انسانی فیصلے کے منتظر"),
            value: format::number(41),
            unit: w.say("indicators", "اشارے"),
            period: w.say("now, oldest 2 days", "اس وقت، سب سے پرانا 2 دن"),
            denominator: None,
            trend: Some(Trend {
                text: w.say("twice as many as a week ago", "ایک ہفتہ پہلے سے دگنے"),
                meaning: TrendMeaning::Worse,
                course: Vec::new(),
            }),
            href: Some("/decisions?held=yes".into()),
        },
        Stat {
            label: w.say("Enforced", "روکے گئے"),
            value: format::number(88_213),
            unit: w.say("queries", "سوالات"),
            period: w.say("last 24 hours", "گزشتہ 24 گھنٹے"),
            denominator: Some(w.say("0.05% of 176 million", "17 کروڑ 60 لاکھ کا 0.05%")),
            trend: None,
            href: None,
        },
    ]);
    let (stacked, sources) = enforced(ctx, w);
    let body = html! {
        (alert(Tone::Warn, &w.say("One feed is held", "ایک ذریعہ روک لیا گیا ہے"),
            html! { p { (w.say("It lost 62% of its entries since yesterday; the last good state goes on serving.", "کل سے اس کے 62% اندراجات غائب ہیں؛ آخری درست حالت نافذ ہے۔")) " " a href="/feeds/x" { (w.say("Look and decide", "دیکھیں اور فیصلہ کریں")) } } }))
        (tabs("Views", &["7", "30"].map(|days| Tab { text: w.say(&format!("{days} days"), &format!("{days} دن")), href: "?x".into(), current: days == "7" })))
        (numbers)
        (stacked)
        div.columns { div { (sources) } (card(&w.say("Under way", "جاری کام"), html! {
            (progress(ctx, &Progress { label: w.say("Compiling snapshot 4,182", "اسنیپ شاٹ 4,182 کی تیاری"), done: 612_000, total: Some(1_000_000), unit: w.say("entries", "اندراجات"), poll: None }))
            (progress(ctx, &Progress { label: w.say("Reading a feed", "ذریعے کا مطالعہ"), done: 88_120, total: None, unit: w.say("lines", "سطریں"), poll: None }))
        })) }
    };
    let lead = w.say("What was taken in, decided and enforced.", "کیا موصول ہوا، کیا فیصلہ ہوا اور کیا نافذ ہوا۔");
    Page::new(w.say("Overview", "جائزہ"), body)
        .lead(lead)
        .aside(button_link(&w.say("Decide 41 held", "41 زیرِ التوا پر فیصلہ"), "/decisions"))
}

/// Blocked queries by category, and blocks by family.
fn enforced(ctx: &PageContext, w: Words) -> (Markup, Markup) {
    let days: Vec<String> = (0..14).map(|day| ctx.day_short(ctx.now.plus_days(day - 13))).collect();
    let values = |seed: u32| (0..14).map(|day| f64::from(200 + (seed * (day + 3) * 97) % 640)).collect::<Vec<_>>();
    let stacked = bars(
        ctx,
        &BarChart {
            title: w.say("Blocked queries by category, last 14 days", "زمرے کے لحاظ سے روکے گئے سوالات، گزشتہ 14 دن"),
            about: w.say("Phishing makes up the largest part each day.", "ہر روز سب سے بڑا حصہ فشنگ کا ہے۔"),
            unit: w.say("queries", "سوالات"),
            columns: days,
            columns_title: w.say("Day", "دن"),
            series: Category::ALL
                .iter()
                .enumerate()
                .map(|(n, one)| BarSeries {
                    name: ctx.t(&format!("web-category-{one}")),
                    values: values(u32::try_from(n).unwrap_or_default() + 2),
                })
                .collect(),
        },
    );
    let sources = ranked(
        &w.say("Blocks by source family, now", "ذریعے کے لحاظ سے بندشیں، اس وقت"),
        &w.say("Family", "خاندان"),
        &w.say("Blocks", "بندشیں"),
        &[
            ("urlhaus", 6120.0),
            ("threatfox", 3418.0),
            ("openphish", 2790.0),
            ("cert-polska", 905.0),
            ("own reports", 81.0),
        ]
        .map(|(name, value)| Ranked { name: html! { (name) }, value }),
    );
    (stacked, sources)
}

fn indicator(ctx: &PageContext, w: Words) -> Page {
    let score = |day: i32| 92.0 * (1.0 - (f64::from(day) / 160.0).powf(1.0 / 0.6)).max(0.0);
    let points = (0..120).map(|day| (ctx.now.plus_days(i64::from(day) - 40), score(day))).collect();
    let chart = line_chart(
        ctx,
        &LineChart {
            title: w.say("Score over time", "وقت کے ساتھ اسکور"),
            about: w.say(
                "The score falls from 92 and crosses 50 in January.",
                "اسکور 92 سے گرتا ہے اور جنوری میں 50 سے نیچے جاتا ہے۔",
            ),
            unit: w.say("points of 100", "100 میں سے"),
            series: vec![Series { name: w.say("Score", "اسکور"), points }],
            thresholds: vec![Threshold { value: 50.0, name: w.say("block from here", "یہاں سے بندش") }],
            most: Some(100.0),
            mark: Some((ctx.now, w.say("now", "اس وقت"))),
            filled: true,
        },
    );
    let at = |days: i64| ctx.now.plus_days(-days);
    let events = [
        Event {
            at: at(40),
            title: html! { (w.say("First seen by urlhaus", "urlhaus میں پہلی بار")) " " (confidence(Confidence::new(90).unwrap_or(Confidence::new(0).expect("0 is a confidence")))) },
            body: None,
            tone: Tone::Info,
        },
        Event {
            at: at(39),
            title: html! { (action(ctx, Action::Block)) " D-1842" },
            body: Some(
                html! { p { (w.say("By rule: two families, score above 50, no warning list.", "اصول کے تحت: دو خاندان، اسکور 50 سے زیادہ، کوئی انتباہی فہرست نہیں۔")) } },
            ),
            tone: Tone::Bad,
        },
        Event {
            at: at(1), title: html! { (w.say("Still seen", "اب بھی فعال")) }, body: None, tone: Tone::Neutral
        },
    ];
    let body = html! {
        div.columns {
            (card(&w.say("Decision", "فیصلہ"), facts(&[
                (w.say("In force", "نافذ"), html! { (verdict(ctx, Some(Action::Block))) " " (category(ctx, Category::Phishing)) " " (severity(ctx, Severity::High)) }),
                (w.say("Number", "نمبر"), mono("D-1842")),
                (w.say("Reason", "وجہ"), html! { (w.say("Imitates the log-in page of a bank.", "ایک بینک کے لاگ اِن صفحے کی نقل کرتا ہے۔")) }),
                (w.say("Until", "تک"), ctx.when(ctx.now.plus_days(78))),
                (w.say("May be told to", "کس کو بتایا جا سکتا ہے"), html! { (tlp(Tlp::Clear)) " " (tlp(Tlp::Green)) " " (tlp(Tlp::Amber)) " " (tlp(Tlp::Red)) }),
                (w.say("Warning lists", "انتباہی فہرستیں"), html! { @for kind in WarningKind::ALL { (warning(ctx, *kind)) " " } }),
            ])))
            (card(&w.say("What happened", "کیا ہوا"), timeline(ctx, &events)))
        }
        (chart)
        (proof(ctx, &Proof {
            index: 1841, size: 52_377, origin: "cert.example/ledger".into(),
            root: "dGhlIHJvb3Qgb2YgYW4gaW52ZW50ZWQgdHJlZSE=".into(), leaf: "YSBsZWFmIG9mIGFuIGludmVudGVkIHRyZWUuLi4=".into(),
            path: vec!["b25lIGhhc2ggb24gdGhlIHdheSB0byB0aGUgcm9vdA==".into(); 3],
            checkpoint: "cert.example/ledger\n52377\ndGhlIHJvb3Qgb2YgYW4gaW52ZW50ZWQgdHJlZSE=\n".into(),
            href: Some("/ledger/1841/proof".into()), command: Some("sipar ledger verify".into()),
        }))
        p { (copyable(ctx, "dig @127.0.0.1 -p 5353 login.bank.example")) }
    };
    Page::new("login.bank.example", body)
        .crumb(w.say("Indicators", "اشارے"), "/indicators")
        .aside(verdict(ctx, Some(Action::Block)))
}

fn forms(ctx: &PageContext, w: Words) -> Page {
    let one = |name: &str, label: String, kind: FieldKind| Field { name: name.into(), label, kind, ..Field::default() };
    let choices = |words: &[&str]| {
        words
            .iter()
            .map(|word| Choice { value: (*word).into(), text: ctx.t(&format!("web-category-{word}")) })
            .collect()
    };
    let fields: Vec<Markup> = [
        Field {
            required: true,
            hint: Some(w.say(
                "A name, address, URL or hash; hxxp and [.] are understood.",
                "نام، پتہ، یو آر ایل یا ہیش؛ hxxp اور [.] بھی سمجھے جاتے ہیں۔",
            )),
            value: "0177.0.0.1".into(),
            error: Some(
                "the address `0177.0.0.1` is written in octal; write 127.0.0.1 if that is what you mean".into(),
            ),
            ..one("what", w.say("What", "کیا"), FieldKind::Code)
        },
        Field {
            required: true,
            value: "phishing".into(),
            ..one(
                "category",
                w.say("Category", "زمرہ"),
                FieldKind::Select(choices(&["malware", "c2", "phishing", "fraud"])),
            )
        },
        Field {
            required: true,
            value: "c2".into(),
            ..one("again", w.say("Category", "زمرہ"), FieldKind::Radio(choices(&["malware", "c2"])))
        },
        Field { required: true, ..one("reason", w.say("Reason", "وجہ"), FieldKind::Lines { rows: 3 }) },
        one("until", w.say("Until", "تک"), FieldKind::Date),
        one("days", w.say("Days", "دن"), FieldKind::Number { min: 1, max: 365 }),
        one("sure", w.say("I have looked at it myself", "میں نے خود جانچ لیا ہے"), FieldKind::Tick),
        one("key", ctx.t("web-sign-in-key"), FieldKind::Secret),
        one("file", w.say("Evidence", "ثبوت"), FieldKind::File),
    ]
    .iter()
    .map(|one| field(ctx, one))
    .collect();
    let body = html! {
        form.card method="post" { @for one in &fields { (one) } div.actions { (submit(&w.say("Block", "بند کریں"))) (button(&w.say("Only count", "صرف گنیں"), "mode", "shadow")) } }
        (alert(Tone::Bad, &w.say("The snapshot was not published", "اسنیپ شاٹ شائع نہیں ہوا"), html! { p { (w.say("The disk is full; the last one goes on serving. Free some space, then build again.", "ڈسک بھر چکی ہے؛ پچھلا اسنیپ شاٹ نافذ ہے۔ جگہ خالی کریں اور دوبارہ بنائیں۔")) } }))
        (alert(Tone::Good, &w.say("Decision D-1843 is in force", "فیصلہ D-1843 نافذ ہے"), html! {}))
        (alert(Tone::Info, &w.say("Shadow mode", "خاموش حالت"), html! { p { (w.say("This list is counted and blocks nothing.", "یہ فہرست صرف گنی جاتی ہے، کچھ بند نہیں کرتی۔")) } }))
    };
    Page::new(w.say("Decide", "فیصلہ کریں"), body)
}

fn tables(ctx: &PageContext, w: Words) -> Page {
    let row = |name: &str, n: i64, good: f64, days: i64| {
        vec![
            html! { a href="/x" { (name) } },
            html! { (format::number(n)) },
            share(ctx, good, 100.0, Tone::Good),
            html! { (format::bytes(n.unsigned_abs() * 71)) },
            ctx.ago(ctx.now.plus_days(-days)),
            category(ctx, Category::C2),
        ]
    };
    let rows = vec![
        row("feodo-tracker", 412, 96.0, 0),
        row("urlhaus-recent", 21_904, 71.0, 1),
        row("a-long-name.that-goes-on.and-on.example", 1_138, 3.0, 40),
    ];
    let columns = vec![
        Column::code(w.say("Feed", "ذریعہ")),
        Column::number(w.say("Entries", "اندراجات")),
        Column::text(w.say("Unique", "منفرد")),
        Column::number(w.say("Size", "حجم")),
        Column::text(w.say("Last taken", "آخری بار")),
        Column::text(w.say("Category", "زمرہ")),
    ];
    let empty_state = empty(
        &w.say("No feed is set up yet", "ابھی کوئی ذریعہ مقرر نہیں"),
        html! { p { (w.say("Add one here, or on the command line:", "یہاں شامل کریں، یا کمانڈ لائن پر:")) } p { (copyable(ctx, "sipar feed add urlhaus")) } (button_link(&w.say("Add a feed", "ذریعہ شامل کریں"), "/feeds/add")) },
    );
    let many = line_chart(
        ctx,
        &LineChart {
            title: w.say("Entries of six feeds", "چھ ذرائع کے اندراجات"),
            about: w.say("All grow.", "سب بڑھ رہے ہیں۔"),
            unit: w.say("entries", "اندراجات"),
            series: (1..=6)
                .map(|n| Series {
                    name: format!("feed-{n}"),
                    points: (0..40)
                        .map(|hour| {
                            (
                                TimestampMs(ctx.now.0 + hour * 3_600_000),
                                f64::from(u32::try_from((hour * n * 13) % 97 + n * 100).unwrap_or_default()),
                            )
                        })
                        .collect(),
                })
                .collect(),
            ..LineChart::default()
        },
    );
    let body = html! {
        (table(&Table { caption: w.say("Feeds, now", "ذرائع، اس وقت"), columns, rows, empty: None }))
        (pager(ctx, &Pager { page: 2, per_page: 50, total: 13_752 }))
        (many)
        (table(&Table { empty: Some(empty_state), ..Table::default() }))
    };
    Page::new(w.say("Feeds", "ذرائع"), body)
}
