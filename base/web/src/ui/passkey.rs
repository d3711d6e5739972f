//! A form whose button opens the browser's own window for passkeys. It needs `passkey.js` on its page.

use crate::context::PageContext;
use maud::{Markup, html};

/// What a ceremony asks and where.
#[derive(Clone, Debug, Default)]
pub struct Ceremony<'a> {
    /// Answers with what the browser is to be asked. Gets the form's fields as JSON.
    pub start: &'a str,
    /// Gets what the browser said; answers with where to go.
    pub finish: &'a str,
    /// The text of the button.
    pub button: String,
    /// Fields of the form.
    pub fields: Markup,
    /// The id of a form that is sent once all went well, in place of going anywhere.
    pub then: Option<&'a str>,
}

/// The form. Without scripts its button stays hidden, and it says what to do.
#[must_use]
pub fn passkey(ctx: &PageContext, ceremony: &Ceremony<'_>) -> Markup {
    html! {
        form.passkey data-start=(ceremony.start) data-finish=(ceremony.finish) data-then=[ceremony.then]
            data-refused=(ctx.t("web-passkey-refused")) data-missing=(ctx.t("web-passkey-missing")) {
            (ceremony.fields)
            button.main type="submit" hidden { (ceremony.button) }
            p.error role="alert" dir="auto" hidden {}
            noscript { p { (ctx.t("web-passkey-script")) } }
        }
    }
}
