//! What only a store on disk can be asked: what survives, what is found when it rots, what happens when the disk is full.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use tempfile::TempDir;

use super::*;
use crate::store::tests::{
    Disk, KIND, create, delete, entry, everything, keyring, listed, log, put, removal, rows,
    settings, tell, tenant, update, wait,
};
use crate::store::{Change, Expect, Put};

mod audit;
mod batches;
mod durability;
mod large;
mod migration;
mod model;
mod purge;
mod rot;

/// Changes the database behind the back of a store that is closed.
fn tamper(disk: &Disk, sql: &str) -> usize {
    disk.wait_until_free();
    let connection = rusqlite::Connection::open(disk.directory.path().join(DATABASE)).unwrap();
    connection.execute(sql, []).unwrap()
}

fn count(store: &Sqlite, sql: &'static str) -> i64 {
    let (sender, receiver) = channel();
    store.on_writer(move |connection| {
        sender
            .send(connection.query_row(sql, [], |row| row.get(0)).unwrap())
            .unwrap();
    });
    receiver.recv().unwrap()
}

/// Holds the writer until the sender is dropped, so that what is queued meanwhile becomes one batch.
fn hold(store: &Sqlite) -> Sender<()> {
    let (release, released) = channel::<()>();
    let (reached, reach) = channel();
    store.on_writer(move |_| {
        reached.send(()).unwrap();
        released.recv().unwrap_err();
    });
    reach.recv().unwrap();
    release
}
