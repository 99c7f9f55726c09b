//! The engine in memory, for tests: the same answers as `SQLite`, and nothing is kept when it is dropped. It never purges; an
//! expired row is only never shown.

use std::collections::{BTreeMap, HashMap};
use std::future;

use parking_lot::Mutex;
use uuid::Uuid;

use super::{
    AuditKeep, AuditPage, AuditQuery, AuditRow, Change, Commit, CommitError, Expect, Kind,
    LoadError, Pending, Put, Row, Seq, Store, UnixMicros, UnixSeconds,
};

pub struct Memory {
    state: Mutex<State>,
    now: Box<dyn Fn() -> UnixSeconds + Send + Sync>,
}

#[derive(Default)]
struct State {
    tenants: HashMap<Uuid, Tenant>,
    /// Beside the tenants: a commit copies its tenant, and a log only grows.
    logs: HashMap<Uuid, Log>,
    closed: bool,
}

type Log = BTreeMap<(UnixMicros, Uuid), AuditRow>;

#[derive(Clone, Default)]
struct Tenant {
    seq: Seq,
    deleted: bool,
    rows: BTreeMap<(Kind, Box<[u8]>), Row>,
}

impl Memory {
    pub fn new(now: Box<dyn Fn() -> UnixSeconds + Send + Sync>) -> Self {
        Self {
            state: Mutex::default(),
            now,
        }
    }

    fn shown(&self, tenant: &Tenant) -> Vec<Row> {
        let now = (self.now)();
        tenant
            .rows
            .values()
            .filter(|row| row.expires.is_none_or(|at| at > now))
            .cloned()
            .collect()
    }
}

impl Store for Memory {
    fn commit(&self, commit: Commit) -> Pending<Result<Seq, CommitError>> {
        ready(self.state.lock().commit(commit))
    }

    fn load(&self, tenant: Uuid) -> Pending<Result<Option<Vec<Row>>, LoadError>> {
        let state = self.state.lock();
        let tenant = state.tenants.get(&tenant).filter(|tenant| !tenant.deleted);
        ready(if state.closed {
            Err(LoadError::Fatal)
        } else {
            Ok(tenant.map(|tenant| self.shown(tenant)))
        })
    }

    fn list(&self, kind: Kind) -> Pending<Result<Vec<(Uuid, Row)>, LoadError>> {
        let state = self.state.lock();
        if state.closed {
            return ready(Err(LoadError::Fatal));
        }
        let named = |row: &Row| row.kind == kind && row.id.is_empty();
        let listed = state
            .tenants
            .iter()
            .filter_map(|(id, tenant)| Some((*id, self.shown(tenant).into_iter().find(named)?)));
        ready(Ok(listed.collect()))
    }

    fn audit(&self, tenant: Uuid, query: AuditQuery) -> Pending<Result<AuditPage, LoadError>> {
        let state = self.state.lock();
        ready(if state.closed {
            Err(LoadError::Fatal)
        } else {
            Ok(state
                .logs
                .get(&tenant)
                .map_or_else(AuditPage::default, |log| page(log, &query)))
        })
    }

    fn trim_audit(&self, tenant: Uuid, keep: AuditKeep) -> Pending<Result<u64, CommitError>> {
        ready(self.state.lock().trim(tenant, keep))
    }

    fn close(&self) -> Pending<Result<(), CommitError>> {
        let already = std::mem::replace(&mut self.state.lock().closed, true);
        ready(if already {
            Err(CommitError::Fatal)
        } else {
            Ok(())
        })
    }
}

impl State {
    fn commit(&mut self, commit: Commit) -> Result<Seq, CommitError> {
        if self.closed {
            return Err(CommitError::Fatal);
        }
        let before = self.tenants.get(&commit.tenant);
        let after = match commit.change {
            Change::Create(puts) if before.is_none() => Tenant::default().next().put_all(puts)?,
            Change::Create(_) => return Err(CommitError::Conflict),
            Change::Update(puts) => alive(before)?.next().put_all(puts)?,
            Change::Delete => Tenant {
                deleted: true,
                rows: BTreeMap::new(),
                ..alive(before)?.next()
            },
        };
        let seq = after.seq;
        self.log(commit.tenant, after.deleted, commit.audit);
        self.tenants.insert(commit.tenant, after);
        Ok(seq)
    }

    fn log(&mut self, tenant: Uuid, deleted: bool, entries: Vec<AuditRow>) {
        if deleted {
            self.logs.remove(&tenant);
            return;
        }
        let log = self.logs.entry(tenant).or_default();
        for entry in entries {
            log.entry((entry.at, entry.id)).or_insert(entry);
        }
    }

    fn trim(&mut self, tenant: Uuid, keep: AuditKeep) -> Result<u64, CommitError> {
        if self.closed {
            return Err(CommitError::Fatal);
        }
        let log = self.logs.get_mut(&tenant).ok_or(CommitError::Gone)?;
        let before = log.len();
        let newest = usize::try_from(keep.newest).unwrap_or(usize::MAX);
        let surplus = before.saturating_sub(newest);
        let mut place = 0;
        log.retain(|(at, _), _| {
            place += 1;
            place > surplus && *at >= keep.since
        });
        Ok(count(before - log.len()))
    }
}

fn page(log: &Log, query: &AuditQuery) -> AuditPage {
    let number = |most: u64| usize::try_from(most).unwrap_or(usize::MAX);
    let found: Vec<&AuditRow> = log
        .values()
        .rev()
        .take(number(query.newest))
        .filter(|row| query.after.is_none_or(|after| row.at > after))
        .filter(|row| query.before.is_none_or(|before| row.at < before))
        .filter(|row| query.kinds.is_empty() || query.kinds.contains(&row.kind))
        .filter(|row| {
            query
                .matches
                .as_ref()
                .is_none_or(|matches| matches(&row.data))
        })
        .collect();
    let rows = found
        .iter()
        .skip(number(query.skip))
        .take(number(query.take));
    AuditPage {
        total: count(found.len()),
        rows: rows.copied().cloned().collect(),
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

fn alive(tenant: Option<&Tenant>) -> Result<Tenant, CommitError> {
    tenant
        .filter(|tenant| !tenant.deleted)
        .cloned()
        .ok_or(CommitError::Gone)
}

/// All by value, so a commit that is refused halfway leaves nothing behind.
impl Tenant {
    fn next(mut self) -> Self {
        self.seq += 1;
        self
    }

    fn put_all(self, puts: Vec<Put>) -> Result<Self, CommitError> {
        puts.into_iter().try_fold(self, Self::put)
    }

    fn put(mut self, put: Put) -> Result<Self, CommitError> {
        let Put {
            kind,
            id,
            expect,
            data,
            expires,
        } = put;
        let key = (kind, id.clone());
        let old = self.rows.get(&key).map(|row| row.seq);
        let expected = match expect {
            Expect::Any => true,
            Expect::Absent => old.is_none(),
            Expect::Rev(seq) => old == Some(seq),
        };
        if !expected {
            return Err(CommitError::Conflict);
        }
        match data {
            Some(data) => drop(self.rows.insert(
                key,
                Row {
                    kind,
                    id,
                    seq: self.seq,
                    expires,
                    data,
                },
            )),
            None => drop(self.rows.remove(&key)),
        }
        Ok(self)
    }
}

fn ready<T: Send + 'static>(answer: T) -> Pending<T> {
    Box::pin(future::ready(answer))
}
