//! `GET /me` and `GET /users/{id}` (contract §2.8): what is known of whoever asks, and of nobody else.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::credentials::{self, CredentialBody};
use super::session::{Subject, subject};
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::{Answer, time};
use crate::tenant::ids::TenantId;
use crate::tenant::packed::Account;
use crate::tenant::session::user_named;
use crate::tenant::state::TenantState;

/// `id` for the older clients, the rest for the younger.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
struct ProfileBody {
    id: String,
    user_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    passkeys: Vec<CredentialBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    security_keys: Vec<CredentialBody>,
    mfa_config: MfaConfigBody,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    emails: Vec<EmailBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<UsernameBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    name: Option<Box<str>>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OwnUser)]
struct UserBody {
    #[serde(flatten)]
    profile: ProfileBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    email: Option<Box<str>>,
    /// All of them: their number decides whether a client offers to make one.
    webauthn_credentials: Vec<CredentialBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MfaConfig)]
struct MfaConfigBody {
    auth_app_set_up: bool,
    totp_enabled: bool,
    security_keys_enabled: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Email)]
struct EmailBody {
    id: Uuid,
    #[schema(value_type = String)]
    address: Box<str>,
    is_verified: bool,
    is_primary: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Username)]
struct UsernameBody {
    id: Uuid,
    #[schema(value_type = String)]
    username: Box<str>,
}

/// Who asks
///
/// Also where the user has no passkey yet.
#[utoipa::path(
    get,
    path = "/me",
    tag = "public: sessions",
    operation_id = "public_me",
    responses((status = 200, description = "What is known of the user", body = ProfileBody)),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn me(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let subject = subject(call, tenant).await?;
    let body = ProfileBody::of(&subject, &tenant.read());
    Ok(json(private(HttpResponse::Ok()), &body))
}

/// The user of the session
///
/// Nobody is shown anybody else.
#[utoipa::path(
    get,
    path = "/users/{user_id}",
    tag = "public: sessions",
    operation_id = "public_user",
    params(("user_id" = String, Path, description = "The id of the user who asks")),
    responses((status = 200, description = "What is known of the user", body = UserBody)),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn user(call: &Call, tenant: &Tenant<'_>, id: &str) -> Answer {
    let subject = subject(call, tenant).await?;
    let is_own = user_named(id, &tenant.read()).is_some_and(|user| user == subject.user);
    if !is_own {
        let details = "only the user of the session is shown";
        return Err(Problem::new(StatusCode::FORBIDDEN, "Forbidden", details));
    }
    let body = {
        let state = tenant.read();
        UserBody {
            profile: ProfileBody::of(&subject, &state),
            email: email(&subject, &state),
            webauthn_credentials: credentials::of_user(&state, &subject.user),
        }
    };
    Ok(json(private(HttpResponse::Ok()), &body))
}

impl ProfileBody {
    fn of(subject: &Subject, state: &TenantState) -> Self {
        let account = state.users.get(&subject.user);
        let since = account.map_or(subject.since, Account::created_at);
        let (second, first): (Vec<_>, Vec<_>) = state
            .credentials_of(&subject.user)
            .partition(|stored| stored.is_mfa());
        let email = email(subject, state);
        let username = subject
            .name
            .clone()
            .filter(|name| Some(name) != email.as_ref());
        let id = |what: &str| derived(state.id, subject, what);
        Self {
            id: subject.user.as_str().to_owned(),
            user_id: subject.user.as_str().to_owned(),
            mfa_config: MfaConfigBody {
                auth_app_set_up: false,
                totp_enabled: false,
                security_keys_enabled: !second.is_empty(),
            },
            passkeys: first.into_iter().map(Into::into).collect(),
            security_keys: second.into_iter().map(Into::into).collect(),
            username: username.map(|username| UsernameBody {
                id: id("username"),
                username,
            }),
            emails: email
                .map(|address| EmailBody {
                    id: id(&address),
                    address,
                    is_verified: true,
                    is_primary: true,
                })
                .into_iter()
                .collect(),
            name: subject.display_name.clone(),
            created_at: time::rfc3339(since),
            updated_at: time::rfc3339(since),
        }
    }
}

/// What the session says, else what an earlier one has said.
fn email(subject: &Subject, state: &TenantState) -> Option<Box<str>> {
    let known = state.users.get(&subject.user);
    let known = known.and_then(Account::email);
    subject.email.clone().or(known)
}

/// Old clients want an id for an address; it has none of its own, and always gets the same.
fn derived(TenantId(tenant): TenantId, subject: &Subject, what: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(tenant.as_bytes());
    for text in [subject.user.as_str(), what] {
        hash.update(text);
        hash.update([0xff]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
