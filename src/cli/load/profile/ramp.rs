//! More and more, in stages of the same length: where the table's requests/s no longer grow and its latencies do, is the limit.

use super::super::plan::Loop;

/// Doubling connections up to all of them, or eighths of the rate.
pub(in super::super) fn stages(all: Loop) -> Vec<Loop> {
    match all {
        Loop::Closed { connections } => {
            let doubling = std::iter::successors(Some(1), |last| Some(last * 2));
            let below = doubling.take_while(|count| *count < connections);
            let counts = below.chain([connections]);
            counts
                .map(|connections| Loop::Closed { connections })
                .collect()
        }
        Loop::Open { connections, rate } => {
            let rates = (1..=8_u32).map(|eighths| rate * f64::from(eighths) / 8.0);
            rates.map(|rate| Loop::Open { connections, rate }).collect()
        }
    }
}
