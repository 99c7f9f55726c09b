//! Why a load did not run, or not to its end, and what would help.

use thiserror::Error;

use crate::cli::tenant::failure::Failure as AdminFailure;

#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error("--url {0:?} is not an address like http://127.0.0.1:8000")]
    Url(String),
    #[error(
        "load speaks plain HTTP: name the server itself, not the proxy with TLS before it, whose work it would measure too"
    )]
    Tls,
    #[error("no address is known for {0:?}")]
    Unknown(String),
    #[error(
        "{tenants} times --tenant and {keys} times --key: each tenant needs one, in the same order"
    )]
    Keys { tenants: usize, keys: usize },
    #[error("--server-pid {0}: this machine does not tell the processor time of such a process")]
    Process(u32),
    #[error(transparent)]
    Admin(#[from] AdminFailure),
    #[error("what answers at --admin-url made a tenant without an id or an API key")]
    Stranger,
    #[error(
        "{count} of the tenants of this load are still there (`keywright tenant list`): {cause}"
    )]
    Left { count: usize, cause: AdminFailure },
    #[error(
        "the load could not be prepared: {missing} of {wanted} users could not register. {reason}"
    )]
    Prepare {
        missing: usize,
        wanted: usize,
        reason: String,
    },
    #[error("not one request succeeded. {0}")]
    NoSuccess(String),
    #[error("interrupted")]
    Interrupted,
    #[error("over the threshold: {0}")]
    Thresholds(String),
    #[error("this machine does not let it run: {0}")]
    Machine(#[from] std::io::Error),
}

impl Failure {
    /// 1: refused or failed. 2: bad usage.
    pub(super) const fn code(&self) -> u8 {
        match self {
            Self::Url(_) | Self::Tls | Self::Unknown(_) | Self::Keys { .. } | Self::Process(_) => 2,
            Self::Admin(failure) => failure.code(),
            Self::Stranger
            | Self::Left { .. }
            | Self::Prepare { .. }
            | Self::NoSuccess(_)
            | Self::Interrupted
            | Self::Thresholds(_)
            | Self::Machine(_) => 1,
        }
    }
}
