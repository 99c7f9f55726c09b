//! `config.sessions.issuers`: whose tokens stand for a session of the Public API.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;

use crate::http::body::object;
use crate::http::issuers::is_key_address;
use crate::http::openapi::shapes::{KeySetAddress, PublicKeys};
use crate::http::validation::Validation;
use crate::tenant::issuer::KeySet;
use crate::tenant::settings::{Claims, Issuer, IssuerKeys};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Issuer)]
pub(super) struct IssuerBody {
    /// What `iss` says. Two issuers of a tenant that name the same user id mean the same user.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        example = "https://id.example.com"
    )]
    issuer: Option<String>,
    /// What `aud` says.
    #[schema(required, nullable = false, min_length = 1, example = "shop")]
    audience: Option<String>,
    /// The keys, or `jwks_url` says where they are: one of the two.
    #[schema(value_type = Option<PublicKeys>)]
    jwks: Option<Value>,
    #[schema(value_type = Option<KeySetAddress>)]
    jwks_url: Option<String>,
    #[serde(default, deserialize_with = "object")]
    claims: Option<ClaimsBody>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Claims)]
struct ClaimsBody {
    #[schema(min_length = 1, example = "sub")]
    user_id: Option<String>,
    #[schema(min_length = 1, example = "preferred_username")]
    name: Option<String>,
    #[schema(min_length = 1, example = "name")]
    display_name: Option<String>,
    /// Left out where `email_verified`, or `is_verified` in it, says no; an issuer that says nothing is trusted.
    #[schema(min_length = 1, example = "email")]
    email: Option<String>,
}

pub(super) fn check_issuers(bodies: Vec<IssuerBody>, validation: &mut Validation) -> Vec<Issuer> {
    if bodies.len() > ISSUERS_MAX {
        validation.fail(format!(
            "sessions.issuers cannot have more than {ISSUERS_MAX} entries"
        ));
    }
    let mut issuers: Vec<Issuer> = Vec::new();
    for body in bodies {
        let issuer = body.settings(validation);
        let is_same =
            |other: &Issuer| (&other.issuer, &other.audience) == (&issuer.issuer, &issuer.audience);
        if issuers.iter().any(is_same) {
            let name = &issuer.issuer;
            validation.fail(format!(
                "sessions.issuers must be unique, '{name}' stands there twice for one audience"
            ));
        }
        issuers.push(issuer);
    }
    issuers
}

impl IssuerBody {
    fn settings(self, validation: &mut Validation) -> Issuer {
        let claims = self.claims.unwrap_or_default();
        Issuer {
            issuer: validation.required("sessions.issuers.issuer", self.issuer),
            audience: validation.required("sessions.issuers.audience", self.audience),
            keys: check_keys(self.jwks, self.jwks_url, validation),
            claims: claims.settings(validation),
        }
    }
}

impl ClaimsBody {
    fn settings(self, validation: &mut Validation) -> Claims {
        let given = [&self.user_id, &self.name, &self.display_name, &self.email];
        if given.into_iter().flatten().any(String::is_empty) {
            validation.fail("sessions.issuers.claims must be names of claims, not empty");
        }
        Claims {
            user_id: self.user_id.unwrap_or_else(|| Claims::default().user_id),
            name: self.name,
            display_name: self.display_name,
            email: self.email,
        }
    }
}

fn check_keys(jwks: Option<Value>, url: Option<String>, validation: &mut Validation) -> IssuerKeys {
    match (jwks, url) {
        (Some(jwks), None) => {
            let text = jwks.to_string();
            if !is_public_key_set(&jwks) {
                validation
                    .fail("sessions.issuers.jwks must be a JWKS of public keys: {\"keys\": […]}");
            } else if let Err(error) = KeySet::parse(text.as_bytes()) {
                validation.fail(format!(
                    "sessions.issuers.jwks must have a key that can be used: {error}"
                ));
            }
            IssuerKeys::Given(text)
        }
        (None, Some(url)) => {
            if !Url::parse(&url).is_ok_and(|url| is_key_address(&url)) {
                validation.fail("sessions.issuers.jwks_url must be an address like https://id.example.com/jwks.json without a password, and http only on this machine");
            }
            IssuerKeys::At(url)
        }
        (None, None) | (Some(_), Some(_)) => {
            validation.fail("sessions.issuers must have either jwks or jwks_url");
            IssuerKeys::At(String::new())
        }
    }
}

/// Whoever pastes a private or a shared key here has a leak to be told of.
fn is_public_key_set(jwks: &Value) -> bool {
    let keys = jwks["keys"].as_array().filter(|keys| !keys.is_empty());
    keys.is_some_and(|keys| keys.iter().all(is_public_key))
}

fn is_public_key(key: &Value) -> bool {
    let is_asymmetric = key["kty"].as_str().is_some_and(|kind| kind != "oct");
    is_asymmetric && ["d", "k"].iter().all(|secret| key.get(secret).is_none())
}

const ISSUERS_MAX: usize = 16;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IssuerShown)]
pub(super) struct IssuerShown {
    issuer: String,
    audience: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object, required = false)]
    jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jwks_url: Option<String>,
    claims: ClaimsShown,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimsShown)]
struct ClaimsShown {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
}

impl IssuerShown {
    pub(super) fn of(issuer: &Issuer) -> Self {
        let (jwks, jwks_url) = match &issuer.keys {
            IssuerKeys::Given(text) => (serde_json::from_str(text).ok(), None),
            IssuerKeys::At(url) => (None, Some(url.clone())),
        };
        let claims = &issuer.claims;
        Self {
            issuer: issuer.issuer.clone(),
            audience: issuer.audience.clone(),
            jwks,
            jwks_url,
            claims: ClaimsShown {
                user_id: claims.user_id.clone(),
                name: claims.name.clone(),
                display_name: claims.display_name.clone(),
                email: claims.email.clone(),
            },
        }
    }
}
