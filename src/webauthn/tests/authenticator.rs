//! An authenticator and client for tests, with real keys of all ten algorithms. It can be told to misbehave.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::Expected;
use super::super::cose::Algorithm;
use super::super::options::UserVerification;
use super::super::origin::Origins;
use super::sha256;
use crate::forge::{self, Asked, EMPTY_MAP, Key, base64url, packed_statement};

pub(super) const AAGUID: [u8; 16] = [9; 16];
pub(super) const CHALLENGE: [u8; 32] = [7; 32];
pub(super) static RP_ID_HASH: LazyLock<[u8; 32]> = LazyLock::new(|| sha256(b"example.org"));
static ORIGINS: LazyLock<Origins> =
    LazyLock::new(|| Origins::new(&["https://example.org".to_owned()], &[], false));

pub(super) fn expected() -> Expected<'static> {
    Expected {
        challenge: &CHALLENGE,
        rp_id_hash: &RP_ID_HASH,
        origins: &ORIGINS,
        user_verification: UserVerification::Required,
    }
}

pub(super) struct Authenticator {
    device: forge::Authenticator,
    pub(super) rp_id_hash: [u8; 32],
    pub(super) cose_key: Vec<u8>,
    /// Members of the client data, `type` excepted.
    pub(super) client_data: Value,
}

impl Deref for Authenticator {
    type Target = forge::Authenticator;

    fn deref(&self) -> &forge::Authenticator {
        &self.device
    }
}

impl DerefMut for Authenticator {
    fn deref_mut(&mut self) -> &mut forge::Authenticator {
        &mut self.device
    }
}

impl Authenticator {
    /// Present and verified, not backed up.
    pub(super) fn new(algorithm: Algorithm) -> Self {
        Self::of(forge::Authenticator::new(algorithm.cose_number()))
    }

    /// With this key on P-256, in PKCS #8: for certificates of the credential's own key.
    pub(super) fn with_key(pkcs8: &[u8]) -> Self {
        Self::of(forge::Authenticator {
            key: Key::es256(pkcs8),
            ..forge::Authenticator::new(-7)
        })
    }

    fn of(device: forge::Authenticator) -> Self {
        Self {
            cose_key: device.key.cose(),
            device: forge::Authenticator {
                credential_id: b"a credential id!".to_vec(),
                aaguid: AAGUID,
                counter: 3,
                ..device
            },
            rp_id_hash: *RP_ID_HASH,
            client_data: json!({
                "challenge": base64url(&CHALLENGE),
                "origin": "https://example.org",
                "crossOrigin": false,
            }),
        }
    }

    pub(super) fn create(&self) -> Value {
        self.create_with("none", &EMPTY_MAP)
    }

    /// Self attestation: `alg` as claimed, `sig` by the credential's key.
    pub(super) fn create_self_attested(&self, alg: i64) -> Value {
        let signature = self.key.sign(&self.message());
        self.create_with("packed", &packed_statement(alg, &signature))
    }

    /// What attestation statements sign.
    pub(super) fn message(&self) -> Vec<u8> {
        [self.attested_data(), self.client_data_hash().to_vec()].concat()
    }

    pub(super) fn client_data_hash(&self) -> [u8; 32] {
        sha256(&self.client_data_json("webauthn.create"))
    }

    pub(super) fn attested_data(&self) -> Vec<u8> {
        self.device.attested_data(&self.rp_id_hash)
    }

    pub(super) fn create_with(&self, format: &str, statement: &[u8]) -> Value {
        self.asked("webauthn.create", |asked| {
            self.device
                .create_with(asked, format, |_| statement.to_vec())
        })
    }

    /// The second factor, which does not say whose it is.
    pub(super) fn get(&self) -> Value {
        self.asked("webauthn.get", |asked| self.device.get(asked, None))
    }

    fn asked(&self, ceremony: &str, respond: impl FnOnce(&Asked<'_>) -> String) -> Value {
        let asked = Asked {
            rp_id_hash: self.rp_id_hash,
            client_data: &self.client_data_json(ceremony),
        };
        serde_json::from_str(&respond(&asked)).unwrap()
    }

    fn client_data_json(&self, ceremony: &str) -> Vec<u8> {
        let mut client_data = self.client_data.clone();
        if client_data.get("type").is_none() {
            client_data["type"] = ceremony.into();
        }
        client_data.to_string().into_bytes()
    }
}

pub(super) fn from_base64url(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
