//! `POST /{tenant_id}/transaction/initialize` and `/finalize`, and `GET /{tenant_id}/transaction/{user}` (contract §2.5 to §2.7).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{TokenBody, texts};
use crate::http::Answer;
use crate::http::call::{Call, Keyed};
use crate::http::ceremony::audit::tell_begun;
use crate::http::ceremony::{self, About, measured};
use crate::http::error::{Envelope, Problem};
use crate::http::openapi::ceremonies::{AuthenticationCredential, RequestOptions};
use crate::http::openapi::shapes::AnyJson;
use crate::http::paging::{Page, PageParameters, Query};
use crate::http::time;
use crate::http::validation::Validation;
use crate::telemetry::worker::Step;
use crate::tenant::canonical_json::{CanonicalError, canonical};
use crate::tenant::ids::{TransactionId, UserId};
use crate::tenant::packed::Account;
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;
use crate::tenant::token::Operation;
use crate::tenant::transaction::{SaveTransaction, Transaction};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = TransactionInitialize)]
pub(super) struct InitializeBody {
    /// Who is to confirm it.
    #[schema(required, nullable = false, min_length = 1, example = "ann")]
    user_id: Option<String>,
    /// Your name for it. It is taken for ever, whatever becomes of the transaction.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 128,
        example = "order-4711"
    )]
    transaction_id: Option<String>,
    /// What is confirmed: any JSON but `null`. Its canonical form is in the challenge that the authenticator signs.
    #[schema(required, nullable = false, value_type = AnyJson, example = json!({"amount": 12.5, "to": "DE89 3704"}))]
    transaction_data: Option<Box<RawValue>>,
}

/// A transaction on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transaction)]
pub struct TransactionBody<'a> {
    id: Uuid,
    /// Your `transaction_id`.
    identifier: &'a str,
    /// The canonical JSON, as a text.
    data: &'a str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// `initialized` or `confirmed`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
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

/// Begin a transaction
///
/// The challenge is 32 random bytes and the SHA-256 of the id and the canonical data, so the signature is over both.
#[utoipa::path(
    post,
    path = "/{tenant_id}/transaction/initialize",
    tag = "transactions",
    operation_id = "transaction_initialize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = InitializeBody,
    responses((status = 200, description = "The options; the id is durable", body = RequestOptions)),
    security(("apiKey" = [])),
)]
pub(super) async fn initialize(call: &Call, tenant: &Keyed<'_>) -> Answer {
    let answer = async {
        let body: InitializeBody = call.body.json(texts::BIND)?;
        let save = body.into_command()?;
        let note = tenant.tells_initialize().then(|| save.note());
        let begun = ceremony::transaction::initialize(tenant, save).await;
        if let Some(note) = note {
            tell_begun(tenant, note, &begun, texts::transaction_initialize);
        }
        let options = begun.map_err(texts::transaction_initialize)?;
        Ok(super::options(options))
    };
    measured(call, Step::TransactionInitialize, answer.await)
}

/// Confirm a transaction
#[utoipa::path(
    post,
    path = "/{tenant_id}/transaction/finalize",
    tag = "transactions",
    operation_id = "transaction_finalize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = AuthenticationCredential,
    responses(
        (status = 200, description = "The token names the transaction in `trans`", body = TokenBody),
        (status = 401, description = "The API key or the authenticator's response is not accepted", body = Envelope),
    ),
    security(("apiKey" = [])),
)]
pub(super) async fn finalize(call: &Call, tenant: &Keyed<'_>) -> Answer {
    let answer = async {
        let (body, mut about) = (&call.body.bytes, About::default());
        let proof = ceremony::transaction::finalize(tenant, body, &mut about).await;
        let operation = Operation::Transaction;
        let proof =
            proof.map_err(|error| about.refused(tenant, operation, error, texts::transaction))?;
        Ok(super::token(&ceremony::token(tenant, &proof).await?))
    };
    measured(call, Step::TransactionFinalize, answer.await)
}

/// List a user's transactions
///
/// The oldest first: all of them, up to a thousand on a page.
#[utoipa::path(
    get,
    path = "/{tenant_id}/transaction/{user_id}",
    tag = "transactions",
    operation_id = "transactions_list",
    params(
        ("tenant_id" = uuid::Uuid, Path),
        ("user_id" = String, Path, description = "Your name for the user, or this server's id for them"),
        PageParameters,
    ),
    responses((status = 200, description = "The transactions", body = Vec<TransactionBody>)),
    security(("apiKey" = [])),
)]
pub(super) fn list(call: &Call, tenant: &Keyed<'_>, user: &str) -> Answer {
    let query = Query::of(&call.request);
    let asked = Page::of(&query, texts::BIND)?;
    let (page, total, transactions): (_, _, Vec<Arc<Transaction>>) = {
        let state = tenant.read();
        let ids = named(&state, user)?.map_or(&[][..], Account::transactions);
        let whole = Page::whole(ids.len().min(WHOLE_MAX));
        let page = if Page::is_asked_for(&query) {
            asked
        } else {
            whole
        };
        let wanted = page.select(ids.iter());
        let wanted = wanted.filter_map(|id| state.transaction(id)).cloned();
        (page, ids.len(), wanted.collect())
    };
    let bodies: Vec<_> = transactions
        .iter()
        .map(|it| TransactionBody::from(&**it))
        .collect();
    Ok(page.answer(call, total, &bodies))
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
fn named<'a>(state: &'a TenantState, text: &str) -> Result<Option<Account<'a>>, Problem> {
    let user = UserId::parse(text).and_then(|user| state.users.get(&user));
    match (user, Uuid::try_parse(text)) {
        (Some(account), _) => Ok(Some(account)),
        (None, Ok(internal_id)) => Ok(state.account(internal_id)),
        (None, Err(_)) => Err(Problem::bad_request(
            "invalid user id",
            "neither a known user_id nor a UUID",
        )),
    }
}

/// So many come unless a page is asked for; `Link` tells of more.
pub const WHOLE_MAX: usize = 1000;
