//! Long data stands apart from its row, and goes with it.

use super::*;
use crate::store::tests::START;

/// Too long for a row, and no compression makes it shorter than a row may be.
fn long(id: &str, letter: char) -> Put {
    put(id, &String::from(letter).repeat(2_000))
}

fn apart(store: &Sqlite) -> i64 {
    count(store, "SELECT count(*) FROM large")
}

fn read(store: &Sqlite) -> Vec<String> {
    rows(store, tenant(1)).unwrap()
}

#[test]
fn long_and_short_data_come_back_in_place_of_each_other() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![long("a", 'x'), put("b", "1")]).unwrap();
    assert_eq!(apart(&store), 1);
    update(&store, tenant(1), vec![long("a", 'y'), long("b", 'z')]).unwrap();
    assert_eq!(apart(&store), 2);
    drop(store);
    let store = disk.open();
    let expected = [("a", 'y'), ("b", 'z')];
    let expected =
        expected.map(|(id, letter)| format!("7/{id}={}@2", String::from(letter).repeat(2_000)));
    assert_eq!(read(&store), expected);
    update(&store, tenant(1), vec![put("a", "2"), removal("b")]).unwrap();
    assert_eq!(
        (read(&store), apart(&store)),
        (vec!["7/a=2@3".to_owned()], 0)
    );
}

#[test]
fn a_refused_commit_leaves_nothing_apart() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![put("a", "1")]).unwrap();
    let absent = Put {
        expect: Expect::Absent,
        ..put("a", "2")
    };
    update(&store, tenant(1), vec![long("b", 'x'), absent]).unwrap_err();
    assert_eq!(apart(&store), 0);
}

#[test]
fn what_stands_apart_goes_with_a_purged_row_and_with_its_tenant() {
    let disk = Disk::new();
    let store = disk.open();
    let expiring = Put {
        expires: Some(START + 10),
        ..long("a", 'x')
    };
    create(&store, tenant(1), vec![expiring]).unwrap();
    create(&store, tenant(2), vec![long("a", 'x')]).unwrap();
    delete(&store, tenant(2)).unwrap();
    disk.time.set(START + 10);
    for _ in 0..1_000 {
        if apart(&store) == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{} are left apart", apart(&store));
}

#[test]
fn long_data_that_rots_is_found() {
    let disk = Disk::new();
    let store = disk.open();
    create(&store, tenant(1), vec![long("a", 'x')]).unwrap();
    drop(store);
    for sql in [
        "UPDATE large SET data = CAST(substr(data, 1, 200) || x'00' || substr(data, 202) AS BLOB)",
        "DELETE FROM large",
    ] {
        assert_eq!(tamper(&disk, sql), 1, "{sql}");
        let store = disk.open();
        let loaded = wait(store.load(tenant(1)));
        assert!(matches!(loaded, Err(LoadError::Damaged(_))), "{sql}");
    }
}
