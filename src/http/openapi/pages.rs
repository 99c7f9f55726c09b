//! The Public API in the description: where it is, by what a session comes, and its own errors.

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::{Server, ServerBuilder, ServerVariableBuilder};
use utoipa::{OpenApi as _, ToSchema};

use super::common::{
    CONFLICT, NO_SPACE, TOO_MANY, TOO_MUCH, Told, add_errors, add_headers, is_guarded, operations,
};
use crate::http::call::Call;
use crate::http::public::{
    config, credentials, jwks, login, profile, registration, session, validate,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        registration::initialize,
        registration::finalize,
        login::initialize,
        login::finalize,
        credentials::list,
        credentials::rename,
        credentials::delete,
        profile::me,
        profile::user,
        session::log_out,
        validate::sent,
        validate::given,
        config::config,
        jwks::jwks,
    ),
    components(schemas(PublicError))
)]
struct PublicApi;

/// What every error of the Public API answers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never constructed")]
pub(crate) struct PublicError {
    /// The status once more.
    code: i64,
    message: String,
    /// A stable code for programs, where there is one; never with 401.
    #[schema(nullable = false)]
    reason: Option<String>,
}

pub(super) fn api(call: &Call) -> OpenApi {
    let mut api = PublicApi::openapi();
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("cookie", cookie());
    components.add_security_scheme("bearer", bearer());
    for (path, item) in &mut api.paths.paths {
        item.servers = Some(places(call, path));
        complete(item);
    }
    api
}

fn complete(item: &mut PathItem) {
    let is_read = item.get.is_some();
    for operation in operations(item) {
        add_errors(operation, ENVELOPE, EVERYWHERE);
        if !is_read {
            add_errors(operation, ENVELOPE, &[NOT_JSON]);
        }
        if is_guarded(operation) {
            add_errors(operation, ENVELOPE, OF_SESSIONS);
        }
        add_headers(operation);
    }
}

/// By the host, and where the settings allow it by the path.
fn places(call: &Call, path: &str) -> Vec<Server> {
    let by_host = ServerBuilder::new()
        .url("/")
        .description(Some("On a host that names the tenant"));
    let below = if path.ends_with("jwks.json") {
        "/{tenant_id}/webauthn"
    } else {
        "/{tenant_id}"
    };
    let id = call.shared.demo.map_or_else(uuid::Uuid::nil, |id| id.0);
    let by_path = ServerBuilder::new()
        .url(below)
        .description(Some("On any host but another tenant's"))
        .parameter(
            "tenant_id",
            ServerVariableBuilder::new().default_value(id.to_string()),
        );
    let has_alias = call.shared.tenancy.path_alias;
    let by_path = has_alias.then(|| by_path.build());
    [Some(by_host.build()), by_path]
        .into_iter()
        .flatten()
        .collect()
}

fn cookie() -> SecurityScheme {
    let about = "The session, as a login sets it; the tenant's settings may say another name";
    let value = ApiKeyValue::with_description("hanko", about);
    SecurityScheme::ApiKey(ApiKey::Cookie(value))
}

fn bearer() -> SecurityScheme {
    let about = "The session, or a token of an issuer that the tenant trusts";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    SecurityScheme::Http(scheme.description(Some(about)).build())
}

const ENVELOPE: &str = "PublicError";

const EVERYWHERE: &[Told] = &[
    ("400", "The request is not as it should be"),
    (
        "404",
        "There is no such tenant, credential or path: neither host nor path names a tenant, or they name two",
    ),
    ("405", "The path answers other methods"),
    ("408", "The body took too long to arrive"),
    CONFLICT,
    ("413", "The body is too long"),
    TOO_MANY,
    (
        "500",
        "The server failed; its log has the cause under the answer's `X-Request-Id`",
    ),
    TOO_MUCH,
    NO_SPACE,
];

const NOT_JSON: Told = ("415", "The body is not `application/json`");

const OF_SESSIONS: &[Told] = &[
    (
        "401",
        "There is no session of any token that the request carries",
    ),
    (
        "403",
        "The cookie comes from a page that is not the tenant's, or somebody else is asked for",
    ),
];
