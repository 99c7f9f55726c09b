//! The rate limits, from the settings and with a clock.

use std::sync::Arc;

use super::clock;
use crate::config;
use crate::http::buckets::Rate;
use crate::http::rate::{RateLimits, Rates};

/// `None`: they are switched off.
pub(super) fn limits(limits: &config::Limits) -> Option<Arc<RateLimits>> {
    if !limits.rate_limits {
        return None;
    }
    let rates = Rates {
        address: Rate::new(limits.rate_per_address, limits.rate_per_address_burst),
        tenant: Rate::new(limits.rate_per_tenant, limits.rate_per_tenant_burst),
        failures: Rate::new(
            limits.rate_failures_per_address,
            limits.rate_failures_per_address_burst,
        ),
        tracked: limits.rate_tracked,
    };
    Some(Arc::new(RateLimits::new(rates, clock())))
}
