//! What every operation has in common: how it is authorized, and the errors that any of them may answer.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};

/// How callers are authorized, by its name in the description.
pub(super) type Scheme = (&'static str, SecurityScheme);

/// Adds it to a whole description.
pub(super) fn complete(description: &mut OpenApi, (name, scheme): Scheme) {
    let components = description.components.get_or_insert_default();
    components.add_security_scheme(name, scheme);
    for item in description.paths.paths.values_mut() {
        operations(item).for_each(add_errors);
    }
}

pub(super) fn api_key() -> Scheme {
    let header = ApiKeyValue::with_description("apiKey", "One of the tenant's API keys");
    ("apiKey", SecurityScheme::ApiKey(ApiKey::Header(header)))
}

#[expect(dead_code, reason = "the admin API is described next")]
pub(super) fn admin_token() -> Scheme {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let bearer = bearer.description(Some("The server's admin token, where it has one"));
    ("adminToken", SecurityScheme::Http(bearer.build()))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// An error that an operation tells of itself is left as it is told.
fn add_errors(operation: &mut Operation) {
    for (status, meaning) in ERRORS {
        let responses = &mut operation.responses.responses;
        responses
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::T(error(meaning)));
    }
}

fn error(meaning: &str) -> utoipa::openapi::Response {
    let envelope = Content::new(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new()
        .description(meaning)
        .content("application/json", envelope)
        .build()
}

const ERRORS: &[(&str, &str)] = &[
    (
        "400",
        "The request is not as it should be; `details` says what to change",
    ),
    (
        "401",
        "Nobody vouches for the request: the API key or token is missing or wrong, or the response of the authenticator is not accepted",
    ),
    ("403", "This caller may not do this"),
    ("404", "There is no such tenant, user, credential or path"),
    ("405", "The path answers other methods; `Allow` names them"),
    ("408", "The body took too long to arrive"),
    (
        "409",
        "It exists already, is in use, or was changed at the same time",
    ),
    ("413", "The body is too long"),
    (
        "429",
        "Too many requests; `Retry-After` says when to come back",
    ),
    (
        "500",
        "The server failed; its log has the cause under the answer's `X-Request-Id`",
    ),
    (
        "503",
        "Too much is under way; `Retry-After` says when to come back",
    ),
    ("507", "The server has no space left; reads go on"),
];
