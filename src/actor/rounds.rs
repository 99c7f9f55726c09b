//! The rounds of a worker: again and again, each of its ceremonies actors that holds something is told to write it down and
//! to drop what has expired. One timer for all of them: an actor with a timer of its own looks at it at every message.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::ceremonies::Surroundings;

/// Goes on for as long as the worker does.
pub(super) async fn rounds(around: Surroundings) {
    let mut steps = interval((around.checkpoint_every / STEPS).max(STEP_MIN));
    steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for step in (0..STEPS).cycle() {
        steps.tick().await;
        around.ledger.tick(step, STEPS);
    }
}

/// In each step a part of the actors is told, so that a thousand of them do not all encode at once.
const STEPS: u32 = 16;

/// What a timer can tell apart.
const STEP_MIN: Duration = Duration::from_millis(1);
