//! `GET /.well-known/jwks.json`: the keys of session tokens, and no other (contract §2.8).

use crate::http::Answer;
use crate::http::call::{Call, Tenant};
use crate::http::openapi::tokens::IfNoneMatchParameter;
use crate::http::passkey::jwks::{KeySet, key_set};
use crate::tenant::token::KeyPurpose;

/// The keys that check session tokens
///
/// Never empty: to ask for the keys is a use, and the first use makes the first. They are not those of the Passkey API, which a path
/// with the tenant in front of `/.well-known/jwks.json` answers on any host; there, `/{tenant_id}/webauthn` comes before the path.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "public: sessions",
    operation_id = "public_jwks",
    params(IfNoneMatchParameter),
    responses(
        (
            status = 200,
            description = "The keys (RFC 7517), to be kept for ten minutes",
            body = KeySet,
            headers(("ETag" = String, description = "Of these keys")),
        ),
        (status = 304, description = "The keys are still those of `If-None-Match`"),
    ),
)]
pub(super) async fn jwks(call: &Call, tenant: &Tenant<'_>) -> Answer {
    key_set(call, tenant, KeyPurpose::Session).await
}
