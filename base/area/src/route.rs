//! A route with the resource and the act that it needs. There is no route without them.

use axum::{http::Method, routing::MethodRouter};
use sipar_authz::Act;

/// One route of an area.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, in axum's form: `/api/v1/intel/feeds/{slug}`.
    pub path: &'static str,
    /// The name of the resource that it touches.
    pub resource: &'static str,
    /// What it does to it.
    pub act: Act,
    /// Whether it takes a fresh proof of who asks: being remembered by a session is then not enough.
    pub sensitive: bool,
    /// Whether the handler keeps to the parties of whoever asks, so that those may come who may not see all.
    pub within: bool,
    /// The handler, with its state already in it.
    pub handler: MethodRouter,
}

impl Route {
    /// A route that reads.
    pub fn get(path: &'static str, resource: &'static str, handler: MethodRouter) -> Self {
        Self { method: Method::GET, path, resource, act: Act::Read, sensitive: false, within: false, handler }
    }

    /// A route that changes something.
    pub fn post(path: &'static str, resource: &'static str, act: Act, handler: MethodRouter) -> Self {
        Self { method: Method::POST, path, resource, act, sensitive: false, within: false, handler }
    }

    /// The same, for somebody alone who has just proved who they are.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// The same, also for those who may do it to what is their own parties' alone. The handler takes a
    /// [`Permit`](sipar_web::Permit), and asks it about whatever it touches.
    #[must_use]
    pub fn within(self) -> Self {
        Self { within: true, ..self }
    }
}
