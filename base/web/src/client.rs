//! Where a request comes from: for bounds kept in memory, never for records or logs.

use crate::frame::Frame;
use axum::{extract::FromRequestParts, http::request::Parts};
use std::{convert::Infallible, net::IpAddr, sync::Arc};

/// The address of whoever asks, as far as it is known. Behind a proxy of the operator's own (`Frame::proxies`) it is what
/// that proxy says; what anybody else claims is passed over.
pub struct ClientAddress(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let proxies = parts.extensions.get::<Arc<Frame>>().map_or(&[][..], |frame| &frame.proxies);
        Ok(Self(sipar_authz::client_address(&parts.extensions, &parts.headers, proxies)))
    }
}
