//! Authenticators made of software, with real keys: for `keywright load`, for the benches, and for tests of what well-behaved
//! authenticators never send. The server never comes here, and what it accepts is proved with authenticators that are not our code.

#![expect(
    clippy::missing_panics_doc,
    reason = "a machine without randomness and memory has nothing to do here"
)]

mod key;

use std::convert::Infallible;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use rand::RngExt;

pub use self::key::{Key, RSA, ec2_key, okp_key, rsa_key};

/// Of the authenticator data.
pub struct Flags;

impl Flags {
    pub const PRESENT: u8 = 0x01;
    pub const VERIFIED: u8 = 0x04;
    pub const BACKUP_ELIGIBLE: u8 = 0x08;
    pub const BACKED_UP: u8 = 0x10;
    const ATTESTED: u8 = 0x40;
}

/// One credential and what its authenticator says of itself.
pub struct Authenticator {
    pub key: Key,
    pub credential_id: Vec<u8>,
    pub aaguid: [u8; 16],
    /// Without AT, which is set where it belongs.
    pub flags: u8,
    pub counter: u32,
}

/// What the page and its browser add.
pub struct Asked<'a> {
    pub rp_id_hash: [u8; 32],
    /// In JSON.
    pub client_data: &'a [u8],
}

impl Asked<'_> {
    /// What is signed: the authenticator data, and a hash of the client data behind it.
    fn message(&self, data: &[u8]) -> Vec<u8> {
        [data, &sha256(self.client_data)].concat()
    }
}

impl Authenticator {
    /// Present and verified, not backed up. The counter stays 0, as that of a passkey that lives on several devices.
    pub fn new(algorithm: i64) -> Self {
        let mut credential_id = vec![0; 32];
        rand::rng().fill(&mut credential_id[..]);
        Self {
            key: Key::generate(algorithm),
            credential_id,
            aaguid: [0; 16],
            flags: Flags::PRESENT | Flags::VERIFIED,
            counter: 0,
        }
    }

    /// The response to creation options, vouching for nothing, as most passkeys do.
    pub fn create(&self, asked: &Asked<'_>) -> String {
        self.create_with(asked, "none", |_| EMPTY_MAP.to_vec())
    }

    /// The same with self attestation.
    pub fn create_self_attested(&self, asked: &Asked<'_>) -> String {
        self.create_with(asked, "packed", |message| {
            packed_statement(self.key.algorithm(), &self.key.sign(message))
        })
    }

    /// With a statement in CBOR, made of what it has to sign.
    pub fn create_with(
        &self,
        asked: &Asked<'_>,
        format: &str,
        statement: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> String {
        let data = self.attested_data(&asked.rp_id_hash);
        let statement = statement(&asked.message(&data));
        let object = attestation_object(format, &statement, &data);
        self.response(&format!(
            r#""clientDataJSON":"{}","attestationObject":"{}","transports":["internal"]"#,
            base64url(asked.client_data),
            base64url(&object),
        ))
    }

    /// The response to request options.
    pub fn get(&self, asked: &Asked<'_>, user_handle: Option<&[u8]>) -> String {
        let data = self.data(&asked.rp_id_hash, self.flags);
        let signature = self.key.sign(&asked.message(&data));
        let handle = user_handle.map(|handle| format!("\"{}\"", base64url(handle)));
        self.response(&format!(
            r#""clientDataJSON":"{}","authenticatorData":"{}","signature":"{}","userHandle":{}"#,
            base64url(asked.client_data),
            base64url(&data),
            base64url(&signature),
            handle.as_deref().unwrap_or("null"),
        ))
    }

    /// The authenticator data of a registration.
    pub fn attested_data(&self, rp_id_hash: &[u8; 32]) -> Vec<u8> {
        let length = u16::try_from(self.credential_id.len()).unwrap_or(u16::MAX);
        let mut data = self.data(rp_id_hash, self.flags | Flags::ATTESTED);
        data.extend_from_slice(&self.aaguid);
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&self.credential_id);
        data.extend_from_slice(&self.key.cose());
        data
    }

    fn data(&self, rp_id_hash: &[u8; 32], flags: u8) -> Vec<u8> {
        let counter = self.counter.to_be_bytes();
        [rp_id_hash.as_slice(), &[flags], &counter].concat()
    }

    fn response(&self, members: &str) -> String {
        let id = base64url(&self.credential_id);
        format!(
            r#"{{"id":"{id}","rawId":"{id}","type":"public-key","authenticatorAttachment":"platform","clientExtensionResults":{{}},"response":{{{members}}}}}"#
        )
    }
}

/// As a browser writes it, for a page at that origin. The challenge is base64url already.
pub fn client_data(ceremony: &str, challenge: &str, origin: &str) -> String {
    format!(
        r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
    )
}

pub fn attestation_object(format: &str, statement: &[u8], data: &[u8]) -> Vec<u8> {
    let head = cbor(|head| head.map(3)?.str("fmt")?.str(format)?.str("attStmt")?.ok());
    let tail = cbor(|tail| tail.str("authData")?.bytes(data)?.ok());
    [head.as_slice(), statement, &tail].concat()
}

pub fn packed_statement(alg: i64, signature: &[u8]) -> Vec<u8> {
    cbor(|statement| {
        let statement = statement.map(2)?.str("alg")?.i64(alg)?;
        statement.str("sig")?.bytes(signature)?.ok()
    })
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn cbor(
    encode: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), minicbor::encode::Error<Infallible>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut Encoder::new(&mut bytes)).expect("writing to memory does not fail");
    bytes
}

/// In CBOR.
pub const EMPTY_MAP: [u8; 1] = [0xa0];
