//! `GET /{tenant_id}/credentials`, and `GET`, `PATCH`, `DELETE` of one (contract §2.9).

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::texts;
use crate::actor::Refusal;
use crate::http::Answer;
use crate::http::answer::json;
use crate::http::call::{Call, Keyed, Tenant};
use crate::http::credential::{CredentialShown, parse_id};
use crate::http::error::Problem;
use crate::http::openapi::shapes::Direction;
use crate::http::paging::{Order, Page, PageParameters, Query};
use crate::http::validation::Validation;
use crate::tenant::credential::{DeleteCredential, RenameCredential};
use crate::tenant::ids::UserId;
use crate::tenant::packed::Stored;
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;

/// A credential on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub struct CredentialBody {
    #[serde(flatten)]
    shown: CredentialShown,
    is_mfa: bool,
    user_id: String,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = CredentialRename)]
pub(super) struct RenameBody {
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 255,
        example = "My phone"
    )]
    name: Option<String>,
}

impl From<Stored<'_>> for CredentialBody {
    fn from(stored: Stored<'_>) -> Self {
        let credential = stored.credential();
        Self {
            shown: CredentialShown::from(&credential),
            is_mfa: credential.is_mfa,
            user_id: credential.user.as_str().to_owned(),
        }
    }
}

/// List credentials
///
/// Those of a user, or of the whole tenant. With `user_id` and without paging parameters all of the user's come.
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials",
    tag = "credentials",
    operation_id = "credentials_list",
    params(
        ("tenant_id" = uuid::Uuid, Path),
        ("user_id" = Option<String>, Query, description = "Whose, by your own name for them"),
        ("order" = inline(Option<Direction>), Query, description = "By time of registration"),
        PageParameters,
    ),
    responses((status = 200, description = "The credentials", body = Vec<CredentialBody>)),
    security(("apiKey" = [])),
)]
pub fn list(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let query = Query::of(&call.request);
    let order = order(&query)?;
    let asked = Page::of(&query, texts::BIND)?;
    let (page, total, bodies) = {
        let state = tenant.read();
        let credentials = of_user_or_all(&state, query.text("user_id"));
        let total = credentials.len();
        let whole = query.text("user_id").is_some() && !Page::is_asked_for(&query);
        let page = if whole { Page::whole(total) } else { asked };
        (page, total, bodies(credentials, order, page))
    };
    Ok(page.answer(call, total, &bodies))
}

/// Show a credential
#[utoipa::path(
    get,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "credentials",
    operation_id = "credential_show",
    params(("tenant_id" = uuid::Uuid, Path), ("credential_id" = String, Path, description = "As the lists show it: base64url without padding")),
    security(("apiKey" = [])),
    responses((status = 200, description = "The credential", body = CredentialBody)),
)]
pub fn show(tenant: &Tenant<'_>, text: &str) -> Answer {
    let id = parse_id(text).ok_or_else(|| unknown(text))?;
    let state = tenant.read();
    let stored = state.credential(&id).ok_or_else(|| unknown(text))?;
    let body = CredentialBody::from(stored);
    Ok(json(HttpResponse::Ok(), &body))
}

/// Rename a credential
#[utoipa::path(
    patch,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "credentials",
    operation_id = "credential_rename",
    params(("tenant_id" = uuid::Uuid, Path), ("credential_id" = String, Path, description = "As the lists show it: base64url without padding")),
    security(("apiKey" = [])),
    request_body = RenameBody,
    responses((status = 204, description = "Renamed")),
)]
pub async fn rename(call: &Call, tenant: &Keyed<'_>, text: &str) -> Answer {
    let body: RenameBody = call.body.json(texts::BIND)?;
    let mut validation = Validation::default();
    let name = validation.required("name", body.name);
    validation.at_most("name", &name, NAME_LENGTH_MAX);
    validation.finish(texts::VALIDATE)?;
    let id = parse_id(text).ok_or_else(|| unknown(text))?;
    let name = name.into();
    let renamed = tenant
        .execute(RenameCredential {
            id,
            name,
            of_user: None,
        })
        .await;
    renamed.map_err(|refusal| refused(refusal, text))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Delete a credential
#[utoipa::path(
    delete,
    path = "/{tenant_id}/credentials/{credential_id}",
    tag = "credentials",
    operation_id = "credential_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("credential_id" = String, Path, description = "As the lists show it: base64url without padding")),
    security(("apiKey" = [])),
    responses((status = 204, description = "Deleted; it signs in no more")),
)]
pub(super) async fn delete(tenant: &Tenant<'_>, text: &str) -> Answer {
    remove(tenant, text, None).await
}

/// Removes a credential; with a user, only theirs.
pub async fn remove(tenant: &Tenant<'_>, text: &str, of_user: Option<UserId>) -> Answer {
    let id = parse_id(text).ok_or_else(|| unknown(text))?;
    let deleted = tenant.execute(DeleteCredential { id, of_user }).await;
    deleted.map_err(|refusal| refused(refusal, text))?;
    Ok(HttpResponse::NoContent().finish())
}

fn order(query: &Query) -> Result<Order, Problem> {
    let word = query.text("order").unwrap_or("desc");
    Order::parse(word)
        .ok_or_else(|| Problem::bad_request(texts::VALIDATE, "Order must be one of 'desc asc'"))
}

fn of_user_or_all<'a>(state: &'a TenantState, user_id: Option<&str>) -> Vec<Stored<'a>> {
    match user_id {
        Some(user_id) => match UserId::parse(user_id) {
            Some(user) => state.credentials_of(&user).collect(),
            None => Vec::new(),
        },
        None => state.all_credentials().collect(),
    }
}

fn bodies(mut credentials: Vec<Stored<'_>>, order: Order, page: Page) -> Vec<CredentialBody> {
    credentials.sort_by_key(|stored| (stored.created_at(), stored.id_bytes()));
    if order == Order::NewestFirst {
        credentials.reverse();
    }
    page.select(credentials.into_iter())
        .map(CredentialBody::from)
        .collect()
}

fn unknown(text: &str) -> Problem {
    Problem::not_found(format!("credential with id '{text}' not found"))
}

fn refused(refusal: Refusal, text: &str) -> Problem {
    if refusal == Refusal::Rejected(Rejection::CredentialNotFound) {
        return unknown(text);
    }
    refusal.into()
}

const NAME_LENGTH_MAX: usize = 255;
