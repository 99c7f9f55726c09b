//! The state behind its lock: when it looks dead, and when it must not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Durable, KillOnPanic, Owner};
use crate::tenant::event::Event;
use crate::tenant::ids::TenantId;
use crate::tenant::settings::Rules;
use crate::tenant::tests::{given, profile};

fn durable() -> Durable {
    Durable::new(TenantId(uuid::Uuid::nil()), given(Vec::new()))
}

/// Whoever saw it dead, for a moment even, would start a second actor beside the first.
#[test]
fn a_state_that_changes_never_looks_dead() {
    let (durable, done) = (durable(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 0..2_000 {
                durable.apply(
                    vec![Event::TenantSaved(Box::new(profile(Rules::DEFAULT)))],
                    seq,
                );
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            assert!(!durable.is_dead());
        }
    });
}

#[test]
fn a_panic_on_the_way_leaves_it_dead() {
    let durable = durable();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = KillOnPanic(&durable);
        panic!("half way");
    }));
    assert!(panicked.is_err());
    assert!(durable.is_dead());
}

/// So that whoever asks next reads the tenant back, wherever its actor went.
#[test]
fn a_state_that_nobody_may_write_any_more_is_dead() {
    let durable = Arc::new(durable());
    let owner = Owner(Arc::clone(&durable));
    assert!(!durable.is_dead());
    drop(owner);
    assert!(durable.is_dead());
}
