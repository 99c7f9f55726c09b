//! The audit log between whoever has something to tell and the store. What tells of a change travels in the commit of the
//! change; what tells of a refusal or of a mere beginning waits in a bounded queue and is written within a second: it is
//! all that a crash may lose.
//!
//! Nothing here holds up a request: telling is a push, and what has no room is counted and gone.

mod list;
mod queue;
mod retention;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::Mutex;

use crate::store::{AuditRow, Change, Commit, CommitError, Pending, Seq, Store};
use crate::telemetry::metrics::Metrics;
use crate::tenant::audit::{Entry, Kind};
use crate::tenant::ids::{TenantId, Timestamp};
use queue::{Pushed, Queue};

pub use list::{AuditPage, Filter, Window};
pub use retention::{trim_all, trim_changed};

/// An entry as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub id: uuid::Uuid,
    pub at: Timestamp,
    pub kind: Kind,
    pub entry: Entry,
}

/// Hears of every entry once it is durable. Must not wait for anything.
pub type Listener = Box<dyn Fn(TenantId, Told) + Send + Sync>;

pub struct AuditLog {
    store: Arc<dyn Store>,
    metrics: Metrics,
    queue: Mutex<Queue>,
    /// Those with new entries since somebody last looked for what is too many or too old.
    changed: Mutex<HashSet<TenantId>>,
    listener: Option<Listener>,
}

/// What will be told of a commit's entries when they are durable.
#[derive(Debug, Default)]
pub struct Copies {
    count: usize,
    /// Only where somebody listens.
    rows: Vec<AuditRow>,
}

type Committed = Pending<Result<Seq, CommitError>>;

impl AuditLog {
    /// `most` entries may wait.
    pub fn new(
        store: Arc<dyn Store>,
        metrics: Metrics,
        most: usize,
        listener: Option<Listener>,
    ) -> Self {
        Self {
            store,
            metrics,
            queue: Mutex::new(Queue::new(most)),
            changed: Mutex::default(),
            listener,
        }
    }

    /// Queues an entry that tells of nothing that was committed.
    pub fn tell(&self, tenant: TenantId, row: AuditRow) {
        match self.queue.lock().push(tenant, row) {
            Pushed::Kept => {}
            Pushed::OneDropped => self.metrics.audit_dropped(1),
        }
    }

    /// To be kept from a commit for [`AuditLog::written`].
    pub fn copies(&self, rows: &[AuditRow]) -> Copies {
        let is_heard = self.listener.is_some();
        Copies {
            count: rows.len(),
            rows: rows.iter().filter(|_| is_heard).cloned().collect(),
        }
    }

    /// These entries are durable.
    pub fn written(&self, tenant: TenantId, copies: &Copies) {
        if copies.count == 0 {
            return;
        }
        self.metrics.audit_written(copies.count);
        self.changed.lock().insert(tenant);
        self.listened(tenant, copies);
    }

    /// These went with their tenant: nobody can read them any more, but somebody may have listened.
    pub fn listened(&self, tenant: TenantId, copies: &Copies) {
        let Some(listener) = &self.listener else {
            return;
        };
        for told in copies.rows.iter().filter_map(told) {
            listener(tenant, told);
        }
    }

    /// Writes what waits of all tenants.
    pub async fn flush_all(&self) {
        let tenants = self.queue.lock().tenants();
        for some in tenants.chunks(TENANTS_TOGETHER) {
            let flushes = some.iter().map(|&tenant| {
                let handed_over = self.hand_over(tenant);
                self.settle(tenant, handed_over)
            });
            join_all(flushes).await;
        }
    }

    /// Gives what waits of a tenant to the store, which from now on answers behind it. Under the lock, so that nobody finds
    /// the entries neither here nor there.
    fn hand_over(&self, tenant: TenantId) -> Vec<(Vec<AuditRow>, Committed)> {
        let mut queue = self.queue.lock();
        let rows = queue.take(tenant);
        rows.chunks(ROWS_TOGETHER)
            .map(|rows| {
                let commit = Commit {
                    tenant: tenant.0,
                    change: Change::Update(Vec::new()),
                    audit: rows.to_vec(),
                };
                (rows.to_vec(), self.store.commit(commit))
            })
            .collect()
    }

    async fn settle(&self, tenant: TenantId, handed_over: Vec<(Vec<AuditRow>, Committed)>) {
        let mut refused = Vec::new();
        for (rows, committed) in handed_over {
            match committed.await {
                Ok(_) => {
                    self.queue.lock().release(rows.len());
                    self.written(tenant, &self.copies(&rows));
                }
                // Whether it is there or not: an entry that is told again is the same one.
                Err(CommitError::Busy | CommitError::Full | CommitError::Unknown) => {
                    refused.extend(rows);
                }
                Err(error) => self.lose(tenant, rows.len(), &error),
            }
        }
        if !refused.is_empty() {
            self.queue.lock().put_back(tenant, refused);
        }
    }

    /// Nobody will ask for the log of a tenant that is deleted. Of all else that was lost the operator hears.
    fn lose(&self, tenant: TenantId, count: usize, error: &CommitError) {
        self.queue.lock().release(count);
        if !matches!(error, CommitError::Gone) {
            self.metrics.audit_dropped(count);
            tracing::warn!(%tenant, %error, count, "entries of the audit log are lost");
        }
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditLog")
    }
}

/// `None`: written by a later version, and not understood.
fn told(row: &AuditRow) -> Option<Told> {
    Some(Told {
        id: row.id,
        at: Timestamp(row.at),
        kind: Kind::of_number(row.kind)?,
        entry: super::codec::audit_entry(&row.data).ok()?,
    })
}

/// So many tenants are written at a time, so that their commits share a sync.
const TENANTS_TOGETHER: usize = 256;

/// So many entries make one commit: others need not wait long behind it.
const ROWS_TOGETHER: usize = 256;
