//! How often strangers may ask: token buckets a client address and a tenant on the routes that need no API key, and a
//! client address for what is guessed wrong.
//!
//! Whoever sends a valid API key is never refused here. Each kind of route has buckets of its own: a flood of initialize
//! takes no token from those who are about to finalize.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::buckets::{Buckets, Empty, Rate};
use super::call::{Call, Tenant};
use super::error::Problem;
use crate::telemetry::worker::RateLimit;

/// The rates of config/default.toml.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    pub address: Rate,
    pub tenant: Rate,
    pub failures: Rate,
    /// How many addresses, and how many tenants, are told apart at a time.
    pub tracked: usize,
}

/// A clock that does not go back.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What all workers count together: a client's connections are spread over them.
pub struct RateLimits {
    rates: Rates,
    clock: Clock,
    /// Nobody outside can choose who shares a bucket with whom.
    hasher: RandomState,
    addresses: Buckets,
    tenants: Buckets,
    /// The minute in which the operator was last told of a flood, counted from 1.
    told: AtomicU64,
    told_of_proxy: AtomicBool,
}

/// The routes that ask for no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    Initialize,
    Finalize,
    Read,
}

/// What is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    ApiKey,
    AdminToken,
    Tenant,
}

#[derive(Hash)]
enum Counted {
    Asked(Route),
    Failed(Failure),
}

impl RateLimits {
    pub fn new(rates: Rates, clock: Clock) -> Self {
        Self {
            rates,
            clock,
            hasher: RandomState::new(),
            addresses: Buckets::new(rates.tracked),
            tenants: Buckets::new(rates.tracked),
            told: AtomicU64::new(0),
            told_of_proxy: AtomicBool::new(false),
        }
    }

    /// A bucket of an address. Whoever has one IPv6 address has all 2^64 of its network.
    fn key(&self, counted: Counted, address: IpAddr) -> u64 {
        match address {
            IpAddr::V4(address) => self.hasher.hash_one((counted, address.to_bits())),
            IpAddr::V6(address) => self.hasher.hash_one((counted, address.to_bits() >> 64)),
        }
    }

    fn take(&self, call: &Call, tenant: Option<&Tenant<'_>>, route: Route) -> Result<(), Refused> {
        let now = (self.clock)();
        let address = self.key(Counted::Asked(route), call.client());
        self.addresses
            .take(address, self.rates.address, now)
            .map_err(|empty| (RateLimit::Address, empty))?;
        let Some(tenant) = tenant else {
            return Ok(());
        };
        let tenant = self.hasher.hash_one((route, tenant.id.0));
        self.tenants
            .take(tenant, self.rates.tenant, now)
            .map_err(|empty| (RateLimit::Tenant, empty))
    }

    #[cold]
    fn refuse(&self, call: &Call, (limit, empty): Refused) -> Problem {
        call.metrics().rate_limited(limit);
        self.tell(call, limit);
        Problem::too_many_requests(whose(limit), empty.0)
    }

    fn tell(&self, call: &Call, limit: RateLimit) {
        let minute = (self.clock)().as_secs() / 60 + 1;
        if self.told.swap(minute, Ordering::Relaxed) != minute {
            let what = whose(limit);
            tracing::warn!(client = %call.client(), what, "requests are refused for their rate; this is said once a minute, the metrics count them");
        }
        if call.shared.proxies.is_overheard(&call.request)
            && !self.told_of_proxy.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                peer = %call.client(),
                "a client that speaks for others was limited as one; if it is your proxy, name it in limits.trusted_proxies"
            );
        }
    }
}

/// Lets a request to a route without a key in, or says when to come back.
pub fn admit(call: &Call, tenant: &Tenant<'_>, route: Route) -> Result<(), Problem> {
    let Some(limits) = &call.shared.rates else {
        return Ok(());
    };
    match limits.take(call, Some(tenant), route) {
        Ok(()) => Ok(()),
        Err(_) if tenant.has_key(call) => Ok(()),
        Err(refused) => Err(limits.refuse(call, refused)),
    }
}

/// The same where there is no tenant.
pub fn admit_stranger(call: &Call, route: Route) -> Result<(), Problem> {
    let Some(limits) = &call.shared.rates else {
        return Ok(());
    };
    let taken = limits.take(call, None, route);
    taken.map_err(|refused| limits.refuse(call, refused))
}

/// Whether a client may guess on, before it is found out what a guess is worth.
pub fn may_guess(call: &Call, failure: Failure) -> Result<(), Problem> {
    guess(call, failure, Buckets::look)
}

/// Counts a wrong guess: what is told of it, in place of `answer` where there were too many.
pub fn guessed_wrong(call: &Call, failure: Failure, answer: Problem) -> Problem {
    guess(call, failure, Buckets::take).err().unwrap_or(answer)
}

fn guess(
    call: &Call,
    failure: Failure,
    ask: impl Fn(&Buckets, u64, Rate, Duration) -> Result<(), Empty>,
) -> Result<(), Problem> {
    let Some(limits) = &call.shared.rates else {
        return Ok(());
    };
    let key = limits.key(Counted::Failed(failure), call.client());
    let asked = ask(
        &limits.addresses,
        key,
        limits.rates.failures,
        (limits.clock)(),
    );
    asked.map_err(|empty| limits.refuse(call, (failure.into(), empty)))
}

type Refused = (RateLimit, Empty);

impl From<Failure> for RateLimit {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::ApiKey => Self::ApiKey,
            Failure::AdminToken => Self::AdminToken,
            Failure::Tenant => Self::UnknownTenant,
        }
    }
}

const fn whose(limit: RateLimit) -> &'static str {
    match limit {
        RateLimit::Address => "too many requests from this address",
        RateLimit::Tenant => "too many requests to this tenant without an api key",
        RateLimit::ApiKey => "too many wrong api keys from this address",
        RateLimit::AdminToken => "too many wrong admin tokens from this address",
        RateLimit::UnknownTenant => "too many requests for tenants that do not exist",
    }
}
