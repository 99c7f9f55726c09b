//! The queue: its bound, and who gives way at it.

use uuid::Uuid;

use super::super::queue::{Pushed, Queue};
use crate::store::AuditRow;
use crate::tenant::ids::TenantId;

fn tenant(number: u128) -> TenantId {
    TenantId(Uuid::from_u128(number))
}

fn row(at: u64) -> AuditRow {
    AuditRow {
        at,
        id: Uuid::from_u128(at.into()),
        kind: 0,
        data: Vec::new(),
    }
}

fn times(rows: &[AuditRow]) -> Vec<u64> {
    rows.iter().map(|row| row.at).collect()
}

#[test]
fn what_is_pushed_is_taken_in_its_order() {
    let mut queue = Queue::new(10);
    for at in 0..4 {
        assert_eq!(
            queue.push(tenant(u128::from(at % 2)), row(at)),
            Pushed::Kept
        );
    }
    assert_eq!(times(&queue.take(tenant(0))), [0, 2]);
    assert_eq!(queue.tenants(), [tenant(1)]);
    assert_eq!(times(&queue.take(tenant(0))), [0; 0]);
}

#[test]
fn one_that_floods_gives_way_to_others() {
    let mut queue = Queue::new(100);
    for at in 0..1_000 {
        let pushed = queue.push(tenant(0), row(at));
        assert_eq!(pushed == Pushed::Kept, at < 100, "{at}");
    }
    for at in 0..30 {
        assert_eq!(queue.push(tenant(1), row(at)), Pushed::OneDropped);
        assert_eq!(queue.push(tenant(2), row(at)), Pushed::OneDropped);
        queue.push(tenant(0), row(at));
    }
    assert_eq!(queue.take(tenant(1)).len(), 30);
    assert_eq!(queue.take(tenant(2)).len(), 30);
    // The oldest tell how the flood began.
    let flood: Vec<u64> = (0..40).collect();
    assert_eq!(times(&queue.take(tenant(0))), flood);
}

#[test]
fn many_floods_share() {
    let mut queue = Queue::new(100);
    for at in 0..1_000 {
        queue.push(tenant(u128::from(at) % 10), row(at));
    }
    for number in 0..10 {
        assert_eq!(queue.take(tenant(number)).len(), 10, "{number}");
    }
}

#[test]
fn what_is_on_its_way_counts_until_it_is_released() {
    let mut queue = Queue::new(4);
    for at in 0..4 {
        queue.push(tenant(0), row(at));
    }
    let mut taken = queue.take(tenant(0));
    assert_eq!(queue.push(tenant(0), row(9)), Pushed::OneDropped);
    assert_eq!(queue.push(tenant(1), row(9)), Pushed::OneDropped);
    assert!(queue.tenants().is_empty());

    queue.release(2);
    assert_eq!(queue.push(tenant(0), row(4)), Pushed::Kept);
    queue.put_back(tenant(0), taken.split_off(2));
    assert_eq!(times(&queue.take(tenant(0))), [2, 3, 4]);
    queue.release(3);
    for at in 0..4 {
        assert_eq!(queue.push(tenant(0), row(at)), Pushed::Kept, "{at}");
    }
}
