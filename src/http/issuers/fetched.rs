//! What comes of a fetch, and whom it is told.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::key_sets::{Address, KeySets};
use crate::telemetry::metrics::IssuerFetch;
use crate::tenant::issuer::{KeySet, KeySetError};

/// An answer with a status of success.
#[derive(Debug)]
pub struct Fetched {
    pub body: Vec<u8>,
    /// How long the issuer wants it to be kept.
    pub max_age: Option<Duration>,
}

#[derive(Debug, Error)]
pub enum FetchError {
    #[error("the address is not HTTPS, nor HTTP on this machine")]
    Address,
    #[error("answers {0}")]
    Status(u16),
    #[error("redirects too often, or to nowhere that is asked")]
    Redirect,
    #[error(transparent)]
    Keys(#[from] KeySetError),
    #[error("{0}")]
    Transport(Box<dyn std::error::Error + Send + Sync>),
    #[error("too many keys are being fetched")]
    Busy,
    #[error("given up")]
    GivenUp,
}

impl From<&FetchError> for IssuerFetch {
    fn from(error: &FetchError) -> Self {
        match error {
            FetchError::Keys(_) => Self::Invalid,
            FetchError::Address
            | FetchError::Status(_)
            | FetchError::Redirect
            | FetchError::Transport(_)
            | FetchError::Busy
            | FetchError::GivenUp => Self::Failed,
        }
    }
}

/// Where the answer goes. Dropped without one, that is a failure: nobody waits for ever.
pub struct Reply(Option<(Arc<KeySets>, Address)>);

impl Reply {
    pub(super) const fn new(key_sets: Arc<KeySets>, of: Address) -> Self {
        Self(Some((key_sets, of)))
    }

    pub fn tell(mut self, fetched: Result<Fetched, FetchError>) {
        self.end(fetched);
    }

    fn end(&mut self, fetched: Result<Fetched, FetchError>) {
        let Some((key_sets, of)) = self.0.take() else {
            return;
        };
        let parsed = fetched.and_then(|fetched| {
            let keys = KeySet::parse(&fetched.body)?;
            Ok((keys, fetched.max_age))
        });
        key_sets.end(&of, parsed);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.end(Err(FetchError::GivenUp));
    }
}
