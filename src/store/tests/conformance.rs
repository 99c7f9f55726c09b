//! The suite. Each test is one sentence about a store, and says nothing of how it is made.

use super::*;
use crate::store::LoadError;
use crate::store::memory::Memory;

/// Runs the test against a new store of each engine.
pub(super) fn with_each(test: impl Fn(&dyn Store, &Time)) {
    let time = Time::new();
    test(&Memory::new(time.clock()), &time);
    let disk = Disk::new();
    test(&disk.open(), &disk.time);
}

pub(super) fn expecting(expect: Expect, put: Put) -> Put {
    Put { expect, ..put }
}

fn expiring(at: u64, put: Put) -> Put {
    Put {
        expires: Some(at),
        ..put
    }
}

#[test]
fn a_created_tenant_has_its_rows() {
    with_each(|store, _| {
        assert_eq!(
            create(store, tenant(1), vec![put("a", "1"), put("b", "2")]).unwrap(),
            1
        );
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1", "7/b=2@1"]);
    });
}

#[test]
fn a_tenant_that_was_never_created_is_not_there() {
    with_each(|store, _| {
        assert_eq!(rows(store, tenant(1)), None);
        assert!(matches!(
            update(store, tenant(1), vec![put("a", "1")]),
            Err(CommitError::Gone)
        ));
        assert!(matches!(delete(store, tenant(1)), Err(CommitError::Gone)));
        assert_eq!(rows(store, tenant(1)), None);
    });
}

#[test]
fn a_tenant_is_created_once() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        assert!(matches!(
            create(store, tenant(1), vec![put("a", "2")]),
            Err(CommitError::Conflict)
        ));
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1"]);
    });
}

#[test]
fn each_commit_of_a_tenant_has_the_next_seq() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        create(store, tenant(2), vec![]).unwrap();
        assert_eq!(update(store, tenant(1), vec![put("a", "1")]).unwrap(), 2);
        assert_eq!(
            update(store, tenant(1), vec![put("a", "2"), put("b", "2")]).unwrap(),
            3
        );
        assert_eq!(update(store, tenant(2), vec![]).unwrap(), 2);
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=2@3", "7/b=2@3"]);
    });
}

#[test]
fn a_refused_commit_takes_no_seq() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        update(
            store,
            tenant(1),
            vec![expecting(Expect::Absent, put("a", "2"))],
        )
        .unwrap_err();
        assert_eq!(update(store, tenant(1), vec![]).unwrap(), 2);
    });
}

#[test]
fn a_row_that_must_be_absent_is_written_once() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        let once = || vec![expecting(Expect::Absent, put("a", "1"))];
        update(store, tenant(1), once()).unwrap();
        assert!(matches!(
            update(store, tenant(1), once()),
            Err(CommitError::Conflict)
        ));
        update(store, tenant(1), vec![removal("a")]).unwrap();
        update(store, tenant(1), once()).unwrap();
    });
}

#[test]
fn a_row_of_a_certain_revision_is_written_once() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        let of_1 = || vec![expecting(Expect::Rev(1), put("a", "2"))];
        assert_eq!(update(store, tenant(1), of_1()).unwrap(), 2);
        assert!(matches!(
            update(store, tenant(1), of_1()),
            Err(CommitError::Conflict)
        ));
        let missing = vec![expecting(Expect::Rev(1), put("b", "2"))];
        assert!(matches!(
            update(store, tenant(1), missing),
            Err(CommitError::Conflict)
        ));
    });
}

#[test]
fn a_removal_may_expect_something_too() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        let wrong = vec![expecting(Expect::Rev(9), removal("a"))];
        assert!(matches!(
            update(store, tenant(1), wrong),
            Err(CommitError::Conflict)
        ));
        update(
            store,
            tenant(1),
            vec![expecting(Expect::Rev(1), removal("a"))],
        )
        .unwrap();
        assert!(rows(store, tenant(1)).unwrap().is_empty());
    });
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        update(store, tenant(1), vec![removal("b")]).unwrap();
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1"]);
    });
}

#[test]
fn one_wrong_expectation_refuses_all_of_a_commit() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        let puts = vec![
            put("a", "2"),
            removal("a"),
            put("b", "2"),
            expecting(Expect::Rev(9), put("a", "3")),
        ];
        assert!(matches!(
            update(store, tenant(1), puts),
            Err(CommitError::Conflict)
        ));
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1"]);
    });
}

#[test]
fn the_puts_of_a_commit_see_those_before_them() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        let puts = vec![
            removal("a"),
            expecting(Expect::Absent, put("a", "2")),
            expecting(Expect::Rev(2), put("a", "3")),
        ];
        update(store, tenant(1), puts).unwrap();
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=3@2"]);
    });
}

#[test]
fn kinds_and_tenants_are_apart() {
    with_each(|store, _| {
        create(
            store,
            tenant(1),
            vec![
                put("a", "1"),
                Put {
                    kind: OTHER_KIND,
                    ..put("a", "2")
                },
            ],
        )
        .unwrap();
        create(store, tenant(2), vec![put("a", "3")]).unwrap();
        update(store, tenant(2), vec![removal("a")]).unwrap();
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1", "8/a=2@1"]);
    });
}

#[test]
fn a_deleted_tenant_is_gone_and_its_id_stays_taken() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        assert_eq!(delete(store, tenant(1)).unwrap(), 2);
        assert_eq!(rows(store, tenant(1)), None);
        assert!(matches!(
            update(store, tenant(1), vec![put("a", "2")]),
            Err(CommitError::Gone)
        ));
        assert!(matches!(delete(store, tenant(1)), Err(CommitError::Gone)));
        assert!(matches!(
            create(store, tenant(1), vec![]),
            Err(CommitError::Conflict)
        ));
    });
}

#[test]
fn an_expired_row_is_not_shown() {
    with_each(|store, time| {
        create(
            store,
            tenant(1),
            vec![put("a", "1"), expiring(START + 10, put("b", "1"))],
        )
        .unwrap();
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1", "7/b=1@1"]);
        time.set(START + 10);
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1"]);
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1"]);
    });
}

#[test]
fn a_row_keeps_what_it_was_given() {
    with_each(|store, _| {
        let data: Vec<u8> = (0..=255).collect();
        let put = Put {
            data: Some(data.clone()),
            expires: Some(START + 10),
            ..put("a", "")
        };
        create(store, tenant(1), vec![put]).unwrap();
        let expected = Row {
            kind: KIND,
            id: b"a".as_slice().into(),
            seq: 1,
            expires: Some(START + 10),
            data,
        };
        assert_eq!(wait(store.load(tenant(1))).unwrap().unwrap(), [expected]);
    });
}

#[test]
fn ids_and_data_may_be_empty_and_long() {
    with_each(|store, _| {
        let long = "x".repeat(100_000);
        create(
            store,
            tenant(1),
            vec![put("", ""), put(&"i".repeat(1_023), &long)],
        )
        .unwrap();
        let rows = wait(store.load(tenant(1))).unwrap().unwrap();
        assert_eq!(
            rows.iter().map(|row| (row.id.len(), row.data.len())).max(),
            Some((1_023, 100_000))
        );
    });
}

#[test]
fn a_list_has_the_nameless_row_of_each_tenant() {
    with_each(|store, time| {
        create(store, tenant(1), vec![put("", "one"), put("a", "1")]).unwrap();
        create(
            store,
            tenant(2),
            vec![
                put("", "two"),
                Put {
                    kind: OTHER_KIND,
                    ..put("", "other")
                },
            ],
        )
        .unwrap();
        create(store, tenant(3), vec![put("a", "1")]).unwrap();
        create(store, tenant(4), vec![put("", "deleted")]).unwrap();
        create(
            store,
            tenant(5),
            vec![expiring(START + 1, put("", "expired"))],
        )
        .unwrap();
        delete(store, tenant(4)).unwrap();
        time.set(START + 1);
        let mut listed = wait(store.list(KIND)).unwrap();
        listed.sort_by_key(|entry| entry.0);
        let texts: Vec<_> = listed
            .iter()
            .map(|(id, row)| (*id, String::from_utf8_lossy(&row.data)))
            .collect();
        assert_eq!(
            texts,
            [(tenant(1), "one".into()), (tenant(2), "two".into())]
        );
    });
}

#[test]
fn a_load_is_behind_the_commits_that_were_queued_before_it() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        for round in 0..50 {
            let text = round.to_string();
            let commit = store.commit(Commit {
                tenant: tenant(1),
                change: Change::Update(vec![put("a", &text)]),
                audit: Vec::new(),
            });
            let load = store.load(tenant(1));
            let rows = wait(load).unwrap().unwrap();
            assert_eq!(rows[0].data, text.as_bytes());
            wait(commit).unwrap();
        }
    });
}

#[test]
fn a_commit_holds_although_nobody_waits_for_it() {
    with_each(|store, _| {
        drop(store.commit(Commit {
            tenant: tenant(1),
            change: Change::Create(vec![put("a", "1")]),
            audit: Vec::new(),
        }));
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=1@1"]);
    });
}

#[test]
fn a_closed_store_takes_and_gives_nothing() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        wait(store.close()).unwrap();
        assert!(matches!(
            update(store, tenant(1), vec![]),
            Err(CommitError::Fatal)
        ));
        assert!(matches!(wait(store.load(tenant(1))), Err(LoadError::Fatal)));
        assert!(matches!(wait(store.list(KIND)), Err(LoadError::Fatal)));
        assert!(matches!(wait(store.close()), Err(CommitError::Fatal)));
    });
}
