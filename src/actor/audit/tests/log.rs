//! From what is told to what is read, through a store that refuses when it is told to.

use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use super::super::{AuditLog, AuditPage, Filter, Told, Window};
use crate::actor::audit::retention::keep;
use crate::actor::codec;
use crate::store::memory::Memory;
use crate::store::{
    AuditKeep, AuditPage as Rows, AuditQuery, Change, Commit, CommitError, Kind as RowKind,
    LoadError, Pending, Row, Seq, Store,
};
use crate::telemetry::metrics::Metrics;
use crate::tenant::audit::{Kind, Note, Requester};
use crate::tenant::env::{Env, RANDOM_BYTES};
use crate::tenant::ids::{TenantId, Timestamp, UserId};
use crate::tenant::settings::AuditRules;
use crate::tenant::token::Operation;

/// A store that takes no commits while it is told so.
struct Moody {
    memory: Memory,
    refuse: Mutex<Option<fn() -> CommitError>>,
}

impl Store for Moody {
    fn commit(&self, commit: Commit) -> Pending<Result<Seq, CommitError>> {
        match *self.refuse.lock() {
            Some(error) => Box::pin(std::future::ready(Err(error()))),
            None => self.memory.commit(commit),
        }
    }

    fn load(&self, tenant: Uuid) -> Pending<Result<Option<Vec<Row>>, LoadError>> {
        self.memory.load(tenant)
    }

    fn list(&self, kind: RowKind) -> Pending<Result<Vec<(Uuid, Row)>, LoadError>> {
        self.memory.list(kind)
    }

    fn audit(&self, tenant: Uuid, query: AuditQuery) -> Pending<Result<Rows, LoadError>> {
        self.memory.audit(tenant, query)
    }

    fn trim_audit(&self, tenant: Uuid, keep: AuditKeep) -> Pending<Result<u64, CommitError>> {
        self.memory.trim_audit(tenant, keep)
    }

    fn close(&self) -> Pending<Result<(), CommitError>> {
        self.memory.close()
    }
}

struct Place {
    log: Arc<AuditLog>,
    store: Arc<Moody>,
    metrics: Metrics,
    heard: Arc<Mutex<Vec<(TenantId, Told)>>>,
}

/// A log for two tenants in which `most` entries may wait.
async fn place(most: usize) -> Place {
    let store = Arc::new(Moody {
        memory: Memory::new(Box::new(|| 0)),
        refuse: Mutex::new(None),
    });
    for tenant in [ONE, TWO] {
        let created = store.commit(Commit {
            tenant: tenant.0,
            change: Change::Create(Vec::new()),
            audit: Vec::new(),
        });
        created.await.unwrap();
    }
    let metrics = Metrics::new(1);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let listener = Box::new(move |tenant, told| ears.lock().push((tenant, told)));
    let engine: Arc<dyn Store> = store.clone();
    Place {
        log: Arc::new(AuditLog::new(engine, metrics.clone(), most, Some(listener))),
        store,
        metrics,
        heard,
    }
}

impl Place {
    fn tell(&self, tenant: TenantId, second: u8) {
        let note = Note::of(Kind::finished(Operation::Login)).about(&user(second));
        let by = Requester {
            source_ip: "192.0.2.1".into(),
            ..Requester::default()
        };
        let row = codec::audit_row(note.refused("no"), by, &env(second));
        self.log.tell(tenant, row);
    }

    async fn list(&self, tenant: TenantId, filter: Filter) -> AuditPage {
        self.list_kept(tenant, AuditRules::default(), filter).await
    }

    async fn list_kept(&self, tenant: TenantId, rules: AuditRules, filter: Filter) -> AuditPage {
        let window = Window { skip: 0, take: 100 };
        let now = Timestamp(DAY + 100 * SECOND);
        let listed = self.log.list((tenant, rules), filter, window, now);
        listed.await.unwrap()
    }

    fn metric(&self, name: &str) -> String {
        let text = String::from_utf8(self.metrics.exposition()).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit_once(' ').unwrap().1.to_owned()
    }
}

fn user(second: u8) -> UserId {
    UserId::parse(&format!("user{second}")).unwrap()
}

fn env(second: u8) -> Env {
    Env {
        now: Timestamp(DAY + u64::from(second) * SECOND),
        random: [second; RANDOM_BYTES],
    }
}

fn seconds(page: &AuditPage) -> Vec<u64> {
    let second = |told: &Told| (told.at.0 - DAY) / SECOND;
    page.entries.iter().map(second).collect()
}

#[actix::test]
async fn a_list_shows_what_was_told_before_it_newest_first() {
    let place = place(10).await;
    for second in 0..3 {
        place.tell(ONE, second);
    }
    place.tell(TWO, 7);
    let page = place.list(ONE, Filter::default()).await;
    assert_eq!((page.total, seconds(&page)), (3, vec![2, 1, 0]));
    let entry = &page.entries[0];
    assert_eq!(entry.kind.name(), "webauthn_authentication_final_failed");
    assert_eq!(entry.entry.error.as_deref(), Some("no"));
    assert_eq!(entry.entry.user.as_deref(), Some("user2"));
    assert_eq!(seconds(&place.list(TWO, Filter::default()).await), [7]);
}

#[actix::test]
async fn what_is_durable_is_heard_and_counted_once() {
    let place = place(2).await;
    place.tell(ONE, 1);
    place.tell(TWO, 2);
    assert_eq!(place.heard.lock().len(), 0);
    place.log.flush_all().await;
    place.log.flush_all().await;
    assert_eq!(place.metric("keywright_audit_entries_total"), "2");
    assert_eq!(place.heard.lock().len(), 2);
    // There is room again.
    place.tell(TWO, 3);
    place.tell(TWO, 4);
    place.log.flush_all().await;
    assert_eq!(place.metric("keywright_audit_entries_total"), "4");
    assert_eq!(place.metric("keywright_audit_dropped_total"), "0");
    let mut heard: Vec<_> = place.heard.lock().drain(..).collect();
    heard.sort_by_key(|(tenant, _)| *tenant);
    let [(ONE, one), (TWO, _), (TWO, _), (TWO, _)] = &heard[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(one.entry.user.as_deref(), Some("user1"));
}

#[actix::test]
async fn a_store_that_is_busy_or_full_gets_it_later() {
    let refusals: [fn() -> CommitError; 3] = [
        || CommitError::Busy,
        || CommitError::Full,
        || CommitError::Unknown,
    ];
    for refusal in refusals {
        let place = place(3).await;
        *place.store.refuse.lock() = Some(refusal);
        for second in 0..3 {
            place.tell(ONE, second);
        }
        place.log.flush_all().await;
        place.tell(ONE, 3);
        assert_eq!(place.metric("keywright_audit_entries_total"), "0");
        assert_eq!(place.metric("keywright_audit_dropped_total"), "1");
        *place.store.refuse.lock() = None;
        let page = place.list(ONE, Filter::default()).await;
        assert_eq!(seconds(&page), [2, 1, 0]);
    }
}

#[actix::test]
async fn nobody_misses_the_entries_of_a_deleted_tenant() {
    let place = place(2).await;
    *place.store.refuse.lock() = Some(|| CommitError::Gone);
    for second in 0..2 {
        place.tell(ONE, second);
    }
    place.log.flush_all().await;
    assert_eq!(place.metric("keywright_audit_dropped_total"), "0");
    *place.store.refuse.lock() = Some(|| CommitError::Damaged);
    place.tell(ONE, 2);
    place.tell(TWO, 3);
    place.log.flush_all().await;
    assert_eq!(place.metric("keywright_audit_dropped_total"), "2");
    assert_eq!(place.heard.lock().len(), 0);
}

#[actix::test]
async fn many_entries_make_several_commits_and_one_list() {
    let place = place(1_000).await;
    for number in 0..600_u16 {
        let [high, low] = number.to_be_bytes();
        let mut env = env(low);
        env.random[0] = high;
        let note = Note::of(Kind::begun(Operation::Login));
        let row = codec::audit_row(note, Requester::default(), &env);
        place.log.tell(ONE, row);
    }
    assert_eq!(place.list(ONE, Filter::default()).await.total, 600);
    let begun = Kind::begun(Operation::Login);
    let of_kinds = |kinds: &[Kind]| Filter {
        kinds: kinds.to_vec(),
        ..Filter::default()
    };
    assert_eq!(place.list(ONE, of_kinds(&[begun])).await.total, 600);
    let failed = of_kinds(&[begun.refused(), Kind::SecretCreated]);
    assert_eq!(place.list(ONE, failed).await.total, 0);
}

#[actix::test]
async fn filters_are_parts_of_texts_and_nothing_more() {
    let place = place(100).await;
    for second in 1..=12 {
        place.tell(ONE, second);
    }
    let filters: [(Filter, &[u64]); 9] = [
        (of_user("user1"), &[12, 11, 10, 1]),
        (of_user("USER1"), &[]),
        (of_user("user%"), &[]),
        (of_user("user_"), &[]),
        (of_user("' OR 1=1 --"), &[]),
        (
            of_source_ip("192.0.2.1"),
            &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
        ),
        (of_source_ip("user1"), &[]),
        (of_either("ser11"), &[11]),
        (
            of_either("92.0.2"),
            &[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
        ),
    ];
    for (filter, expected) in filters {
        let page = place.list(ONE, filter.clone()).await;
        assert_eq!(seconds(&page), expected, "{filter:?}");
        assert_eq!(page.total, expected.len(), "{filter:?}");
    }
    let between = Filter {
        after: Some(Timestamp(DAY + 3 * SECOND)),
        before: Some(Timestamp(DAY + 6 * SECOND)),
        ..Filter::default()
    };
    assert_eq!(seconds(&place.list(ONE, between).await), [5, 4]);
}

#[actix::test]
async fn what_is_too_old_or_too_many_is_not_shown_and_then_gone() {
    let place = place(100).await;
    for second in 1..=12 {
        place.tell(ONE, second);
    }
    let few = AuditRules {
        entries_max: 3,
        ..AuditRules::default()
    };
    let page = place.list_kept(ONE, few, Filter::default()).await;
    assert_eq!((page.total, seconds(&page)), (3, vec![12, 11, 10]));
    let page = place.list_kept(ONE, few, of_user("user9")).await;
    assert_eq!(page.total, 0);

    let now = Timestamp(2 * DAY + 10 * SECOND);
    let a_day = AuditRules {
        retention_days: 1,
        ..AuditRules::default()
    };
    let window = Window { skip: 1, take: 1 };
    let listed = place.log.list((ONE, a_day), Filter::default(), window, now);
    let page = listed.await.unwrap();
    assert_eq!((page.total, seconds(&page)), (3, vec![11]));

    let trimmed = place.store.trim_audit(ONE.0, keep(a_day, now)).await;
    assert_eq!(trimmed.unwrap(), 9);
    let page = place.list(ONE, Filter::default()).await;
    assert_eq!(seconds(&page), [12, 11, 10]);
}

fn of_user(part: &str) -> Filter {
    Filter {
        user: Some(part.into()),
        ..Filter::default()
    }
}

fn of_source_ip(part: &str) -> Filter {
    Filter {
        source_ip: Some(part.into()),
        ..Filter::default()
    }
}

fn of_either(part: &str) -> Filter {
    Filter {
        user_or_source_ip: Some(part.into()),
        ..Filter::default()
    }
}

const ONE: TenantId = TenantId(Uuid::from_u128(1));
const TWO: TenantId = TenantId(Uuid::from_u128(2));
const SECOND: u64 = 1_000_000;
const DAY: u64 = 24 * 60 * 60 * SECOND;
