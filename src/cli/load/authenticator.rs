//! The authenticators of the users of a load: a share of each algorithm. They always behave, and vouch for nothing.

use std::str::FromStr;
use std::sync::LazyLock;

use crate::forge::{Asked, Authenticator, RSA, client_data, sha256};

/// What a page gives its authenticator.
pub(super) struct Page<'a> {
    pub(super) challenge: &'a str,
    pub(super) rp_id: &'a str,
    pub(super) origin: &'a str,
}

impl Page<'_> {
    /// The response to creation options.
    pub(super) fn create(&self, authenticator: &Authenticator) -> String {
        let client_data = client_data("webauthn.create", self.challenge, self.origin);
        authenticator.create(&self.asked(&client_data))
    }

    /// The response to request options.
    pub(super) fn get(&self, authenticator: &Authenticator, user_handle: &str) -> String {
        let client_data = client_data("webauthn.get", self.challenge, self.origin);
        authenticator.get(&self.asked(&client_data), Some(user_handle.as_bytes()))
    }

    fn asked<'a>(&self, client_data: &'a str) -> Asked<'a> {
        Asked {
            rp_id_hash: sha256(self.rp_id.as_bytes()),
            client_data: client_data.as_bytes(),
        }
    }
}

/// How many authenticators of each algorithm, in proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shares {
    es256: u64,
    eddsa: u64,
    rs256: u64,
}

impl FromStr for Shares {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut shares = Self {
            es256: 0,
            eddsa: 0,
            rs256: 0,
        };
        for part in text.split(',') {
            let (name, share) = part.split_once('=').unwrap_or((part, "1"));
            let share: u32 = share
                .trim()
                .parse()
                .map_err(|_| format!("the share {share:?} is not a number"))?;
            let all = match name.trim().to_ascii_lowercase().as_str() {
                "es256" => &mut shares.es256,
                "eddsa" => &mut shares.eddsa,
                "rs256" => &mut shares.rs256,
                _ => return Err(format!("{name:?} is none of ES256, EdDSA, RS256")),
            };
            *all = share.into();
        }
        if shares.all() == 0 {
            return Err("no algorithm has a share".to_owned());
        }
        Ok(shares)
    }
}

impl Shares {
    const fn all(self) -> u64 {
        self.es256 + self.eddsa + self.rs256
    }

    /// Made beforehand: the one RSA key of all takes its time.
    pub(super) fn prepare(self) {
        if self.rs256 > 0 {
            LazyLock::force(&RSA);
        }
    }

    /// A new one. Of any run of as many as the shares add up to, each algorithm has its own.
    pub(super) fn authenticator(self, number: u64) -> Authenticator {
        let place = number % self.all();
        Authenticator::new(if place < self.rs256 {
            RS256
        } else if place < self.rs256 + self.eddsa {
            EDDSA
        } else {
            ES256
        })
    }
}

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;
