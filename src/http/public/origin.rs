//! Requests that a page of somebody else makes in the name of whoever visits it.
//!
//! A browser says where a request that changes something comes from. What is no browser says nothing, and is let through: it
//! has no cookies of others either.

use actix_web::http::StatusCode;
use actix_web::http::header::ORIGIN;

use crate::http::body::unsupported_media_type;
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::telemetry::reason::Reason;
use crate::tenant::cors::AllowOrigin;

/// Only for pages of the tenant: the relying party's, those that may read its answers, and those of this very host.
pub(super) fn refuse_foreign(call: &Call, tenant: &Tenant<'_>) -> Result<(), Problem> {
    let Some(origin) = call.headers().get(ORIGIN) else {
        return Ok(());
    };
    let is_ours = origin.to_str().is_ok_and(|origin| {
        let policy = tenant.read().policy.clone();
        policy.origins.contains(origin)
            || matches!(policy.settings.cors.allow(origin), Some(AllowOrigin::Echo))
            || is_own(call, origin)
    });
    if is_ours {
        return Ok(());
    }
    let refused = Problem::new(
        StatusCode::FORBIDDEN,
        "Forbidden",
        "the origin of this request is not one of the tenant's",
    );
    Err(refused.because(Reason::ForeignOrigin))
}

/// What comes with a cookie must be JSON, or nothing: a form on another page can send neither.
pub(super) fn refuse_forms(call: &Call) -> Result<(), Problem> {
    if call.body.is_json_or_nothing(&call.request) {
        return Ok(());
    }
    Err(unsupported_media_type())
}

/// A page that came in the clear to a host that is asked in secret may be anybody's on the way.
fn is_own(call: &Call, origin: &str) -> bool {
    let proxies = &call.shared.proxies;
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let host = proxies.host(&call.request);
    let is_clear = scheme == "http" && proxies.origin(&call.request).scheme == "https";
    !is_clear && host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes()))
}
