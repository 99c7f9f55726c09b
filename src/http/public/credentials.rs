//! `GET /webauthn/credentials`, `PATCH` and `DELETE` of one (contract §2.5 to §2.7): only ever the caller's own.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::subject;
use crate::actor::Refusal;
use crate::http::Answer;
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::credential::{CredentialShown, parse_id};
use crate::http::error::Problem;
use crate::tenant::credential::{DeleteCredential, RenameCredential};
use crate::tenant::ids::{CredentialId, UserId};
use crate::tenant::packed::Stored;
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;

/// A credential on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnCredential)]
pub(super) struct CredentialBody {
    #[serde(flatten)]
    shown: CredentialShown,
    mfa_only: bool,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = OwnCredentialRename)]
struct RenameBody {
    /// Absent: the name stays.
    #[schema(min_length = 1, max_length = 255, example = "My phone")]
    name: Option<String>,
}

impl From<Stored<'_>> for CredentialBody {
    fn from(stored: Stored<'_>) -> Self {
        let credential = stored.credential();
        Self {
            shown: CredentialShown::from(&credential),
            mfa_only: credential.is_mfa,
        }
    }
}

/// List the user's passkeys
///
/// All of them, in the order of registration.
#[utoipa::path(
    get,
    path = "/webauthn/credentials",
    tag = "public: passkeys",
    operation_id = "public_credentials_list",
    responses((status = 200, description = "The passkeys", body = Vec<CredentialBody>)),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn list(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let subject = subject(call, tenant).await?;
    let bodies = of_user(&tenant.read(), &subject.user);
    Ok(json(private(HttpResponse::Ok()), &bodies))
}

/// In the order of registration.
pub(super) fn of_user(state: &TenantState, user: &UserId) -> Vec<CredentialBody> {
    state.credentials_of(user).map(Into::into).collect()
}

/// Rename one of the user's passkeys
#[utoipa::path(
    patch,
    path = "/webauthn/credentials/{credential_id}",
    tag = "public: passkeys",
    operation_id = "public_credential_rename",
    params(("credential_id" = String, Path, description = "Base64url without padding")),
    request_body = Option<RenameBody>,
    responses((status = 200, description = "Renamed; the answer has no body")),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn rename(call: &Call, tenant: &Tenant<'_>, id: &str) -> Answer {
    let subject = subject(call, tenant).await?;
    let body: RenameBody = call.body.bind()?;
    let id = parse_id(id).ok_or_else(not_found)?;
    match body.name {
        Some(name) => {
            let rename = RenameCredential {
                id,
                name: checked(name)?,
                of_user: Some(subject.user),
            };
            tenant.execute(rename).await.map_err(refused)?;
        }
        None if owns(&tenant.read(), &subject.user, &id) => {}
        None => return Err(not_found()),
    }
    Ok(HttpResponse::Ok().finish())
}

/// Remove one of the user's passkeys
#[utoipa::path(
    delete,
    path = "/webauthn/credentials/{credential_id}",
    tag = "public: passkeys",
    operation_id = "public_credential_delete",
    params(("credential_id" = String, Path, description = "Base64url without padding")),
    responses((status = 204, description = "Gone")),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn delete(call: &Call, tenant: &Tenant<'_>, id: &str) -> Answer {
    let delete = DeleteCredential {
        of_user: Some(subject(call, tenant).await?.user),
        id: parse_id(id).ok_or_else(not_found)?,
    };
    tenant.execute(delete).await.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

fn checked(name: String) -> Result<Box<str>, Problem> {
    if (1..=NAME_LENGTH_MAX).contains(&name.chars().count()) {
        return Ok(name.into());
    }
    Err(Problem::bad_request(
        "name must have 1 to 255 characters",
        "",
    ))
}

fn owns(state: &TenantState, user: &UserId, id: &CredentialId) -> bool {
    let stored = state.credential(id);
    stored.is_some_and(|stored| stored.is_of(user))
}

/// One of somebody else is as unknown as none.
fn not_found() -> Problem {
    Problem::not_found("Not Found")
}

fn refused(refusal: Refusal) -> Problem {
    if refusal == Refusal::Rejected(Rejection::CredentialNotFound) {
        return not_found();
    }
    refusal.into()
}

const NAME_LENGTH_MAX: usize = 255;
