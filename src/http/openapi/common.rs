//! What operations have in common: how they are authorized, the errors that they may answer, and the headers of their answers.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Object, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type};

/// The public listener: operations that need an API key say so.
pub(super) fn keyed(mut api: OpenApi) -> OpenApi {
    let header = ApiKeyValue::with_description("apiKey", "One of the tenant's API keys");
    let scheme = SecurityScheme::ApiKey(ApiKey::Header(header));
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("apiKey", scheme);
    completed(api)
}

/// The admin listener of a server that has a token: all but what monitoring asks needs it.
pub(super) fn guarded(mut api: OpenApi) -> OpenApi {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let bearer = bearer.description(Some("The server's admin token"));
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("adminToken", SecurityScheme::Http(bearer.build()));
    let needed = SecurityRequirement::new("adminToken", [""; 0]);
    for operation in api.paths.paths.values_mut().flat_map(operations) {
        let security = &mut operation.security;
        security.get_or_insert_with(|| vec![needed.clone()]);
    }
    completed(api)
}

/// The admin listener of a server without one, which answers only this machine.
pub(super) fn local(mut api: OpenApi) -> OpenApi {
    for operation in api.paths.paths.values_mut().flat_map(operations) {
        if operation.security.is_none() {
            add_errors(operation, ENVELOPE, &[FOREIGN]);
        }
    }
    completed(api)
}

fn completed(mut api: OpenApi) -> OpenApi {
    for (path, item) in &mut api.paths.paths {
        for operation in operations(item) {
            add_errors(operation, ENVELOPE, EVERYWHERE);
            if path.contains("tenant") {
                add_errors(operation, ENVELOPE, OF_TENANTS);
            }
            if path.contains('{') {
                add_errors(operation, ENVELOPE, &[UNKNOWN]);
            }
            if is_guarded(operation) {
                add_errors(operation, ENVELOPE, &[UNAUTHORIZED]);
            }
            add_headers(operation);
        }
    }
    api
}

pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
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

pub(super) fn is_guarded(operation: &Operation) -> bool {
    let needed = operation.security.iter().flatten();
    needed
        .into_iter()
        .any(|it| *it != SecurityRequirement::default())
}

/// An error that an operation tells of itself is left as it is told.
pub(super) fn add_errors(operation: &mut Operation, envelope: &str, errors: &[Told]) {
    for (status, meaning) in errors {
        let responses = &mut operation.responses.responses;
        let response = responses.entry((*status).to_owned());
        response.or_insert_with(|| RefOr::T(error(envelope, meaning)));
    }
}

fn error(envelope: &str, meaning: &str) -> Response {
    let envelope = Content::new(Some(Ref::from_schema_name(envelope)));
    ResponseBuilder::new()
        .description(meaning)
        .content("application/json", envelope)
        .build()
}

pub(super) fn add_headers(operation: &mut Operation) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let is_paged = parameters.iter().any(is_page_size);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        let more: &[About] = match status.as_str() {
            "200" if is_paged => &[LINK, TOTAL],
            "405" => &[ALLOW],
            "429" | "503" | "507" => &[RETRY_AFTER],
            _ => &[],
        };
        for (name, kind, about) in [REQUEST_ID].iter().chain(more) {
            let mut header = Header::new(Object::with_type(kind.clone()));
            header.description = Some((*about).to_owned());
            response.headers.insert((*name).to_owned(), header.into());
        }
    }
}

fn is_page_size(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(it) if it.name == "per_page")
}

const ENVELOPE: &str = "Error";

/// A status, and what it means.
pub(super) type Told = (&'static str, &'static str);

const EVERYWHERE: &[Told] = &[
    (
        "400",
        "The request is not as it should be; `details` says what to change",
    ),
    ("405", "The path answers other methods"),
    ("408", "The body took too long to arrive"),
    ("413", "The body is too long"),
    (
        "500",
        "The server failed; its log has the cause under the answer's `X-Request-Id`",
    ),
];

const OF_TENANTS: &[Told] = &[CONFLICT, TOO_MANY, TOO_MUCH, NO_SPACE];

pub(super) const CONFLICT: Told = (
    "409",
    "It exists already, is in use, or was changed at the same time",
);
pub(super) const TOO_MANY: Told = ("429", "Too many requests from here");
pub(super) const TOO_MUCH: Told = ("503", "Too much is under way");
pub(super) const NO_SPACE: Told = ("507", "The server has no space left; reads go on");

const UNKNOWN: Told = ("404", "There is no such tenant, user, credential or key");
const UNAUTHORIZED: Told = (
    "401",
    "Nobody vouches for the request: the API key or token is missing or wrong",
);
const FOREIGN: Told = (
    "403",
    "Without an admin token the listener answers only to a name of this machine",
);

/// A header, the type of its value, and what it says.
type About = (&'static str, Type, &'static str);

const REQUEST_ID: About = (
    "X-Request-Id",
    Type::String,
    "Names the request in the server's log and in the audit log",
);
const LINK: About = ("Link", Type::String, "Other pages (RFC 8288)");
const TOTAL: About = (
    "X-Total-Count",
    Type::Integer,
    "How many there are on all pages",
);
const ALLOW: About = ("Allow", Type::String, "The methods that the path answers");
const RETRY_AFTER: About = (
    "Retry-After",
    Type::Integer,
    "When to come back, in seconds",
);
