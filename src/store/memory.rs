//! The engine in memory, for tests: the same answers as `SQLite`, and nothing is kept when it is dropped. It never purges; an
//! expired row is only never shown.

use std::collections::{BTreeMap, HashMap};
use std::future;

use parking_lot::Mutex;
use uuid::Uuid;

use super::{
    Change, Commit, CommitError, Expect, Kind, LoadError, Pending, Put, Row, Seq, Store,
    UnixSeconds,
};

pub struct Memory {
    state: Mutex<State>,
    now: Box<dyn Fn() -> UnixSeconds + Send + Sync>,
}

#[derive(Default)]
struct State {
    tenants: HashMap<Uuid, Tenant>,
    closed: bool,
}

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
        self.tenants.insert(commit.tenant, after);
        Ok(seq)
    }
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
