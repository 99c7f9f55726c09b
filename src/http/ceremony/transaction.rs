//! Beginning and finishing a transaction: a durable id and then a ceremony, and an assertion over 64 bytes.

use super::login::proven;
use super::{About, Endpoint, FinalizeError, Kind, take};
use crate::actor::Refusal;
use crate::http::call::Tenant;
use crate::tenant::challenge::{Api, Factor, Purpose};
use crate::tenant::rejection::Rejection;
use crate::tenant::token::Proof;
use crate::tenant::transaction::{
    ConfirmTransaction, InitializeTransaction, SaveTransaction, begun, digest,
};
use crate::webauthn::authentication::AuthenticationResponse;

/// The options. The id is durable when this answers, and taken though nobody ever confirms.
pub async fn initialize(tenant: &Tenant<'_>, save: SaveTransaction) -> Result<String, Refusal> {
    let initialize = InitializeTransaction {
        id: save.id.clone(),
        user: save.user.clone(),
        digest: digest(&save.id, &save.data),
    };
    tenant.execute(save).await?;
    tenant.begin(initialize).await
}

/// The confirmation is durable when this answers. Whose it is says the ceremony; the client need not.
pub async fn finalize(
    tenant: &Tenant<'_>,
    body: &[u8],
    about: &mut About,
) -> Result<Proof, FinalizeError> {
    let response = AuthenticationResponse::parse(body)?;
    let challenge = &response.client_data.challenge;
    let taken = take(tenant, challenge, CONFIRMATION, about).await?;
    let Purpose::Transaction { id, .. } = &taken.ceremony.purpose else {
        return Err(Rejection::ChallengeUnknown.into());
    };
    let transaction = begun(&tenant.read(), id)?.clone();
    let challenge = transaction.challenge(&taken.challenge);
    let login = proven(tenant, &response, &taken, &challenge, about)?;
    let id = id.clone();
    Ok(tenant.execute(ConfirmTransaction { id, login }).await?)
}

const CONFIRMATION: Endpoint = Endpoint {
    kind: Kind::Transaction,
    api: Api::Passkey,
    factor: Factor::Passkey,
};
