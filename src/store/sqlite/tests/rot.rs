//! Rot: what was flipped, lost or moved is found at the next load, names its tenant, and leaves the neighbours alone.

use std::sync::{Arc, Mutex};

use super::*;

/// Two tenants of two rows each, closed.
fn two_tenants() -> Disk {
    let disk = Disk::new();
    let store = disk.open();
    for number in [1, 2] {
        create(
            &store,
            tenant(number),
            vec![
                put("a", "plain text of a row"),
                put("b", "1"),
                put("", "listed"),
            ],
        )
        .unwrap();
    }
    wait(store.close()).unwrap();
    disk
}

/// The text of the damage that a load of tenant 1 finds; tenant 2 must be well.
fn damage_after(sql: &str) -> String {
    let disk = two_tenants();
    assert_ne!(tamper(&disk, sql), 0, "{sql}");
    let store = disk.open();
    assert_eq!(rows(&store, tenant(2)).unwrap().len(), 3, "{sql}");
    match wait(store.load(tenant(1))) {
        Err(LoadError::Damaged(text)) => text,
        other => panic!("{sql}: {other:?}"),
    }
}

const OF_1: &str = "tenant = x'00000000000000000000000000000001'";

#[test]
fn a_flipped_row_is_found() {
    let sql = format!(
        "UPDATE row SET data =CAST(substr(data, 1, 20) || x'00' || substr(data, 22) AS BLOB) WHERE {OF_1} AND id = x'61'"
    );
    let text = damage_after(&sql);
    assert!(
        text.contains("00000000-0000-0000-0000-000000000001") && text.contains("kind 7"),
        "{text}"
    );
}

#[test]
fn a_vanished_row_is_found() {
    let text = damage_after(&format!("DELETE FROM row WHERE {OF_1} AND id = x'61'"));
    assert!(text.contains("2 rows of kind 7 where 3 belong"), "{text}");
}

#[test]
fn a_row_of_another_tenant_is_found() {
    let from_2 =
        "(SELECT data FROM row WHERE tenant = x'00000000000000000000000000000002' AND id = x'61')";
    damage_after(&format!(
        "UPDATE row SET data = {from_2} WHERE {OF_1} AND id = x'61'"
    ));
}

#[test]
fn a_row_at_another_place_is_found() {
    for change in [
        "id = x'62'",
        "id = x'63'",
        "kind = 9",
        "seq = 2",
        "expires = 5000000",
        "expires = 1",
        "seq = -1",
    ] {
        damage_after(&format!(
            "UPDATE OR REPLACE row SET {change} WHERE {OF_1} AND id = x'61'"
        ));
    }
}

#[test]
fn a_rotten_tenant_row_is_found() {
    let id = "id = x'00000000000000000000000000000001'";
    damage_after(&format!(
        "UPDATE tenant SET data = zeroblob(length(data)) WHERE {id}"
    ));
    damage_after(&format!("UPDATE tenant SET seq = 5 WHERE {id}"));
    damage_after(&format!("UPDATE tenant SET data = x'00' WHERE {id}"));
    let text = damage_after(&format!("DELETE FROM tenant WHERE {id}"));
    assert!(text.contains("missing"), "{text}");
}

#[test]
fn an_old_row_that_came_back_is_found() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![put("a", "old")]).unwrap();
    wait(store.close()).unwrap();
    let old = fs::read(disk.directory.path().join(DATABASE)).unwrap();
    let store = disk.open();
    update(&store, tenant(1), vec![put("a", "new")]).unwrap();
    wait(store.close()).unwrap();
    let path = disk.directory.path().join("old.db");
    fs::write(&path, old).unwrap();
    let connection = rusqlite::Connection::open(disk.directory.path().join(DATABASE)).unwrap();
    connection
        .execute("ATTACH ?1 AS old", [path.to_str().unwrap()])
        .unwrap();
    connection
        .execute("REPLACE INTO main.row SELECT * FROM old.row", [])
        .unwrap();
    drop(connection);
    assert!(matches!(
        wait(disk.open().load(tenant(1))),
        Err(LoadError::Damaged(_))
    ));
}

#[test]
fn a_commit_to_a_rotten_tenant_is_refused_and_its_neighbours_go_on() {
    let disk = two_tenants();
    tamper(
        &disk,
        "UPDATE tenant SET seq = 5 WHERE id = x'00000000000000000000000000000001'",
    );
    let store = disk.open();
    assert!(matches!(
        update(&store, tenant(1), vec![put("a", "2")]),
        Err(CommitError::Damaged)
    ));
    update(&store, tenant(2), vec![put("a", "2")]).unwrap();
}

#[test]
fn a_tenant_whose_own_row_vanished_cannot_be_created_again() {
    let disk = two_tenants();
    tamper(
        &disk,
        "DELETE FROM tenant WHERE id = x'00000000000000000000000000000001'",
    );
    assert!(matches!(
        create(&disk.open(), tenant(1), vec![]),
        Err(CommitError::Damaged)
    ));
}

#[test]
fn a_list_goes_on_without_the_rotten_row_and_says_so() {
    let disk = two_tenants();
    tamper(
        &disk,
        &format!("UPDATE row SET seq = 5 WHERE {OF_1} AND id = x''"),
    );
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    let damaged: DamagedReport = Box::new(move |tenant, _| teller.lock().unwrap().push(tenant));
    let store = disk.open_with(Reports {
        damaged,
        ..Reports::silent()
    });
    let listed = wait(store.list(KIND)).unwrap();
    assert_eq!(
        listed.iter().map(|entry| entry.0).collect::<Vec<_>>(),
        [tenant(2)]
    );
    assert_eq!(*told.lock().unwrap(), [tenant(1)]);
}

#[test]
fn no_plaintext_is_on_the_disk() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![put("a", "plain text of a row")]).unwrap();
    for entry in fs::read_dir(disk.directory.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(10).any(|window| window == b"plain text"));
    }
}

#[test]
fn zeroed_pages_never_hand_out_wrong_rows() {
    let disk = Disk::new();
    let store = disk.open();
    for number in 1..=40 {
        let puts = (0..20)
            .map(|row| put(&row.to_string(), &"x".repeat(200)))
            .collect();
        create(&store, tenant(number), puts).unwrap();
    }
    wait(store.close()).unwrap();
    let path = disk.directory.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    for page in 1..whole.len() / 4096 {
        let mut rotten = whole.clone();
        rotten[page * 4096..][..4096].fill(0);
        fs::write(&path, rotten).unwrap();
        look_at_all(&disk);
    }
}

/// Every tenant is whole or damaged, if the store opens at all.
fn look_at_all(disk: &Disk) {
    disk.wait_until_free();
    let Ok(store) = Sqlite::open(disk.settings(), keyring(), Reports::silent()) else {
        return;
    };
    for number in 1..=40 {
        match wait(store.load(tenant(number))) {
            Ok(Some(rows)) => assert_eq!(rows.len(), 20),
            Ok(None) => panic!("tenant {number} is gone without a word"),
            Err(LoadError::Damaged(_)) => (),
            Err(error) => panic!("{error}"),
        }
    }
}
