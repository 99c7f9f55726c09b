//! Reading and writing of columns: numbers, times, ledgers; and the line between what is rotten (one tenant's trouble) and
//! what is broken (everybody's).

use rusqlite::{Connection, ErrorCode, OptionalExtension};
use uuid::Uuid;

use super::ledger::Ledger;
use crate::store::UnixSeconds;
use crate::store::seal::{Keyring, UnsealError};

/// Why something could not be read.
pub(in crate::store) enum ReadError {
    /// What is there is wrong; its tenant must not be served, the others are well.
    Rotten(String),
    /// The engine or the device has failed.
    Engine(rusqlite::Error),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        if is_rotten(&error) {
            Self::Rotten(error.to_string())
        } else {
            Self::Engine(error)
        }
    }
}

impl From<UnsealError> for ReadError {
    fn from(error: UnsealError) -> Self {
        Self::Rotten(error.to_string())
    }
}

pub(super) fn read_ledger(
    connection: &Connection,
    tenant: Uuid,
    keyring: &Keyring,
) -> Result<Option<Ledger>, ReadError> {
    let mut statement = connection.prepare_cached("SELECT seq, data FROM tenant WHERE id = ?1")?;
    let columns = |row: &rusqlite::Row<'_>| Ok((unsigned(row, 0)?, row.get::<_, Vec<u8>>(1)?));
    let Some((seq, sealed)) = statement
        .query_row([tenant.as_bytes()], columns)
        .optional()?
    else {
        return Ok(None);
    };
    let ledger = Ledger::open(tenant, seq, &sealed, keyring);
    ledger
        .map(Some)
        .map_err(|error| ReadError::Rotten(format!("the tenant's own row: {error}")))
}

pub(super) fn write_ledger(
    connection: &Connection,
    tenant: Uuid,
    ledger: &Ledger,
    keyring: &Keyring,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(UPSERT_LEDGER)?;
    statement.execute((
        tenant.as_bytes(),
        integer(ledger.seq),
        ledger.seal(tenant, keyring),
    ))?;
    Ok(())
}

/// Numbers are made by this crate and never come near the limit of a column.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).expect("numbers and times are kept within a column's limit")
}

pub(super) fn unsigned(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

pub(super) fn time(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Option<UnixSeconds>> {
    match row
        .get_ref(index)?
        .as_i64_or_null()
        .map_err(rusqlite::Error::from)?
    {
        Some(_) => unsigned(row, index).map(Some),
        None => Ok(None),
    }
}

/// No space: what was to be written was not, and nothing else is wrong.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// A value of the wrong type or range in a column is as rotten as a malformed page.
fn is_rotten(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    ) || matches!(
        error,
        rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
    )
}

const UPSERT_LEDGER: &str = "INSERT INTO tenant(id, seq, data) VALUES (?1, ?2, ?3) \
    ON CONFLICT(id) DO UPDATE SET seq = excluded.seq, data = excluded.data";
