//! Files of older keywrights.

use super::*;
use crate::store::snapshot::{self, Creation};
use crate::store::tests::START;

/// As schema 1 made them.
const TABLES_1: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tenant(id BLOB PRIMARY KEY, seq INTEGER NOT NULL, data BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE leaving(tenant BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE row(
    tenant BLOB NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,
    seq INTEGER NOT NULL, expires INTEGER, data BLOB NOT NULL,
    PRIMARY KEY(tenant, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX row_expires ON row(expires) WHERE expires IS NOT NULL;
";

/// A store of schema 1 with two tenants, one of them deleted. What its tables hold has not changed since, so it comes from a
/// store of today.
fn of_schema_1() -> Disk {
    let today = Disk::new();
    let store = today.open();
    create(&store, tenant(1), vec![put("a", "1")]).unwrap();
    create(&store, tenant(2), vec![put("b", "1")]).unwrap();
    delete(&store, tenant(2)).unwrap();
    wait(store.close()).unwrap();
    let disk = Disk::new();
    let old = rusqlite::Connection::open(disk.directory.path().join(DATABASE)).unwrap();
    old.execute_batch(TABLES_1).unwrap();
    let today = today.directory.path().join(DATABASE);
    old.execute("ATTACH ?1 AS today", [today.to_str().unwrap()])
        .unwrap();
    for table in ["meta", "tenant", "leaving", "row"] {
        let columns = if table == "row" {
            "tenant, kind, id, seq, expires, data"
        } else {
            "*"
        };
        let copy = format!("INSERT INTO main.{table} SELECT {columns} FROM today.{table}");
        old.execute(&copy, []).unwrap();
    }
    old.execute("UPDATE meta SET value = 1 WHERE key = 'schema'", [])
        .unwrap();
    disk
}

fn schema_of(disk: &Disk) -> i64 {
    disk.wait_until_free();
    let connection = rusqlite::Connection::open(disk.directory.path().join(DATABASE)).unwrap();
    let sql = "SELECT value FROM meta WHERE key = 'schema'";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_store_of_schema_1_opens_with_everything_and_takes_entries() {
    let disk = of_schema_1();
    let store = disk.open();
    assert_eq!(rows(&store, tenant(1)).unwrap(), ["7/a=1@1"]);
    assert_eq!(rows(&store, tenant(2)), None);
    assert!(log(&store, tenant(1)).is_empty());
    assert_eq!(tell(&store, tenant(1), vec![entry(1, "x")]).unwrap(), 2);
    let long = "y".repeat(2_000);
    update(&store, tenant(1), vec![put("b", &long)]).unwrap();
    drop(store);
    let store = disk.open();
    assert_eq!(log(&store, tenant(1)), ["x@1"]);
    let expected = ["7/a=1@1".to_owned(), format!("7/b={long}@3")];
    assert_eq!(rows(&store, tenant(1)).unwrap(), expected);
    drop(store);
    assert_eq!(schema_of(&disk), 3);
}

#[test]
fn a_store_of_schema_1_stays_so_when_the_keys_are_wrong() {
    let disk = of_schema_1();
    let other = Keyring::new(&["quite another key here"]).unwrap();
    assert!(matches!(
        Sqlite::open(disk.settings(), other, Reports::silent()),
        Err(OpenError::Keys(_))
    ));
    assert_eq!(schema_of(&disk), 1);
}

#[test]
fn a_snapshot_of_schema_1_is_verified_and_restored() {
    let disk = of_schema_1();
    let snapshots = TempDir::new().unwrap();
    let creation = Creation {
        store: disk.directory.path().to_owned(),
        snapshots: snapshots.path().to_owned(),
        now: START,
    };
    let file = snapshot::create(&creation, &keyring()).unwrap().file;
    let into = TempDir::new().unwrap();
    let verified = snapshot::restore(&file, &keyring(), into.path()).unwrap();
    assert_eq!((verified.tenants, verified.audit_entries), (2, 0));
    let restored = settings(into.path(), &disk.time);
    let store = Sqlite::open(restored, keyring(), Reports::silent()).unwrap();
    assert_eq!(rows(&store, tenant(1)).unwrap(), ["7/a=1@1"]);
    tell(&store, tenant(1), vec![entry(1, "x")]).unwrap();
}
