//! Snapshots: what they hold, what they refuse, which of them stay.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::store::seal::Keyring;
use crate::store::sqlite::{Reports, Sqlite};
use crate::store::tests::noise;
use crate::store::tests::{
    Disk, START, create as create_tenant, entry, keyring, log, put, rows, settings, tell, tenant,
    update, wait,
};
use crate::store::{Store, files};

struct Fixture {
    disk: Disk,
    snapshots: TempDir,
    store: Sqlite,
}

impl Fixture {
    fn new() -> Self {
        let disk = Disk::new();
        let store = disk.open();
        for number in 1..=50 {
            create_tenant(
                &store,
                tenant(number),
                vec![put("a", &"plain text".repeat(100))],
            )
            .unwrap();
        }
        Self {
            disk,
            snapshots: TempDir::new().unwrap(),
            store,
        }
    }

    fn creation(&self, now: u64) -> Creation {
        Creation {
            store: self.disk.directory.path().to_owned(),
            snapshots: self.snapshots.path().to_owned(),
            now,
        }
    }

    fn create(&self, now: u64) -> Snapshot {
        create(&self.creation(now), &keyring()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.snapshots.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn restored(snapshot: &Path) -> (TempDir, Result<Verified, SnapshotError>) {
    let into = TempDir::new().unwrap();
    let result = restore(snapshot, &keyring(), into.path());
    (into, result)
}

#[test]
fn a_snapshot_of_the_running_store_restores_to_the_same() {
    let fixture = Fixture::new();
    let snapshot = fixture.create(START);
    update(&fixture.store, tenant(1), vec![put("later", "1")]).unwrap();
    let (into, result) = restored(&snapshot.file);
    let verified = result.unwrap();
    assert_eq!(
        (verified.tenants, verified.rows, verified.last_commit),
        (50, 50, 50)
    );
    assert_eq!(verified.manifest, snapshot.manifest);
    let store = Sqlite::open(
        settings(into.path(), &fixture.disk.time),
        keyring(),
        Reports::silent(),
    )
    .unwrap();
    assert_eq!(rows(&store, tenant(50)), rows(&fixture.store, tenant(50)));
    assert_eq!(rows(&store, tenant(1)).unwrap().len(), 1);
    assert_eq!(update(&store, tenant(1), vec![]).unwrap(), 2);
}

#[test]
fn a_snapshot_of_a_closed_store_is_the_same() {
    let fixture = Fixture::new();
    wait(fixture.store.close()).unwrap();
    let snapshot = fixture.create(START);
    assert_eq!(snapshot.manifest.unwrap().tenants, 50);
}

#[test]
fn a_snapshot_has_its_time_in_its_name_and_a_manifest_beside_it() {
    let fixture = Fixture::new();
    fixture.create(1_795_422_808);
    let name = "keywright-20261123T083328Z.snapshot";
    assert_eq!(
        fixture.names(),
        [name.to_owned(), format!("{name}.json"), "lock".to_owned()]
    );
    let listed = list(fixture.snapshots.path()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].created, 1_795_422_808);
    assert_eq!(listed[0].manifest.as_ref().unwrap().last_commit, 50);
}

#[test]
fn a_snapshot_is_never_written_over() {
    let fixture = Fixture::new();
    fixture.create(START);
    assert!(matches!(
        create(&fixture.creation(START), &keyring()),
        Err(SnapshotError::Exists { .. })
    ));
}

#[test]
fn where_there_is_no_store_there_is_no_snapshot() {
    let empty = TempDir::new().unwrap();
    let creation = Creation {
        store: empty.path().to_owned(),
        snapshots: empty.path().to_owned(),
        now: START,
    };
    assert!(matches!(
        create(&creation, &keyring()),
        Err(SnapshotError::NoStore { .. })
    ));
}

#[test]
fn two_at_once_are_refused() {
    let fixture = Fixture::new();
    let _held = files::lock(fixture.snapshots.path()).unwrap().unwrap();
    assert!(matches!(
        create(&fixture.creation(START), &keyring()),
        Err(SnapshotError::Busy { .. })
    ));
}

#[test]
fn what_a_crash_left_is_swept() {
    let fixture = Fixture::new();
    let orphan = fixture
        .snapshots
        .path()
        .join("keywright-20200101T000000Z.snapshot.json");
    for leftover in [
        "keywright-20200101T000000Z.db.tmp",
        "keywright-20200101T000000Z.snapshot.tmp",
        "keywright-20200101T000000Z.db.tmp-journal",
    ] {
        fs::write(fixture.snapshots.path().join(leftover), "x").unwrap();
    }
    fs::write(orphan, "{}").unwrap();
    fs::write(fixture.snapshots.path().join("of-somebody-else.tmp"), "x").unwrap();
    fixture.create(START);
    let names = fixture.names();
    assert!(names.iter().all(|name| !name.contains("2020")), "{names:?}");
    assert!(names.contains(&"of-somebody-else.tmp".to_owned()));
}

#[test]
fn a_snapshot_shows_no_plaintext() {
    let snapshot = Fixture::new().create(START);
    // The fixture is gone, so the file is too; a second one is read before.
    let fixture = Fixture::new();
    let file = fixture.create(snapshot.created).file;
    let bytes = fs::read(file).unwrap();
    assert!(
        !bytes
            .windows(10)
            .any(|window| window == b"plain text" || window == b"SQLite for")
    );
}

#[test]
fn every_altered_byte_is_found() {
    let fixture = Fixture::new();
    let file = fixture.create(START).file;
    fs::remove_file(manifest::path_beside(&file)).unwrap();
    let whole = fs::read(&file).unwrap();
    let step = whole.len() / 60;
    for position in (0..whole.len())
        .step_by(step.max(1))
        .chain([0, 21, 37, whole.len() - 1])
    {
        let mut altered = whole.clone();
        altered[position] ^= 1;
        fs::write(&file, altered).unwrap();
        assert!(verify(&file, &keyring()).is_err(), "byte {position}");
    }
    fs::write(&file, whole).unwrap();
    verify(&file, &keyring()).unwrap();
}

#[test]
fn a_cut_snapshot_is_found_also_between_two_chunks() {
    let fixture = Fixture::new();
    // Sealed rows do not compress, so this takes several chunks.
    let big: Vec<_> = (0..40)
        .map(|row| put(&row.to_string(), &noise(100_000)))
        .collect();
    update(&fixture.store, tenant(1), big).unwrap();
    let file = fixture.create(START).file;
    fs::remove_file(manifest::path_beside(&file)).unwrap();
    let whole = fs::read(&file).unwrap();
    let chunk = 4 + usize::try_from(u32::from_be_bytes(whole[37..41].try_into().unwrap())).unwrap();
    assert!(whole.len() > 37 + 2 * chunk, "several chunks");
    for length in [0, 10, 37, 39, 37 + chunk, 37 + 2 * chunk, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(verify(&file, &keyring()).is_err(), "{length} bytes");
    }
    let swapped = [
        &whole[..37],
        &whole[37 + chunk..][..chunk],
        &whole[37..][..chunk],
        &whole[37 + 2 * chunk..],
    ]
    .concat();
    fs::write(&file, swapped).unwrap();
    assert!(matches!(
        verify(&file, &keyring()),
        Err(SnapshotError::Chunk { chunk: 0, .. })
    ));
    let repeated = [&whole[..], &whole[whole.len() - 1..]].concat();
    fs::write(&file, repeated).unwrap();
    assert!(verify(&file, &keyring()).is_err());
}

#[test]
fn a_file_that_is_not_as_its_manifest_says_is_found() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.create(START).file, fixture.create(START + 1).file);
    fs::copy(first, &second).unwrap();
    assert!(matches!(
        verify(&second, &keyring()),
        Err(SnapshotError::NotAsManifest { .. })
    ));
}

#[test]
fn other_keys_do_not_open_it() {
    let fixture = Fixture::new();
    let file = fixture.create(START).file;
    let other = Keyring::new(&["quite another key here"]).unwrap();
    assert!(matches!(
        verify(&file, &other),
        Err(SnapshotError::Chunk { chunk: 0, .. })
    ));
}

#[test]
fn a_damaged_tenant_is_named() {
    let fixture = Fixture::new();
    wait(fixture.store.close()).unwrap();
    let connection =
        rusqlite::Connection::open(fixture.disk.directory.path().join("keywright.db")).unwrap();
    connection
        .execute("DELETE FROM row WHERE tenant = ?1", [tenant(3).as_bytes()])
        .unwrap();
    drop(connection);
    let file = fixture.create(START).file;
    assert_eq!(verify(&file, &keyring()).unwrap().damaged, [tenant(3)]);
}

#[test]
fn audit_logs_are_carried_along() {
    let fixture = Fixture::new();
    tell(
        &fixture.store,
        tenant(1),
        vec![entry(1, "a"), entry(2, "b")],
    )
    .unwrap();
    let snapshot = fixture.create(START);
    assert_eq!(snapshot.manifest.unwrap().audit_entries, 2);
    let (into, result) = restored(&snapshot.file);
    let verified = result.unwrap();
    assert_eq!(verified.audit_entries, 2);
    assert!(verified.audit_damaged.is_empty());
    let settings = settings(into.path(), &fixture.disk.time);
    let store = Sqlite::open(settings, keyring(), Reports::silent()).unwrap();
    assert_eq!(log(&store, tenant(1)), ["b@2", "a@1"]);
}

#[test]
fn a_tenant_with_a_damaged_log_is_named_and_whole() {
    let fixture = Fixture::new();
    for number in [3, 4] {
        tell(
            &fixture.store,
            tenant(number),
            vec![entry(1, "a"), entry(2, "b")],
        )
        .unwrap();
    }
    wait(fixture.store.close()).unwrap();
    let connection =
        rusqlite::Connection::open(fixture.disk.directory.path().join("keywright.db")).unwrap();
    connection
        .execute(
            "UPDATE audit SET kind = 7 WHERE tenant = ?1",
            [tenant(3).as_bytes()],
        )
        .unwrap();
    drop(connection);
    let verified = verify(&fixture.create(START).file, &keyring()).unwrap();
    assert_eq!(verified.audit_damaged, [tenant(3)]);
    assert!(verified.damaged.is_empty());
}

#[test]
fn a_manifest_of_a_time_before_audit_logs_is_read() {
    let fixture = Fixture::new();
    let snapshot = fixture.create(START);
    let path = manifest::path_beside(&snapshot.file);
    let text = fs::read_to_string(&path).unwrap();
    let old = text.replace("  \"audit_entries\": 0,\n", "");
    assert_ne!(text, old);
    fs::write(&path, old).unwrap();
    assert_eq!(
        verify(&snapshot.file, &keyring()).unwrap().manifest,
        snapshot.manifest
    );
}

#[test]
fn verifying_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let file = fixture.create(START).file;
    let before = fixture.names();
    verify(&file, &keyring()).unwrap();
    assert_eq!(fixture.names(), before);
}

#[test]
fn a_store_is_never_restored_over_another() {
    let fixture = Fixture::new();
    let file = fixture.create(START).file;
    wait(fixture.store.close()).unwrap();
    let result = restore(&file, &keyring(), fixture.disk.directory.path());
    assert!(matches!(result, Err(SnapshotError::NotEmpty { .. })));
}

#[test]
fn a_restore_that_failed_can_be_done_again() {
    let fixture = Fixture::new();
    let file = fixture.create(START).file;
    let whole = fs::read(&file).unwrap();
    fs::remove_file(manifest::path_beside(&file)).unwrap();
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let into = TempDir::new().unwrap();
    restore(&file, &keyring(), into.path()).unwrap_err();
    fs::write(&file, whole).unwrap();
    restore(&file, &keyring(), into.path()).unwrap();
}

#[test]
fn the_newest_of_each_hour_and_day_stays() {
    let fixture = Fixture::new();
    let day = 20_000 * 86_400;
    let times = [
        day,
        day + 80_000,
        day + 86_400,
        day + 90_000,
        day + 90_100,
        day + 94_000,
    ];
    for time in times {
        fixture.create(time);
    }
    let gone = prune(
        fixture.snapshots.path(),
        Keep {
            hourly: 2,
            daily: 2,
        },
    )
    .unwrap();
    let left: Vec<u64> = list(fixture.snapshots.path())
        .unwrap()
        .iter()
        .map(|snapshot| snapshot.created)
        .collect();
    assert_eq!(left, [day + 80_000, day + 90_100, day + 94_000]);
    assert_eq!(gone.len(), 3);
    assert_eq!(fixture.names().len(), 3 * 2 + 1);
}

#[test]
fn the_only_snapshot_is_never_pruned() {
    let fixture = Fixture::new();
    fixture.create(START);
    assert!(
        prune(
            fixture.snapshots.path(),
            Keep {
                hourly: 0,
                daily: 0
            }
        )
        .unwrap()
        .is_empty()
    );
    assert_eq!(list(fixture.snapshots.path()).unwrap().len(), 1);
}
