//! `/tenants/{tenant_id}/sessions`: sessions of the Public API, opened for whoever the owner of the server says, listed
//! and ended. A first passkey needs one: nobody is signed in yet who could register it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::ceremony::session_token;
use crate::http::error::Problem;
use crate::http::openapi::shapes::SessionEmail;
use crate::http::paging::Query;
use crate::http::validation::Validation;
use crate::http::{Answer, time};
use crate::tenant::ids::UserId;
use crate::tenant::rejection::Rejection;
use crate::tenant::session::{CreateSession, DeleteSession, DeleteSessions, Session, user_named};

/// The contract's members (§2.8), and what is known of the user beyond their id.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SessionCreate)]
struct CreateBody {
    /// Yours for the user: any text of at most 64 bytes. The user need not be known yet.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 64,
        example = "ann"
    )]
    user_id: Option<String>,
    /// What the user signs in as.
    #[schema(max_length = 128, example = "ann")]
    name: Option<String>,
    /// What people call the user.
    #[schema(max_length = 128, example = "Ann")]
    display_name: Option<String>,
    /// Taken as verified: whoever calls vouches for it.
    #[schema(value_type = Option<SessionEmail>)]
    email: Option<String>,
    /// Of the user's browser, for the list of sessions.
    #[schema(max_length = 512)]
    user_agent: Option<String>,
    /// Likewise.
    #[schema(max_length = 64, example = "192.0.2.1")]
    ip_address: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionCreated)]
struct Created<'a> {
    /// A JWT for `Authorization: Bearer` or the cookie of the Public API.
    session_token: String,
    #[serde(flatten)]
    session: SessionBody<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionBody<'a> {
    id: Uuid,
    user_id: &'a str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    last_used: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    ip_address: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    user_agent: &'a str,
}

impl<'a> From<&'a Session> for SessionBody<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            id: session.id,
            user_id: session.user.as_str(),
            created_at: time::rfc3339(session.created_at),
            expires_at: time::rfc3339(session.expires_at),
            last_used: time::rfc3339(session.last_used_at()),
            name: session.name.as_deref(),
            display_name: session.display_name.as_deref(),
            email: session.email.as_deref(),
            ip_address: &session.source_ip,
            user_agent: &session.user_agent,
        }
    }
}

pub(super) async fn routes(call: &Call, tenant: &Tenant<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::GET | &Method::HEAD, []) => list(call, tenant),
        (&Method::POST, []) => create(call, tenant).await,
        (&Method::DELETE, []) => delete_all(call, tenant).await,
        (&Method::GET | &Method::HEAD, [id]) => show(tenant, id),
        (&Method::DELETE, [id]) => delete(tenant, id).await,
        (_, []) => Err(Problem::method_not_allowed("GET, HEAD, POST, DELETE")),
        (_, [_]) => Err(Problem::method_not_allowed("GET, HEAD, DELETE")),
        _ => Err(Problem::not_found("Not Found")),
    }
}

/// Open a session
///
/// For whoever has signed in to your application: with its token they can register a passkey. Of a user with as many sessions as the tenant
/// allows, the oldest goes.
#[utoipa::path(
    post,
    path = "/tenants/{tenant_id}/sessions",
    tag = "sessions",
    operation_id = "session_create",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = CreateBody,
    responses((status = 201, description = "The session is durable", body = Created)),
)]
async fn create(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let body: CreateBody = call.body.json(CREATE)?;
    let session = tenant.execute(body.into_command(tenant)?).await?;
    let created = Created {
        session_token: session_token(tenant, &session).await?,
        session: SessionBody::from(&*session),
    };
    Ok(json(private(HttpResponse::Created()), &created))
}

/// List the sessions of a user
///
/// Oldest first, and never more than the tenant allows.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/sessions",
    tag = "sessions",
    operation_id = "sessions_list",
    params(("tenant_id" = uuid::Uuid, Path), ("user_id" = String, Query, min_length = 1, max_length = 64, example = "ann", description = "Yours for the user")),
    responses((status = 200, description = "The sessions", body = Vec<SessionBody>)),
)]
fn list(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let user = user_of(call, tenant)?;
    let now = tenant.registry().source.env().now;
    let sessions: Vec<_> = {
        let state = tenant.read();
        state.sessions.of_user(&user, now).cloned().collect()
    };
    let bodies: Vec<SessionBody<'_>> = sessions.iter().map(|it| SessionBody::from(&**it)).collect();
    Ok(json(private(HttpResponse::Ok()), &bodies))
}

/// Show a session
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/sessions/{session_id}",
    tag = "sessions",
    operation_id = "session_show",
    params(("tenant_id" = uuid::Uuid, Path), ("session_id" = uuid::Uuid, Path)),
    responses((status = 200, description = "The session", body = SessionBody)),
)]
fn show(tenant: &Tenant<'_>, id: &str) -> Answer {
    let now = tenant.registry().source.env().now;
    let session = tenant.read().sessions.find(parse_id(id)?, now).cloned();
    let session = session.ok_or(Rejection::SessionNotFound)?;
    Ok(json(
        private(HttpResponse::Ok()),
        &SessionBody::from(&*session),
    ))
}

/// End a session
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/sessions/{session_id}",
    tag = "sessions",
    operation_id = "session_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("session_id" = uuid::Uuid, Path)),
    responses((status = 204, description = "Ended")),
)]
async fn delete(tenant: &Tenant<'_>, id: &str) -> Answer {
    let now = tenant.registry().source.env().now;
    let delete = {
        let state = tenant.read();
        let session = state.sessions.find(parse_id(id)?, now);
        DeleteSession::of(session.ok_or(Rejection::SessionNotFound)?)
    };
    tenant.execute(delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sign a user out everywhere
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/sessions",
    tag = "sessions",
    operation_id = "sessions_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("user_id" = String, Query, min_length = 1, max_length = 64, example = "ann", description = "Yours for the user")),
    responses((status = 204, description = "The user has no session")),
)]
async fn delete_all(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let user = user_of(call, tenant)?;
    tenant.execute(DeleteSessions { user }).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl CreateBody {
    /// The user need not be known yet.
    fn into_command(self, tenant: &Tenant<'_>) -> Result<CreateSession, Problem> {
        let mut validation = Validation::default();
        let user_id = validation.required("user_id", self.user_id);
        let user = user_named(&user_id, &tenant.read());
        if user.is_none() && !user_id.is_empty() {
            let most = UserId::BYTES_MAX;
            validation.fail(format!("user_id cannot have more than {most} bytes"));
        }
        let mut text = |field, text: Option<String>, most| {
            let text = text.filter(|text| !text.is_empty())?;
            validation.at_most(field, &text, most);
            Some(text.into_boxed_str())
        };
        let name = text("name", self.name, NAME_LENGTH_MAX);
        let display_name = text("display_name", self.display_name, NAME_LENGTH_MAX);
        let email = text("email", self.email, EMAIL_LENGTH_MAX);
        let source_ip = text("ip_address", self.ip_address, ADDRESS_LENGTH_MAX);
        let user_agent = text("user_agent", self.user_agent, USER_AGENT_LENGTH_MAX);
        if email.as_deref().is_some_and(|email| !email.contains('@')) {
            validation.fail("email must be a valid email address");
        }
        validation.finish(CREATE)?;
        Ok(CreateSession {
            user: user.ok_or_else(Problem::internal)?,
            name,
            display_name,
            email,
            source_ip: source_ip.unwrap_or_default(),
            user_agent: user_agent.unwrap_or_default(),
        })
    }
}

fn user_of(call: &Call, tenant: &Tenant<'_>) -> Result<UserId, Problem> {
    let query = Query::of(&call.request);
    let user = query.text("user_id");
    let user = user.and_then(|text| user_named(text, &tenant.read()));
    user.ok_or_else(|| Problem::bad_request("user_id is a required query parameter", ""))
}

fn parse_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::bad_request("invalid session_id", ""))
}

const CREATE: &str = "unable to create session";
const NAME_LENGTH_MAX: usize = 128;
/// RFC 5321 §4.5.3.1.3, as RFC 3696 erratum 1690 reads it.
const EMAIL_LENGTH_MAX: usize = 254;
const ADDRESS_LENGTH_MAX: usize = 64;
const USER_AGENT_LENGTH_MAX: usize = 512;
