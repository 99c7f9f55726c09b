//! Who asks: the first token that verifies, of those that the request carries (contract §1.1).

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::SET_COOKIE;

use super::cookie;
use super::origin::{refuse_foreign, refuse_forms};
use crate::actor::Refusal;
use crate::actor::handle::NoSession;
use crate::http::Answer;
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::issuers;
use crate::http::rate::{Route, admit};
use crate::tenant::ids::{Timestamp, UserId};
use crate::tenant::issuer;
use crate::tenant::rejection::Rejection;
use crate::tenant::session::{DeleteSession, Session, user_named};
use crate::tenant::state::TenantState;
use crate::tenant::token::SessionClaims;

/// A user, whether or not there is a credential of theirs, with what is said of them by whoever vouches.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub user: UserId,
    pub name: Option<Box<str>>,
    pub display_name: Option<Box<str>>,
    pub email: Option<Box<str>>,
    pub since: Timestamp,
    /// The session that says so; `None` where somebody else does.
    pub session: Option<Arc<Session>>,
}

/// Where a token was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Header,
    /// Sent by the browser, whoever has made it ask.
    Cookie,
}

impl Subject {
    fn of(session: Arc<Session>) -> Self {
        Self {
            user: session.user.clone(),
            name: session.name.clone(),
            display_name: session.display_name.clone(),
            email: session.email.clone(),
            since: session.created_at,
            session: Some(session),
        }
    }

    fn vouched(said: issuer::Subject, state: &TenantState, now: Timestamp) -> Self {
        let user = user_named(said.user.as_str(), state);
        Self {
            user: user.unwrap_or(said.user),
            name: said.name,
            display_name: said.display_name,
            email: said.email,
            since: now,
            session: None,
        }
    }
}

/// Who asks, on every route that wants to know. This is a use of the session.
pub(super) async fn subject(call: &Call, tenant: &Tenant<'_>) -> Result<Subject, Problem> {
    admit(call, tenant, Route::Read)?;
    let (carrier, subject) = find(call, tenant).await?;
    let is_read = matches!(*call.method(), Method::GET | Method::HEAD);
    if carrier == Carrier::Cookie && !is_read {
        refuse_foreign(call, tenant)?;
        refuse_forms(call)?;
    }
    if let Some(session) = &subject.session {
        tenant.use_session(session);
    }
    Ok(subject)
}

/// The session of the first token that opens one. This is no use of it.
pub(super) fn open(call: &Call, tenant: &Tenant<'_>) -> Option<(Arc<Session>, SessionClaims)> {
    let policy = tenant.read().policy.clone();
    let cookie = &policy.settings.sessions.cookie.name;
    tokens(call, cookie).find_map(|(_, token)| tenant.open_session(token))
}

/// End the session
///
/// And its cookie. A token of an issuer that the tenant trusts is no session: that ends at the issuer.
#[utoipa::path(
    post,
    path = "/logout",
    tag = "public: sessions",
    operation_id = "public_logout",
    responses((
        status = 204,
        description = "Ended",
        headers(("Set-Cookie" = String, description = "Deletes the cookie")),
    )),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn log_out(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let subject = subject(call, tenant).await?;
    // One that has ended meanwhile has ended.
    if let Some(session) = subject.session {
        match tenant.execute(DeleteSession::of(&session)).await {
            Ok(()) | Err(Refusal::Rejected(Rejection::SessionNotFound)) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    let mut response = HttpResponse::NoContent();
    if let Some(cookie) = cookie::delete(&tenant.read().policy.settings.sessions.cookie) {
        response.insert_header((SET_COOKIE, cookie));
    }
    Ok(response.finish())
}

async fn find(call: &Call, tenant: &Tenant<'_>) -> Result<(Carrier, Subject), Problem> {
    let policy = tenant.read().policy.clone();
    let cookie = &policy.settings.sessions.cookie;
    let mut refused = unauthorized();
    // Of one header only: each may have keys fetched.
    let mut may_be_vouched = !policy.issuers.is_empty();
    for (carrier, token) in tokens(call, &cookie.name) {
        match (tenant.find_session(token), carrier) {
            (Ok((session, _)), _) => return Ok((carrier, Subject::of(session))),
            (Err(NoSession::Idle), _) => refused.set_cookie = cookie::delete(cookie).map(Box::new),
            (Err(NoSession::Unknown), Carrier::Cookie) => {}
            (Err(NoSession::Unknown), Carrier::Header) => {
                if std::mem::take(&mut may_be_vouched)
                    && let Some(subject) = vouched(call, tenant, token).await
                {
                    return Ok((carrier, subject));
                }
            }
        }
    }
    Err(refused)
}

/// Of whom a token speaks that is no session of ours, where the tenant trusts its issuer.
async fn vouched(call: &Call, tenant: &Tenant<'_>, token: &str) -> Option<Subject> {
    let policy = tenant.read().policy.clone();
    let now = tenant.registry().source.env().now;
    let of = (tenant.id, &*policy.issuers);
    let vouched = issuers::subject(&call.shared.issuers, of, token, now).await;
    vouched
        .map(|said| Subject::vouched(said, &tenant.read(), now))
        .inspect_err(|refused| tracing::debug!(request_id = call.id_text(), %refused, "a token of an issuer was refused"))
        .ok()
}

/// Every failure is this one.
fn unauthorized() -> Problem {
    Problem::unauthorized("Unauthorized", "there is no session of this token")
}

/// In the order in which they are tried.
fn tokens<'a>(call: &'a Call, cookie: &'a str) -> impl Iterator<Item = (Carrier, &'a str)> {
    let cookies = cookie::values(call, cookie);
    call.bearers()
        .map(|token| (Carrier::Header, token))
        .chain(cookies.map(|token| (Carrier::Cookie, token)))
}
