//! Batches: who shares a transaction, who is refused, and what a full queue and a full disk answer.

use std::sync::{Arc, Mutex};

use super::*;
use crate::store::tests::noise;

fn reporting(reports: &Arc<Mutex<Vec<BatchReport>>>) -> Reports {
    let reports = Arc::clone(reports);
    Reports {
        committed: Box::new(move |report| reports.lock().unwrap().push(*report)),
        ..Reports::silent()
    }
}

#[test]
fn what_is_queued_shares_one_batch_and_a_refused_commit_fails_alone() {
    let told = Arc::default();
    let disk = Disk::new();
    let store = disk.open_with(reporting(&told));
    create(&store, tenant(1), vec![]).unwrap();
    let release = hold(&store);
    let puts = |round: i32| match round {
        5 => vec![
            put("shared", "bad"),
            Put {
                expect: Expect::Rev(77),
                ..put("a", "bad")
            },
        ],
        _ => vec![put(&round.to_string(), "good")],
    };
    let commits: Vec<_> = (0..10)
        .map(|round| {
            store.commit(Commit {
                tenant: tenant(1),
                change: Change::Update(puts(round)),
                audit: Vec::new(),
            })
        })
        .collect();
    drop(release);
    let answers: Vec<_> = commits
        .into_iter()
        .map(|commit| wait(commit).ok())
        .collect();
    let seqs = [2, 3, 4, 5, 6]
        .map(Some)
        .into_iter()
        .chain([None])
        .chain([7, 8, 9, 10].map(Some));
    assert_eq!(answers, seqs.collect::<Vec<_>>());
    let rows = rows(&store, tenant(1)).unwrap();
    assert!(rows.len() == 9 && rows.iter().all(|row| row.contains("good")));
    let last = *told.lock().unwrap().last().unwrap();
    assert!(
        last.accepted == 9 && last.refused == 1 && !last.full && last.wal_bytes > 0,
        "{last:?}"
    );
}

#[test]
fn commits_of_one_batch_see_each_other() {
    let disk = Disk::new();
    let store = disk.open();
    let release = hold(&store);
    let absent = || {
        vec![Put {
            expect: Expect::Absent,
            ..put("a", "1")
        }]
    };
    let commits = [
        Change::Create(absent()),
        Change::Update(absent()),
        Change::Delete,
        Change::Update(vec![]),
    ];
    let answers = commits.map(|change| {
        store.commit(Commit {
            tenant: tenant(1),
            change,
            audit: Vec::new(),
        })
    });
    drop(release);
    let texts = answers.map(|answer| format!("{:?}", wait(answer)));
    assert_eq!(texts, ["Ok(1)", "Err(Conflict)", "Ok(2)", "Err(Gone)"]);
}

#[test]
fn a_full_queue_is_busy_at_once_and_takes_more_later() {
    let disk = Disk::new();
    let few = Settings {
        commits_queued: 3,
        ..disk.settings()
    };
    let store = Sqlite::open(few, keyring(), Reports::silent()).unwrap();
    let release = hold(&store);
    let queued: Vec<_> = (1..=3)
        .map(|number| {
            store.commit(Commit {
                tenant: tenant(number),
                change: Change::Create(vec![]),
                audit: Vec::new(),
            })
        })
        .collect();
    assert!(matches!(
        create(&store, tenant(4), vec![]),
        Err(CommitError::Busy)
    ));
    assert!(matches!(wait(store.load(tenant(1))), Err(LoadError::Busy)));
    drop(release);
    for commit in queued {
        wait(commit).unwrap();
    }
    create(&store, tenant(4), vec![]).unwrap();
}

#[test]
fn loads_have_a_limit_of_their_own() {
    let disk = Disk::new();
    let few = Settings {
        loads_queued: 2,
        ..disk.settings()
    };
    let store = Sqlite::open(few, keyring(), Reports::silent()).unwrap();
    let release = hold(&store);
    let loads = [store.load(tenant(1)), store.load(tenant(1))];
    assert!(matches!(wait(store.load(tenant(1))), Err(LoadError::Busy)));
    drop(release);
    for load in loads {
        wait(load).unwrap();
    }
    // A place is given back just after its answer.
    let mut again = (0..1000).map(|_| wait(store.load(tenant(1))));
    let done = again.find(|load| !matches!(load, Err(LoadError::Busy)));
    done.unwrap().unwrap();
}

fn limit_pages(store: &Sqlite, pages: u32) {
    store.on_writer(move |connection| {
        connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    });
}

#[test]
fn a_full_disk_refuses_writes_and_resumes_by_itself() {
    let told = Arc::default();
    let disk = Disk::new();
    let store = disk.open_with(reporting(&told));
    create(&store, tenant(1), vec![put("a", "1")]).unwrap();
    limit_pages(&store, 1);
    let big = || vec![put("big", &noise(500_000))];
    for _ in 0..3 {
        assert!(matches!(
            update(&store, tenant(1), big()),
            Err(CommitError::Full)
        ));
        assert_eq!(rows(&store, tenant(1)).unwrap(), ["7/a=1@1"]);
    }
    assert!(told.lock().unwrap().last().unwrap().full);
    limit_pages(&store, 1_000_000);
    assert_eq!(update(&store, tenant(1), big()).unwrap(), 2);
    wait(store.close()).unwrap();
    assert_eq!(rows(&disk.open(), tenant(1)).unwrap().len(), 2);
}

#[test]
fn an_error_of_the_device_is_told_once_and_nothing_is_taken_after_it() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    let fatal = Box::new(move |what: &str| teller.lock().unwrap().push(what.to_owned()));
    let disk = Disk::new();
    let store = disk.open_with(Reports {
        fatal,
        ..Reports::silent()
    });
    create(&store, tenant(1), vec![]).unwrap();
    // As good as a device that fails: the transaction cannot be begun.
    store.on_writer(|connection| connection.execute_batch("BEGIN").unwrap());
    assert!(matches!(
        update(&store, tenant(1), vec![put("a", "1")]),
        Err(CommitError::Unknown)
    ));
    assert!(matches!(
        update(&store, tenant(1), vec![]),
        Err(CommitError::Fatal)
    ));
    assert!(matches!(wait(store.load(tenant(1))), Err(LoadError::Fatal)));
    assert!(matches!(wait(store.close()), Err(CommitError::Fatal)));
    assert_eq!(told.lock().unwrap().len(), 1);
    drop(store);
    assert_eq!(rows(&disk.open(), tenant(1)).unwrap(), [""; 0]);
}

#[test]
fn a_writer_that_panics_leaves_a_store_that_answers() {
    let disk = Disk::new();
    let store = disk.open();
    store.on_writer(|_| panic!("as the test wants it"));
    assert!(update(&store, tenant(1), vec![]).is_err());
    assert!(wait(store.load(tenant(1))).is_err());
    assert!(matches!(wait(store.close()), Err(CommitError::Fatal)));
}

#[test]
fn the_wal_is_moved_when_it_has_grown() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    for _ in 0..300 {
        update(&store, tenant(1), vec![put("a", &"x".repeat(20_000))]).unwrap();
    }
    let wal = fs::metadata(disk.directory.path().join("keywright.db-wal"))
        .unwrap()
        .len();
    assert!(wal < 3 << 20, "{wal}");
}
