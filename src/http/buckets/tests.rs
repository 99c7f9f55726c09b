//! What a bucket gives and when, and whom a full table forgets.

use std::time::Duration;

use super::{Buckets, Empty, Rate};

const KEY: u64 = 7;

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How many tokens there are at once.
fn tokens(buckets: &Buckets, key: u64, rate: Rate, now: Duration) -> usize {
    (0..10_000)
        .take_while(|_| buckets.take(key, rate, now).is_ok())
        .count()
}

#[test]
fn a_bucket_gives_its_burst_and_then_its_rate() {
    let buckets = Buckets::new(64);
    let rate = Rate::new(10, 25);
    assert_eq!(tokens(&buckets, KEY, rate, at(0)), 25);
    assert_eq!(tokens(&buckets, KEY, rate, at(99)), 0);
    assert_eq!(tokens(&buckets, KEY, rate, at(100)), 1);
    assert_eq!(tokens(&buckets, KEY, rate, at(1_100)), 10);
    assert_eq!(tokens(&buckets, KEY, rate, at(3_600_000)), 25);
}

#[test]
fn an_empty_bucket_says_when_to_come_back() {
    let buckets = Buckets::new(64);
    let rate = Rate::new(10, 1);
    assert_eq!(buckets.look(KEY, rate, at(0)), Ok(()));
    assert_eq!(buckets.take(KEY, rate, at(0)), Ok(()));
    for empty in [
        buckets.look(KEY, rate, at(30)),
        buckets.take(KEY, rate, at(30)),
        // To ask and be refused costs nothing.
        buckets.take(KEY, rate, at(30)),
    ] {
        assert_eq!(empty, Err(Empty(at(70))));
    }
    assert_eq!(buckets.look(KEY, rate, at(100)), Ok(()));
    assert_eq!(buckets.take(KEY, rate, at(100)), Ok(()));
}

#[test]
fn keys_do_not_share_a_bucket() {
    let buckets = Buckets::new(64);
    let rate = Rate::new(1, 3);
    for key in 1..=32 {
        assert_eq!(tokens(&buckets, key, rate, at(0)), 3, "{key}");
    }
}

#[test]
fn a_full_table_forgets_who_asked_least() {
    let buckets = Buckets::new(4);
    let rate = Rate::new(1, 100);
    assert_eq!(tokens(&buckets, KEY, rate, at(0)), 100);
    for key in 1_000..2_000 {
        assert_eq!(buckets.take(key, rate, at(1)), Ok(()), "{key}");
    }
    assert_eq!(tokens(&buckets, KEY, rate, at(2)), 0);
}

#[test]
fn threads_share_what_there_is() {
    let buckets = Buckets::new(64);
    let rate = Rate::new(1, 4_000);
    let given: usize = std::thread::scope(|scope| {
        let take = || tokens(&buckets, KEY, rate, at(0));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.sum()
    });
    assert_eq!(given, 4_000);
}

#[test]
fn the_extremes_of_the_settings_do_not_overflow() {
    let late = Duration::from_hours(24 * 365 * 100);
    for (per_second, burst) in [(1, 1), (1, 1_000_000), (1_000_000, 1), (u32::MAX, u32::MAX)] {
        let buckets = Buckets::new(1);
        let rate = Rate::new(per_second, burst);
        assert_eq!(buckets.take(KEY, rate, late), Ok(()));
        assert_eq!(buckets.look(KEY, rate, late).is_ok(), burst > 1);
    }
}
