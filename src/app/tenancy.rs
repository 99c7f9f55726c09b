//! Tenants by host name: what the settings say, as the listeners use it, and a word about tenants that are not there.

use std::collections::BTreeSet;

use crate::actor::Refusal;
use crate::actor::registry::Registry;
use crate::config;
use crate::http::tenancy::Tenancy;
use crate::tenant::ids::TenantId;

pub(super) fn of(config: &config::Tenancy) -> Tenancy {
    let hosts = config.hosts.iter();
    let base_domain = config.base_domain.as_ref();
    Tenancy {
        hosts: hosts
            .map(|(host, id)| (host.as_str().into(), TenantId(*id)))
            .collect(),
        base_domain: base_domain.map(|name| name.as_str().into()),
        default_tenant: config.default_tenant.map(TenantId),
        path_alias: config.path_alias,
    }
}

/// It may be made later, by the admin API: no reason not to start.
pub(super) async fn warn_of_missing(registry: &Registry, config: &config::Tenancy) {
    let named: BTreeSet<_> = config
        .hosts
        .values()
        .chain(&config.default_tenant)
        .collect();
    for id in named.into_iter().copied().map(TenantId) {
        if matches!(registry.read(id).await, Err(Refusal::TenantNotFound)) {
            tracing::warn!(tenant = %id, "the settings [tenancy] name a tenant that does not exist: requests for it are answered with 404 until it is created");
        }
    }
}
