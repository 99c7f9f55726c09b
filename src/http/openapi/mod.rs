//! The description of both APIs (`OpenAPI` 3.1), made from the handlers: each says beside its code what it takes and answers,
//! and what all have in common is added here. Nothing is decided here.

pub(super) mod ceremonies;
mod common;
pub(super) mod tokens;

use actix_web::HttpResponse;
use utoipa::OpenApi;

use super::answer::json_text;
use super::call::Call;
use super::error::Problem;
use super::passkey::{credentials, jwks, login, mfa, registration, transaction};
use super::{Answer, only_get};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "keywright: the Passkey API",
        description = "Passkeys for many relying parties. Your backend vouches for a user with the tenant's API key, the browser talks to the \
            authenticator, and each finished ceremony answers a short-lived token that your backend checks with the tenant's JWKS.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        registration::initialize,
        registration::finalize,
        login::initialize,
        login::finalize,
        mfa::register,
        mfa::registered,
        mfa::log_in,
        mfa::logged_in,
        transaction::initialize,
        transaction::finalize,
        transaction::list,
        credentials::list,
        credentials::show,
        credentials::rename,
        credentials::delete,
        jwks::jwks,
    )
)]
struct PasskeyApi;

/// `GET /openapi.json` on the public listener.
pub(super) fn passkey(call: &Call) -> Answer {
    only_get(call)?;
    described(PasskeyApi::openapi(), common::api_key())
}

fn described(mut description: utoipa::openapi::OpenApi, scheme: common::Scheme) -> Answer {
    common::complete(&mut description, scheme);
    let text = description.to_json().map_err(|error| {
        tracing::error!(%error, "the description of the API does not serialise");
        Problem::internal()
    })?;
    Ok(json_text(HttpResponse::Ok(), text))
}
