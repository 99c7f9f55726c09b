//! What the world gives to a decision: the time and random bytes, as plain values.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ids::{Challenge, Timestamp};

/// Enough for one decision: an id and a secret.
pub const RANDOM_BYTES: usize = 80;

/// Made anew for each decision. A decision uses each of the random bytes for one purpose only.
#[derive(Clone)]
pub struct Env {
    pub now: Timestamp,
    pub random: [u8; RANDOM_BYTES],
}

impl Env {
    /// A version 4 UUID from the first 16 random bytes.
    pub fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.random[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Another, for a decision that makes two things. Nothing that is shown of the random bytes tells it.
    pub fn second_uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(self.random)[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// 64 random bytes that [`Env::uuid`] does not use.
    pub fn secret(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&self.random[16..]);
        bytes
    }

    /// A challenge that names the worker that holds it and the moment that it is looked up by: byte 0 the worker, byte 1
    /// kept for a node, bytes 2 and 3 the moment, 28 random.
    pub fn challenge(&self, worker: u8) -> Challenge {
        let mut bytes = [0; 32];
        bytes[0] = worker;
        bytes[2..4].copy_from_slice(&self.now.moment().to_be_bytes());
        bytes[4..].copy_from_slice(&self.random[..28]);
        Challenge(bytes)
    }
}
