//! What was acknowledged is there after any end of the process; and a start that cannot promise this is refused.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::seal::Keyring;

fn open_error(directory: &Path, keyring: Keyring) -> OpenError {
    let disk = Disk::new();
    Sqlite::open(settings(directory, &disk.time), keyring, Reports::silent())
        .err()
        .unwrap()
}

pub(super) fn copy_of(directory: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

#[test]
fn a_closed_store_opens_with_everything() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![put("a", "1"), put("b", "1")]).unwrap();
    update(&store, tenant(1), vec![removal("a")]).unwrap();
    create(&store, tenant(2), vec![]).unwrap();
    delete(&store, tenant(2)).unwrap();
    wait(store.close()).unwrap();
    let store = disk.open();
    assert_eq!(rows(&store, tenant(1)).unwrap(), ["7/b=1@1"]);
    assert_eq!(rows(&store, tenant(2)), None);
    assert!(matches!(
        create(&store, tenant(2), vec![]),
        Err(CommitError::Conflict)
    ));
    assert_eq!(update(&store, tenant(1), vec![]).unwrap(), 3);
}

#[test]
fn a_dropped_store_opens_with_everything_that_was_acknowledged() {
    let disk = Disk::new();
    for round in 1..=20_u64 {
        let store = disk.open();
        if round == 1 {
            create(&store, tenant(1), vec![]).unwrap();
        }
        assert_eq!(
            update(&store, tenant(1), vec![put(&round.to_string(), "x")]).unwrap(),
            round + 1
        );
        drop(store);
    }
    assert_eq!(rows(&disk.open(), tenant(1)).unwrap().len(), 20);
}

#[test]
fn a_copy_of_the_running_store_has_everything_that_was_acknowledged() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    for number in 0..200 {
        update(&store, tenant(1), vec![put(&number.to_string(), "x")]).unwrap();
    }
    // Nothing is in flight, so nothing changes while it is copied.
    let copy = copy_of(disk.directory.path());
    let reopened = Sqlite::open(
        settings(copy.path(), &disk.time),
        keyring(),
        Reports::silent(),
    )
    .unwrap();
    assert_eq!(rows(&reopened, tenant(1)).unwrap().len(), 200);
}

#[test]
fn close_answers_after_all_that_was_queued() {
    let disk = Disk::new();
    let store = disk.open();
    let commits: Vec<_> = (1..=100)
        .map(|number| {
            store.commit(Commit {
                tenant: tenant(number),
                change: Change::Create(vec![put("a", "1")]),
                audit: Vec::new(),
            })
        })
        .collect();
    wait(store.close()).unwrap();
    for commit in commits {
        wait(commit).unwrap();
    }
    // The whole WAL was moved.
    assert_eq!(
        fs::metadata(disk.directory.path().join("keywright.db-wal"))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_second_opener_is_refused_and_told_where() {
    let disk = Disk::new();
    let _store = disk.open();
    let error = open_error(disk.directory.path(), keyring());
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(
        error
            .to_string()
            .contains(disk.directory.path().to_str().unwrap())
    );
}

#[test]
fn other_keys_are_refused_at_the_start() {
    let disk = Disk::new();
    wait(disk.open().close()).unwrap();
    let other = Keyring::new(&["quite another key here"]).unwrap();
    assert!(matches!(
        open_error(disk.directory.path(), other),
        OpenError::Keys(_)
    ));
}

#[test]
fn a_new_key_in_front_keeps_the_old_rows_readable() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![put("a", "1")]).unwrap();
    wait(store.close()).unwrap();
    let rotated = Keyring::new(&["the new key in front", crate::store::tests::KEY]).unwrap();
    let store = Sqlite::open(disk.settings(), rotated, Reports::silent()).unwrap();
    update(&store, tenant(1), vec![put("b", "1")]).unwrap();
    assert_eq!(rows(&store, tenant(1)).unwrap(), ["7/a=1@1", "7/b=1@2"]);
}

#[test]
fn a_newer_schema_is_refused() {
    let disk = Disk::new();
    wait(disk.open().close()).unwrap();
    tamper(&disk, "UPDATE meta SET value = 4 WHERE key = 'schema'");
    let error = open_error(disk.directory.path(), keyring());
    assert!(matches!(
        error,
        OpenError::NewerSchema { found: 4, known: 3 }
    ));
}

#[test]
fn a_cut_wal_is_found_by_the_high_water_file() {
    let disk = Disk::new();
    let store = disk.open();
    for number in 1..=20 {
        create(&store, tenant(number), vec![put("a", "1")]).unwrap();
    }
    let copy = copy_of(disk.directory.path());
    wait(store.close()).unwrap();
    fs::copy(
        disk.directory.path().join("high-water"),
        copy.path().join("high-water"),
    )
    .unwrap();
    let wal = fs::OpenOptions::new()
        .write(true)
        .open(copy.path().join("keywright.db-wal"))
        .unwrap();
    wal.set_len(wal.metadata().unwrap().len() - 10_000).unwrap();
    let error = open_error(copy.path(), keyring());
    assert!(
        matches!(
            error,
            OpenError::BehindHighWater {
                acknowledged: 20,
                found: 1..20,
                ..
            }
        ),
        "{error}"
    );
    // The operator's way out, as the text says.
    fs::remove_file(copy.path().join("high-water")).unwrap();
    let store = Sqlite::open(
        settings(copy.path(), &disk.time),
        keyring(),
        Reports::silent(),
    )
    .unwrap();
    assert_eq!(rows(&store, tenant(1)).unwrap(), ["7/a=1@1"]);
}

#[test]
fn a_missing_database_is_found_by_the_high_water_file() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    wait(store.close()).unwrap();
    fs::remove_file(disk.directory.path().join(DATABASE)).unwrap();
    let error = open_error(disk.directory.path(), keyring());
    assert!(
        matches!(
            error,
            OpenError::BehindHighWater {
                acknowledged: 1,
                found: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_rotten_high_water_file_is_no_missing_commit() {
    let disk = Disk::new();
    wait(disk.open().close()).unwrap();
    let path = disk.directory.path().join("high-water");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\n0\n", "\n4\n")).unwrap();
    assert!(matches!(
        open_error(disk.directory.path(), keyring()),
        OpenError::HighWaterRotten { .. }
    ));
}

#[test]
fn the_high_water_file_is_written_while_the_store_runs() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    let path = disk.directory.path().join("high-water");
    for _ in 0..500 {
        if fs::read_to_string(&path).is_ok_and(|text| text.contains("\n1\n")) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no high-water file after five seconds");
}

#[test]
fn files_are_for_their_owner_only() {
    let disk = Disk::new();
    let directory = disk.directory.path().join("store");
    let store = Sqlite::open(
        settings(&directory, &disk.time),
        keyring(),
        Reports::silent(),
    )
    .unwrap();
    create(&store, tenant(1), vec![]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}
