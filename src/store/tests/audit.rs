//! The suite's part on audit logs.

use super::conformance::{expecting, with_each};
use super::*;
use crate::store::{AuditKeep, LoadError};

/// Ten entries of tenant 1, `e0` to `e9`, at 0 to 90; the odd ones are of kind 2.
fn ten(store: &dyn Store) {
    create(store, tenant(1), vec![]).unwrap();
    let entries = (0..10).map(|number: u8| AuditRow {
        kind: 1 + number % 2,
        ..entry(u64::from(number) * 10, &format!("e{number}"))
    });
    tell(store, tenant(1), entries.collect()).unwrap();
}

fn keep(newest: u64, since: u64) -> AuditKeep {
    AuditKeep { newest, since }
}

#[test]
fn the_entries_of_a_commit_are_listed_the_newest_first() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        tell(
            store,
            tenant(1),
            vec![entry(5, "b"), entry(5, "c"), entry(7, "a")],
        )
        .unwrap();
        tell(store, tenant(1), vec![entry(6, "d"), entry(0, "first")]).unwrap();
        assert_eq!(
            log(store, tenant(1)),
            ["a@7", "d@6", "c@5", "b@5", "first@0"]
        );
    });
}

#[test]
fn an_entry_keeps_what_it_was_given() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        let entries = [0, 1, 255].map(|kind| AuditRow {
            kind,
            data: (0..=255).cycle().take(usize::from(kind) * 40).collect(),
            ..entry(u64::from(kind), "x")
        });
        tell(store, tenant(1), entries.to_vec()).unwrap();
        let mut rows = wait(store.audit(tenant(1), everything())).unwrap().rows;
        rows.reverse();
        assert_eq!(rows, entries);
    });
}

#[test]
fn the_entries_come_with_the_change() {
    with_each(|store, _| {
        let commit = |change, text| Commit {
            tenant: tenant(1),
            change,
            audit: vec![entry(1, text)],
        };
        wait(store.commit(commit(Change::Create(vec![put("a", "1")]), "created"))).unwrap();
        wait(store.commit(commit(Change::Update(vec![put("a", "2")]), "updated"))).unwrap();
        wait(store.commit(commit(Change::Update(vec![]), "nothing"))).unwrap();
        assert_eq!(
            log(store, tenant(1)),
            ["updated@1", "nothing@1", "created@1"]
        );
        assert_eq!(rows(store, tenant(1)).unwrap(), ["7/a=2@2"]);
    });
}

#[test]
fn a_refused_commit_leaves_no_entry() {
    with_each(|store, _| {
        create(store, tenant(1), vec![put("a", "1")]).unwrap();
        let refused = |tenant, change| {
            wait(store.commit(Commit {
                tenant,
                change,
                audit: vec![entry(1, "refused")],
            }))
            .unwrap_err()
        };
        let conflict = vec![expecting(Expect::Absent, put("a", "2"))];
        refused(tenant(1), Change::Update(conflict));
        refused(tenant(1), Change::Create(vec![]));
        refused(tenant(2), Change::Update(vec![]));
        assert!(log(store, tenant(1)).is_empty());
        assert!(log(store, tenant(2)).is_empty());
    });
}

#[test]
fn an_entry_that_is_said_again_stays_as_it_was() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        tell(store, tenant(1), vec![entry(1, "a")]).unwrap();
        let again = AuditRow {
            kind: 9,
            data: b"changed".to_vec(),
            ..entry(1, "a")
        };
        tell(store, tenant(1), vec![again, entry(2, "b")]).unwrap();
        assert_eq!(log(store, tenant(1)), ["b@2", "a@1"]);
    });
}

#[test]
fn the_logs_of_two_tenants_are_apart() {
    with_each(|store, _| {
        for number in [1, 2] {
            create(store, tenant(number), vec![]).unwrap();
            tell(store, tenant(number), vec![entry(1, &number.to_string())]).unwrap();
        }
        assert_eq!(log(store, tenant(1)), ["1@1"]);
        assert_eq!(wait(store.trim_audit(tenant(2), keep(0, 0))).unwrap(), 1);
        assert_eq!(log(store, tenant(1)), ["1@1"]);
        assert!(log(store, tenant(2)).is_empty());
    });
}

#[test]
fn a_deleted_tenant_has_no_log() {
    with_each(|store, _| {
        ten(store);
        wait(store.commit(Commit {
            tenant: tenant(1),
            change: Change::Delete,
            audit: vec![entry(99, "deleted")],
        }))
        .unwrap();
        assert_eq!(listed(store, tenant(1), everything()), (0, vec![]));
        tell(store, tenant(1), vec![entry(100, "late")]).unwrap_err();
        assert_eq!(listed(store, tenant(1), everything()), (0, vec![]));
    });
}

#[test]
fn a_page_is_cut_out_of_all_that_is_asked_for() {
    with_each(|store, _| {
        ten(store);
        let page = |skip, take| {
            let query = AuditQuery {
                skip,
                take,
                ..everything()
            };
            let (total, page) = listed(store, tenant(1), query);
            assert_eq!(total, 10);
            page
        };
        assert_eq!(page(0, 2), ["e9@90", "e8@80"]);
        assert_eq!(page(8, 5), ["e1@10", "e0@0"]);
        assert!(page(10, 5).is_empty());
        assert!(page(0, 0).is_empty());
        assert!(page(u64::MAX, u64::MAX).is_empty());
    });
}

#[test]
fn times_are_exclusive() {
    with_each(|store, _| {
        ten(store);
        let between = |after, before| {
            listed(
                store,
                tenant(1),
                AuditQuery {
                    after,
                    before,
                    ..everything()
                },
            )
        };
        assert_eq!(between(Some(60), None).1, ["e9@90", "e8@80", "e7@70"]);
        assert_eq!(between(None, Some(20)).1, ["e1@10", "e0@0"]);
        assert_eq!(
            between(Some(20), Some(50)),
            (2, vec!["e4@40".into(), "e3@30".into()])
        );
        assert_eq!(between(Some(0), None).0, 9);
        assert_eq!(between(Some(50), Some(20)).0, 0);
        assert_eq!(between(Some(u64::MAX), Some(u64::MAX)).0, 0);
    });
}

#[test]
fn kinds_choose() {
    with_each(|store, _| {
        ten(store);
        let of = |kinds: &[u8]| {
            let query = AuditQuery {
                kinds: kinds.to_vec(),
                skip: 1,
                take: 2,
                ..everything()
            };
            listed(store, tenant(1), query)
        };
        assert_eq!(of(&[2]), (5, vec!["e7@70".into(), "e5@50".into()]));
        assert_eq!(of(&[1, 2, 255]).0, 10);
        assert_eq!(of(&[0, 255]), (0, vec![]));
    });
}

#[test]
fn the_data_may_choose_too() {
    with_each(|store, _| {
        ten(store);
        let query = || AuditQuery {
            matches: Some(Box::new(|data| data >= b"e5".as_slice())),
            kinds: vec![2],
            before: Some(90),
            ..everything()
        };
        assert_eq!(
            listed(store, tenant(1), query()),
            (2, vec!["e7@70".into(), "e5@50".into()])
        );
        let second = AuditQuery {
            skip: 1,
            take: 1,
            ..query()
        };
        assert_eq!(listed(store, tenant(1), second), (2, vec!["e5@50".into()]));
    });
}

#[test]
fn only_the_newest_of_the_tenant_are_asked_for() {
    with_each(|store, _| {
        ten(store);
        let newest =
            |newest, query: AuditQuery| listed(store, tenant(1), AuditQuery { newest, ..query });
        assert_eq!(newest(3, everything()).1, ["e9@90", "e8@80", "e7@70"]);
        assert_eq!(newest(10, everything()).0, 10);
        assert_eq!(newest(0, everything()).0, 0);
        let odd = || AuditQuery {
            kinds: vec![2],
            ..everything()
        };
        assert_eq!(newest(3, odd()).1, ["e9@90", "e7@70"]);
        let old = || AuditQuery {
            after: Some(0),
            before: Some(80),
            ..everything()
        };
        assert_eq!(newest(3, old()).1, ["e7@70"]);
        let matching = AuditQuery {
            matches: Some(Box::new(|_| true)),
            ..old()
        };
        assert_eq!(
            newest(4, matching),
            (2, vec!["e7@70".into(), "e6@60".into()])
        );
    });
}

#[test]
fn a_trim_keeps_the_newest_that_are_not_too_old() {
    with_each(|store, _| {
        ten(store);
        let trim = |newest, since| wait(store.trim_audit(tenant(1), keep(newest, since))).unwrap();
        assert_eq!(trim(10, 0), 0);
        assert_eq!(trim(9, 0), 1);
        assert_eq!(trim(100, 30), 2);
        assert_eq!(log(store, tenant(1)).last().unwrap(), "e3@30");
        assert_eq!(trim(3, 50), 4);
        assert_eq!(log(store, tenant(1)), ["e9@90", "e8@80", "e7@70"]);
        assert_eq!(trim(3, 85), 2);
        assert_eq!(trim(3, u64::MAX), 1);
        assert_eq!(trim(0, 0), 0);
    });
}

#[test]
fn entries_of_one_moment_are_trimmed_by_their_ids() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        let entries = ["a", "d", "c", "b"].map(|text| entry(5, text));
        tell(store, tenant(1), entries.to_vec()).unwrap();
        let page = AuditQuery {
            newest: 3,
            ..everything()
        };
        assert_eq!(listed(store, tenant(1), page).1, ["d@5", "c@5", "b@5"]);
        assert_eq!(wait(store.trim_audit(tenant(1), keep(2, 5))).unwrap(), 2);
        assert_eq!(log(store, tenant(1)), ["d@5", "c@5"]);
    });
}

#[test]
fn a_tenant_that_is_not_there_has_an_empty_log_and_nothing_to_trim() {
    with_each(|store, _| {
        assert_eq!(listed(store, tenant(1), everything()), (0, vec![]));
        let gone = |number| wait(store.trim_audit(tenant(number), keep(0, 0)));
        assert!(matches!(gone(1), Err(CommitError::Gone)));
        ten(store);
        delete(store, tenant(1)).unwrap();
        assert!(matches!(gone(1), Err(CommitError::Gone)));
    });
}

#[test]
fn a_list_and_a_trim_are_behind_the_commits_that_were_queued_before_them() {
    with_each(|store, _| {
        create(store, tenant(1), vec![]).unwrap();
        for round in 0..50 {
            let commit = store.commit(Commit {
                tenant: tenant(1),
                change: Change::Update(vec![]),
                audit: vec![entry(round, "x")],
            });
            if round % 2 == 0 {
                let page = wait(store.audit(tenant(1), everything())).unwrap();
                assert_eq!(page.rows[0].at, round);
            } else {
                assert_eq!(wait(store.trim_audit(tenant(1), keep(0, 0))).unwrap(), 2);
            }
            wait(commit).unwrap();
        }
    });
}

#[test]
fn a_closed_store_has_no_logs() {
    with_each(|store, _| {
        ten(store);
        wait(store.close()).unwrap();
        let listed = wait(store.audit(tenant(1), everything()));
        assert!(matches!(listed, Err(LoadError::Fatal)));
        let trimmed = wait(store.trim_audit(tenant(1), keep(0, 0)));
        assert!(matches!(trimmed, Err(CommitError::Fatal)));
    });
}
