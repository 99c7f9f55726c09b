//! What is asked of a tenant's audit log, and what is kept of it. It never looks into an entry; who asks may.

use uuid::Uuid;

use super::UnixMicros;

/// An entry of a tenant's audit log: added once, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    pub at: UnixMicros,
    pub id: Uuid,
    /// What it tells of. The numbers belong to the layer above and are on disk: append only.
    pub kind: u8,
    pub data: Vec<u8>,
}

/// Decides by an entry's data whether it is asked for.
pub type AuditMatch = Box<dyn Fn(&[u8]) -> bool + Send>;

pub struct AuditQuery {
    /// Exclusive.
    pub after: Option<UnixMicros>,
    /// Exclusive.
    pub before: Option<UnixMicros>,
    /// Empty: all.
    pub kinds: Vec<u8>,
    /// Where there is one, every entry that all else lets through is opened.
    pub matches: Option<AuditMatch>,
    /// Only among the newest so many entries of the tenant, whatever else is asked.
    pub newest: u64,
    pub skip: u64,
    pub take: u64,
}

/// The newest first: by time, then by id, both descending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// How many there are with `skip` and `take` left aside.
    pub total: u64,
    pub rows: Vec<AuditRow>,
}

/// What stays: of the newest so many entries those that are not older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditKeep {
    pub newest: u64,
    pub since: UnixMicros,
}
