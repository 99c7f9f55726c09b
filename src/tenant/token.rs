//! The short-lived token that says who has just registered or signed in, and the keys that sign it.
//!
//! Signed here rather than by the JWT library: that one parses the private key anew for each token, which costs as much
//! as the signature. Checking a token is the library's.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::audit::{Kind, Note};
use super::env::Env;
use super::event::Event;
use super::ids::{CredentialId, Timestamp, TransactionId, UserId};
use super::rejection::Rejection;
use super::state::TenantState;
use super::{Command, Decision, Touched};

/// The claims of the contract (§6.4), and `jti`, `op` and `amr` beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub aud: Vec<String>,
    pub cred: String,
    pub exp: u64,
    pub iat: u64,
    pub sub: String,
    /// The transaction that was confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trans: Option<String>,
    pub jti: Uuid,
    pub op: Operation,
    pub amr: Vec<String>,
}

/// Which ceremony a token is from, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Registration,
    Login,
    MfaRegistration,
    MfaLogin,
    Transaction,
}

impl Operation {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Registration => 0,
            Self::Login => 1,
            Self::MfaRegistration => 2,
            Self::MfaLogin => 3,
            Self::Transaction => 4,
        }
    }
}

/// What a finished ceremony has shown.
#[derive(Debug)]
pub struct Proof {
    pub user: UserId,
    pub credential: CredentialId,
    pub operation: Operation,
    pub transaction: Option<TransactionId>,
    pub user_verified: bool,
    pub backup_eligible: bool,
}

impl Proof {
    pub fn claims(&self, state: &TenantState, env: &Env) -> Claims {
        let settings = &state.policy.settings;
        let iat = env.now.seconds();
        Claims {
            aud: vec![settings.relying_party.id.clone()],
            cred: URL_SAFE_NO_PAD.encode(self.credential.as_bytes()),
            exp: iat + u64::from(settings.rules.token_lifetime_seconds),
            iat,
            sub: self.user.as_str().to_owned(),
            trans: self.transaction.as_ref().map(|id| id.as_str().to_owned()),
            jti: env.uuid(),
            op: self.operation,
            amr: self.methods(),
        }
    }

    /// The end of a ceremony: its events, told as what they prove.
    pub(super) fn decided(self, events: Vec<Event>) -> Decision<Self> {
        let mut note = Note::of(Kind::finished(self.operation)).about(&self.user);
        if let Some(id) = &self.transaction {
            note = note.in_transaction(id.as_str());
        }
        Decision::new(events, self).noting(note)
    }

    /// RFC 8176: a key that may leave its device counts as software; presence is always tested, and with
    /// verification the key alone is two factors.
    fn methods(&self) -> Vec<String> {
        let key = if self.backup_eligible { "swk" } else { "hwk" };
        let verified = self.user_verified.then_some("mfa");
        [Some(key), Some("user"), verified]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect()
    }
}

/// A tenant's key pair for tokens (RS256). It is parsed at its first use: most tenants that are read back never sign.
pub struct SigningKey {
    pub kid: Uuid,
    pub created_at: Timestamp,
    pkcs8: Zeroizing<Vec<u8>>,
    pair: OnceLock<RsaKeyPair>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

#[derive(Debug, Error)]
pub enum SigningError {
    #[error("the signing key does not parse")]
    Key,
    #[error("signing failed")]
    Sign,
    #[error("the claims do not serialise")]
    Claims(#[from] serde_json::Error),
}

impl SigningKey {
    pub fn new(kid: Uuid, created_at: Timestamp, pkcs8: Zeroizing<Vec<u8>>) -> Self {
        Self {
            kid,
            created_at,
            pkcs8,
            pair: OnceLock::new(),
        }
    }

    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// A JWS in compact serialization (RFC 7515 §7.1).
    pub fn sign(&self, claims: &Claims) -> Result<String, SigningError> {
        let pair = self.pair()?;
        let mut token = URL_SAFE_NO_PAD.encode(format!(
            r#"{{"alg":"RS256","kid":"{}","typ":"JWT"}}"#,
            self.kid
        ));
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            token.as_bytes(),
            &mut signature,
        )
        .map_err(|_| SigningError::Sign)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }

    /// The public half.
    pub fn jwk(&self) -> Result<Jwk, SigningError> {
        let public = self.pair()?.public_key();
        Ok(Jwk {
            alg: "RS256",
            e: URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
            kid: self.kid,
            kty: "RSA",
            n: URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            usage: "sig",
        })
    }

    fn pair(&self) -> Result<&RsaKeyPair, SigningError> {
        if let Some(pair) = self.pair.get() {
            return Ok(pair);
        }
        let pair = RsaKeyPair::from_pkcs8(&self.pkcs8).map_err(|_| SigningError::Key)?;
        Ok(self.pair.get_or_init(|| pair))
    }
}

/// The claims of a token that is one of the tenant's, for the tenant's RP id, and still good. The algorithm is the
/// key's, never the token's.
pub fn verify(state: &TenantState, token: &str, now: Timestamp) -> Option<Claims> {
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let kid = Uuid::try_parse(&kid).ok()?;
    let key = state.signing_keys.iter().find(|key| key.kid == kid)?;
    let jwk = key.jwk().ok()?;
    let decoding_key = DecodingKey::from_rsa_components(&jwk.n, &jwk.e).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[&state.policy.settings.relying_party.id]);
    // The library would read the clock itself; time arrives as an argument here.
    validation.validate_exp = false;
    let claims: Claims = jsonwebtoken::decode(token, &decoding_key, &validation)
        .ok()?
        .claims;
    (claims.exp > now.seconds()).then_some(claims)
}

/// A public key as the JWKS shows it (RFC 7517).
#[derive(Debug, Clone, Serialize)]
pub struct Jwk {
    pub alg: &'static str,
    pub e: String,
    pub kid: Uuid,
    pub kty: &'static str,
    pub n: String,
    #[serde(rename = "use")]
    pub usage: &'static str,
}

/// Makes a private key in PKCS#8. It takes tens of milliseconds and the system's randomness, so it is called on a thread
/// of its own and never in a decision.
pub fn generate_pkcs8() -> Result<Zeroizing<Vec<u8>>, SigningError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| SigningError::Key)?;
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)
        .map_err(|_| SigningError::Key)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

/// Gives the tenant its first signing key; whoever comes second keeps the first one.
#[derive(Debug)]
pub struct AddFirstSigningKey {
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl Command for AddFirstSigningKey {
    type Outcome = Arc<SigningKey>;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::SigningKeys]
    }

    fn decide(
        self,
        state: &TenantState,
        env: &Env,
    ) -> Result<Decision<Arc<SigningKey>>, Rejection> {
        if let Some(key) = state.signing_key() {
            return Ok(Decision::new(Vec::new(), key));
        }
        let key = Arc::new(SigningKey::new(env.uuid(), env.now, self.pkcs8));
        let created = Event::SigningKeyCreated(Arc::clone(&key));
        Ok(Decision::new(vec![created], key).noting(Note::of(Kind::SigningKeyCreated)))
    }
}
