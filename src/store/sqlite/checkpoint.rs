//! The WAL checkpointer. `SQLite`'s own swallows its errors and goes on acknowledging; this one hands them to the writer, for
//! whom all but a full disk are the end.

use rusqlite::Connection;

/// Decides by size when the WAL goes into the database.
#[derive(Debug)]
pub(super) struct Checkpointer {
    wal_bytes_max: u64,
    page_bytes: u64,
    /// Where a reader held the last one up, the next is tried when the WAL has grown by as much again.
    next_at: u64,
}

/// What the engine says of its WAL, in pages.
struct Wal {
    pages: u64,
    moved: u64,
}

impl Checkpointer {
    pub(super) fn new(connection: &Connection, wal_bytes_max: u64) -> rusqlite::Result<Self> {
        let page_bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        Ok(Self {
            wal_bytes_max,
            page_bytes: page_bytes.unsigned_abs(),
            next_at: wal_bytes_max,
        })
    }

    pub(super) fn wal_bytes(&self, connection: &Connection) -> rusqlite::Result<u64> {
        // Moves nothing; it only asks.
        let wal = run(connection, "PRAGMA wal_checkpoint(NOOP)")?;
        Ok(wal.pages.saturating_sub(wal.moved) * self.page_bytes)
    }

    pub(super) fn is_due(&self, wal_bytes: u64) -> bool {
        wal_bytes >= self.next_at
    }

    /// Never waits for readers. True when the whole WAL was moved, so that the next commit starts it anew.
    pub(super) fn passive(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let wal = run(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
        let left = wal.pages.saturating_sub(wal.moved) * self.page_bytes;
        self.next_at = left.saturating_add(self.wal_bytes_max);
        Ok(left == 0)
    }
}

/// Moves everything and empties the file: when the store opens and closes. True unless another program is reading.
pub(super) fn truncate(connection: &Connection) -> rusqlite::Result<bool> {
    let wal = run(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(wal.pages == wal.moved)
}

fn run(connection: &Connection, sql: &'static str) -> rusqlite::Result<Wal> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([], |row| {
        let (pages, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Wal {
            pages: u64::try_from(pages).unwrap_or(0),
            moved: u64::try_from(moved).unwrap_or(0),
        })
    })
}
