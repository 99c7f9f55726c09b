//! Sealing: what leaves for the disk is encrypted and bound to its place, so a row that was flipped, swapped or moved does
//! not open. No key ever leaves this file, not even in a `Debug`; and nothing here touches a file.

use std::fmt;
use std::sync::Arc;

use aes_gcm_siv::aead::{AeadInOut, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce, Tag};
use rand::Rng;
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// The keys of `secrets.keys`: the first seals, all of them open. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<[Key]>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyringError {
    #[error("there is no key")]
    Empty,
    #[error("key {position} has fewer than {KEY_CHARACTERS_MIN} characters")]
    TooShort { position: usize },
    /// Also the one in four billion that two keys share their short id: then the right one could not be told.
    #[error("key {position} is there twice")]
    Twice { position: usize },
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum UnsealError {
    #[error("too short to have been sealed")]
    Malformed,
    #[error("sealed with a key that is not configured")]
    UnknownKey,
    #[error("altered, or not where it was sealed for")]
    Forged,
}

impl Keyring {
    /// Each text is hashed to a key. It is not stretched, so it should be random, not a phrase.
    pub fn new<T: AsRef<str>>(texts: &[T]) -> Result<Self, KeyringError> {
        let mut keys: Vec<Key> = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let position = index + 1;
            if text.as_ref().chars().count() < KEY_CHARACTERS_MIN {
                return Err(KeyringError::TooShort { position });
            }
            let key = Key::derive(text.as_ref());
            if keys.iter().any(|other| other.id == key.id) {
                return Err(KeyringError::Twice { position });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self { keys: keys.into() })
    }

    /// Key id, nonce, ciphertext, tag. `binding` is not in it: who opens must name the same.
    ///
    /// # Panics
    /// Beyond 64 GiB of plaintext.
    pub fn seal(&self, binding: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut draft = Draft::with_capacity(plaintext.len());
        draft.bytes.extend_from_slice(plaintext);
        self.seal_draft(binding, draft)
    }

    /// The same, of what was written where it is sealed.
    ///
    /// # Panics
    /// Beyond 64 GiB of plaintext.
    pub fn seal_draft(&self, binding: &[u8], draft: Draft) -> Vec<u8> {
        let key = &self.keys[0];
        let mut sealed = draft.bytes;
        let (head, body) = sealed.split_at_mut(HEAD);
        head[..KEY_ID].copy_from_slice(&key.id);
        head[KEY_ID..].copy_from_slice(&random_nonce());
        let tag = key
            .cipher
            .encrypt_inout_detached(&nonce_of(head), binding, body.into())
            .expect("a row is far below the cipher's limit of 64 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    pub fn open(&self, binding: &[u8], sealed: &[u8]) -> Result<Vec<u8>, UnsealError> {
        let (head, rest) = sealed
            .split_at_checked(HEAD)
            .ok_or(UnsealError::Malformed)?;
        let (body, tag) = rest
            .split_last_chunk::<TAG>()
            .ok_or(UnsealError::Malformed)?;
        let key = self
            .keys
            .iter()
            .find(|key| head.starts_with(&key.id))
            .ok_or(UnsealError::UnknownKey)?;
        let mut plaintext = body.to_vec();
        key.cipher
            .decrypt_inout_detached(
                &nonce_of(head),
                binding,
                plaintext.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| UnsealError::Forged)?;
        Ok(plaintext)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Keyring")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// Plaintext that is not sealed yet, with room around it for what sealing adds.
pub struct Draft {
    /// To be added to.
    pub bytes: Vec<u8>,
}

impl Draft {
    pub fn with_capacity(plaintext: usize) -> Self {
        let mut bytes = Vec::with_capacity(plaintext + OVERHEAD);
        bytes.extend_from_slice(&[0; HEAD]);
        Self { bytes }
    }
}

struct Key {
    id: [u8; KEY_ID],
    cipher: Aes256GcmSiv,
}

impl Key {
    fn derive(text: &str) -> Self {
        let secret = Zeroizing::new(hash(KEY_DOMAIN, text.as_bytes()));
        let fingerprint = hash(KEY_ID_DOMAIN, secret.as_slice());
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&fingerprint[..KEY_ID]);
        let cipher = Aes256GcmSiv::new_from_slice(secret.as_slice())
            .expect("a SHA-256 has the length of the key");
        Self { id, cipher }
    }
}

fn hash(domain: &[u8], bytes: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(domain)
        .chain_update(bytes)
        .finalize()
        .into()
}

/// Random, and with GCM-SIV even the same one twice would only tell that two plaintexts are equal.
fn random_nonce() -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    rand::rng().fill_bytes(&mut nonce);
    nonce
}

fn nonce_of(head: &[u8]) -> Nonce {
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(&head[KEY_ID..]);
    Nonce::from(nonce)
}

const KEY_CHARACTERS_MIN: usize = 16;
/// The zero byte ends the domain, so no text can continue it.
const KEY_DOMAIN: &[u8] = b"keywright key v1\0";
const KEY_ID_DOMAIN: &[u8] = b"keywright key id v1\0";
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEAD: usize = KEY_ID + NONCE;
const OVERHEAD: usize = HEAD + TAG;
