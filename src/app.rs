//! The composition root: the only place that reads the clock, the machine's randomness and its size. It builds a server
//! from settings, runs it, and drains it.

mod audit;
mod authenticators;
pub mod client;
mod declared;
mod demo;
mod drain;
mod issuers;
mod listeners;
mod metrics;
mod rates;
mod snapshots;
mod store;
mod tenancy;
mod traces;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix_http::Request;
use actix_web::dev::{Server, ServerHandle, fn_service};
use actix_web::{HttpResponse, HttpServer};
use futures_util::FutureExt;
use rand::RngExt;
use thiserror::Error;

use crate::actor::Refusal;
use crate::actor::ceremonies::Surroundings;
use crate::actor::ledger::{Caps, Ledger};
use crate::actor::registry::{Parts, Registry};
use crate::actor::signing::KeyPool;
use crate::actor::source::EnvSource;
use crate::config::{Address, Config, Mode, Secret};
use crate::http::forwarded::Proxies;
use crate::http::rate::Clock;
use crate::http::route::Table;
use crate::http::tenancy::Tenancy;
use crate::http::{self, Shared, admin};
use crate::store::Store;
use crate::store::seal::{Keyring, KeyringError};
use crate::store::sqlite::OpenError;
use crate::telemetry::metrics::Metrics;
use crate::tenant::env::{Env, RANDOM_BYTES};
use crate::tenant::ids::Timestamp;

use audit::Lines;
use listeners::Listeners;
use traces::Exporter;

pub use authenticators::names;
pub use declared::{DeclaredError, check};
pub use demo::Demo;
pub use drain::Signals;

#[derive(Debug, Error)]
pub enum StartError {
    #[error("secrets.keys: {0}")]
    Keys(#[from] KeyringError),
    #[error("store.directory {directory:?}: {source}")]
    Store {
        directory: std::path::PathBuf,
        source: OpenError,
    },
    #[error("store.directory {directory:?} cannot keep the key of a dev start: {source}")]
    DevKey {
        directory: std::path::PathBuf,
        source: io::Error,
    },
    #[error("{key} {address}: {source}")]
    Listen {
        key: &'static str,
        address: Address,
        source: io::Error,
    },
    #[error(transparent)]
    Declared(#[from] DeclaredError),
    #[error(transparent)]
    Names(#[from] authenticators::NamesFileError),
    #[error("the demo tenant could not be made: {0}")]
    Demo(#[from] Refusal),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A server that answers.
pub struct Running {
    pub public: SocketAddr,
    pub admin: SocketAddr,
    /// Of those who scrape, where they have their own.
    pub metrics: Option<SocketAddr>,
    /// What a dev start prints.
    pub demo: Option<Demo>,
    registry: Arc<Registry>,
    lines: Option<Lines>,
    exporter: Option<Exporter>,
    handles: Vec<ServerHandle>,
    drain_timeout: Duration,
}

/// Builds everything and starts to answer. Must be called inside an actix system.
pub async fn start(config: &Config, mode: Mode) -> Result<Running, StartError> {
    let declared = check(config)?;
    let workers = workers(config.server.workers);
    let names = Arc::new(names(config)?);
    let metrics = Metrics::labelling(workers, config.metrics.tenant_labels);
    let keyring = store::keyring(config, mode)?;
    let engine: Arc<dyn Store> = Arc::new(store::open(config, &keyring, &metrics)?);
    let lines = config.audit.stdout.then(|| Lines::start(metrics.clone()));
    let lines = lines.transpose()?;
    let mut parts = parts(config, workers, engine, &metrics)?;
    parts.audit_listener = lines.as_ref().map(Lines::listener);
    let registry = Registry::new(parts);
    declared::follow(&registry, &declared).await?;
    let Listeners {
        public,
        admin,
        scraped,
    } = Listeners::bind(config)?;
    let port = public.address.port();
    let demo = match (mode, config.server.try_page) {
        (Mode::Real, false) => None,
        (Mode::Dev, _) | (Mode::Real, true) => Some(demo::tenant(&registry, port).await?),
    };
    tenancy::warn_of_missing(&registry, &config.tenancy).await;
    let exporter = Exporter::start(&config.traces)?;
    let shared = Shared {
        table: Table::Public,
        registry: Arc::clone(&registry),
        limits: limits(config, config.limits.body),
        traces: exporter
            .as_ref()
            .map(|exporter| Arc::clone(&exporter.traces)),
        logs_all: config.log.requests,
        rates: rates::limits(&config.limits),
        proxies: Proxies(config.limits.trusted_proxies.clone()),
        tenancy: tenancy::of(&config.tenancy),
        demo: demo.filter(|_| config.server.try_page),
        admin: admin::Access::LoopbackOnly,
        authenticators: names,
        issuers: issuers::key_sets(metrics.clone(), clock()),
    };
    metrics::watch(config, &registry, &shared.issuers);
    let mut servers = vec![public_server(config, shared.clone(), public.listener)?];
    let scraped_at = scraped.as_ref().map(|scraped| scraped.address);
    if let Some(scraped) = scraped {
        servers.push(metrics::server(config, shared.clone(), scraped.listener)?);
    }
    servers.push(admin_server(config, shared, admin.listener)?);
    let handles = servers.iter().map(Server::handle).collect();
    for server in servers {
        actix_web::rt::spawn(server);
    }
    registry.workers.started().await;
    let demo = match (mode, demo) {
        (Mode::Dev, Some(tenant)) => Some(demo::prepare(&registry, tenant, port).await?),
        (Mode::Dev, None) | (Mode::Real, _) => None,
    };
    tidy_up(config, keyring, metrics, &registry);
    Ok(Running {
        public: public.address,
        admin: admin.address,
        metrics: scraped_at,
        demo,
        registry,
        lines,
        exporter,
        handles,
        drain_timeout: config.server.drain_timeout,
    })
}

/// What goes on beside the requests.
fn tidy_up(config: &Config, keyring: Keyring, metrics: Metrics, registry: &Arc<Registry>) {
    snapshots::run(config, keyring, metrics);
    sweep(Arc::clone(registry), config.limits.tenant_idle);
    audit::run(registry);
    actix_web::rt::spawn(give_memory_back());
}

fn parts(
    config: &Config,
    workers: usize,
    store: Arc<dyn Store>,
    metrics: &Metrics,
) -> Result<Parts, StartError> {
    let source = EnvSource::new(environment);
    let caps = Caps {
        all: config.limits.challenges,
        per_tenant: config.limits.challenges_per_tenant,
    };
    let boot = rand::rng().random();
    let surroundings = (0..workers).map(|worker| Surroundings {
        store: Arc::clone(&store),
        source: source.clone(),
        metrics: metrics.worker(worker).clone(),
        ledger: Arc::new(Ledger::new(caps.divided(workers))),
        boot,
        checkpoint_every: config.store.checkpoint_every,
    });
    Ok(Parts {
        surroundings: surroundings.collect(),
        keys: KeyPool::start()?,
        publish_ahead: config.tokens.publish_ahead,
        requests: config.limits.requests,
        requests_per_tenant: config.limits.requests_per_tenant,
        audit_queue: config.audit.queue,
        audit_listener: None,
        metrics: metrics.clone(),
        store,
        source,
    })
}

fn public_server(config: &Config, shared: Shared, listener: TcpListener) -> io::Result<Server> {
    let workers = shared.registry.workers.count();
    let server = HttpServer::new(move || {
        let worker = shared.registry.join(&actix::Arbiter::current());
        // A copy for each worker: its reference count is nobody else's.
        let shared = Arc::new(shared.clone());
        fn_service(move |request: Request| {
            let answer = http::serve_public((Arc::clone(&shared), worker), request);
            answer.map(Ok::<_, Infallible>)
        })
    });
    let server = server
        .workers(workers)
        .max_connections(config.limits.connections)
        .client_request_timeout(config.server.request_timeout)
        .keep_alive(config.server.keep_alive)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

fn admin_server(config: &Config, shared: Shared, listener: TcpListener) -> io::Result<Server> {
    let token = config.server.admin_token.clone();
    let shared = Arc::new(Shared {
        table: Table::Admin,
        limits: limits(config, config.limits.admin_body),
        admin: token.map_or(admin::Access::LoopbackOnly, |Secret(token)| {
            admin::Access::Token(token)
        }),
        // Only what a tenant's settings must not say is asked here.
        tenancy: Tenancy {
            base_domain: shared.tenancy.base_domain.clone(),
            ..Tenancy::default()
        },
        demo: None,
        ..shared
    });
    side_server(config, shared, listener, http::serve_admin)
}

/// A listener for operators: one worker is enough.
fn side_server<Answered: Future<Output = HttpResponse> + 'static>(
    config: &Config,
    shared: Arc<Shared>,
    listener: TcpListener,
    serve: fn(Arc<Shared>, Request) -> Answered,
) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        let shared = Arc::clone(&shared);
        fn_service(move |request: Request| {
            serve(Arc::clone(&shared), request).map(Ok::<_, Infallible>)
        })
    });
    let server = server
        .workers(1)
        .client_request_timeout(config.server.request_timeout)
        .keep_alive(config.server.keep_alive)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals();
    Ok(server.listen(listener)?.run())
}

const fn limits(config: &Config, body: usize) -> http::Limits {
    http::Limits {
        body,
        timeout: config.server.request_timeout,
    }
}

fn sweep(registry: Arc<Registry>, idle: Duration) {
    actix_web::rt::spawn(async move {
        let mut ticks = tokio::time::interval(idle.max(Duration::from_millis(1)));
        loop {
            ticks.tick().await;
            registry.sweep();
        }
    });
}

/// What a hydration has used and let go is returned to the system by the next big release after a second, and an idle
/// server has none. So here is one, of memory that nobody touches.
async fn give_memory_back() {
    let mut ticks = tokio::time::interval(MEMORY_BACK_EVERY);
    loop {
        ticks.tick().await;
        drop(std::hint::black_box(Vec::<u8>::with_capacity(BIG)));
    }
}

/// One a core, where the settings leave it open.
fn workers(configured: usize) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if configured == 0 {
        cores().min(crate::config::WORKERS_MAX)
    } else {
        configured
    }
}

/// The time and randomness of one decision. The generator reseeds itself from the system.
fn environment() -> Env {
    let mut random = [0; RANDOM_BYTES];
    rand::rng().fill(&mut random);
    Env {
        now: Timestamp(u64::try_from(since_epoch().as_micros()).unwrap_or(u64::MAX)),
        random,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the composition root reads the clock"
)]
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// One that does not go back.
#[expect(
    clippy::disallowed_methods,
    reason = "the composition root reads the clock"
)]
fn clock() -> Clock {
    let start = Instant::now();
    Arc::new(move || start.elapsed())
}

/// What a connection has to end by itself once nothing is under way any more.
const SHUTDOWN_SECONDS: u64 = 1;

const MEMORY_BACK_EVERY: Duration = Duration::from_secs(2);
/// Not among the sizes that the allocator keeps for the next who asks.
const BIG: usize = 1024 * 1024;
