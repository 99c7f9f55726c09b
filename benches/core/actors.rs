//! The way through the actors, on a real actix system with the real registry; the store is in memory, so no disk is
//! waited for. Worker 0 is the thread that measures, worker 1 another.

use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, System, SystemRunner};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{BenchmarkId, Criterion};
use keywright::actor::Refusal;
use keywright::actor::ceremonies::Surroundings;
use keywright::actor::handle::Lease;
use keywright::actor::ledger::{Caps, Ledger};
use keywright::actor::registry::{Parts, Registry};
use keywright::actor::signing::KeyPool;
use keywright::actor::source::EnvSource;
use keywright::store::Store;
use keywright::store::memory::Memory;
use keywright::telemetry::metrics::Metrics;
use keywright::telemetry::worker::Timer;
use keywright::tenant::admin::CreateTenant;
use keywright::tenant::audit::Requester;
use keywright::tenant::challenge::{Access, Api, Factor};
use keywright::tenant::credential::Credential;
use keywright::tenant::env::Env;
use keywright::tenant::event::Event;
use keywright::tenant::ids::{Challenge, TenantId};
use keywright::tenant::login::InitializeLogin;
use keywright::tenant::rejection::Rejection;
use keywright::tenant::state::TenantState;
use keywright::tenant::{Command, Decision, Touched};
use uuid::Uuid;

use crate::fixture;

pub(crate) fn bench(criterion: &mut Criterion) {
    let system = System::new();
    let other = Arbiter::new();
    let registry = system.block_on(async { registry(&other) });
    let place = Place {
        system: &system,
        registry: &registry,
    };
    for (name, worker) in [("same thread", 0), ("other thread", 1)] {
        let tenant = TenantId(Uuid::from_u128(worker));
        let worker = usize::try_from(worker).expect("0 or 1");
        assert_eq!(registry.workers.home(tenant), worker, "the tenant's actor");
        place.measure(criterion, name, tenant, worker);
    }
    other.stop();
    drop(other.join());
}

struct Place<'a> {
    system: &'a SystemRunner,
    registry: &'a Arc<Registry>,
}

impl Place<'_> {
    fn measure(&self, criterion: &mut Criterion, name: &str, tenant: TenantId, worker: usize) {
        let lease = self.system.block_on(lease(self.registry, tenant, worker));
        let lease = lease.expect("nobody else uses the store");
        let mut group = criterion.benchmark_group("actor");
        group.bench_function(BenchmarkId::new("hop", name), |bencher| {
            bencher.iter_custom(|rounds| self.system.block_on(hops(&lease, worker, rounds)));
        });
        group.bench_function(BenchmarkId::new("begin", name), |bencher| {
            bencher.iter_custom(|rounds| self.system.block_on(begins(&lease, rounds)));
        });
        group.bench_function(BenchmarkId::new("begin and take", name), |bencher| {
            bencher.iter_custom(|rounds| self.system.block_on(ceremonies(&lease, rounds)));
        });
        group.bench_function(BenchmarkId::new("command", name), |bencher| {
            bencher.iter_custom(|rounds| self.system.block_on(commands(&lease, rounds)));
        });
        group.finish();
    }
}

/// Asks for a challenge that was never out: there and back, and no more than a look into an empty table.
async fn hops(lease: &Lease<'_>, worker: usize, rounds: u64) -> Duration {
    let mut challenge = Challenge([9; 32]);
    challenge.0[0] = u8::try_from(worker).expect("0 or 1");
    let timer = Timer::start();
    for _ in 0..rounds {
        let refused = lease.take_challenge(challenge).await;
        assert_eq!(refused, Err(Refusal::Rejected(Rejection::ChallengeUnknown)));
    }
    timer.elapsed()
}

async fn begins(lease: &Lease<'_>, rounds: u64) -> Duration {
    let timer = Timer::start();
    for _ in 0..rounds {
        drop(lease.begin(discoverable()).await.expect(BEGUN));
    }
    timer.elapsed()
}

async fn ceremonies(lease: &Lease<'_>, rounds: u64) -> Duration {
    let timer = Timer::start();
    for _ in 0..rounds {
        let options = lease.begin(discoverable()).await.expect(BEGUN);
        let taken = lease.take_challenge(challenge_in(&options)).await;
        drop(taken.expect("it was just begun"));
    }
    timer.elapsed()
}

async fn commands(lease: &Lease<'_>, rounds: u64) -> Duration {
    let timer = Timer::start();
    for _ in 0..rounds {
        lease
            .execute(Use, Requester::default())
            .await
            .expect("the store is in memory");
    }
    timer.elapsed()
}

/// A login without its consumed challenge: those stay, and each commit of the store in memory copies all rows of a tenant.
struct Use;

impl Command for Use {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Credential(fixture::credential_id(0))]
    }

    fn decide(self, _: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let used = Credential {
            last_used_at: env.now,
            ..fixture::credential(0, 0)
        };
        Ok(Decision::new(vec![Event::CredentialChanged(used)], ()))
    }
}

/// The request options begin with it.
fn challenge_in(options: &str) -> Challenge {
    let text = options.strip_prefix(r#"{"publicKey":{"challenge":""#);
    let text = text.and_then(|text| text.get(..43)).expect(BEGUN);
    let bytes = URL_SAFE_NO_PAD.decode(text).expect(BEGUN);
    Challenge::parse(&bytes).expect(BEGUN)
}

const fn discoverable() -> InitializeLogin {
    InitializeLogin {
        user: None,
        factor: Factor::Passkey,
        access: Access::Unkeyed,
        api: Api::Passkey,
    }
}

/// A registry whose worker 0 is this thread.
fn registry(other: &Arbiter) -> Arc<Registry> {
    let store: Arc<dyn Store> = Arc::new(Memory::new(Box::new(|| fixture::NOW.seconds())));
    let metrics = Metrics::new(2);
    let source = EnvSource::new(fixture::environment);
    let surroundings = |worker| Surroundings {
        store: Arc::clone(&store),
        source: source.clone(),
        metrics: metrics.worker(worker).clone(),
        ledger: Arc::new(Ledger::new(CAPS)),
        boot: 1,
        checkpoint_every: NEVER,
    };
    let registry = Registry::new(Parts {
        surroundings: vec![surroundings(0), surroundings(1)],
        store: Arc::clone(&store),
        source: source.clone(),
        metrics: metrics.clone(),
        keys: KeyPool::start().expect("a thread can be started"),
        publish_ahead: Duration::ZERO,
        requests: 1_000,
        requests_per_tenant: 1_000,
        audit_queue: 1_000,
        audit_listener: None,
    });
    registry.join(&Arbiter::current());
    registry.join(&other.handle());
    registry
}

async fn lease(
    registry: &Arc<Registry>,
    tenant: TenantId,
    worker: usize,
) -> Result<Lease<'_>, Refusal> {
    let create = CreateTenant {
        display_name: "A tenant".into(),
        settings: fixture::settings(),
        api_key_name: None,
    };
    registry
        .create(tenant, create, Requester::default())
        .await?;
    registry.lease(tenant, worker).await
}

/// Small, so that after the warm-up every begin evicts, as under a flood.
const CAPS: Caps = Caps {
    all: 10_000,
    per_tenant: 10_000,
};
const NEVER: Duration = Duration::from_hours(24);
const BEGUN: &str = "anybody may begin a discoverable login";
