//! An authenticator that can be told to misbehave, with real keys of all ten algorithms: for what passkey-rs cannot or
//! will not make.

use std::ops::{Deref, DerefMut};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keywright::forge::{self, Asked, EMPTY_MAP, Key, packed_statement, sha256};
use serde_json::{Value, json};

pub(crate) use keywright::forge::{Flags, base64url};

use super::{ORIGIN, RP_ID};

/// In the order of the contract.
pub(crate) const ALGORITHMS: [i64; 10] = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];

pub(crate) struct Forge {
    pub(crate) origin: String,
    pub(crate) rp_id: String,
    device: forge::Authenticator,
    pub(crate) user_handle: Option<Vec<u8>>,
    /// Instead of `webauthn.create` and `webauthn.get`.
    pub(crate) ceremony_type: Option<String>,
    /// JSON members that come before the others in the client data, commas included.
    pub(crate) client_data_prefix: String,
}

pub(crate) enum Attestation<'a> {
    None,
    PackedSelf,
    /// A packed statement whose signature is over something else.
    PackedTampered,
    /// A packed statement in CBOR, made of what it has to sign.
    Certified(&'a dyn Fn(&[u8]) -> Vec<u8>),
    /// Any format with any statement in CBOR.
    Other {
        format: &'a str,
        statement: &'a [u8],
    },
}

/// What is forged most often stands in the authenticator itself.
impl Deref for Forge {
    type Target = forge::Authenticator;

    fn deref(&self) -> &forge::Authenticator {
        &self.device
    }
}

impl DerefMut for Forge {
    fn deref_mut(&mut self) -> &mut forge::Authenticator {
        &mut self.device
    }
}

impl Forge {
    /// Everything as it should be: present and verified, not backed up, an id of 32 bytes.
    pub(crate) fn new(algorithm: i64) -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            rp_id: RP_ID.to_owned(),
            device: forge::Authenticator {
                aaguid: [9; 16],
                counter: 1,
                ..forge::Authenticator::new(algorithm)
            },
            user_handle: None,
            ceremony_type: None,
            client_data_prefix: String::new(),
        }
    }

    /// The response to creation options. The user handle is kept for logins.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        self.create_with(options, &Attestation::None)
    }

    pub(crate) fn create_with(&mut self, options: &Value, attestation: &Attestation<'_>) -> Value {
        self.user_handle = Some(from_base64url(&options["publicKey"]["user"]["id"]));
        let format = match attestation {
            Attestation::None => "none",
            Attestation::PackedSelf | Attestation::PackedTampered | Attestation::Certified(_) => {
                "packed"
            }
            Attestation::Other { format, .. } => format,
        };
        let statement = |message: &[u8]| attestation.statement(&self.key, message);
        self.asked(options, "webauthn.create", |asked| {
            self.device.create_with(asked, format, statement)
        })
    }

    /// The response to request options. The counter grows by one.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        self.counter = self.counter.wrapping_add(1);
        let handle = self.user_handle.as_deref();
        self.asked(options, "webauthn.get", |asked| {
            self.device.get(asked, handle)
        })
    }

    pub(crate) fn id(&self) -> String {
        base64url(&self.credential_id)
    }

    fn asked(
        &self,
        options: &Value,
        ceremony: &str,
        respond: impl FnOnce(&Asked<'_>) -> String,
    ) -> Value {
        let asked = Asked {
            rp_id_hash: sha256(self.rp_id.as_bytes()),
            client_data: &self.client_data(options, ceremony),
        };
        serde_json::from_str(&respond(&asked)).unwrap()
    }

    fn client_data(&self, options: &Value, ceremony: &str) -> Vec<u8> {
        let client_data = json!({
            "type": self.ceremony_type.as_deref().unwrap_or(ceremony),
            "challenge": options["publicKey"]["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        let members = client_data.to_string();
        format!("{{{}{}", self.client_data_prefix, &members[1..]).into_bytes()
    }
}

impl Attestation<'_> {
    fn statement(&self, key: &Key, message: &[u8]) -> Vec<u8> {
        let packed = |message: &[u8]| packed_statement(key.algorithm(), &key.sign(message));
        match self {
            Self::None => EMPTY_MAP.to_vec(),
            Self::PackedSelf => packed(message),
            Self::PackedTampered => packed(b"something else"),
            Self::Certified(attest) => attest(message),
            Self::Other { statement, .. } => statement.to_vec(),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let letters = digits.map(|digit| char::from_digit(digit.into(), 16).unwrap());
    letters.collect()
}

pub(crate) fn from_base64url(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
