//! The table of pending challenges: single use, bounded, expiring, and what its checkpoints tell.

mod model;

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::challenge::{Access, Ceremony, Checkpoint, Pending, still_pending};
use super::super::ids::{Challenge, Timestamp};
use super::{ceremony, challenge};

fn keyed(expires_at: u64) -> Ceremony {
    ceremony(Access::Keyed, expires_at)
}

/// What is pending after a restart with these checkpoints.
fn restored(checkpoints: &[Checkpoint]) -> Pending {
    let taken = checkpoints
        .iter()
        .flat_map(|each| each.taken.iter().copied());
    let began = checkpoints.iter().flat_map(began);
    let mut pending = Pending::default();
    for (challenge, ceremony) in still_pending(began, taken, Timestamp(0)) {
        pending.restore(challenge, &ceremony);
    }
    pending
}

fn began(checkpoint: &Checkpoint) -> Vec<(Challenge, Ceremony)> {
    checkpoint.ceremonies().unwrap()
}

fn total(pending: &Pending) -> usize {
    Access::ALL.map(|access| pending.len(access)).iter().sum()
}

fn is_empty(checkpoint: &Checkpoint) -> bool {
    checkpoint.began.is_empty() && checkpoint.taken.is_empty()
}

#[test]
fn a_challenge_is_given_away_once() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    assert_eq!(pending.take(&challenge(1)), Some(keyed(10)));
    assert_eq!(pending.take(&challenge(1)), None);
    assert_eq!(pending.take(&challenge(2)), None);
    assert_eq!(total(&pending), 0);
}

#[test]
fn the_oldest_of_the_kind_is_evicted_and_kinds_never_meet() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    pending.begin(challenge(2), &ceremony(Access::Unkeyed, 10));
    pending.begin(challenge(3), &keyed(10));
    pending.begin(challenge(4), &ceremony(Access::Unkeyed, 10));
    assert!(pending.evict_oldest(Access::Unkeyed));
    assert_eq!(pending.take(&challenge(2)), None);
    assert!(pending.evict_oldest(Access::Unkeyed));
    assert!(!pending.evict_oldest(Access::Unkeyed));
    assert_eq!(pending.len(Access::Keyed), 2);
    assert!(pending.evict_oldest(Access::Keyed));
    assert_eq!(pending.take(&challenge(1)), None);
    assert!(pending.take(&challenge(3)).is_some());
}

#[test]
fn what_was_taken_is_passed_over_by_an_eviction() {
    let mut pending = Pending::default();
    for number in 1..=3 {
        pending.begin(challenge(number), &keyed(10));
    }
    pending.take(&challenge(1)).unwrap();
    assert!(pending.evict_oldest(Access::Keyed));
    assert_eq!(pending.take(&challenge(2)), None);
    assert!(pending.take(&challenge(3)).is_some());
}

#[test]
fn what_has_expired_goes_from_the_old_end() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    pending.begin(challenge(2), &keyed(20));
    pending.begin(challenge(3), &ceremony(Access::Unkeyed, 10));
    assert_eq!(pending.expire(Timestamp(9)), [0, 0]);
    assert_eq!(pending.expire(Timestamp(10)), [1, 1]);
    assert_eq!(total(&pending), 1);
    assert!(pending.take(&challenge(2)).is_some());
}

#[test]
fn what_expires_at_the_beginning_of_time_is_out_until_then() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(0));
    pending.begin(challenge(2), &keyed(10));
    assert_eq!(pending.expire(Timestamp(1)), [1, 0]);
    assert_eq!(total(&pending), 1);
}

#[test]
fn a_checkpoint_tells_what_began_and_restores_it() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    pending.begin(challenge(2), &ceremony(Access::Unkeyed, 30));
    let checkpoint = pending.checkpoint(usize::MAX);
    assert_eq!(began(&checkpoint).len(), 2);
    assert_eq!(checkpoint.expires_at, Some(Timestamp(30)));
    assert!(is_empty(&pending.checkpoint(usize::MAX)));
    let mut after = restored(&[checkpoint]);
    assert!(after.take(&challenge(1)).is_some());
    assert!(after.take(&challenge(2)).is_some());
}

#[test]
fn what_no_checkpoint_named_needs_no_taking_back() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    pending.take(&challenge(1)).unwrap();
    assert!(pending.is_saved());
    assert!(is_empty(&pending.checkpoint(usize::MAX)));
}

#[test]
fn a_taken_challenge_is_not_restored() {
    let mut pending = Pending::default();
    for number in 1..=3 {
        pending.begin(challenge(number), &keyed(10));
    }
    let first = pending.checkpoint(usize::MAX);
    pending.take(&challenge(1)).unwrap();
    assert!(!pending.is_saved());
    let second = pending.checkpoint(usize::MAX);
    assert!(pending.is_saved());
    assert_eq!(second.taken, [challenge(1)]);
    let mut after = restored(&[first, second]);
    assert_eq!(after.take(&challenge(1)), None);
    assert!(after.take(&challenge(2)).is_some());
    assert!(after.take(&challenge(3)).is_some());
}

#[test]
fn a_restored_challenge_that_is_taken_stands_in_the_next_checkpoint() {
    let mut pending = Pending::default();
    pending.restore(challenge(1), &keyed(10));
    assert!(is_empty(&pending.checkpoint(usize::MAX)));
    pending.take(&challenge(1)).unwrap();
    let checkpoint = pending.checkpoint(usize::MAX);
    assert_eq!(checkpoint.taken, [challenge(1)]);
}

#[test]
fn a_checkpoint_is_about_as_long_as_asked_for() {
    let mut pending = Pending::default();
    pending.begin(challenge(0), &keyed(10));
    let each = pending.unsaved();
    for number in 1..5 {
        pending.begin(challenge(number), &keyed(10));
    }
    assert_eq!(pending.unsaved(), 5 * each);
    assert_eq!(began(&pending.checkpoint(2 * each - 1)).len(), 2);
    assert_eq!(pending.unsaved(), 3 * each);
    assert_eq!(began(&pending.checkpoint(9 * each)).len(), 3);
    assert_eq!(pending.unsaved(), 0);
}

#[test]
fn a_failed_checkpoint_is_carried_by_the_next() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    pending.begin(challenge(2), &keyed(10));
    let first = pending.checkpoint(usize::MAX);
    pending.take(&challenge(1)).unwrap();
    let lost = pending.checkpoint(usize::MAX);
    pending.checkpoint_failed(lost);
    pending.checkpoint_failed(first);
    pending.begin(challenge(3), &keyed(10));
    let next = pending.checkpoint(usize::MAX);
    let began: Vec<Challenge> = began(&next)
        .iter()
        .map(|(challenge, _)| *challenge)
        .collect();
    assert_eq!(began, [challenge(2), challenge(3)]);
    assert_eq!(next.taken, [challenge(1)]);
}

/// An earlier checkpoint is durable whatever becomes of a later one, so what it names must be taken back.
#[test]
fn what_an_earlier_checkpoint_named_is_taken_back_after_a_failed_one() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    let durable = pending.checkpoint(usize::MAX);
    pending.begin(challenge(2), &keyed(10));
    let failed = pending.checkpoint(usize::MAX);
    pending.checkpoint_failed(failed);
    pending.take(&challenge(1)).unwrap();
    let next = pending.checkpoint(usize::MAX);
    let mut after = restored(&[durable, next]);
    assert_eq!(after.take(&challenge(1)), None);
    assert!(after.take(&challenge(2)).is_some());
}

/// One of a moment, as ids.rs counts them.
fn at(moment: u16, number: u8) -> Challenge {
    let mut challenge = challenge(number);
    challenge.0[2..4].copy_from_slice(&moment.to_be_bytes());
    challenge
}

#[test]
fn a_challenge_is_found_by_its_moment_whatever_the_clock_does() {
    let moments = [7, 7, 9, 40_000, 65_535, 0, 1, 65_530, 7, 30_000];
    let mut pending = Pending::default();
    // So many of each that no segment is a small one.
    for (moment, number) in moments
        .into_iter()
        .flat_map(|it| (0..70).map(move |n| (it, n)))
    {
        pending.begin(at(moment, number), &keyed(10));
    }
    pending.expire(Timestamp(9));
    assert_eq!(pending.take(&at(8, 1)), None);
    for (count, moment) in [
        (3, 7),
        (1, 9),
        (1, 40_000),
        (1, 65_535),
        (1, 0),
        (1, 65_530),
    ] {
        for _ in 0..count {
            assert_eq!(pending.take(&at(moment, 69)), Some(keyed(10)), "{moment}");
        }
        assert_eq!(pending.take(&at(moment, 69)), None, "{moment}");
    }
    assert_eq!(total(&pending), 700 - 8);
    assert_eq!(pending.expire(Timestamp(10)), [700 - 8, 0]);
    assert_eq!(pending.take(&at(7, 1)), None);
}

#[derive(Debug, Clone)]
enum Step {
    Begin(u8, bool),
    Take(u8),
    Evict(bool),
    Checkpoint(usize),
    /// A checkpoint whose commit fails.
    Lost(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<u8>(), any::<bool>()).prop_map(|(number, key)| Step::Begin(number, key)),
        6 => any::<u8>().prop_map(Step::Take),
        1 => any::<bool>().prop_map(Step::Evict),
        2 => (0..900_usize).prop_map(Step::Checkpoint),
        1 => (0..900_usize).prop_map(Step::Lost),
    ]
}

const fn access(is_keyed: bool) -> Access {
    if is_keyed {
        Access::Keyed
    } else {
        Access::Unkeyed
    }
}

proptest! {
    // A failing case becomes a test with a name, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, after a clean restart all that was pending is pending and nothing that was taken is. (What was
    /// merely evicted may be back: nobody has used it.)
    #[test]
    fn a_clean_restart_restores_what_was_pending(steps in prop::collection::vec(step(), 0..800)) {
        let mut pending = Pending::default();
        let (mut durable, mut ever, mut taken) = (Vec::new(), HashSet::new(), HashSet::new());
        for step in steps {
            match step {
                // A challenge is random: it never begins twice.
                Step::Begin(number, key) if ever.insert(number) => {
                    pending.begin(challenge(number), &ceremony(access(key), 10));
                }
                Step::Begin(..) => {}
                Step::Take(number) => {
                    if pending.take(&challenge(number)).is_some() {
                        taken.insert(number);
                    }
                }
                Step::Evict(key) => drop(pending.evict_oldest(access(key))),
                Step::Checkpoint(most) => durable.push(pending.checkpoint(most)),
                Step::Lost(most) => {
                    let lost = pending.checkpoint(most);
                    pending.checkpoint_failed(lost);
                }
            }
        }
        durable.push(pending.checkpoint(usize::MAX));
        let mut after = restored(&durable);
        for number in ever {
            let (before, after) = (pending.take(&challenge(number)), after.take(&challenge(number)));
            if before.is_some() {
                prop_assert_eq!(before, after);
            } else if taken.contains(&number) {
                prop_assert_eq!(after, None);
            }
        }
    }
}

#[test]
fn what_two_checkpoints_name_is_restored_once() {
    let mut pending = Pending::default();
    pending.begin(challenge(1), &keyed(10));
    let durable = pending.checkpoint(usize::MAX);
    let failed = pending.checkpoint(usize::MAX);
    pending.checkpoint_failed(failed);
    let again = pending.checkpoint(usize::MAX);
    assert_eq!((began(&durable).len(), began(&again).len()), (1, 1));
    let mut after = restored(&[durable, again]);
    assert_eq!(total(&after), 1);
    assert!(after.take(&challenge(1)).is_some());
    assert_eq!(after.take(&challenge(1)), None);
}
