//! Who runs at once, who waits, in which order; and that the queues empty.

use proptest::prelude::*;

use super::{RowQueues, Ticket};
use crate::tenant::Touched;
use crate::tenant::ids::UserId;

fn row(number: u8) -> Touched {
    Touched::User(UserId::parse(&number.to_string()).unwrap())
}

fn rows<const N: usize>(numbers: [u8; N]) -> Vec<Touched> {
    numbers.map(row).to_vec()
}

fn jobs<Job>(ready: Vec<(Ticket, Job)>) -> Vec<Job> {
    ready.into_iter().map(|(_, job)| job).collect()
}

#[test]
fn independent_rows_run_at_once() {
    let mut queues = RowQueues::default();
    let (one, _) = queues.enter(rows([1]), "one").unwrap();
    let (two, _) = queues.enter(rows([2]), "two").unwrap();
    let (nothing, _) = queues.enter(Vec::new(), "nothing").unwrap();
    for ticket in [two, nothing, one] {
        assert!(queues.leave(ticket).is_empty());
    }
    assert!(queues.is_empty());
}

#[test]
fn shared_rows_run_in_the_order_of_coming() {
    let mut queues = RowQueues::default();
    let (mut ticket, _) = queues.enter(rows([1]), 0).unwrap();
    for number in 1..5 {
        assert!(queues.enter(rows([1]), number).is_none());
    }
    for number in 1..5 {
        let ready = queues.leave(ticket);
        assert_eq!(ready.len(), 1);
        assert_eq!(ready[0].1, number);
        ticket = ready[0].0;
    }
    assert!(queues.leave(ticket).is_empty());
    assert!(queues.is_empty());
}

#[test]
fn a_command_waits_for_all_its_rows() {
    let mut queues = RowQueues::default();
    let (one, _) = queues.enter(rows([1]), "one").unwrap();
    let (two, _) = queues.enter(rows([2]), "two").unwrap();
    assert!(queues.enter(rows([1, 2]), "both").is_none());
    // Whoever comes later waits behind it, even if its row is free once `one` has left.
    assert!(queues.enter(rows([1]), "later").is_none());
    assert!(queues.leave(one).is_empty());
    let both = queues.leave(two);
    assert_eq!(both[0].1, "both");
    assert_eq!(jobs(queues.leave(both[0].0)), ["later"]);
}

#[test]
fn a_row_named_twice_counts_once() {
    let mut queues = RowQueues::default();
    let (ticket, _) = queues.enter(rows([1, 1]), "one").unwrap();
    assert!(queues.enter(rows([1, 1, 1]), "two").is_none());
    assert_eq!(jobs(queues.leave(ticket)), ["two"]);
}

#[test]
fn one_end_may_set_several_free() {
    let mut queues = RowQueues::default();
    let (ticket, _) = queues.enter(rows([1, 2, 3]), 0).unwrap();
    for number in 1..=3 {
        assert!(queues.enter(rows([number]), number).is_none());
    }
    let mut free = jobs(queues.leave(ticket));
    free.sort_unstable();
    assert_eq!(free, [1, 2, 3]);
}

proptest! {
    // A failing case becomes a test with a name, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Two jobs that share a row never run together and keep their order; all run in the end.
    #[test]
    fn rows_are_never_shared_and_nobody_starves(
        touched in prop::collection::vec(prop::collection::vec(0..6_u8, 0..4), 1..60),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        let mut queues = RowQueues::default();
        let (mut running, mut started) = (Vec::new(), Vec::new());
        let mut picks = picks.iter().cycle();
        for (job, numbers) in touched.iter().enumerate() {
            let rows = numbers.iter().copied().map(row).collect();
            running.extend(queues.enter(rows, job));
            started.extend(running.last().filter(|(_, last)| *last == job).map(|_| job));
            if job % 3 == 0 && !running.is_empty() {
                let pick = picks.next().unwrap().index(running.len());
                let (ticket, _) = running.swap_remove(pick);
                let free = queues.leave(ticket);
                started.extend(free.iter().map(|(_, job)| *job));
                running.extend(free);
            }
            for (number, (_, one)) in running.iter().enumerate() {
                for (_, other) in &running[..number] {
                    let shared = touched[*one].iter().any(|row| touched[*other].contains(row));
                    prop_assert!(!shared, "{one} and {other} run together");
                }
            }
        }
        while let Some((ticket, _)) = running.pop() {
            let free = queues.leave(ticket);
            started.extend(free.iter().map(|(_, job)| *job));
            running.extend(free);
        }
        prop_assert!(queues.is_empty());
        prop_assert_eq!(started.len(), touched.len());
        for (position, one) in started.iter().enumerate() {
            for other in &started[..position] {
                let shared = touched[*one].iter().any(|row| touched[*other].contains(row));
                prop_assert!(!shared || other < one, "{other} before {one}");
            }
        }
    }
}
