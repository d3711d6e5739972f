//! The portal's menu: the pages that areas name, in groups.
//!
//! The first line shows the groups, the second one the pages of the group that the reader is in: links alone, so that
//! it needs no script, works by keyboard, and hides nothing on a phone. Who sees few pages sees all of them at once.

use crate::context::PageContext;
use maud::{Markup, html};
use sipar_authz::Role;

/// So many entries stand in one line 1,280 pixels wide, in both languages; more are shown in groups.
const FLAT_MAX: usize = 7;

/// What the pages of the menu are about, in the order of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The first page.
    Overview,
    /// What comes in, and what holds it back.
    Threats,
    /// What is decided, and what people say to it.
    Decisions,
    /// Whoever enforces what is decided.
    Enforcement,
    /// Who owns what, and what is wrong with it.
    Warning,
    /// What everybody may see and do.
    Public,
    /// Who works here.
    People,
}

impl Group {
    /// Every group.
    pub const ALL: &'static [Self] =
        &[Self::Overview, Self::Threats, Self::Decisions, Self::Enforcement, Self::Warning, Self::Public, Self::People];

    /// The key of its text.
    #[must_use]
    pub const fn text_key(self) -> &'static str {
        match self {
            Self::Overview => "web-group-overview",
            Self::Threats => "web-group-threats",
            Self::Decisions => "web-group-decisions",
            Self::Enforcement => "web-group-enforcement",
            Self::Warning => "web-group-warning",
            Self::Public => "web-group-public",
            Self::People => "web-group-people",
        }
    }
}

/// An entry of the portal's menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NavItem {
    /// What it is about.
    pub group: Group,
    /// The key of its text.
    pub text_key: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Who sees it.
    pub least: Role,
}

/// The menu, as far as the reader may follow it.
pub(crate) fn menu(ctx: &PageContext) -> Markup {
    // What is open to members shows them their own parties' things: without a party there are none.
    let (role, alone) = (ctx.identity.role, ctx.identity.parties.is_empty());
    let open = |item: &&NavItem| role >= item.least && !(item.least == Role::Member && role == Role::Member && alone);
    let mut entries: Vec<&NavItem> = ctx.nav.iter().filter(open).collect();
    if entries.is_empty() {
        return html! {};
    }
    // A stable sort: within a group the areas' own order stays.
    entries.sort_by_key(|item| item.group);
    if entries.len() <= FLAT_MAX {
        return line(&ctx.t("web-nav"), entries.iter().map(|item| link(ctx, item)));
    }
    let groups: Vec<&[&NavItem]> = entries.chunk_by(|one, other| one.group == other.group).collect();
    let here = groups.iter().find(|items| items.len() > 1 && items.iter().any(|item| current(ctx, item).is_some()));
    html! {
        (line(&ctx.t("web-nav"), groups.iter().map(|items| group_link(ctx, items))))
        @if let Some(items) = here {
            (line(&items.first().map(|item| ctx.t(item.group.text_key())).unwrap_or_default(),
                items.iter().map(|item| link(ctx, item))))
        }
    }
}

/// A line of the menu.
fn line(label: &str, links: impl Iterator<Item = Markup>) -> Markup {
    html! { nav aria-label=(label) { ul { @for link in links { li { (link) } } } } }
}

fn link(ctx: &PageContext, item: &NavItem) -> Markup {
    html! { a href=(item.href) aria-current=[current(ctx, item)] { (ctx.t(item.text_key)) } }
}

/// Leads to the first page of a group; a group with one page is that page.
fn group_link(ctx: &PageContext, items: &[&NavItem]) -> Markup {
    match items {
        [] => html! {},
        [only] => link(ctx, only),
        [first, ..] => {
            let here = items.iter().any(|item| current(ctx, item).is_some()).then_some("true");
            html! { a href=(first.href) aria-current=[here] { (ctx.t(first.group.text_key())) } }
        }
    }
}

/// `page` on the entry's own page, `true` on those under it (ARIA 1.2 §6.6).
fn current(ctx: &PageContext, item: &NavItem) -> Option<&'static str> {
    if ctx.path == item.href {
        return Some("page");
    }
    let under = item.href != "/" && ctx.path.strip_prefix(item.href).is_some_and(|rest| rest.starts_with('/'));
    under.then_some("true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Lang, Texts};
    use sipar_authz::Identity;
    use std::sync::Arc;

    const ITEMS: [NavItem; 9] = [
        item(Group::Overview, "/", Role::Public),
        item(Group::Public, "/ledger", Role::Public),
        item(Group::Decisions, "/decisions", Role::Public),
        item(Group::Decisions, "/held", Role::Reader),
        item(Group::Decisions, "/keys", Role::Admin),
        item(Group::Enforcement, "/edges", Role::Reader),
        item(Group::Threats, "/feeds", Role::Reader),
        item(Group::Threats, "/lists", Role::Public),
        item(Group::Public, "/appeal", Role::Public),
    ];

    const fn item(group: Group, href: &'static str, least: Role) -> NavItem {
        NavItem { group, text_key: "web-search", href, least }
    }

    /// The addresses of each line, those of here with a mark.
    fn lines(role: Role, path: &str) -> Vec<String> {
        let ctx = PageContext { nav: Arc::new(ITEMS.to_vec()), path: path.into(), ..PageContext::sample(Lang::En) };
        let ctx = PageContext { identity: Identity { role, ..ctx.identity.clone() }, ..ctx };
        let text = menu(&ctx).into_string();
        let of = |line: &str| {
            let links = line.split("<a href=\"").skip(1).map(|link| {
                let mark = match link.split('>').next().unwrap_or_default() {
                    tag if tag.contains("\"page\"") => "!",
                    tag if tag.contains("\"true\"") => "*",
                    _ => "",
                };
                format!("{}{mark}", link.split('"').next().unwrap_or_default())
            });
            links.collect::<Vec<_>>().join(" ")
        };
        text.split("<nav").skip(1).map(of).collect()
    }

    #[test]
    fn few_pages_stand_in_one_line_and_many_in_groups() {
        let check = |role: Role, path: &str, expect: &[&str]| assert_eq!(lines(role, path), expect, "{role} {path}");
        check(Role::Public, "/", &["/! /lists /decisions /ledger /appeal"]);
        check(Role::Public, "/decisions/7", &["/ /lists /decisions* /ledger /appeal"]);
        check(Role::Reader, "/", &["/! /feeds /decisions /edges /ledger"]);
        check(Role::Reader, "/held", &["/ /feeds /decisions* /edges /ledger", "/decisions /held!"]);
        check(Role::Admin, "/held", &["/ /feeds /decisions* /edges /ledger", "/decisions /held! /keys"]);
        check(Role::Reader, "/lists/one", &["/ /feeds* /decisions /edges /ledger", "/feeds /lists*"]);
        check(Role::Reader, "/edges", &["/ /feeds /decisions /edges! /ledger"]);
        check(Role::Reader, "/search", &["/ /feeds /decisions /edges /ledger"]);
    }

    #[test]
    fn every_group_has_a_name_in_both_languages() {
        let texts = Texts::new([]).unwrap();
        let mut sorted = Group::ALL.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, Group::ALL, "the order of the menu");
        for (group, lang) in Group::ALL.iter().flat_map(|group| Lang::ALL.iter().map(move |lang| (*group, *lang))) {
            assert!(texts.has(lang, group.text_key()), "{group:?} {lang:?}");
        }
    }
}
