//! Trimming by the rules of each tenant: those that wrote, and all.

use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use uuid::Uuid;

use crate::actor::audit::{trim_all, trim_changed};
use crate::actor::ceremonies::Surroundings;
use crate::actor::codec;
use crate::actor::ledger::{Caps, Ledger};
use crate::actor::registry::{Parts, Registry};
use crate::actor::signing::KeyPool;
use crate::actor::source::EnvSource;
use crate::store::memory::Memory;
use crate::store::{AuditQuery, Change, Commit, Expect, Put, Store};
use crate::telemetry::metrics::Metrics;
use crate::tenant::admin::CreateTenant;
use crate::tenant::audit::{Kind, Note, Requester};
use crate::tenant::env::{Env, RANDOM_BYTES};
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::settings::{AuditRules, Rules};
use crate::tenant::tests::profile;
use crate::tenant::token::Operation;

/// One worker, which is this thread; every moment is another.
fn registry() -> Arc<Registry> {
    let store: Arc<dyn Store> = Arc::new(Memory::new(Box::new(|| 0)));
    let metrics = Metrics::new(1);
    let moments = std::sync::atomic::AtomicU64::new(1_000);
    let source = EnvSource::new(move || {
        let moment = moments.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut random = [0; RANDOM_BYTES];
        random[..8].copy_from_slice(&moment.to_le_bytes());
        Env {
            now: Timestamp(moment),
            random,
        }
    });
    let caps = Caps {
        all: 10,
        per_tenant: 10,
    };
    let registry = Registry::new(Parts {
        publish_ahead: Duration::ZERO,
        surroundings: vec![Surroundings {
            store: Arc::clone(&store),
            source: source.clone(),
            metrics: metrics.worker(0).clone(),
            ledger: Arc::new(Ledger::new(caps)),
            boot: 1,
            checkpoint_every: Duration::from_hours(1),
        }],
        store,
        source,
        metrics,
        keys: KeyPool::start().unwrap(),
        requests: 10,
        requests_per_tenant: 10,
        audit_queue: 100,
        audit_listener: None,
    });
    registry.join(&Arbiter::current());
    registry
}

/// A tenant whose log has seven entries, the one of its creation included, and shall keep so many.
async fn eventful(registry: &Arc<Registry>, number: u128, entries_max: u32) -> TenantId {
    let tenant = TenantId(Uuid::from_u128(number));
    let mut settings = profile(Rules::DEFAULT).settings;
    settings.audit = AuditRules {
        entries_max,
        ..AuditRules::default()
    };
    let create = CreateTenant {
        display_name: "Shop".into(),
        settings,
        api_key_name: None,
    };
    let created = registry.create(tenant, create, Requester::default());
    created.await.unwrap();
    let lease = registry.lease(tenant, 0).await.unwrap();
    for _ in 0..6 {
        let note = Note::of(Kind::begun(Operation::Login));
        lease.tell(note, Requester::default());
    }
    registry.audit.flush_all().await;
    tenant
}

async fn kept(registry: &Arc<Registry>, tenant: TenantId) -> u64 {
    let all = AuditQuery {
        after: None,
        before: None,
        kinds: Vec::new(),
        matches: None,
        newest: u64::MAX,
        skip: 0,
        take: 0,
    };
    registry.store.audit(tenant.0, all).await.unwrap().total
}

#[actix::test]
async fn each_tenant_keeps_what_it_says() {
    let registry = registry();
    let (few, many) = (
        eventful(&registry, 1, 2).await,
        eventful(&registry, 2, 5).await,
    );
    assert_eq!(kept(&registry, few).await, 7);
    trim_changed(&registry).await;
    assert_eq!(kept(&registry, few).await, 2);
    assert_eq!(kept(&registry, many).await, 5);
}

#[actix::test]
async fn time_goes_by_for_those_too_that_write_nothing() {
    let registry = registry();
    let quiet = eventful(&registry, 1, 3).await;
    registry.audit.changed.lock().clear();
    trim_changed(&registry).await;
    assert_eq!(kept(&registry, quiet).await, 7);
    trim_all(&registry).await;
    assert_eq!(kept(&registry, quiet).await, 3);
}

/// A row that opens, and says nothing: of one tenant, which must not be in the way of all others.
#[actix::test]
async fn a_tenant_that_nobody_can_read_is_in_nobodys_way() {
    let registry = registry();
    let quiet = eventful(&registry, 1, 3).await;
    let row = Put {
        kind: codec::TENANT,
        id: Box::default(),
        expires: None,
        data: Some(b"no profile".to_vec()),
        expect: Expect::Any,
    };
    let spoilt = Commit {
        tenant: Uuid::from_u128(2),
        change: Change::Create(vec![row]),
        audit: Vec::new(),
    };
    registry.store.commit(spoilt).await.unwrap();
    let listed = registry.list().await.unwrap();
    assert_eq!(
        listed.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [quiet]
    );
    registry.audit.changed.lock().clear();
    trim_all(&registry).await;
    assert_eq!(kept(&registry, quiet).await, 3);
}
