//! Keys and claims as the description shows them.
#![expect(dead_code, reason = "described, never constructed")]

use utoipa::{IntoParams, ToSchema};

/// A public key (RFC 7517). RSA keys have `n` and `e`, elliptic curves `crv`, `x` and, but for Ed25519, `y`.
#[derive(ToSchema)]
#[schema(as = JsonWebKey)]
pub(crate) struct JwkShown {
    kid: String,
    kty: String,
    alg: String,
    r#use: String,
    #[schema(nullable = false)]
    n: Option<String>,
    #[schema(nullable = false)]
    e: Option<String>,
    #[schema(nullable = false)]
    crv: Option<String>,
    #[schema(nullable = false)]
    x: Option<String>,
    #[schema(nullable = false)]
    y: Option<String>,
}

/// The e-mail address in a session token.
#[derive(ToSchema)]
#[schema(as = EmailClaim)]
pub(crate) struct EmailShown {
    address: String,
    is_primary: bool,
    is_verified: bool,
}

/// What asks only for keys that are new.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfNoneMatchParameter {
    /// The `ETag` of the keys that you have: where they are the same still, the answer is 304 and has no body.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}
