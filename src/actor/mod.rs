//! Where the core meets the store: the actors that own a tenant, and the registry through which they are found.
//!
//! A tenant has one [`tenant::TenantActor`], the only writer of its durable state, and on each HTTP worker one
//! [`ceremonies::Ceremonies`] that owns the challenges begun there. Both run on the workers' own arbiters; the second takes its
//! step in the turn of whoever asks it on its worker (`here`). A step of an actor is synchronous: no signature is checked here,
//! no disk is waited for.

pub mod audit;
pub mod ceremonies;
pub mod codec;
pub mod first;
pub mod handle;
mod here;
mod inside;
pub mod ledger;
pub mod permits;
pub mod registry;
mod rounds;
pub mod rows;
pub mod signing;
pub mod source;
pub mod tenant;
pub mod uses;
pub mod workers;

use thiserror::Error;

use crate::store::{CommitError, LoadError};
use crate::tenant::rejection::Rejection;

/// Why a tenant did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error(transparent)]
    Rejected(#[from] Rejection),
    #[error("no such tenant")]
    TenantNotFound,
    /// Its rows are damaged; nobody is served by guesswork.
    #[error("the tenant's stored rows are damaged")]
    Quarantined,
    #[error("too many requests are under way")]
    TooBusy,
    #[error("the store is full")]
    StoreFull,
    /// Whether it happened is not known, or its actor died: to be tried again.
    #[error("the tenant is being read back from the store")]
    Interrupted,
    #[error("the store has failed")]
    StoreFailed,
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Rejected(Rejection::Concurrent),
            CommitError::Gone => Self::TenantNotFound,
            CommitError::Damaged => Self::Quarantined,
            CommitError::Unknown => Self::Interrupted,
            CommitError::Full => Self::StoreFull,
            CommitError::Busy => Self::TooBusy,
            CommitError::Fatal => Self::StoreFailed,
        }
    }
}

impl From<&LoadError> for Refusal {
    fn from(error: &LoadError) -> Self {
        match error {
            LoadError::Damaged(_) => Self::Quarantined,
            LoadError::Busy => Self::TooBusy,
            LoadError::Fatal => Self::StoreFailed,
        }
    }
}
