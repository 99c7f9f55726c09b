//! Loads: on threads of their own, each with a connection that cannot write, so the writer never stops for a big tenant.
//! Every row is unsealed and the whole is held against the tenant's ledger; nothing that does not fit is ever handed out.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::audit;
use super::ledger::{Ledger, Place};
use super::open::{self, OpenError};
use super::queue::{Message, Refused};
use super::rows::{self, ReadError};
use super::schema;
use super::shared::Shared;
use super::trim::Trim;
use crate::store::pack::unpack;
use crate::store::seal::{Keyring, UnsealError};
use crate::store::{
    AuditKeep, AuditPage, AuditQuery, CommitError, Kind, LoadError, Row, UnixSeconds,
};

type Reply<T> = oneshot::Sender<Result<T, LoadError>>;

pub(super) enum Read {
    Tenant(Uuid, Reply<Option<Vec<Row>>>),
    List(Kind, Reply<Vec<(Uuid, Row)>>),
    Audit(Uuid, AuditQuery, Reply<AuditPage>),
    /// What of an audit log is to go; the writer then removes it.
    Surplus(Uuid, AuditKeep, oneshot::Sender<Result<u64, CommitError>>),
}

/// A read on its way; the permit keeps their number bounded from the queue to the answer.
pub(super) struct ReadJob {
    pub(super) read: Read,
    pub(super) permit: OwnedSemaphorePermit,
}

impl ReadJob {
    pub(super) fn fail(self) {
        match self.read {
            Read::Tenant(_, reply) => drop(reply.send(Err(LoadError::Fatal))),
            Read::List(_, reply) => drop(reply.send(Err(LoadError::Fatal))),
            Read::Audit(_, _, reply) => drop(reply.send(Err(LoadError::Fatal))),
            Read::Surplus(_, _, reply) => drop(reply.send(Err(CommitError::Fatal))),
        }
    }
}

/// The reader threads; they end when this is dropped or joined.
pub(super) struct Readers {
    jobs: mpsc::Sender<ReadJob>,
    /// A thread apart: going through a long log must not keep a tenant from being loaded.
    audits: mpsc::Sender<ReadJob>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(
        count: usize,
        path: &Path,
        shared: &Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let (jobs, load_queue) = mpsc::channel();
        let (audits, audit_queue) = mpsc::channel();
        let load_queue = Arc::new(Mutex::new(load_queue));
        let audit_queue = Arc::new(Mutex::new(audit_queue));
        let mut threads = Vec::with_capacity(count + 1);
        for _ in 0..count.max(1) {
            threads.push(spawn(path, shared, &load_queue)?);
        }
        threads.push(spawn(path, shared, &audit_queue)?);
        Ok(Self {
            jobs,
            audits,
            threads,
        })
    }

    /// What is read sees everything that was committed before this call.
    pub(super) fn hand_over(&self, job: ReadJob) {
        let threads = match &job.read {
            Read::Tenant(..) | Read::List(..) => &self.jobs,
            Read::Audit(..) | Read::Surplus(..) => &self.audits,
        };
        if let Err(mpsc::SendError(job)) = threads.send(job) {
            job.fail();
        }
    }

    /// Waits for the reads under way.
    pub(super) fn join(self) {
        drop(self.jobs);
        drop(self.audits);
        self.threads
            .into_iter()
            .for_each(|thread| drop(thread.join()));
    }
}

type Jobs = Mutex<mpsc::Receiver<ReadJob>>;

fn spawn(
    path: &Path,
    shared: &Arc<Shared>,
    queue: &Arc<Jobs>,
) -> Result<JoinHandle<()>, OpenError> {
    let reader = Reader {
        connection: schema::connect_reader(path)?,
        shared: Arc::clone(shared),
    };
    let queue = Arc::clone(queue);
    open::spawn("store-reader", move || reader.run(&queue))
}

/// The tenant's rows that have not expired; `None` when it was never created or is deleted.
pub(in crate::store) fn load(
    connection: &Connection,
    tenant: Uuid,
    keyring: &Keyring,
    now: UnixSeconds,
) -> Result<Option<Vec<Row>>, ReadError> {
    // One transaction: the ledger and the rows must be of the same moment.
    let transaction = connection.unchecked_transaction()?;
    let Some(ledger) = rows::read_ledger(&transaction, tenant, keyring)? else {
        return no_tenant(&transaction, tenant);
    };
    if ledger.deleted {
        return Ok(None);
    }
    let mut found = Ledger::default();
    let mut rows = read_rows(&transaction, tenant, keyring, &mut found)?;
    if let Some(difference) = ledger.difference(&found) {
        return Err(ReadError::Rotten(difference));
    }
    rows.retain(|row| !expired(row, now));
    Ok(Some(rows))
}

struct Reader {
    connection: Connection,
    shared: Arc<Shared>,
}

impl Reader {
    fn run(&self, queue: &Jobs) {
        loop {
            // Whoever has the lock waits for the next job, the others wait for the lock.
            let job = queue.lock().recv();
            match job {
                // Its answer is lost with it, and the thread lives on for the others.
                Ok(job) => drop(panic::catch_unwind(AssertUnwindSafe(|| self.answer(job)))),
                Err(mpsc::RecvError) => return,
            }
        }
    }

    fn answer(&self, ReadJob { read, permit }: ReadJob) {
        match read {
            Read::Tenant(tenant, reply) => {
                let now = (self.shared.now)();
                let rows = load(&self.connection, tenant, &self.shared.keyring, now);
                drop(reply.send(rows.map_err(|error| self.explain(tenant, error))));
            }
            Read::List(kind, reply) => drop(reply.send(self.list(kind))),
            // Nobody waits any more, and the log may be long.
            Read::Audit(_, _, reply) if reply.is_closed() => (),
            Read::Audit(tenant, query, reply) => {
                let page = self.audit(tenant, &query, &|| reply.is_closed());
                drop(reply.send(page));
            }
            Read::Surplus(tenant, keep, reply) => match self.surplus(tenant, keep) {
                Ok(None) => drop(reply.send(Ok(0))),
                Ok(Some(floor)) => self.have_trimmed(Trim {
                    tenant,
                    floor,
                    gone: 0,
                    reply,
                    _permit: permit,
                }),
                Err(error) => drop(reply.send(Err(error))),
            },
        }
    }

    /// A writer that takes no more lets the reply go, and that is an answer too.
    fn have_trimmed(&self, trim: Trim) {
        match self.shared.queue.push(Message::Trim(trim)) {
            Ok(()) | Err(Refused::Busy | Refused::Closed) => (),
        }
    }

    fn audit(
        &self,
        tenant: Uuid,
        query: &AuditQuery,
        abandoned: &dyn Fn() -> bool,
    ) -> Result<AuditPage, LoadError> {
        let keyring = &self.shared.keyring;
        let found = audit::query(&self.connection, keyring, tenant, query, abandoned)
            .map_err(|error| self.explain(tenant, error))?;
        if let Some(what) = found.damage() {
            (self.shared.reports.damaged)(tenant, &what);
        }
        Ok(found.page)
    }

    fn surplus(&self, tenant: Uuid, keep: AuditKeep) -> Result<Option<audit::Floor>, CommitError> {
        let surplus = audit::surplus(&self.connection, &self.shared.keyring, tenant, keep);
        match surplus.map_err(|error| self.explain(tenant, error)) {
            Ok(audit::Surplus::NoTenant) => Err(CommitError::Gone),
            Ok(audit::Surplus::Nothing) => Ok(None),
            Ok(audit::Surplus::UpTo(floor)) => Ok(Some(floor)),
            Err(LoadError::Damaged(_)) => Err(CommitError::Damaged),
            Err(LoadError::Busy) => Err(CommitError::Busy),
            Err(LoadError::Fatal) => Err(CommitError::Fatal),
        }
    }

    fn list(&self, kind: Kind) -> Result<Vec<(Uuid, Row)>, LoadError> {
        let listed = list(&self.connection, kind, &self.shared.keyring)
            .map_err(|error| self.fail(&error))?;
        let now = (self.shared.now)();
        let mut rows = Vec::with_capacity(listed.len());
        for (tenant, row) in listed {
            match row {
                Ok(row) if expired(&row, now) => (),
                Ok(row) => rows.push((tenant, row)),
                // One rotten tenant must not take the list from all the others.
                Err(ReadError::Rotten(what)) => (self.shared.reports.damaged)(tenant, &what),
                Err(ReadError::Engine(error)) => return Err(self.fail(&error)),
            }
        }
        Ok(rows)
    }

    fn explain(&self, tenant: Uuid, error: ReadError) -> LoadError {
        match error {
            ReadError::Rotten(what) => {
                (self.shared.reports.damaged)(tenant, &what);
                LoadError::Damaged(format!("tenant {tenant}: {what}"))
            }
            ReadError::Engine(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &rusqlite::Error) -> LoadError {
        self.shared.fail(&format!("a read failed: {error}"));
        LoadError::Fatal
    }
}

/// Rows without the tenant's own row: that row has vanished.
pub(super) fn no_tenant(
    connection: &Connection,
    tenant: Uuid,
) -> Result<Option<Vec<Row>>, ReadError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM row WHERE tenant = ?1 LIMIT 1")?;
    if statement.exists([tenant.as_bytes()])? {
        return Err(ReadError::Rotten(
            "the tenant's own row is missing".to_owned(),
        ));
    }
    Ok(None)
}

fn read_rows(
    connection: &Connection,
    tenant: Uuid,
    keyring: &Keyring,
    found: &mut Ledger,
) -> Result<Vec<Row>, ReadError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, row.id, seq, expires, coalesce(large.data, row.data) \
             FROM row LEFT JOIN large ON large.id = row.large WHERE tenant = ?1",
    )?;
    let mut columns = statement.query([tenant.as_bytes()])?;
    let mut rows = Vec::new();
    while let Some(row) = columns.next()? {
        rows.push(unseal(row, tenant, keyring, found)?);
    }
    Ok(rows)
}

fn unseal(
    row: &rusqlite::Row<'_>,
    tenant: Uuid,
    keyring: &Keyring,
    found: &mut Ledger,
) -> Result<Row, ReadError> {
    let kind = Kind(row.get(0)?);
    let id = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    let place = Place {
        tenant,
        kind,
        id,
        seq: rows::unsigned(row, 2)?,
        expires: rows::time(row, 3)?,
    };
    let binding = place.binding();
    let sealed = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
    let data = keyring
        .open(&binding, sealed)
        .and_then(|packed| unpack(packed).ok_or(UnsealError::Malformed))
        .map_err(|error| ReadError::Rotten(format!("a row of kind {}: {error}", kind.0)))?;
    found.add(kind, &binding);
    Ok(Row {
        kind,
        id: id.into(),
        seq: place.seq,
        expires: place.expires,
        data,
    })
}

type Listed = Vec<(Uuid, Result<Row, ReadError>)>;

/// Looks each tenant's row up by its key, so it costs by tenants and not by rows.
fn list(connection: &Connection, kind: Kind, keyring: &Keyring) -> rusqlite::Result<Listed> {
    let mut statement = connection.prepare_cached(
        "SELECT row.kind, row.id, row.seq, row.expires, coalesce(large.data, row.data), row.tenant \
         FROM tenant CROSS JOIN row ON row.tenant = tenant.id AND row.kind = ?1 AND row.id = x'' \
         LEFT JOIN large ON large.id = row.large \
         WHERE NOT EXISTS (SELECT 1 FROM leaving WHERE leaving.tenant = tenant.id)",
    )?;
    let mut columns = statement.query([kind.0])?;
    let mut listed = Vec::new();
    while let Some(row) = columns.next()? {
        let tenant: [u8; 16] = row.get(5)?;
        let tenant = Uuid::from_bytes(tenant);
        listed.push((tenant, unseal(row, tenant, keyring, &mut Ledger::default())));
    }
    Ok(listed)
}

fn expired(row: &Row, now: UnixSeconds) -> bool {
    row.expires.is_some_and(|at| at <= now)
}
