//! The portal's frame: pages, languages, components, charts, errors and the guards of every request.
//!
//! An area writes `async fn feeds(ctx: PageContext) -> Result<Response, WebError>` and answers with
//! [`page`]; the [`Frame`] around all routes does the rest: who asks, in which language,
//! same-origin checks, bounds, security headers, and errors as a page or as problem details (RFC 9457).
//! Pages work without JavaScript, in English and in Urdu, from a narrow telephone to paper.
//! It never: knows an area, opens the store, decides who may do what (that is for the policies of access).

pub mod assets;
pub mod chart;
mod check;
pub mod client;
pub mod confirm;
pub mod context;
pub mod csrf;
pub mod error;
pub mod format;
pub mod frame;
pub mod headers;
pub mod lang;
pub mod nav;
pub mod page;
mod permit;
mod say;
pub mod sign_in;
pub mod texts;
pub mod ui;
mod wrong;

pub use check::{check_complete, check_used};
pub use context::{Caller, PageContext, Site, SiteError};
pub use error::{ApiError, WebError, no_room};
pub use frame::{Bounds, Frame};
pub use lang::Lang;
pub use maud::{Markup, html};
pub use nav::{Group, NavItem};
pub use page::{Page, page};
pub use permit::{Permit, refuse};
pub use say::{Said, Saying, no_chance};
pub use texts::{Fault, TextSource, TextValue, Texts};

/// The frame's own texts; [`Texts::new`] takes them in by itself.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];
