//! What a client is told when something is refused: the contract's envelope, and the one table from refusals to it.
//!
//! Texts say what to change and never which secret was wrong; causes go to the log with the request id.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, SET_COOKIE};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::json;
use crate::actor::Refusal;
use crate::telemetry::reason::Reason;
use crate::tenant::rejection::Rejection;

/// Which of the two APIs speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Passkey,
    Public,
    /// For paths that neither knows: whoever asks finds what it looks for.
    Both,
}

/// An error answer, `{"title", "details", "status"}`, and `reason` where there is a stable code for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub title: Cow<'static, str>,
    /// `None`: the member is absent, as the contract has it for unexpected errors.
    pub details: Option<Cow<'static, str>>,
    pub reason: Option<Reason>,
    pub allow: Option<&'static str>,
    /// When to come back, in seconds.
    pub retry_after: Option<NonZeroU16>,
    /// In whose words it is told; `None`: in those of the API that was asked.
    pub face: Option<Face>,
    /// What the browser is to do with the session's cookie.
    pub set_cookie: Option<Box<HeaderValue>>,
}

impl Problem {
    pub fn new(
        status: StatusCode,
        title: impl Into<Cow<'static, str>>,
        details: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            title: title.into(),
            details: Some(details.into()),
            reason: None,
            allow: None,
            retry_after: None,
            face: None,
            set_cookie: None,
        }
    }

    pub fn bad_request(
        title: impl Into<Cow<'static, str>>,
        details: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, title, details)
    }

    pub fn unauthorized(
        title: impl Into<Cow<'static, str>>,
        details: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, title, details)
    }

    pub fn not_found(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, title, "")
    }

    /// A path that neither API knows.
    pub fn no_route() -> Self {
        Self::not_found("Not Found").on_both_faces()
    }

    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
                format!("this path answers {allow}"),
            )
        }
    }

    /// `what` there was too much of, and how long until the next is let in.
    pub fn too_many_requests(what: &str, wait: Duration) -> Self {
        let seconds = u16::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u16::MAX);
        let seconds = NonZeroU16::new(seconds).unwrap_or(NonZeroU16::MIN);
        let details = format!("{what}, try again in {seconds} s");
        Self {
            retry_after: Some(seconds),
            reason: Some(Reason::RateLimited),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests", details)
        }
    }

    pub fn internal() -> Self {
        Self {
            details: None,
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal Server Error",
                "",
            )
        }
    }

    #[must_use]
    pub const fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    #[must_use]
    pub const fn on_both_faces(mut self) -> Self {
        self.face = Some(Face::Both);
        self
    }

    /// Why, in the metrics: what has no stable code is told by its status.
    pub fn counted_as(&self) -> Reason {
        match (self.status, self.reason) {
            (StatusCode::SERVICE_UNAVAILABLE, _) => Reason::Unavailable,
            (StatusCode::INSUFFICIENT_STORAGE, _) => Reason::StoreFull,
            (status, _) if status.is_server_error() => Reason::Internal,
            (_, Some(reason)) => reason,
            (StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE, None) => {
                Reason::InvalidRequest
            }
            (StatusCode::UNAUTHORIZED, None) => Reason::Unauthorized,
            (StatusCode::NOT_FOUND, None) => Reason::NotFound,
            (_, None) => Reason::Other,
        }
    }

    /// In the envelope of that API.
    pub fn answer(&self, face: Face) -> HttpResponse {
        let mut response = self.body(face);
        let headers = response.headers_mut();
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(cookie) = &self.set_cookie {
            headers.insert(SET_COOKIE, (**cookie).clone());
        }
        let passes = matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE
        );
        if let Some(seconds) = self.retry_after.or(passes.then_some(NonZeroU16::MIN)) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.get()));
        }
        response
    }

    fn body(&self, face: Face) -> HttpResponse {
        let status = self.status.as_u16();
        let reason = self.reason.map(Reason::as_str);
        let passkey = Envelope {
            title: &self.title,
            details: self.details.as_deref(),
            status,
            reason,
        };
        let public = PublicEnvelope {
            code: status,
            message: &self.title,
        };
        let response = HttpResponse::build(self.status);
        match face {
            Face::Passkey => json(response, &passkey),
            // Why a login was refused may tell who is there.
            Face::Public => {
                let reason = reason.filter(|_| self.status != StatusCode::UNAUTHORIZED);
                json(response, &Reasoned { public, reason })
            }
            Face::Both => json(response, &BothEnvelopes { passkey, public }),
        }
    }
}

/// What every error of the Public API answers.
#[derive(Serialize)]
struct PublicEnvelope<'a> {
    code: u16,
    message: &'a str,
}

#[derive(Serialize)]
struct Reasoned<'a> {
    #[serde(flatten)]
    public: PublicEnvelope<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct BothEnvelopes<'a> {
    #[serde(flatten)]
    passkey: Envelope<'a>,
    #[serde(flatten)]
    public: PublicEnvelope<'a>,
}

/// What every error answers.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct Envelope<'a> {
    /// What went wrong; fixed texts of the contract.
    title: &'a str,
    /// What to change; empty where the title says it all, absent where the failure is the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<&'a str>,
    /// The HTTP status again.
    status: u16,
    /// A stable code for programs, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "challenge_unknown")]
    reason: Option<&'static str>,
}

/// The table. A contract that has its own words for a rejection says them before it comes to this.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::TenantNotFound => Self::not_found("tenant not found"),
            Refusal::TooBusy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "too many requests are under way, try again in a moment",
            ),
            Refusal::Interrupted => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "the request was interrupted, try again in a moment",
            ),
            Refusal::StoreFull => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "Insufficient Storage",
                "the server has no space left to store this, its operator must free some",
            ),
            Refusal::Quarantined | Refusal::StoreFailed => Self::internal(),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let problem = Self::new(status(rejection), title(rejection), details(rejection));
        problem.because(reason(rejection))
    }
}

const fn status(rejection: Rejection) -> StatusCode {
    match rejection {
        Rejection::ChallengeUnknown
        | Rejection::ChallengeExpired
        | Rejection::NoUsableCredential => StatusCode::BAD_REQUEST,
        Rejection::UserHandleUnknown
        | Rejection::UserHandleUnreadable
        | Rejection::UserUnknown
        | Rejection::UserHandleMismatch
        | Rejection::CredentialUnknown
        | Rejection::CredentialNotAllowed
        | Rejection::CounterNotGreater
        | Rejection::BackupEligibilityChanged => StatusCode::UNAUTHORIZED,
        Rejection::UserNotFound
        | Rejection::UserGone
        | Rejection::CredentialNotFound
        | Rejection::SecretNotFound
        | Rejection::SessionNotFound => StatusCode::NOT_FOUND,
        Rejection::TooManyCredentials
        | Rejection::CredentialTaken
        | Rejection::KeyNameTaken
        | Rejection::TooManyApiKeys
        | Rejection::TransactionTaken
        | Rejection::TooManySigningKeys
        | Rejection::SigningKeyInUse
        | Rejection::SigningKeyNeeded
        | Rejection::Concurrent => StatusCode::CONFLICT,
    }
}

const fn title(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::ChallengeUnknown => "received challenge does not match with any stored one",
        Rejection::ChallengeExpired => "Session has Expired",
        Rejection::UserNotFound | Rejection::UserGone => "user not found",
        Rejection::NoUsableCredential => "user has no suitable credentials for this operation",
        Rejection::CredentialNotFound => "credential not found",
        Rejection::SecretNotFound => "secret not found",
        Rejection::SessionNotFound => "session not found",
        Rejection::UserHandleUnknown | Rejection::UserHandleUnreadable | Rejection::UserUnknown => {
            "failed to get user handle"
        }
        Rejection::UserHandleMismatch
        | Rejection::CredentialUnknown
        | Rejection::CredentialNotAllowed
        | Rejection::CounterNotGreater
        | Rejection::BackupEligibilityChanged => "failed to validate assertion",
        Rejection::TooManyCredentials => "too many credentials",
        Rejection::CredentialTaken => "credential already registered",
        Rejection::KeyNameTaken | Rejection::TooManyApiKeys | Rejection::TooManySigningKeys => {
            "unable to create key"
        }
        Rejection::SigningKeyInUse | Rejection::SigningKeyNeeded => "unable to remove key",
        Rejection::TransactionTaken => "transaction already exists",
        Rejection::Concurrent => "Conflict",
    }
}

const fn details(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::ChallengeUnknown
        | Rejection::UserNotFound
        | Rejection::UserGone
        | Rejection::CredentialNotFound
        | Rejection::SecretNotFound
        | Rejection::SessionNotFound
        | Rejection::TransactionTaken => "",
        Rejection::ChallengeExpired => "begin the ceremony again",
        Rejection::NoUsableCredential => "register a passkey for this user first",
        Rejection::UserHandleUnknown | Rejection::UserHandleUnreadable | Rejection::UserUnknown => {
            "user not found"
        }
        Rejection::UserHandleMismatch => "userHandle and User ID do not match",
        Rejection::CredentialUnknown => {
            "Unable to find the credential for the returned credential ID"
        }
        Rejection::CredentialNotAllowed => "User does not own the credential returned",
        Rejection::CounterNotGreater => {
            "the signature counter did not grow, the authenticator may have been cloned"
        }
        Rejection::BackupEligibilityChanged => {
            "the backup eligibility of the credential has changed since registration"
        }
        Rejection::TooManyCredentials => {
            "the user has as many credentials as the tenant allows, remove one first"
        }
        Rejection::CredentialTaken => {
            "this authenticator holds a registered credential already, sign in with it"
        }
        Rejection::KeyNameTaken => "a key of this name exists",
        Rejection::TooManyApiKeys | Rejection::TooManySigningKeys => {
            "the tenant has as many keys as it may, remove one first"
        }
        Rejection::SigningKeyInUse => {
            "this key signs the tenant's tokens, or is about to: create another, which takes over, and remove this one when its last token has expired"
        }
        Rejection::SigningKeyNeeded => {
            "tokens that this key has signed are still good, remove it when the last of them has expired"
        }
        Rejection::Concurrent => "somebody else changed the same thing at the same time, try again",
    }
}

/// Stable codes for programs; the titles are the contract's and say less.
const fn reason(rejection: Rejection) -> Reason {
    match rejection {
        Rejection::ChallengeUnknown => Reason::ChallengeUnknown,
        Rejection::ChallengeExpired => Reason::ChallengeExpired,
        Rejection::UserNotFound => Reason::UserNotFound,
        Rejection::UserGone => Reason::UserGone,
        Rejection::NoUsableCredential => Reason::NoUsableCredential,
        Rejection::TooManyCredentials => Reason::TooManyCredentials,
        Rejection::CredentialTaken => Reason::CredentialTaken,
        Rejection::CredentialNotFound => Reason::CredentialNotFound,
        Rejection::UserHandleUnknown | Rejection::UserHandleUnreadable | Rejection::UserUnknown => {
            Reason::UserHandleUnknown
        }
        Rejection::UserHandleMismatch => Reason::UserHandleMismatch,
        Rejection::CredentialUnknown => Reason::CredentialUnknown,
        Rejection::CredentialNotAllowed => Reason::CredentialNotAllowed,
        Rejection::CounterNotGreater => Reason::CounterNotGreater,
        Rejection::BackupEligibilityChanged => Reason::BackupEligibilityChanged,
        Rejection::SecretNotFound => Reason::SecretNotFound,
        Rejection::SessionNotFound => Reason::SessionNotFound,
        Rejection::KeyNameTaken => Reason::KeyNameTaken,
        Rejection::TooManyApiKeys => Reason::TooManyApiKeys,
        Rejection::TransactionTaken => Reason::TransactionTaken,
        Rejection::TooManySigningKeys => Reason::TooManySigningKeys,
        Rejection::SigningKeyInUse => Reason::SigningKeyInUse,
        Rejection::SigningKeyNeeded => Reason::SigningKeyNeeded,
        Rejection::Concurrent => Reason::Concurrent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_code_is_counted_by_its_status() {
        for (problem, counted) in [
            (Refusal::TooBusy.into(), Reason::Unavailable),
            (Refusal::Interrupted.into(), Reason::Unavailable),
            (Refusal::StoreFull.into(), Reason::StoreFull),
            (Refusal::StoreFailed.into(), Reason::Internal),
            (Refusal::Quarantined.into(), Reason::Internal),
            (Rejection::CredentialTaken.into(), Reason::CredentialTaken),
            (Problem::bad_request("", ""), Reason::InvalidRequest),
            (Problem::unauthorized("", ""), Reason::Unauthorized),
            (Problem::not_found(""), Reason::NotFound),
            (Problem::method_not_allowed("GET"), Reason::Other),
        ] {
            let problem: Problem = problem;
            assert_eq!(problem.counted_as(), counted, "{problem:?}");
            let is_failure = problem.status.is_server_error();
            assert_eq!(counted.is_failure(), is_failure, "{problem:?}");
        }
    }
}
