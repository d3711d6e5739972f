//! Fields with their labels, hints and errors, and buttons.

use crate::context::PageContext;
use maud::{Markup, html};

/// One of several to choose from.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub text: String,
}

/// What a field takes.
#[derive(Clone, Debug, Default)]
pub enum FieldKind {
    /// One line of words.
    #[default]
    Text,
    /// A name, address, hash or URL: Latin, no spelling help.
    Code,
    /// Something nobody should read over a shoulder.
    Secret,
    /// A whole number between two others.
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A day.
    Date,
    /// Several lines.
    Lines {
        /// How many are shown.
        rows: u8,
    },
    /// One of these.
    Select(Vec<Choice>),
    /// One of these, all in view.
    Radio(Vec<Choice>),
    /// Yes or no; the value is sent when ticked.
    Tick,
    /// A file.
    File,
}

/// A field of a form.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// The name that is sent.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What a good answer looks like.
    pub hint: Option<String>,
    /// What stands in it: the last answer, so that nobody types twice. Never set for a secret.
    pub value: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether it must be answered.
    pub required: bool,
    /// What is wrong with the last answer, and what would be right.
    pub error: Option<String>,
}

/// A field with label, hint and error tied to it.
#[must_use]
pub fn field(ctx: &PageContext, field: &Field) -> Markup {
    let id = format!("f-{}", field.name);
    let hint = field.hint.as_ref().map(|_| format!("{id}-hint"));
    let error = field.error.as_ref().map(|_| format!("{id}-error"));
    let described = [hint.clone(), error.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let described = (!described.is_empty()).then_some(described);
    let about = html! {
        @if let (Some(text), Some(id)) = (&field.hint, &hint) { span.hint id=(id) { (text) } }
        @if let (Some(text), Some(id)) = (&field.error, &error) {
            span.error id=(id) { strong { (ctx.t("web-field-error")) } " " span dir="auto" { (text) } }
        }
    };
    let class = if field.error.is_some() { "field wrong" } else { "field" };
    let label = html! {
        (field.label) @if !field.required && !matches!(field.kind, FieldKind::Tick) { " " span.optional { (ctx.t("web-field-optional")) } }
    };
    match &field.kind {
        FieldKind::Radio(choices) => html! {
            fieldset class=(class) aria-describedby=[described] {
                legend { (label) }
                (about)
                @for (place, choice) in choices.iter().enumerate() {
                    @let id = format!("{id}-{place}");
                    div.choice {
                        input id=(id) type="radio" name=(field.name) value=(choice.value)
                            checked[choice.value == field.value] required[field.required];
                        label for=(id) { (choice.text) }
                    }
                }
            }
        },
        FieldKind::Tick => html! {
            div class=(class) {
                div.choice {
                    input id=(id) type="checkbox" name=(field.name) value="yes" checked[field.value == "yes"]
                        required[field.required] aria-describedby=[described];
                    label for=(id) { (label) }
                }
                (about)
            }
        },
        _ => html! {
            div class=(class) { label for=(id) { (label) } (about) (control(field, &id, described.as_deref())) }
        },
    }
}

fn control(field: &Field, id: &str, described: Option<&str>) -> Markup {
    let wrong = field.error.is_some().then_some("true");
    match &field.kind {
        FieldKind::Select(choices) => html! {
            select id=(id) name=(field.name) required[field.required] aria-describedby=[described] aria-invalid=[wrong] {
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == field.value] { (choice.text) }
                }
            }
        },
        FieldKind::Lines { rows } => html! {
            textarea id=(id) name=(field.name) rows=(rows) dir="auto" required[field.required]
                aria-describedby=[described] aria-invalid=[wrong] { (field.value) }
        },
        FieldKind::Number { min, max } => html! {
            input id=(id) name=(field.name) type="number" min=(min) max=(max) value=(field.value) dir="ltr"
                required[field.required] aria-describedby=[described] aria-invalid=[wrong];
        },
        kind => {
            let (input, dir, plain) = match kind {
                FieldKind::Code => ("text", "ltr", true),
                FieldKind::Secret => ("password", "ltr", true),
                FieldKind::Date => ("date", "ltr", false),
                FieldKind::File => ("file", "auto", false),
                _ => ("text", "auto", false),
            };
            let value = (!matches!(kind, FieldKind::Secret | FieldKind::File)).then_some(&field.value);
            html! {
                input id=(id) name=(field.name) type=(input) dir=(dir) value=[value] required[field.required]
                    autocomplete=[plain.then_some("off")] autocapitalize=[plain.then_some("off")]
                    spellcheck=[plain.then_some("false")] aria-describedby=[described] aria-invalid=[wrong];
            }
        }
    }
}

/// The button that sends a form.
#[must_use]
pub fn submit(text: &str) -> Markup {
    html! { button.main type="submit" { (text) } }
}

/// A second button of a form, which sends `name=value` with it.
#[must_use]
pub fn button(text: &str, name: &str, value: &str) -> Markup {
    html! { button type="submit" name=(name) value=(value) { (text) } }
}

/// A link that looks like a button: it leads somewhere and changes nothing.
#[must_use]
pub fn button_link(text: &str, href: &str) -> Markup {
    html! { a.button href=(href) { (text) } }
}

/// A button that changes something by itself: a form of one button.
#[must_use]
pub fn post_button(text: &str, action: &str, values: &[(&str, &str)]) -> Markup {
    html! {
        form.inline action=(action) method="post" {
            @for (name, value) in values { input type="hidden" name=(name) value=(value); }
            button type="submit" { (text) }
        }
    }
}
