//! `/tenants/{tenant_id}/users` (contract §5.5): by this server's ids for them, and only this tenant's.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Answer;
use crate::http::answer::json;
use crate::http::call::{Call, Tenant};
use crate::http::error::Problem;
use crate::http::openapi::shapes::Direction;
use crate::http::paging::{Order, Page, PageParameters, Query};
use crate::http::passkey::credentials::CredentialBody;
use crate::http::passkey::transaction::{TransactionBody, WHOLE_MAX};
use crate::tenant::packed::Account;
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;
use crate::tenant::user::{DeleteUser, User};

/// A user in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserListed)]
struct UserBody {
    /// This server's id for the user.
    id: Uuid,
    /// The relying party's.
    user_id: String,
    name: String,
    icon: String,
    display_name: String,
}

/// A user with what is theirs; of the transactions as many as one page has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
struct UserShown<'a> {
    #[serde(flatten)]
    user: UserBody,
    credentials: Vec<CredentialBody>,
    transactions: Vec<TransactionBody<'a>>,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        let profile = &user.profile;
        Self {
            id: user.internal_id,
            user_id: profile.id.as_str().to_owned(),
            name: profile.name.to_string(),
            icon: profile.icon.as_deref().unwrap_or_default().to_owned(),
            display_name: profile.display_name.to_string(),
        }
    }
}

/// List users
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users",
    tag = "users",
    operation_id = "users_list",
    params(("tenant_id" = uuid::Uuid, Path), ("sort_direction" = inline(Option<Direction>), Query, description = "By time of creation"), PageParameters),
    responses((status = 200, description = "The users", body = Vec<UserBody>)),
)]
pub(super) fn list(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let query = Query::of(&call.request);
    let page = Page::of(&query, PARSE).map_err(|_| Problem::bad_request(PARSE, ""))?;
    let order = order(&query)?;
    let (total, bodies) = {
        let state = tenant.read();
        (state.users.len(), bodies(&state, order, page))
    };
    Ok(page.answer(call, total, &bodies))
}

/// Show a user
///
/// With their credentials, and at most a thousand of their transactions.
#[utoipa::path(
    get,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "users",
    operation_id = "user_show",
    params(("tenant_id" = uuid::Uuid, Path), ("user_id" = uuid::Uuid, Path, description = "This server's id for the user")),
    responses((status = 200, description = "The user", body = UserShown)),
)]
pub(super) fn show(tenant: &Tenant<'_>, text: &str) -> Answer {
    let id = parse_id(text)?;
    let (user, credentials, transactions) = {
        let state = tenant.read();
        let account = state.account(id).ok_or(Rejection::UserNotFound)?;
        let credentials = state.credentials_in(Some(account));
        let transactions = account.transactions().iter().take(WHOLE_MAX);
        let transactions = transactions.filter_map(|id| state.transaction(id)).cloned();
        (
            UserBody::from(&account.user()),
            credentials.map(CredentialBody::from).collect(),
            transactions.collect::<Vec<_>>(),
        )
    };
    let transactions = transactions.iter();
    let shown = UserShown {
        user,
        credentials,
        transactions: transactions
            .map(|it| TransactionBody::from(&**it))
            .collect(),
    };
    Ok(json(HttpResponse::Ok(), &shown))
}

/// Delete a user
///
/// With their credentials. The ids of their transactions stay taken.
#[utoipa::path(
    delete,
    path = "/tenants/{tenant_id}/users/{user_id}",
    tag = "users",
    operation_id = "user_delete",
    params(("tenant_id" = uuid::Uuid, Path), ("user_id" = uuid::Uuid, Path, description = "This server's id for the user")),
    responses((status = 204, description = "Gone")),
)]
pub(super) async fn delete(tenant: &Tenant<'_>, text: &str) -> Answer {
    let id = parse_id(text)?;
    let delete = DeleteUser::of(&tenant.read(), id)?;
    tenant.execute(delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn order(query: &Query) -> Result<Order, Problem> {
    let word = query.text("sort_direction").unwrap_or("desc");
    Order::parse(&word.to_ascii_lowercase())
        .ok_or_else(|| Problem::bad_request("sort_direction must be desc or asc", ""))
}

fn bodies(state: &TenantState, order: Order, page: Page) -> Vec<UserBody> {
    let body = |account: Account<'_>| UserBody::from(&account.user());
    let accounts = state.accounts();
    match order {
        Order::OldestFirst => page.select(accounts).map(body).collect(),
        Order::NewestFirst => page.select(accounts.rev()).map(body).collect(),
    }
}

fn parse_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::try_parse(text).map_err(|_| Problem::bad_request("invalid user_id", ""))
}

const PARSE: &str = "unable to parse request";
