//! How long entries are kept, and how many: each tenant's own rules, applied now and then to those that have written.

use std::sync::Arc;

use futures_util::future::join_all;

use super::AuditLog;
use crate::actor::Refusal;
use crate::actor::registry::Registry;
use crate::store::{AuditKeep, CommitError};
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::settings::AuditRules;

/// Removes what is too many or too old of the tenants that have new entries since the last time.
pub async fn trim_changed(registry: &Arc<Registry>) {
    let changed: Vec<TenantId> = registry.audit.changed.lock().drain().collect();
    for some in changed.chunks(TENANTS_TOGETHER) {
        join_all(some.iter().map(|&tenant| trim_one(registry, tenant))).await;
    }
}

/// Removes what is too many or too old of every tenant: time goes by for those too that write nothing.
pub async fn trim_all(registry: &Arc<Registry>) {
    let Ok(tenants) = registry.list().await else {
        return tracing::warn!("no audit log can be trimmed now; the next round tries again");
    };
    for some in tenants.chunks(TENANTS_TOGETHER) {
        let trims = some
            .iter()
            .map(|(tenant, profile)| trim(registry, *tenant, profile.settings.audit));
        join_all(trims).await;
    }
}

async fn trim_one(registry: &Arc<Registry>, tenant: TenantId) {
    let lease = registry.lease(tenant, 0).await;
    match lease.map(|lease| lease.audit_rules()) {
        Ok(rules) => trim(registry, tenant, rules).await,
        Err(Refusal::TooBusy) => registry.audit.will_trim(tenant),
        // It is gone, or nobody can read it; and the round over all tenants comes by again.
        Err(_) => {}
    }
}

async fn trim(registry: &Registry, tenant: TenantId, rules: AuditRules) {
    let log = &registry.audit;
    let keep = keep(rules, registry.source.env().now);
    match log.store.trim_audit(tenant.0, keep).await {
        Ok(0) | Err(CommitError::Gone) => {}
        Ok(count) => {
            registry.metrics.audit_trimmed(count);
            tracing::debug!(%tenant, count, "old entries of the audit log are removed");
        }
        Err(error) => {
            tracing::warn!(%tenant, %error, "the audit log is trimmed another time");
            log.will_trim(tenant);
        }
    }
}

impl AuditLog {
    fn will_trim(&self, tenant: TenantId) {
        self.changed.lock().insert(tenant);
    }
}

pub(super) fn keep(rules: AuditRules, now: Timestamp) -> AuditKeep {
    let age = u64::from(rules.retention_days).saturating_mul(MICROSECONDS_A_DAY);
    AuditKeep {
        newest: u64::from(rules.entries_max),
        since: now.0.saturating_sub(age),
    }
}

const TENANTS_TOGETHER: usize = 16;

const MICROSECONDS_A_DAY: u64 = 24 * 60 * 60 * 1_000_000;
