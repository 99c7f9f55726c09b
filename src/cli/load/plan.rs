//! How much, and for how long.

use std::time::Duration;

use super::profile::Traffic;

/// When the next operation begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Loop {
    /// When the last one of its connection has ended: as fast as the server lets it, and slower where the server is.
    Closed { connections: usize },
    /// At its time, whatever became of those before: latency counts from then on, even if no connection was free.
    Open { connections: usize, rate: f64 },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// New users, that many a thread, who can log in later.
    Accounts(usize),
    Traffic(Traffic, Duration),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phase {
    pub(super) shape: Loop,
    pub(super) goal: Goal,
}

impl Loop {
    pub(super) const fn connections(self) -> usize {
        match self {
            Self::Closed { connections } | Self::Open { connections, .. } => connections,
        }
    }

    pub(super) const fn rate(self) -> Option<f64> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { rate, .. } => Some(rate),
        }
    }
}
