//! Decisions, as a list.

use crate::{
    Shield,
    explain::word,
    http::{As, DECISION, TakeBody, do_take, filter, refusal},
    store::{read, record::Record},
};
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_area::clearance;
use sipar_authz::Act;
use sipar_model::{Action, Category};
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// Rows on a page.
const ROWS: usize = 50;

#[derive(Deserialize)]
pub struct DecisionsQuery {
    state: Option<String>,
    category: Option<String>,
    before: Option<u32>,
    /// What a form is to be filled with.
    what: Option<String>,
}

/// The list of decisions, with the form for a new one.
pub async fn decisions(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Query(query): Query<DecisionsQuery>,
) -> Result<Response, WebError> {
    let category = query.category.as_deref().and_then(|word| word.parse::<Category>().ok());
    let filter = filter(query.state.as_deref(), category, query.before)?;
    let mut records =
        shield.house.store.read(move |reader| read::decisions(reader, &filter, ROWS + 1)).await.map_err(refusal)?;
    let next = (records.len() > ROWS).then(|| records.get(ROWS - 1).map(|record| record.decision.number.0)).flatten();
    records.truncate(ROWS);
    records.retain(|record| record.decision.tlp <= clearance(ctx.identity.role));
    let body = html! {
        (filters(&ctx, &query))
        (table(&ctx, &records, About::Said))
        @if let Some(before) = next {
            nav.pager { a rel="next" href=(ctx.href_with("before", &before.to_string())) { (ctx.t("shield-older")) } }
        }
        @if ctx.may(DECISION, Act::Decide) {
            div #decide {
                (ui::card(&ctx.t("shield-decide"), form(&ctx, query.what.as_deref().unwrap_or_default())))
            }
        }
    };
    // The form stands under fifty rows: the way to it stands beside the heading.
    let to_form = html! {
        @if ctx.may(DECISION, Act::Decide) { (ui::button_link(&ctx.t("shield-decide"), "#decide")) }
    };
    let page_of = Page::new(ctx.t("shield-decisions"), body).lead(ctx.t("shield-decisions-lead"));
    Ok(page(&ctx, page_of.aside(to_form)))
}

fn filters(ctx: &PageContext, query: &DecisionsQuery) -> Markup {
    let states = ["", "active", "undone", "withdrawn", "expired", "superseded"];
    let now = query.state.as_deref().unwrap_or_default();
    let text = |state: &str| {
        let key = if state.is_empty() { "all" } else { state };
        ctx.t(&format!("shield-state-{key}"))
    };
    html! {
        nav.tabs aria-label=(ctx.t("shield-filter")) { ul {
            @for state in states {
                li { a href=(format!("/decisions?state={state}")) aria-current=[(state == now).then_some("page")] { (text(state)) } }
            }
        } }
    }
}

/// Whether a table of decisions says what each is about: not on the page about that very thing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Say it.
    Said,
    /// The page's heading says it.
    Heading,
}

/// Decisions as a table.
pub fn table(ctx: &PageContext, records: &[Record], about: About) -> Markup {
    let rows = records.iter().map(|record| {
        let decision = &record.decision;
        let href = format!("/decisions/{}", decision.number.0);
        let mut row = vec![
            html! { a href=(href) { (decision.number) } },
            html! { (decision.observable.value()) },
            html! { (ui::action(ctx, decision.action)) " " (ui::category(ctx, decision.category)) },
            html! { (state_badge(ctx, record)) },
            html! { (who(ctx, &decision.decided_by)) },
            html! { (ctx.when(decision.decided_at)) },
            html! { (ctx.when(decision.expires_at)) },
        ];
        if about == About::Heading {
            row.remove(1);
        }
        row
    });
    let mut columns = vec![
        ui::Column::code(ctx.t("shield-number")),
        ui::Column::code(ctx.t("shield-observable")),
        ui::Column::text(ctx.t("shield-what")),
        ui::Column::text(ctx.t("shield-state")),
        ui::Column::text(ctx.t("shield-by")),
        ui::Column::text(ctx.t("shield-since")),
        ui::Column::text(ctx.t("shield-until")),
    ];
    if about == About::Heading {
        columns.remove(1);
    }
    ui::table(&ui::Table {
        caption: ctx.t("shield-decisions-caption"),
        columns,
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("shield-none"), html! { p { (ctx.t("shield-none-next")) } })),
    })
}

/// The state as a badge.
pub fn state_badge(ctx: &PageContext, record: &Record) -> Markup {
    let state = word(record.decision.state);
    let tone = if state == "active" { ui::Tone::Info } else { ui::Tone::Neutral };
    ui::badge(tone, &ctx.t(&format!("shield-state-{state}")))
}

/// `rule:NAME` or `person:ROLE` in words.
pub fn who(ctx: &PageContext, by: &str) -> Markup {
    match by.split_once(':') {
        Some(("rule", name)) => html! { (ctx.t("shield-by-rule")) " " (ui::mono(name)) },
        Some((_, label)) => html! { (ctx.t("shield-by-person")) " " bdi { (label) } },
        None => html! { bdi { (by) } },
    }
}

fn form(ctx: &PageContext, what: &str) -> Markup {
    let choice = |value: &str, key: String| ui::Choice { value: value.into(), text: ctx.t(&key) };
    let actions = Action::ALL.iter().map(|action| choice(action.word(), format!("web-action-{action}")));
    let categories = Category::ALL.iter().map(|category| choice(category.word(), format!("web-category-{category}")));
    let meanings = [As::Itself, As::NameServer].map(|one| choice(one.word(), format!("shield-as-{}", one.word())));
    let meanings = meanings.into_iter();
    let field = |name: &str, kind, value: &str, hint: Option<String>| {
        let label = ctx.t(&format!("shield-form-{name}"));
        ui::field(
            ctx,
            &ui::Field { name: name.into(), label, hint, value: value.into(), kind, required: true, error: None },
        )
    };
    html! {
        form action="/decisions" method="post" {
            (field("what", ui::FieldKind::Code, what, None))
            (field("as", ui::FieldKind::Select(meanings.collect()), As::Itself.word(), None))
            (field("action", ui::FieldKind::Select(actions.collect()), "block", None))
            (field("category", ui::FieldKind::Select(categories.collect()), "phishing", None))
            (field("reason", ui::FieldKind::Text, "", Some(ctx.t("shield-form-reason-hint"))))
            (field("days", ui::FieldKind::Number { min: 1, max: 90 }, "30", None))
            (ui::submit(&ctx.t("shield-form-submit")))
        }
    }
}

/// Takes the decision of the form.
pub async fn take(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Form(body): Form<TakeBody>,
) -> Result<Response, WebError> {
    let number = do_take(&shield, &ctx.identity, body).await?;
    Ok(Redirect::to(&format!("/decisions/{}", number.0)).into_response())
}
