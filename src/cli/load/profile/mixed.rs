//! A day of a product in small: of 26 operations one is a registration, five are lists, twenty are logins.

use std::time::Instant;

use super::super::worker::Worker;
use super::{list, login, register};

pub(super) async fn operate(worker: &mut Worker<'_>, due: Instant) {
    match worker.turn % ROUND {
        0 => drop(register::operate(worker, due).await),
        turn if turn % 5 == 0 => list::operate(worker, due).await,
        _ => login::operate(worker, due).await,
    }
}

const ROUND: u64 = 26;
