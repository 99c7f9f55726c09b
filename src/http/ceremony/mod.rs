//! The ceremonies between HTTP and the actors, the same for every face: take the challenge, check the signature here on
//! the worker, make the outcome durable. No contract's words are spoken here.

pub mod audit;
pub mod login;
pub mod registration;
pub mod transaction;

use thiserror::Error;

pub use audit::About;

use super::Answer;
use super::call::{Call, Tenant};
use super::error::Problem;
use crate::actor::Refusal;
use crate::telemetry::traces::Part;
use crate::telemetry::worker::{Step, TokenAlgorithm};
use crate::tenant::challenge::{Api, Ceremony, Factor, Purpose};
use crate::tenant::ids::Challenge;
use crate::tenant::rejection::Rejection;
use crate::tenant::session::Session;
use crate::tenant::token::{KeyKind, Proof, SessionClaims, SigningError, SigningKey};
use crate::webauthn::error::{ResponseError, VerificationError};

/// Why a ceremony could not be finished.
#[derive(Debug, Error)]
pub enum FinalizeError {
    #[error(transparent)]
    Response(#[from] ResponseError),
    #[error(transparent)]
    Verification(#[from] VerificationError),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<Rejection> for FinalizeError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection.into())
    }
}

/// A challenge that was out and is taken: whatever follows, it is not accepted again.
struct Taken {
    challenge: Challenge,
    ceremony: Ceremony,
}

/// Which kind of ceremony an endpoint finishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Registration,
    Login,
    Transaction,
}

/// What came to an endpoint that finishes a registration or a login.
#[derive(Clone, Copy)]
pub struct Finish<'a> {
    pub api: Api,
    pub factor: Factor,
    pub body: &'a [u8],
}

impl Finish<'_> {
    const fn ends(self, kind: Kind) -> Endpoint {
        Endpoint {
            kind,
            api: self.api,
            factor: self.factor,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Endpoint {
    kind: Kind,
    api: Api,
    factor: Factor,
}

/// One that was begun at another endpoint is as unknown as one that never was, and as gone.
async fn take(
    tenant: &Tenant<'_>,
    challenge: &[u8],
    endpoint: Endpoint,
    about: &mut About,
) -> Result<Taken, FinalizeError> {
    let challenge = Challenge::head(challenge).ok_or(Rejection::ChallengeUnknown)?;
    let taken = tenant.take_challenge(challenge);
    let ceremony = tenant.part_of(Part::TakeChallenge, taken).await?;
    about.taken(&ceremony);
    let begun = Endpoint {
        kind: match ceremony.purpose {
            Purpose::Registration { .. } => Kind::Registration,
            Purpose::Login { .. } => Kind::Login,
            Purpose::Transaction { .. } => Kind::Transaction,
        },
        api: ceremony.api,
        factor: ceremony.factor,
    };
    if begun != endpoint {
        return Err(Rejection::ChallengeUnknown.into());
    }
    Ok(Taken {
        challenge,
        ceremony,
    })
}

/// The token that tells of a finished ceremony. Everything in it is durable by now.
pub async fn token(tenant: &Tenant<'_>, proof: &Proof) -> Result<String, Problem> {
    // One moment for both: a key must not sign for longer than its rotation says.
    let env = tenant.registry().source.env();
    let key = tenant.signing_key(env.now).await?;
    let claims = proof.claims(&tenant.read(), &env);
    let token = tenant.part(Part::Sign, || key.sign(&claims));
    signed(tenant, &key, token)
}

/// The token of a session that is durable by now.
pub async fn session_token(tenant: &Tenant<'_>, session: &Session) -> Result<String, Problem> {
    let key = tenant
        .session_key(tenant.registry().source.env().now)
        .await?;
    let claims = SessionClaims::of(&tenant.read(), session);
    let token = tenant.part(Part::Sign, || key.sign(&claims));
    signed(tenant, &key, token)
}

fn signed(
    tenant: &Tenant<'_>,
    key: &SigningKey,
    token: Result<String, SigningError>,
) -> Result<String, Problem> {
    let token = token.map_err(|error| {
        tracing::error!(tenant = %tenant.id, %error, "a token could not be signed");
        Problem::internal()
    })?;
    tenant.metrics().token_signed(match key.private.kind {
        KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => TokenAlgorithm::Rs256,
        KeyKind::P256 => TokenAlgorithm::Es256,
        KeyKind::Ed25519 => TokenAlgorithm::EdDsa,
    });
    Ok(token)
}

/// Counts a step, and times it from when the request was read.
pub fn measured(call: &Call, step: Step, answer: Answer) -> Answer {
    let refused = answer.as_ref().err().map(Problem::counted_as);
    call.metrics()
        .ceremony(call.label.get(), step, refused, call.timer.elapsed());
    answer
}
