//! Who is what in which party: for administrators everywhere, for stewards in their own parties.

use super::back;
use crate::{
    People,
    http::{
        MEMBERSHIP,
        memberships::{Asked, Named, do_end, do_set, listed},
    },
    model::Member,
};
use axum::{
    Form,
    extract::{Query, State},
    response::Response,
};
use maud::{Markup, html};
use sipar_area::within;
use sipar_authz::{Act, Membership, PartyRole, Thing};
use sipar_model::PartyId;
use sipar_web::{Page, PageContext, Permit, WebError, context::encode, page, ui};
use std::sync::Arc;

const HERE: &str = "/memberships";

pub(super) async fn show(
    State(people): State<Arc<People>>,
    permit: Permit,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let all = listed(&people, &permit, &asked).await?;
    let may_add = ctx.authorizer.reach(&ctx.identity, MEMBERSHIP, Act::Administer).is_ok();
    let find = ui::Field {
        name: "party".into(),
        label: ctx.t("people-party"),
        hint: Some(ctx.t("people-party-hint")),
        value: asked.party.clone(),
        kind: ui::FieldKind::Code,
        ..ui::Field::default()
    };
    let body = html! {
        form action=(HERE) method="get" { (ui::field(&ctx, &find)) (ui::submit(&ctx.t("people-find"))) }
        (table(&people, &ctx, &all))
        @if may_add { (ui::card(&ctx.t("people-member-add"), add_form(&ctx, &asked.party))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("people-memberships"), body).lead(ctx.t("people-memberships-lead"))))
}

fn table(people: &People, ctx: &PageContext, all: &[Member]) -> Markup {
    let may = |party: &PartyId| {
        let above = within::above(&people.house.owners, party);
        let thing = Thing { owner: Some(party), above: &above, ..Thing::of(MEMBERSHIP) };
        ctx.authorizer.decide(&ctx.identity, Act::Administer, &thing).allowed
    };
    let row = |member: &Member| {
        let party = member.party.as_str();
        vec![
            html! { a href={ "/parties/" (party) } { (ui::mono(party)) } },
            html! { bdi { (member.name) } " " (ui::mono(&member.handle)) },
            html! { (role_name(ctx, member.role)) },
            html! { (ctx.when(member.granted_at)) " · " bdi { (member.granted_by) } },
            html! {
                @if may(&member.party) {
                    (ui::post_button(&ctx.t("people-member-end"), "/memberships/end", &[("party", party), ("person", &member.handle)]))
                }
            },
        ]
    };
    ui::table(&ui::Table {
        caption: ctx.t("people-memberships-caption"),
        columns: vec![
            ui::Column::text(ctx.t("people-party")),
            ui::Column::text(ctx.t("people-person")),
            ui::Column::text(ctx.t("people-party-role")),
            ui::Column::text(ctx.t("people-since")),
            ui::Column::text(ctx.t("people-acts")),
        ],
        rows: all.iter().map(row).collect(),
        empty: Some(ui::empty(&ctx.t("people-members-none"), html! { p { (ctx.t("people-members-none-next")) } })),
    })
}

/// What somebody is in a party, in the reader's language.
pub(super) fn role_name(ctx: &PageContext, role: PartyRole) -> String {
    ctx.t(&format!("people-party-role-{role}"))
}

/// What somebody is in parties, as a list.
pub(super) fn of(ctx: &PageContext, all: &[Membership]) -> Markup {
    html! {
        @if all.is_empty() { p { (ctx.t("people-parties-none")) } } @else {
            ul { @for one in all {
                li {
                    a href={ (HERE) "?party=" (encode(one.party.as_str())) } { (ui::mono(one.party.as_str())) }
                    " " (role_name(ctx, one.role))
                }
            } }
        }
    }
}

fn add_form(ctx: &PageContext, party: &str) -> Markup {
    let field = |name: &str, key: &str, value: &str, kind: ui::FieldKind| {
        let (name, label, value) = (name.into(), ctx.t(key), value.into());
        ui::field(ctx, &ui::Field { name, label, value, kind, required: true, ..ui::Field::default() })
    };
    let choice = |role: &PartyRole| ui::Choice {
        value: role.word().into(),
        text: ctx.t(&format!("people-party-role-{role}-what")),
    };
    html! {
        form action=(HERE) method="post" {
            (field("party", "people-party", party, ui::FieldKind::Code))
            (field("person", "people-handle", "", ui::FieldKind::Code))
            (field("role", "people-party-role", PartyRole::Observer.word(),
                ui::FieldKind::Select(PartyRole::ALL.iter().map(choice).collect())))
            (ui::submit(&ctx.t("people-save")))
        }
    }
}

pub(super) async fn set(
    State(people): State<Arc<People>>,
    permit: Permit,
    Form(named): Form<Named>,
) -> Result<Response, WebError> {
    do_set(&people, &permit, &named).await?;
    Ok(back(&format!("{HERE}?party={}", encode(named.party.trim()))))
}

pub(super) async fn end(
    State(people): State<Arc<People>>,
    permit: Permit,
    Form(named): Form<Named>,
) -> Result<Response, WebError> {
    do_end(&people, &permit, &named).await?;
    Ok(back(HERE))
}
