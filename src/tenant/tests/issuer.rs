//! Tokens of other issuers: what a trusted one says is believed, whatever it signs with, and nothing that anybody else says.

mod claims;
mod forged;
mod keys;
pub(crate) mod signer;

use serde_json::{Value, json};

use super::super::ids::Timestamp;
use super::super::issuer::{Issuer, Keys, Refused, Subject, Unverified};
use super::super::settings::{self, Claims, IssuerKeys};
use signer::Signer;

const NOW: Timestamp = Timestamp(1_500_000_000);

/// An issuer with these keys in the settings.
pub(crate) fn issuer(jwks: &[Value]) -> Issuer {
    issuer_of("https://id.example", IssuerKeys::Given(key_set(jwks)))
}

pub(crate) fn issuer_of(name: &str, keys: IssuerKeys) -> Issuer {
    Issuer::new(&settings::Issuer {
        issuer: name.to_owned(),
        audience: "shop".to_owned(),
        keys,
        claims: Claims {
            user_id: "sub".to_owned(),
            name: Some("preferred_username".to_owned()),
            display_name: Some("name".to_owned()),
            email: Some("email".to_owned()),
        },
    })
}

pub(crate) fn key_set(jwks: &[Value]) -> String {
    json!({ "keys": jwks }).to_string()
}

/// Good at [`NOW`].
pub(crate) fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "shop", "sub": "ann", "iat": 1000, "exp": 2000})
}

/// The claims with another value, or without one.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    if claims[name].is_null() {
        claims.as_object_mut().unwrap().remove(name);
    }
    claims
}

/// What a request with the token comes to.
fn subject(issuers: &[Issuer], token: &str) -> Result<Subject, Refused> {
    let token = Unverified::parse(token)?;
    let issuer = token.issuer_among(issuers)?;
    let Keys::Given(keys) = &issuer.keys else {
        panic!("keys at an address are not fetched in the core");
    };
    issuer.claimed(token, NOW)?.proven(keys)
}

fn ask(signer: &Signer, token: &str) -> Result<Subject, Refused> {
    subject(&[issuer(&[signer.jwk()])], token)
}

fn user(subject: Result<Subject, Refused>) -> Result<String, Refused> {
    subject.map(|subject| subject.user.as_str().to_owned())
}
