//! The logs on disk: what survives, what is found when they rot, how they are trimmed beside the commits.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::store::{AuditKeep, AuditQuery, AuditRow};

const NOTHING: AuditKeep = AuditKeep {
    newest: 0,
    since: 0,
};

/// A tenant with so many entries, at 0, 1, 2 …
fn many(store: &Sqlite, number: u128, entries: u64) {
    create(store, tenant(number), vec![]).unwrap();
    let entries: Vec<AuditRow> = (0..entries)
        .map(|at| entry(at, &format!("entry {at}")))
        .collect();
    for entries in entries.chunks(500) {
        tell(store, tenant(number), entries.to_vec()).unwrap();
    }
}

fn entries_on_disk(store: &Sqlite) -> i64 {
    count(store, "SELECT count(*) FROM audit")
}

/// What was said of damaged tenants.
type Told = Arc<Mutex<Vec<(Uuid, String)>>>;

fn telling(told: &Told) -> Reports {
    let told = Arc::clone(told);
    Reports {
        damaged: Box::new(move |tenant, what| {
            told.lock().unwrap().push((tenant, what.to_owned()));
        }),
        ..Reports::silent()
    }
}

#[test]
fn a_log_is_there_again_when_the_store_was_closed_or_dropped() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    tell(&store, tenant(1), vec![entry(1, "closed")]).unwrap();
    wait(store.close()).unwrap();
    let store = disk.open();
    tell(&store, tenant(1), vec![entry(2, "dropped")]).unwrap();
    drop(store);
    let store = disk.open();
    assert_eq!(log(&store, tenant(1)), ["dropped@2", "closed@1"]);
    assert_eq!(wait(store.trim_audit(tenant(1), NOTHING)).unwrap(), 2);
    drop(store);
    assert!(log(&disk.open(), tenant(1)).is_empty());
}

#[test]
fn a_copy_of_the_running_store_has_the_entries_of_each_commit_that_was_acknowledged() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    for number in 0..100 {
        let commit = Commit {
            tenant: tenant(1),
            change: Change::Update(vec![put(&number.to_string(), "x")]),
            audit: vec![entry(number, "x")],
        };
        wait(store.commit(commit)).unwrap();
    }
    let copy = durability::copy_of(disk.directory.path());
    let copied = settings(copy.path(), &disk.time);
    let copied = Sqlite::open(copied, keyring(), Reports::silent()).unwrap();
    assert_eq!(rows(&copied, tenant(1)).unwrap().len(), 100);
    assert_eq!(log(&copied, tenant(1)).len(), 100);
}

#[test]
fn no_entry_is_on_the_disk_in_plain() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    let told = AuditRow {
        data: b"plain text of an entry".to_vec(),
        ..entry(1, "x")
    };
    tell(&store, tenant(1), vec![told]).unwrap();
    for file in fs::read_dir(disk.directory.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(10).any(|window| window == b"plain text"));
    }
}

/// What is told when the store lists a log of three entries that was changed so. The tenant itself must be well.
fn damage_after(change: &str) -> Vec<(Uuid, String)> {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 2, 1);
    many(&store, 1, 3);
    wait(store.close()).unwrap();
    let sql = format!(
        "UPDATE audit SET {change} WHERE at = 1 AND tenant = x'00000000000000000000000000000001'"
    );
    assert_eq!(tamper(&disk, &sql), 1, "{change}");
    let told = Told::default();
    let store = disk.open_with(telling(&told));
    assert!(log(&store, tenant(1)).len() <= 2, "{change}");
    assert!(log(&store, tenant(2)).len() <= 1, "{change}");
    let matching = AuditQuery {
        matches: Some(Box::new(|_| true)),
        ..everything()
    };
    let (total, page) = listed(&store, tenant(1), matching);
    assert_eq!(total, 2, "{change}: what does not open does not match");
    assert_eq!(page, ["entry 2@2", "entry 0@0"], "{change}");
    update(&store, tenant(1), vec![put("a", "1")]).unwrap();
    assert_eq!(rows(&store, tenant(1)).unwrap().len(), 1);
    let told = told.lock().unwrap();
    told.clone()
}

#[test]
fn a_rotten_entry_is_told_and_left_out_and_its_tenant_is_well() {
    let of_1 = "(SELECT data FROM audit WHERE at = 2)";
    for change in [
        "data = CAST(substr(data, 1, 20) || x'00' || substr(data, 22) AS BLOB)",
        "data = x''",
        "kind = 2",
        "kind = 300",
        "id = x'00'",
        "id = x'00000000000000000000000000000001'",
        "at = -1",
        &format!("data = {of_1}"),
        // An entry of another tenant is no entry of this one, and the other way round.
        "data = (SELECT data FROM audit WHERE tenant = x'00000000000000000000000000000002')",
    ] {
        let told = damage_after(change);
        // Below the beginning of time nothing is looked for.
        if change != "at = -1" {
            assert_eq!(told.len(), 2, "{change}: {told:?}");
            assert_eq!(told[0].0, tenant(1));
            assert!(
                told[0].1.contains("1 audit entries were left out"),
                "{told:?}"
            );
        }
    }
    let told = damage_after("tenant = x'00000000000000000000000000000002'");
    assert_eq!(told[0].0, tenant(2));
}

#[test]
fn only_the_page_is_opened() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 10);
    wait(store.close()).unwrap();
    tamper(
        &disk,
        "UPDATE audit SET data = x'00' WHERE at NOT IN (5, 6)",
    );
    let told = Told::default();
    let store = disk.open_with(telling(&told));
    let query = AuditQuery {
        skip: 3,
        take: 2,
        ..everything()
    };
    let (total, page) = listed(&store, tenant(1), query);
    assert_eq!(
        (total, page),
        (10, vec!["entry 6@6".into(), "entry 5@5".into()])
    );
    assert!(told.lock().unwrap().is_empty());
}

#[test]
fn a_long_log_is_trimmed_in_bites() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 3_500);
    many(&store, 2, 10);
    let keep = |newest, since| wait(store.trim_audit(tenant(1), AuditKeep { newest, since }));
    assert_eq!(keep(1_500, 0).unwrap(), 2_000);
    assert_eq!(entries_on_disk(&store), 1_510);
    assert_eq!(keep(u64::MAX, 3_499).unwrap(), 1_499);
    assert_eq!(log(&store, tenant(1)), ["entry 3499@3499"]);
    assert_eq!(log(&store, tenant(2)).len(), 10);
}

#[test]
fn commits_go_on_between_the_bites() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    // A machine with much else to do may trim the whole log before this thread comes to its first commit.
    let most = (0..100).map(|_| commits_beside_a_trim(&store));
    assert!(most.into_iter().any(|commits| commits > 2));
}

fn commits_beside_a_trim(store: &Sqlite) -> i64 {
    let old = (0..5_000).map(|at| entry(at, "old")).collect();
    tell(store, tenant(1), old).unwrap();
    let trim = store.trim_audit(tenant(1), NOTHING);
    let mut told = 0;
    while entries_on_disk(store) > told && told < 5_000 {
        tell(store, tenant(1), vec![entry(10_000, &told.to_string())]).unwrap();
        told += 1;
    }
    assert_eq!(wait(trim).unwrap(), 5_000);
    assert_eq!(
        wait(store.trim_audit(tenant(1), NOTHING)).unwrap(),
        u64::try_from(told).unwrap()
    );
    told
}

#[test]
fn a_trim_that_is_cut_short_leaves_what_it_did_not_reach() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 5_000);
    let release = hold(&store);
    let trim = store.trim_audit(tenant(1), NOTHING);
    drop(release);
    drop(store);
    assert!(matches!(
        wait(trim),
        Ok(5_000) | Err(CommitError::Unknown | CommitError::Fatal)
    ));
    let store = disk.open();
    let left = log(&store, tenant(1));
    assert_eq!(left.len() % 1_000, 0, "bites are whole");
    let gone = wait(store.trim_audit(tenant(1), NOTHING)).unwrap();
    assert_eq!(gone, u64::try_from(left.len()).unwrap());
}

#[test]
fn a_full_disk_refuses_a_trim_and_the_store_goes_on() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 10);
    // Removing seldom needs new pages; here it does.
    store.on_writer(|connection| {
        let trigger = "CREATE TEMP TRIGGER grows AFTER DELETE ON main.audit BEGIN \
            INSERT OR REPLACE INTO meta(key, value) VALUES ('grown', zeroblob(100000)); END";
        connection.execute_batch(trigger).unwrap();
        connection.pragma_update(None, "max_page_count", 1).unwrap();
    });
    let trim = wait(store.trim_audit(tenant(1), NOTHING));
    assert!(matches!(trim, Err(CommitError::Full)), "{trim:?}");
    assert_eq!(log(&store, tenant(1)).len(), 10);
    store.on_writer(|connection| connection.execute_batch("DROP TRIGGER grows").unwrap());
    assert_eq!(wait(store.trim_audit(tenant(1), NOTHING)).unwrap(), 10);
}

#[test]
fn an_error_of_the_engine_while_trimming_is_the_end() {
    let disk = Disk::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let fatal = Arc::clone(&told);
    let store = disk.open_with(Reports {
        fatal: Box::new(move |what| fatal.lock().unwrap().push(what.to_owned())),
        ..Reports::silent()
    });
    many(&store, 1, 10);
    store.on_writer(|connection| {
        let trigger = "CREATE TEMP TRIGGER fails BEFORE DELETE ON main.audit BEGIN \
            SELECT RAISE(ABORT, 'no'); END";
        connection.execute_batch(trigger).unwrap();
    });
    let trim = wait(store.trim_audit(tenant(1), NOTHING));
    assert!(matches!(trim, Err(CommitError::Unknown)), "{trim:?}");
    assert!(matches!(
        tell(&store, tenant(1), vec![]),
        Err(CommitError::Fatal)
    ));
    let told = told.lock().unwrap();
    assert!(told[0].contains("trimming an audit log failed"), "{told:?}");
}

#[test]
fn the_log_of_a_deleted_tenant_goes_from_the_disk_also_after_a_restart() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 1_000);
    many(&store, 2, 1);
    delete(&store, tenant(1)).unwrap();
    drop(store);
    let store = disk.open();
    assert!(log(&store, tenant(1)).is_empty());
    for _ in 0..1_000 {
        if entries_on_disk(&store) == 1 {
            assert_eq!(count(&store, "SELECT count(*) FROM leaving"), 0);
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{} entries", entries_on_disk(&store));
}

#[test]
fn a_list_that_takes_long_keeps_no_tenant_from_being_loaded() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 1);
    let (release, released) = channel::<()>();
    let released = Arc::new(Mutex::new(released));
    // As many as there are threads that load.
    let lists = [(); 2].map(|()| {
        let released = Arc::clone(&released);
        let slow = AuditQuery {
            // Of a test that fails nothing matches, and it ends.
            matches: Some(Box::new(move |_| {
                let told = released
                    .lock()
                    .unwrap()
                    .recv_timeout(Duration::from_secs(20));
                told == Err(RecvTimeoutError::Disconnected)
            })),
            ..everything()
        };
        store.audit(tenant(1), slow)
    });
    assert_eq!(rows(&store, tenant(1)).unwrap().len(), 0);
    drop(release);
    for list in lists {
        assert_eq!(wait(list).unwrap().total, 1);
    }
}

#[test]
fn a_list_for_which_nobody_waits_any_more_ends() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 100);
    let (reached, reach) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let query = AuditQuery {
        matches: Some(Box::new(move |_| {
            reached.send(()).unwrap();
            released.lock().unwrap().recv().is_err()
        })),
        ..everything()
    };
    let list = store.audit(tenant(1), query);
    reach.recv().unwrap();
    drop(list);
    drop(release);
    assert_eq!(log(&store, tenant(1)).len(), 100);
    assert_eq!(reach.try_iter().count(), 0, "entries looked at");
}

#[test]
fn a_rotten_id_keeps_nothing_from_being_listed_or_trimmed() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 10);
    wait(store.close()).unwrap();
    tamper(&disk, "UPDATE audit SET id = x'00' WHERE at = 5");
    let store = disk.open();
    let newest = AuditQuery {
        newest: 4,
        ..everything()
    };
    assert_eq!(listed(&store, tenant(1), newest).1.len(), 4);
    let keep = AuditKeep {
        newest: 4,
        since: 0,
    };
    assert_eq!(wait(store.trim_audit(tenant(1), keep)).unwrap(), 6);
    assert_eq!(log(&store, tenant(1)).len(), 4);
}

#[test]
fn a_match_that_panics_harms_nobody_else() {
    let disk = Disk::new();
    let store = disk.open();
    many(&store, 1, 1);
    let panicking = AuditQuery {
        matches: Some(Box::new(|_| panic!("on purpose"))),
        ..everything()
    };
    assert!(wait(store.audit(tenant(1), panicking)).is_err());
    assert_eq!(log(&store, tenant(1)), ["entry 0@0"]);
}
