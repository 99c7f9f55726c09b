//! What a load does, one file an operation. An operation is one or two requests, one after the other.

mod flood;
mod initialize;
mod initialize_login;
mod list;
mod login;
mod mixed;
pub(super) mod ramp;
pub(super) mod register;

use std::time::Instant;

use clap::ValueEnum;

use super::worker::Worker;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// registration/initialize with an API key, for users that never finish
    Initialize,
    /// login/initialize with an API key, for users that registered before and never finish
    InitializeLogin,
    /// New users register: initialize, a new key pair, finalize
    Register,
    /// Users that registered before log in: initialize, a signature, finalize
    Login,
    /// 1 registration to 20 logins and 5 lists of a user's credentials
    Mixed,
    /// login/initialize without an API key, as anybody on the internet may
    Flood,
    /// What --ramp-of says, with 1, 2, 4, … of the connections, or an eighth, two, … of the rate
    Ramp,
}

/// A profile without its ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Traffic {
    Initialize,
    InitializeLogin,
    Register,
    Login,
    Mixed,
    Flood,
}

impl Profile {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::InitializeLogin => "initialize-login",
            Self::Register => "register",
            Self::Login => "login",
            Self::Mixed => "mixed",
            Self::Flood => "flood",
            Self::Ramp => "ramp",
        }
    }

    pub(super) const fn traffic(self, ramp_of: Traffic) -> Traffic {
        match self {
            Self::Initialize => Traffic::Initialize,
            Self::InitializeLogin => Traffic::InitializeLogin,
            Self::Register => Traffic::Register,
            Self::Login => Traffic::Login,
            Self::Mixed => Traffic::Mixed,
            Self::Flood => Traffic::Flood,
            Self::Ramp => ramp_of,
        }
    }
}

impl Traffic {
    /// Whether users must have registered before.
    pub(super) const fn needs_accounts(self) -> bool {
        match self {
            Self::InitializeLogin | Self::Login | Self::Mixed => true,
            Self::Initialize | Self::Register | Self::Flood => false,
        }
    }

    /// One operation, that should have begun at `due`.
    pub(super) async fn operate(self, worker: &mut Worker<'_>, due: Instant) {
        match self {
            Self::Initialize => initialize::operate(worker, due).await,
            Self::InitializeLogin => initialize_login::operate(worker, due).await,
            Self::Register => drop(register::operate(worker, due).await),
            Self::Login => login::operate(worker, due).await,
            Self::Mixed => mixed::operate(worker, due).await,
            Self::Flood => flood::operate(worker, due).await,
        }
        worker.turn += 1;
    }
}
