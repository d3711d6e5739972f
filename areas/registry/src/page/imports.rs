//! Imports: what a file would bring is shown, and somebody applies or discards it.

use super::{field, not_taken};
use crate::{
    Registry,
    http::{
        ASSET,
        imports::{
            After, Beside, ChoiceBody, REFUSED_ROWS, SHOWN_MAX, Spooling, do_bring, do_choose, find, refused_lines,
        },
        refusal,
    },
    import::{Form as FileForm, RefusedLine},
    store::imports::{self, Import, ImportState},
};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, format::number, page, ui};
use std::sync::Arc;

/// The page.
pub async fn list(State(registry): State<Arc<Registry>>, ctx: PageContext) -> Result<Response, WebError> {
    list_page(&registry, &ctx, &RowsForm::default(), None).await
}

/// The page with the rows that were pasted; `refused` says what is wrong with them.
async fn list_page(
    registry: &Registry,
    ctx: &PageContext,
    typed: &RowsForm,
    refused: Option<&WebError>,
) -> Result<Response, WebError> {
    let found = registry.house.store.read(|reader| imports::latest(reader, SHOWN_MAX)).await.map_err(refusal)?;
    let rows = found.iter().map(|import| {
        vec![
            html! { a href={ "/register/imports/" (import.number) } { (import.number) } },
            file_name(ctx, import),
            html! { (form_name(ctx, import.form)) },
            html! { (state(ctx, import.state)) },
            html! { (count(import.report.claims.added)) },
            html! { (count(import.report.claims.waiting + import.report.parties.waiting)) },
            html! { (count(import.report.refused)) },
            ctx.when(import.at),
        ]
    });
    let body = html! {
        @if let Some(error) = refused { (not_taken(ctx, error)) }
        @if ctx.may(ASSET, Act::Write) { (ui::card(&ctx.t("registry-import-new"), how(ctx, typed))) }
        (ui::table(&ui::Table {
            caption: ctx.t("registry-imports-caption"),
            columns: vec![
                ui::Column::number(ctx.t("registry-number")),
                ui::Column::text(ctx.t("registry-import-file")),
                ui::Column::text(ctx.t("registry-import-form")),
                ui::Column::text(ctx.t("registry-state")),
                ui::Column::number(ctx.t("registry-import-added")),
                ui::Column::number(ctx.t("registry-import-waiting")),
                ui::Column::number(ctx.t("registry-import-refused")),
                ui::Column::text(ctx.t("registry-when")),
            ],
            rows: rows.collect(),
            empty: Some(ui::empty(&ctx.t("registry-import-none"), html! { p { (ctx.t("registry-import-none-next")) } })),
        }))
    };
    let status = refused.map_or(StatusCode::OK, WebError::status);
    let shown = Page::new(ctx.t("registry-imports"), body).lead(ctx.t("registry-imports-lead"));
    Ok(page(ctx, Page { status, ..shown }))
}

fn count(of: u64) -> String {
    number(i64::try_from(of).unwrap_or(i64::MAX))
}

fn file_name(ctx: &PageContext, import: &Import) -> Markup {
    html! { @if import.name.is_empty() { (ctx.t("registry-import-pasted")) } @else { bdi { (import.name) } } }
}

fn form_name(ctx: &PageContext, form: FileForm) -> String {
    ctx.t(&format!("registry-form-{}", form.word()))
}

fn state(ctx: &PageContext, state: ImportState) -> String {
    ctx.t(&format!("registry-import-{}", state.word()))
}

/// How rows are brought: pasted here, or as a file by a command or a program.
fn how(ctx: &PageContext, typed: &RowsForm) -> Markup {
    html! {
        form action="/register/imports" method="post" {
            (field(ctx, "rows", ui::FieldKind::Lines { rows: 8 }, &typed.rows, true))
            (field(ctx, "party", ui::FieldKind::Code, &typed.party, false))
            (field(ctx, "sector", ui::FieldKind::Code, &typed.sector, false))
            (ui::submit(&ctx.t("registry-import-look")))
        }
        p { (ctx.t("registry-import-how")) }
        p { (ui::copyable(ctx, "sipar party import FILE --form csv")) }
    }
}

/// Rows that somebody pasted.
#[derive(Default, Deserialize)]
pub struct RowsForm {
    rows: String,
    #[serde(default)]
    party: String,
    #[serde(default)]
    sector: String,
}

/// Looks at them.
pub async fn bring(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Form(form): Form<RowsForm>,
) -> Result<Response, WebError> {
    let beside = Beside {
        form: FileForm::Csv.word().into(),
        name: String::new(),
        party: form.party.clone(),
        country: String::new(),
        sector: form.sector.clone(),
    };
    let brought = async {
        let mut spooling = Spooling::begin(&registry, None).await?;
        spooling.push(form.rows.as_bytes()).await?;
        do_bring(&registry, &ctx.identity, &beside, spooling.finish().await?).await
    };
    match brought.await {
        Ok(import) => Ok(Redirect::to(&format!("/register/imports/{}", import.number)).into_response()),
        // What was pasted is not lost, and is asked for again with what is wrong.
        Err(error) if error.status().is_client_error() => list_page(&registry, &ctx, &form, Some(&error)).await,
        Err(error) => Err(error),
    }
}

/// One import: what it brings, what collides, what was refused, and the choice.
pub async fn one(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(number): Path<i64>,
    Query(asked): Query<After>,
) -> Result<Response, WebError> {
    let import = find(&registry, number).await?;
    let refused = refused_lines(&registry, number, asked.after).await?;
    let may = import.state == ImportState::Previewed && ctx.may(ASSET, Act::Write);
    let body = html! {
        @if may {
            (ui::alert(ui::Tone::Info, &ctx.t("registry-import-previewed"), html! {
                p { (ctx.t("registry-import-previewed-next")) }
                (choice_form(&ctx, number))
            }))
        }
        (facts(&ctx, &import))
        (stats(&ctx, &import))
        @if !import.report.collisions.is_empty() {
            (ui::card(&ctx.t("registry-import-collisions"), collisions(&ctx, &import)))
        }
        @if !refused.is_empty() {
            (ui::card(&ctx.t("registry-import-refused-lines"), refused_table(&ctx, &import, &refused, asked.after)))
        }
    };
    let title = ctx.tw("registry-import-title", &[("number", number.to_string().into())]);
    Ok(page(&ctx, Page::new(title, body).crumb(ctx.t("registry-imports"), "/register/imports")))
}

fn choice_form(ctx: &PageContext, number: i64) -> Markup {
    html! {
        form action={ "/register/imports/" (number) } method="post" {
            div.actions {
                (ui::button(&ctx.t("registry-import-apply"), "choice", "apply"))
                (ui::button(&ctx.t("registry-import-discard"), "choice", "discard"))
            }
        }
    }
}

fn facts(ctx: &PageContext, import: &Import) -> Markup {
    ui::facts(&[
        (ctx.t("registry-import-file"), file_name(ctx, import)),
        (ctx.t("registry-import-form"), html! { (form_name(ctx, import.form)) }),
        (ctx.t("registry-state"), html! { (state(ctx, import.state)) }),
        (ctx.t("registry-when"), ctx.when(import.at)),
        (
            ctx.t("registry-by"),
            html! { bdi { (import.by.split_once(':').map_or(import.by.as_str(), |(_, label)| label)) } },
        ),
    ])
}

fn stats(ctx: &PageContext, import: &Import) -> Markup {
    let report = &import.report;
    let stat = |key: &str, value: u64, unit: &str| ui::Stat {
        label: ctx.t(key),
        value: count(value),
        unit: ctx.t(unit),
        period: ctx.t("registry-import-this-file"),
        denominator: Some(ctx.tw("registry-import-of-lines", &[("n", report.lines.into())])),
        ..ui::Stat::default()
    };
    ui::stats(&[
        stat("registry-import-added", report.parties.added, "registry-unit-parties"),
        stat("registry-import-added", report.contacts.added, "registry-unit-contacts"),
        stat("registry-import-added", report.claims.added, "registry-unit-claims"),
        stat("registry-import-changed", report.parties.changed + report.claims.changed, "registry-unit-entries"),
        stat(
            "registry-import-same",
            report.parties.same + report.contacts.same + report.claims.same,
            "registry-unit-entries",
        ),
        stat("registry-import-waiting", report.parties.waiting + report.claims.waiting, "registry-unit-entries"),
        ui::Stat {
            denominator: Some(ctx.tw("registry-import-of-all", &[("n", (report.lines + report.refused).into())])),
            ..stat("registry-import-refused", report.refused, "registry-unit-lines")
        },
    ])
}

fn collisions(ctx: &PageContext, import: &Import) -> Markup {
    let rows = import.report.collisions.iter().map(|one| {
        vec![
            html! { (one.line) },
            ui::mono(&one.asset),
            ui::mono(&one.party),
            ui::mono(&one.with),
            html! { (super::word(ctx, "matter", one.kind.word())) },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("registry-import-collisions-caption"),
        columns: vec![
            ui::Column::number(ctx.t("registry-import-line")),
            ui::Column::text(ctx.t("registry-asset")),
            ui::Column::text(ctx.t("registry-party")),
            ui::Column::text(ctx.t("registry-touches")),
            ui::Column::text(ctx.t("registry-why")),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

fn refused_table(ctx: &PageContext, import: &Import, refused: &[RefusedLine], after: u64) -> Markup {
    let rows = refused.iter().map(|line| {
        vec![
            html! { (line.line) },
            html! { span dir="auto" { (line.reason) } },
            html! { code dir="auto" { (line.text) } },
        ]
    });
    let next = after + refused.len() as u64;
    html! {
        (ui::table(&ui::Table {
            caption: ctx.tw("registry-import-refused-caption", &[("n", import.report.refused.into())]),
            columns: vec![
                ui::Column::number(ctx.t("registry-import-line")),
                ui::Column::text(ctx.t("registry-import-reason")),
                ui::Column::text(ctx.t("registry-import-text")),
            ],
            rows: rows.collect(),
            empty: None,
        }))
        @if refused.len() == REFUSED_ROWS {
            nav.pager { a rel="next" href=(ctx.href_with("after", &next.to_string())) { (ctx.t("registry-more")) } }
        }
    }
}

/// Applies it, or discards it.
pub async fn choose(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(number): Path<i64>,
    Form(body): Form<ChoiceBody>,
) -> Result<Response, WebError> {
    do_choose(&registry, &ctx.identity, number, &body).await?;
    Ok(Redirect::to(&format!("/register/imports/{number}")).into_response())
}
