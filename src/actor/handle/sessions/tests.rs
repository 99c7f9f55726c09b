//! Sessions through the real registry and its actors, on a store and a clock of ours. A session lives an hour.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::Arbiter;
use uuid::Uuid;

use super::super::{Lease, NoSession};
use crate::actor::Refusal;
use crate::actor::ceremonies::Surroundings;
use crate::actor::ledger::{Caps, Ledger};
use crate::actor::registry::{Parts, Registry};
use crate::actor::signing::KeyPool;
use crate::actor::source::EnvSource;
use crate::store::memory::Memory;
use crate::store::{Kind, Store};
use crate::telemetry::metrics::Metrics;
use crate::tenant::admin::{CreateTenant, ReplaceSettings};
use crate::tenant::audit::Requester;
use crate::tenant::env::{Env, RANDOM_BYTES};
use crate::tenant::ids::{TenantId, Timestamp, UserId};
use crate::tenant::session::{CreateSession, DeleteSession, Session};
use crate::tenant::settings::{Rules, Settings, TokenAlgorithm};
use crate::tenant::tests::profile;
use crate::tenant::token::SessionClaims;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const OTHER: TenantId = TenantId(Uuid::from_u128(2));
const SESSION_USES: Kind = Kind(11);

/// What outlives the process.
struct Place {
    store: Arc<dyn Store>,
    seconds: Arc<AtomicU64>,
    starts: AtomicU64,
}

impl Place {
    fn new() -> Self {
        let seconds = Arc::new(AtomicU64::new(1000));
        let clock = Arc::clone(&seconds);
        Self {
            store: Arc::new(Memory::new(Box::new(move || clock.load(Ordering::Relaxed)))),
            seconds,
            starts: AtomicU64::new(0),
        }
    }

    fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The process starts; one that ran before has been killed.
    fn start(&self, checkpoint_every: Duration) -> Arc<Registry> {
        let metrics = Metrics::new(1);
        let (seconds, draws) = (Arc::clone(&self.seconds), AtomicU64::new(0));
        let boot = self.starts.fetch_add(1, Ordering::Relaxed);
        let source = EnvSource::new(move || {
            let mut random = [u8::try_from(boot).unwrap(); RANDOM_BYTES];
            let draw = draws.fetch_add(1, Ordering::Relaxed);
            random[..8].copy_from_slice(&draw.to_be_bytes());
            Env {
                now: Timestamp(seconds.load(Ordering::Relaxed) * 1_000_000),
                random,
            }
        });
        let caps = Caps {
            all: 10,
            per_tenant: 10,
        };
        let surroundings = Surroundings {
            store: Arc::clone(&self.store),
            source: source.clone(),
            metrics: metrics.worker(0).clone(),
            ledger: Arc::new(Ledger::new(caps)),
            boot,
            checkpoint_every,
        };
        let registry = Registry::new(Parts {
            surroundings: vec![surroundings],
            store: Arc::clone(&self.store),
            source,
            metrics,
            keys: KeyPool::start().unwrap(),
            publish_ahead: Duration::ZERO,
            requests: 10,
            requests_per_tenant: 10,
            audit_queue: 10,
            audit_listener: None,
        });
        registry.join(&Arbiter::current());
        registry
    }

    async fn rows_of_uses(&self) -> usize {
        let rows = self.store.load(TENANT.0).await.unwrap().unwrap();
        rows.iter().filter(|row| row.kind == SESSION_USES).count()
    }
}

fn settings(idle_timeout_seconds: u32) -> Settings {
    let mut settings = profile(Rules::DEFAULT).settings;
    settings.tokens.algorithm = TokenAlgorithm::EdDsa;
    settings.sessions.lifetime_seconds = 3600;
    settings.sessions.idle_timeout_seconds = idle_timeout_seconds;
    settings
}

async fn create(registry: &Arc<Registry>, id: TenantId, idle_timeout_seconds: u32) {
    let create = CreateTenant {
        display_name: "Shop".into(),
        settings: settings(idle_timeout_seconds),
        api_key_name: None,
    };
    let created = registry.create(id, create, Requester::default()).await;
    created.unwrap();
}

async fn lease(registry: &Arc<Registry>, id: TenantId) -> Lease<'_> {
    registry.lease(id, 0).await.unwrap()
}

/// A session of Ann's, and its token.
async fn sign_in(lease: &Lease<'_>) -> (Arc<Session>, String) {
    let create = CreateSession {
        user: UserId::parse("ann").unwrap(),
        name: None,
        display_name: None,
        email: None,
        source_ip: "".into(),
        user_agent: "".into(),
    };
    let session = lease.execute(create, Requester::default()).await.unwrap();
    let key = lease.session_key(session.created_at).await.unwrap();
    let claims = SessionClaims::of(&lease.read(), &session);
    (session, key.sign(&claims).unwrap())
}

#[actix::test]
async fn a_token_opens_its_session_until_that_ends() {
    let place = Place::new();
    let registry = place.start(NEVER);
    create(&registry, TENANT, 0).await;
    let lease = lease(&registry, TENANT).await;
    let (first, token) = sign_in(&lease).await;
    let (second, other) = sign_in(&lease).await;
    let (opened, claims) = lease.open_session(&token).unwrap();
    assert_eq!((opened.id, claims.session_id), (first.id, first.id));

    let delete = || lease.execute(DeleteSession::of(&first), Requester::default());
    delete().await.unwrap();
    assert!(matches!(delete().await, Err(Refusal::Rejected(_))));
    assert_eq!(lease.find_session(&token).unwrap_err(), NoSession::Unknown);
    assert_eq!(lease.open_session(&other).unwrap().0.id, second.id);
    place.pass(3599);
    assert!(lease.open_session(&other).is_some());
    // Whatever the leeway of its token: its record says when a session ends.
    place.pass(1);
    assert!(lease.open_session(&other).is_none());
    assert!(lease.open_session("not a token").is_none());
}

#[actix::test]
async fn a_token_opens_nothing_of_another_tenant() {
    let place = Place::new();
    let registry = place.start(NEVER);
    create(&registry, TENANT, 0).await;
    create(&registry, OTHER, 0).await;
    let (ours, theirs) = (
        lease(&registry, TENANT).await,
        lease(&registry, OTHER).await,
    );
    let (session, token) = sign_in(&ours).await;
    let (_, other) = sign_in(&theirs).await;
    assert!(theirs.open_session(&token).is_none());
    assert!(ours.open_session(&other).is_none());
    // Even signed with a key of theirs, by somebody who knows a session of ours.
    let key = theirs.session_key(session.created_at).await.unwrap();
    let claims = SessionClaims::of(&ours.read(), &session);
    let forged = key.sign(&claims).unwrap();
    assert!(ours.open_session(&forged).is_none());
    assert!(theirs.open_session(&forged).is_none());
}

#[actix::test]
async fn an_idle_session_ends_for_good() {
    let place = Place::new();
    let registry = place.start(NEVER);
    create(&registry, TENANT, 60).await;
    let lease = lease(&registry, TENANT).await;
    let (session, token) = sign_in(&lease).await;
    for _ in 0..3 {
        place.pass(59);
        let (opened, _) = lease.open_session(&token).unwrap();
        lease.use_session(&opened);
    }
    // To look is no use.
    place.pass(30);
    assert!(lease.open_session(&token).is_some());
    place.pass(30);
    assert_eq!(lease.find_session(&token).unwrap_err(), NoSession::Idle);
    let is_there = || {
        lease
            .read()
            .sessions
            .find(session.id, Timestamp(0))
            .is_some()
    };
    for _ in 0..1000 {
        if !is_there() {
            break;
        }
        actix::clock::sleep(Duration::from_millis(5)).await;
    }
    let settings = settings(0);
    let replace = lease.execute(ReplaceSettings { settings }, Requester::default());
    replace.await.unwrap();
    assert_eq!(lease.find_session(&token).unwrap_err(), NoSession::Unknown);
}

#[actix::test]
async fn tokens_and_uses_survive_a_clean_stop() {
    let place = Place::new();
    let registry = place.start(NEVER);
    create(&registry, TENANT, 60).await;
    let before = lease(&registry, TENANT).await;
    let (session, token) = sign_in(&before).await;
    place.pass(50);
    before.use_session(&session);
    drop(before);
    registry.save_challenges().await;

    let registry = place.start(NEVER);
    place.pass(59);
    let after = lease(&registry, TENANT).await;
    let (opened, _) = after.open_session(&token).unwrap();
    assert_eq!(opened.last_used_at(), Timestamp(1_050_000_000));
    place.pass(1);
    assert_eq!(after.find_session(&token).unwrap_err(), NoSession::Idle);
}

/// What was used since the last checkpoint is lost, and nothing else.
#[actix::test]
async fn a_checkpoint_saves_uses_from_a_crash() {
    let place = Place::new();
    let registry = place.start(Duration::from_millis(2));
    create(&registry, TENANT, 60).await;
    let before = lease(&registry, TENANT).await;
    let (session, token) = sign_in(&before).await;
    place.pass(50);
    before.use_session(&session);
    while place.rows_of_uses().await == 0 {
        actix::clock::sleep(Duration::from_millis(2)).await;
    }
    drop(before);

    let registry = place.start(NEVER);
    place.pass(59);
    let after = lease(&registry, TENANT).await;
    let (opened, _) = after.open_session(&token).unwrap();
    after.use_session(&opened);
    drop(after);

    let registry = place.start(NEVER);
    place.pass(1);
    let after = lease(&registry, TENANT).await;
    assert_eq!(after.find_session(&token).unwrap_err(), NoSession::Idle);
}

#[actix::test]
async fn without_an_idle_timeout_no_use_is_written() {
    let place = Place::new();
    let registry = place.start(Duration::from_millis(2));
    create(&registry, TENANT, 0).await;
    let lease = lease(&registry, TENANT).await;
    let (session, _) = sign_in(&lease).await;
    place.pass(50);
    lease.use_session(&session);
    assert_eq!(session.last_used_at(), Timestamp(1_050_000_000));
    actix::clock::sleep(Duration::from_millis(20)).await;
    registry.save_challenges().await;
    assert_eq!(place.rows_of_uses().await, 0);
}

const NEVER: Duration = Duration::from_hours(24);
