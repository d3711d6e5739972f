//! One word with a colour. The word always says it too: colour alone tells nothing to many (WCAG 2.2 §1.4.1).

use crate::context::PageContext;
use maud::{Markup, html};
use sipar_model::{Action, Category, Confidence, Severity, Tlp, WarningKind};

/// What a colour means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Neutral,
    /// As it should be.
    Good,
    /// Look at it.
    Warn,
    /// Wrong, or harmful.
    Bad,
    /// Worth knowing.
    Info,
}

impl Tone {
    /// The class in the style sheet.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

/// A badge with a word of the caller's.
#[must_use]
pub fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (tone.class()) } { (word) } }
}

/// Why something is blocked.
#[must_use]
pub fn category(ctx: &PageContext, category: Category) -> Markup {
    badge(Tone::Bad, &ctx.t(&format!("web-category-{}", category.word())))
}

/// How bad it is.
#[must_use]
pub fn severity(ctx: &PageContext, severity: Severity) -> Markup {
    let tone = match severity {
        Severity::Low => Tone::Neutral,
        Severity::Medium => Tone::Info,
        Severity::High => Tone::Warn,
        Severity::Critical => Tone::Bad,
    };
    badge(tone, &ctx.t(&format!("web-severity-{}", severity.word())))
}

/// Who may be told. The marking itself is English everywhere (FIRST TLP 2.0: labels are not translated).
#[must_use]
pub fn tlp(tlp: Tlp) -> Markup {
    let class = match tlp {
        Tlp::Clear => "clear",
        Tlp::Green => "green",
        Tlp::Amber | Tlp::AmberStrict => "amber",
        Tlp::Red => "red",
    };
    html! { span class={ "badge tlp " (class) } lang="en" dir="ltr" { "TLP:" (tlp.word().to_uppercase()) } }
}

/// What a decision does.
#[must_use]
pub fn action(ctx: &PageContext, action: Action) -> Markup {
    let tone = match action {
        Action::Block => Tone::Bad,
        Action::Allow => Tone::Good,
    };
    badge(tone, &ctx.t(&format!("web-action-{}", action.word())))
}

/// What a warning list does.
#[must_use]
pub fn warning(ctx: &PageContext, kind: WarningKind) -> Markup {
    let tone = match kind {
        WarningKind::Inform => Tone::Neutral,
        WarningKind::Lower => Tone::Info,
        WarningKind::Review | WarningKind::Never => Tone::Warn,
    };
    badge(tone, &ctx.t(&format!("web-warning-{}", kind.word())))
}

/// How sure a source is, with its unit.
#[must_use]
pub fn confidence(confidence: Confidence) -> Markup {
    html! { span dir="ltr" { (confidence.percent()) "%" } }
}

/// What holds for something now: the action in force, or that there is none.
#[must_use]
pub fn verdict(ctx: &PageContext, in_force: Option<Action>) -> Markup {
    match in_force {
        Some(Action::Block) => badge(Tone::Bad, &ctx.t("web-verdict-blocked")),
        Some(Action::Allow) => badge(Tone::Good, &ctx.t("web-verdict-allowed")),
        None => badge(Tone::Neutral, &ctx.t("web-verdict-unlisted")),
    }
}
