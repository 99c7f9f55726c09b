//! `POST /{tenant_id}/transaction/initialize` and `/finalize`, and `GET /{tenant_id}/transaction/{user}` (contract §2.5 to §2.7).

use std::sync::Arc;

use actix_web::HttpResponse;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::texts;
use crate::http::Answer;
use crate::http::answer::json;
use crate::http::call::{Call, Keyed};
use crate::http::ceremony::{self, measured};
use crate::http::error::Problem;
use crate::http::paging::{Page, Query};
use crate::http::time;
use crate::http::validation::Validation;
use crate::telemetry::worker::Step;
use crate::tenant::canonical_json::{CanonicalError, canonical};
use crate::tenant::ids::{TransactionId, UserId};
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;
use crate::tenant::transaction::{SaveTransaction, Transaction};
use crate::tenant::user::Account;

#[derive(Debug, Default, Deserialize)]
struct InitializeBody {
    user_id: Option<String>,
    transaction_id: Option<String>,
    transaction_data: Option<Box<RawValue>>,
}

/// A transaction on the wire.
#[derive(Debug, Serialize)]
pub struct TransactionBody<'a> {
    id: Uuid,
    identifier: &'a str,
    /// JSON as a text.
    data: &'a str,
    created_at: String,
    updated_at: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<String>,
}

impl<'a> From<&'a Transaction> for TransactionBody<'a> {
    fn from(transaction: &'a Transaction) -> Self {
        let confirmed_at = transaction.confirmed_at;
        Self {
            id: transaction.internal_id,
            identifier: transaction.id.as_str(),
            data: &transaction.data,
            created_at: time::rfc3339(transaction.created_at),
            updated_at: time::rfc3339(confirmed_at.unwrap_or(transaction.created_at)),
            status: confirmed_at.map_or("initialized", |_| "confirmed"),
            confirmed_at: confirmed_at.map(time::rfc3339),
        }
    }
}

pub(super) async fn initialize(call: &Call, tenant: &Keyed<'_>) -> Answer {
    measured(call, Step::TransactionInitialize, async {
        let body: InitializeBody = call.body.json(texts::BIND)?;
        let options = ceremony::transaction::initialize(tenant, body.into_command()?).await;
        let options = options.map_err(texts::transaction_initialize)?;
        Ok(super::options(options))
    })
    .await
}

pub(super) async fn finalize(call: &Call, tenant: &Keyed<'_>) -> Answer {
    measured(call, Step::TransactionFinalize, async {
        let proof = ceremony::transaction::finalize(tenant, &call.body.bytes).await;
        let proof = proof.map_err(texts::transaction)?;
        Ok(super::token(&ceremony::token(tenant, &proof).await?))
    })
    .await
}

/// A user's transactions, the oldest first: all of them, up to a thousand on a page.
pub(super) fn list(call: &Call, tenant: &Keyed<'_>, user: &str) -> Answer {
    let query = Query::of(&call.request);
    let asked = Page::of(&query, texts::BIND)?;
    let (page, total, transactions): (_, _, Vec<Arc<Transaction>>) = {
        let state = tenant.read();
        let account = named(&state, user)?;
        let total = account.map_or(0, |account| account.transactions.len());
        let whole = Page::whole(total.min(WHOLE_MAX));
        let page = if Page::is_asked_for(&query) {
            asked
        } else {
            whole
        };
        let all = account
            .into_iter()
            .flat_map(|account| state.transactions_of(account));
        (page, total, page.select(all).cloned().collect())
    };
    let bodies: Vec<_> = transactions
        .iter()
        .map(|it| TransactionBody::from(&**it))
        .collect();
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("link", page.link(&call.request, total)))
        .insert_header(("x-total-count", total));
    Ok(json(response, &bodies))
}

impl InitializeBody {
    fn into_command(self) -> Result<SaveTransaction, Problem> {
        let data = self.transaction_data.map(|data| canonical(&data));
        let data = data.transpose().map_err(uncanonical)?;
        let mut validation = Validation::default();
        let user_id = validation.required("user_id", self.user_id);
        let id = validation.required("transaction_id", self.transaction_id);
        validation.at_most("transaction_id", &id, TransactionId::LENGTH_MAX);
        let data = validation.present("transaction_data", data);
        validation.finish(texts::VALIDATE)?;
        // A name that nobody may have is nobody's.
        let user = UserId::parse(&user_id).ok_or(Rejection::UserNotFound.into());
        Ok(SaveTransaction {
            user: user.map_err(texts::transaction_initialize)?,
            id: TransactionId::parse(&id).ok_or_else(Problem::internal)?,
            data: data.into(),
        })
    }
}

fn uncanonical(error: CanonicalError) -> Problem {
    let title = match error {
        CanonicalError::TooDeep | CanonicalError::NumberTooLarge => texts::BIND,
        CanonicalError::TooLong => texts::VALIDATE,
    };
    Problem::bad_request(title, format!("transaction_data {error}"))
}

/// By the relying party's name for the user or by ours; nobody where it might be one of ours and is not.
fn named<'a>(state: &'a TenantState, text: &str) -> Result<Option<&'a Account>, Problem> {
    let text = percent_decode_str(text).decode_utf8_lossy();
    let user = UserId::parse(&text).and_then(|user| state.users.get(&user));
    match (user, Uuid::try_parse(&text)) {
        (Some(account), _) => Ok(Some(account)),
        (None, Ok(internal_id)) => Ok(state.account(internal_id)),
        (None, Err(_)) => Err(Problem::bad_request(
            "invalid user id",
            "neither a known user_id nor a UUID",
        )),
    }
}

/// So many come unless a page is asked for; `Link` tells of more.
const WHOLE_MAX: usize = 1000;
