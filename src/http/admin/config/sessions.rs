//! `config.sessions`: how long people stay signed in with the Public API, and in which cookie.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::issuers::{IssuerBody, IssuerShown, check_issuers};
use super::unless;
use crate::http::body::{integer, object, objects};
use crate::http::openapi::shapes::{CookieName, HostName, SameSiteWord};
use crate::http::validation::Validation;
use crate::tenant::settings::{Cookie, SameSite, Sessions};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Sessions)]
pub(super) struct SessionsBody {
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 1, maximum = 31_536_000)]
    lifetime_seconds: Option<i64>,
    /// 0: a session that is not used is not ended for it.
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 0, maximum = 31_536_000)]
    idle_timeout_seconds: Option<i64>,
    /// How many sessions a user may have; the oldest goes.
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
    /// Whether a login answers with the token in `X-Auth-Token` instead of a cookie, for pages on another site.
    auth_token_header: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    cookie: Option<CookieBody>,
    /// Whose tokens stand for a session.
    #[serde(default, deserialize_with = "objects")]
    #[schema(max_items = 16)]
    issuers: Option<Vec<IssuerBody>>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Cookie)]
struct CookieBody {
    /// `hanko` unless you say. Tenants below one host need names of their own where one browser uses several of them.
    #[schema(value_type = Option<CookieName>)]
    name: Option<String>,
    #[schema(value_type = Option<HostName>)]
    domain: Option<String>,
    secure: Option<bool>,
    http_only: Option<bool>,
    /// `none` only with `secure`.
    #[schema(value_type = Option<SameSiteWord>)]
    same_site: Option<String>,
}

impl SessionsBody {
    pub(super) fn settings(self, validation: &mut Validation) -> Sessions {
        let default = Sessions::default();
        let lifetime = self.lifetime_seconds;
        let lifetime = validation.within("sessions.lifetime_seconds", lifetime, 1..=YEAR_SECONDS);
        let idle = self.idle_timeout_seconds;
        let idle = validation.within("sessions.idle_timeout_seconds", idle, 0..=YEAR_SECONDS);
        let limit = validation.within("sessions.limit", self.limit, 1..=1000);
        let header = self.auth_token_header;
        Sessions {
            lifetime_seconds: lifetime.unwrap_or(default.lifetime_seconds),
            idle_timeout_seconds: idle.unwrap_or(default.idle_timeout_seconds),
            limit: limit.unwrap_or(default.limit),
            auth_token_header: header.unwrap_or(default.auth_token_header),
            cookie: self.cookie.unwrap_or_default().settings(validation),
            issuers: check_issuers(self.issuers.unwrap_or_default(), validation),
        }
    }
}

impl CookieBody {
    fn settings(self, validation: &mut Validation) -> Cookie {
        let default = Cookie::default();
        let same_site = validation.one_of(
            "sessions.cookie.same_site",
            self.same_site.as_deref(),
            &SameSite::ALL,
            SameSite::as_str,
        );
        let cookie = Cookie {
            name: self.name.unwrap_or(default.name),
            domain: self.domain,
            secure: self.secure.unwrap_or(default.secure),
            http_only: self.http_only.unwrap_or(default.http_only),
            same_site: same_site.unwrap_or(default.same_site),
        };
        check_cookie(&cookie, validation);
        cookie
    }
}

/// What RFC 6265bis lets browsers drop without a word.
fn check_cookie(cookie: &Cookie, validation: &mut Validation) {
    if !is_token(&cookie.name) {
        validation
            .fail("sessions.cookie.name must be 1 to 64 letters, digits or any of !#$%&'*+-.^_`|~");
    }
    if cookie.domain.as_deref().is_some_and(|name| !is_host(name)) {
        validation.fail("sessions.cookie.domain must be a host name like example.com");
    }
    if cookie.same_site == SameSite::None && !cookie.secure {
        validation.fail("sessions.cookie.secure must be true where same_site is none");
    }
    let is_prefixed = |prefix: &str| cookie.name.starts_with(prefix);
    if (is_prefixed("__Secure-") || is_prefixed("__Host-")) && !cookie.secure {
        validation.fail("sessions.cookie.secure must be true with this name");
    }
    if is_prefixed("__Host-") && cookie.domain.is_some() {
        validation.fail("sessions.cookie.domain must be absent with this name");
    }
}

fn is_token(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_allowed)
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(is_allowed)
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

const YEAR_SECONDS: u32 = 31_536_000;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionsShown)]
pub(super) struct SessionsShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lifetime_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    idle_timeout_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    auth_token_header: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cookie: Option<CookieShown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    issuers: Vec<IssuerShown>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CookieShown)]
struct CookieShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    http_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = SameSiteWord, required = false)]
    same_site: Option<&'static str>,
}

impl SessionsShown {
    pub(super) fn of(sessions: &Sessions) -> Option<Self> {
        let default = Sessions::default();
        let idle = sessions.idle_timeout_seconds;
        (*sessions != default).then(|| Self {
            lifetime_seconds: unless(sessions.lifetime_seconds, default.lifetime_seconds),
            idle_timeout_seconds: unless(idle, default.idle_timeout_seconds),
            limit: unless(sessions.limit, default.limit),
            auth_token_header: unless(sessions.auth_token_header, default.auth_token_header),
            cookie: CookieShown::of(&sessions.cookie),
            issuers: sessions.issuers.iter().map(IssuerShown::of).collect(),
        })
    }
}

impl CookieShown {
    fn of(cookie: &Cookie) -> Option<Self> {
        let default = Cookie::default();
        (*cookie != default).then(|| Self {
            name: unless(&cookie.name, &default.name).cloned(),
            domain: cookie.domain.clone(),
            secure: unless(cookie.secure, default.secure),
            http_only: unless(cookie.http_only, default.http_only),
            same_site: unless(cookie.same_site, default.same_site).map(SameSite::as_str),
        })
    }
}
