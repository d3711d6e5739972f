//! Changing and removing a feed, on its page.

use crate::{
    error::say,
    feeds::Intel,
    http::{FEED, do_edit, do_remove},
    manage::EditFeed,
    store::Source,
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::Act;
use sipar_web::{PageContext, WebError, context::encode, ui};
use std::sync::Arc;

/// The forms, for those who may.
pub(super) fn forms(ctx: &PageContext, source: &Source) -> Markup {
    let about = &source.about;
    let path = |what: &str| format!("/feeds/{}/{what}", about.slug);
    let field = |name: &str, label: &str, hint: Option<&str>, kind: ui::FieldKind, value: String| {
        ui::field(
            ctx,
            &ui::Field {
                name: name.into(),
                label: ctx.t(label),
                hint: hint.map(|hint| ctx.t(hint)),
                kind,
                value,
                ..ui::Field::default()
            },
        )
    };
    let number = |max| ui::FieldKind::Number { min: 0, max };
    html! {
        @if ctx.may(FEED, Act::Write) {
            (ui::card(&ctx.t("intel-edit"), html! {
                form action=(path("edit")) method="post" {
                    (field("title", "intel-edit-title", None, ui::FieldKind::Text, about.title.clone()))
                    (field("origin", "intel-add-origin", Some("intel-edit-origin-hint"), ui::FieldKind::Code, String::new()))
                    (field("family", "intel-family", Some("intel-edit-family-hint"), ui::FieldKind::Code, about.family.clone()))
                    (field("trust_percent", "intel-edit-trust", None, number(100), about.trust.to_string()))
                    (field("every_min", "intel-edit-every", None, number(60 * 24 * 31), about.every_min.to_string()))
                    (ui::submit(&ctx.t("intel-edit-save")))
                }
            }))
        }
        @if ctx.may(FEED, Act::Decide) {
            (ui::card(&ctx.t("intel-remove"), html! {
                p { (ctx.t("intel-remove-about")) }
                form action=(path("remove")) method="post" {
                    (ui::field(ctx, &ui::Field {
                        name: "reason".into(),
                        label: ctx.t("intel-remove-reason"),
                        hint: Some(ctx.t("intel-remove-reason-hint")),
                        required: true,
                        ..ui::Field::default()
                    }))
                    (ui::submit(&ctx.t("intel-remove")))
                }
            }))
        }
    }
}

/// The form's fields: what is empty stays as it is.
#[derive(Deserialize)]
pub(super) struct EditBody {
    #[serde(default)]
    title: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    family: String,
    #[serde(default)]
    trust_percent: String,
    #[serde(default)]
    every_min: String,
}

pub(super) async fn edit(
    State(intel): State<Arc<Intel>>,
    ctx: PageContext,
    Path(slug): Path<String>,
    Form(body): Form<EditBody>,
) -> Result<Response, WebError> {
    let edit = EditFeed {
        title: Some(body.title),
        origin: Some(body.origin),
        family: Some(body.family),
        trust_percent: whole(&body.trust_percent)?,
        every_min: whole(&body.every_min)?,
        ..EditFeed::default()
    };
    let to = Redirect::to(&format!("/feeds/{}", encode(&slug)));
    do_edit(&intel, ctx.identity.role, slug, edit).await?;
    Ok(to.into_response())
}

fn whole<T: std::str::FromStr>(text: &str) -> Result<Option<T>, WebError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let given: String = text.chars().take(20).collect();
    let wrong = |_| WebError::unprocessable(say("intel-refused-number", [("given", given.into())]));
    text.parse().map(Some).map_err(wrong)
}

#[derive(Deserialize)]
pub(super) struct RemoveForm {
    #[serde(default)]
    reason: String,
}

/// Removes it; the job takes back what it said, so that nobody waits with a page open.
pub(super) async fn remove(
    State(intel): State<Arc<Intel>>,
    ctx: PageContext,
    Path(slug): Path<String>,
    Form(body): Form<RemoveForm>,
) -> Result<Response, WebError> {
    do_remove(&intel, &ctx.identity.label, slug, body.reason).await?;
    Ok(Redirect::to("/feeds").into_response())
}
