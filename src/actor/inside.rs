//! What is in memory and under way, for who scrapes. Nobody waits for it but those who look.

use super::registry::Registry;
use crate::telemetry::metrics::Inside;
use crate::tenant::challenge::Access;

impl Registry {
    pub fn inside(&self) -> Inside {
        let ledgers = self.surroundings.iter().map(|it| &it.ledger);
        let pending = |access| ledgers.clone().map(|it| it.pending(access)).sum();
        let tenants = self.ready();
        let mut inside = Inside {
            tenants: tenants.len(),
            quarantined: self.quarantined(),
            pending: [pending(Access::Keyed), pending(Access::Unkeyed)],
            permits: self.requests(),
            permits_max: self.permits.iter().map(|permits| permits.most()).sum(),
            ..Inside::default()
        };
        for tenant in tenants {
            let state = tenant.read();
            inside.users += state.users.len();
            inside.credentials += state.credentials.len();
        }
        inside
    }
}
