//! The purge: what has expired or was left goes from the disk, and the ledgers stay right.

use super::*;
use crate::store::tests::START;

fn expiring(id: &str) -> Put {
    Put {
        expires: Some(START + 10),
        ..put(id, "x")
    }
}

fn wait_for_rows(store: &Sqlite, expected: i64) {
    for _ in 0..1_000 {
        if count(store, "SELECT count(*) FROM row") == expected {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{} rows", count(store, "SELECT count(*) FROM row"));
}

#[test]
fn expired_rows_go_and_the_rest_is_whole() {
    let disk = Disk::new();
    let store = disk.open();
    for number in 1..=3 {
        let puts = (0..300)
            .map(|row| expiring(&row.to_string()))
            .chain([put("stays", "1")])
            .collect();
        create(&store, tenant(number), puts).unwrap();
    }
    disk.time.set(START + 10);
    wait_for_rows(&store, 3);
    wait(store.close()).unwrap();
    let store = disk.open();
    for number in 1..=3 {
        assert_eq!(rows(&store, tenant(number)).unwrap(), ["7/stays=1@1"]);
    }
}

#[test]
fn a_row_counts_until_it_is_purged() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![]).unwrap();
    let release = hold(&store);
    let expired = Put {
        expires: Some(START - 1),
        ..put("a", "1")
    };
    let absent = || {
        vec![Put {
            expect: Expect::Absent,
            ..put("a", "2")
        }]
    };
    // One batch, and nothing is purged within one.
    let commits = [vec![expired], absent()].map(|puts| {
        store.commit(Commit {
            tenant: tenant(1),
            change: Change::Update(puts),
            audit: Vec::new(),
        })
    });
    drop(release);
    let answers = commits.map(|commit| wait(commit).is_ok());
    assert_eq!(answers, [true, false]);
    disk.time.set(START + 1);
    wait_for_rows(&store, 0);
    update(&store, tenant(1), absent()).unwrap();
}

#[test]
fn the_rows_of_a_deleted_tenant_go_also_after_a_restart() {
    let disk = Disk::new();
    let store = disk.open();
    create(
        &store,
        tenant(1),
        (0..1_000).map(|row| put(&row.to_string(), "x")).collect(),
    )
    .unwrap();
    create(&store, tenant(2), vec![put("a", "1")]).unwrap();
    delete(&store, tenant(1)).unwrap();
    drop(store);
    let store = disk.open();
    wait_for_rows(&store, 1);
    assert_eq!(rows(&store, tenant(1)), None);
    assert!(matches!(
        create(&store, tenant(1), vec![]),
        Err(CommitError::Conflict)
    ));
    assert_eq!(rows(&store, tenant(2)).unwrap(), ["7/a=1@1"]);
}

#[test]
fn a_rotten_tenant_does_not_hold_the_purge_up() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![expiring("a")]).unwrap();
    create(&store, tenant(2), vec![expiring("a"), put("b", "1")]).unwrap();
    wait(store.close()).unwrap();
    tamper(
        &disk,
        "UPDATE tenant SET seq = 9 WHERE id = x'00000000000000000000000000000001'",
    );
    disk.time.set(START + 10);
    let store = disk.open();
    wait_for_rows(&store, 1);
    assert_eq!(rows(&store, tenant(2)).unwrap(), ["7/b=1@1"]);
    assert!(matches!(
        wait(store.load(tenant(1))),
        Err(LoadError::Damaged(_))
    ));
}
