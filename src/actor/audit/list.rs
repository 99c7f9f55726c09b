//! Reading a tenant's audit log, a page at a time, newest first.

use std::sync::Arc;

use super::retention::keep;
use super::{AuditLog, Told, told};
use crate::actor::{Refusal, codec};
use crate::store::{AuditMatch, AuditQuery, LoadError};
use crate::tenant::audit::{Entry, Kind};
use crate::tenant::ids::{TenantId, Timestamp};
use crate::tenant::settings::AuditRules;

/// Which entries are asked for. What is absent or empty asks for all; texts need only be part of what an entry has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Exclusive, both.
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub kinds: Vec<Kind>,
    pub user: Option<Box<str>>,
    pub source_ip: Option<Box<str>>,
    pub user_or_source_ip: Option<Box<str>>,
}

/// Which of those that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub skip: usize,
    pub take: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// How many match.
    pub total: usize,
    pub entries: Vec<Told>,
}

impl AuditLog {
    /// Only what the tenant's rules keep is shown, whether or not the rest is gone already.
    pub async fn list(
        self: &Arc<Self>,
        (tenant, rules): (TenantId, AuditRules),
        filter: Filter,
        window: Window,
        now: Timestamp,
    ) -> Result<AuditPage, Refusal> {
        self.flush_behind(tenant);
        let keep = keep(rules, now);
        let since = keep.since.saturating_sub(1);
        let query = AuditQuery {
            after: Some(filter.after.map_or(since, |after| after.0.max(since))),
            before: filter.before.map(|before| before.0),
            kinds: filter.kinds.iter().map(|kind| kind.number()).collect(),
            newest: keep.newest,
            skip: number(window.skip),
            take: number(window.take),
            matches: filter.into_predicate(),
        };
        let page = self.store.audit(tenant.0, query).await;
        let page = page.map_err(|error| refusal(tenant, &error))?;
        Ok(AuditPage {
            total: usize::try_from(page.total).unwrap_or(usize::MAX),
            entries: page.rows.iter().filter_map(told).collect(),
        })
    }

    /// What waits goes to the store at once; whoever asks it next need not wait for the answer, which comes first. Whether it
    /// was written is looked after apart: whoever asks may hang up.
    fn flush_behind(self: &Arc<Self>, tenant: TenantId) {
        let handed_over = self.hand_over(tenant);
        if !handed_over.is_empty() {
            let log = Arc::clone(self);
            actix::spawn(async move { log.settle(tenant, handed_over).await });
        }
    }
}

impl Filter {
    fn into_predicate(self) -> Option<AuditMatch> {
        if self.user.is_none() && self.source_ip.is_none() && self.user_or_source_ip.is_none() {
            return None;
        }
        Some(Box::new(move |data| {
            codec::audit_entry(data).is_ok_and(|entry| self.matches(&entry))
        }))
    }

    fn matches(&self, entry: &Entry) -> bool {
        let user = entry.user.as_deref();
        let source_ip = Some(&*entry.by.source_ip);
        is_in(self.user.as_deref(), &[user])
            && is_in(self.source_ip.as_deref(), &[source_ip])
            && is_in(self.user_or_source_ip.as_deref(), &[user, source_ip])
    }
}

/// Whether a text is part of one of those, character by character: nothing in it has a meaning of its own.
fn is_in(part: Option<&str>, texts: &[Option<&str>]) -> bool {
    part.is_none_or(|part| texts.iter().flatten().any(|text| text.contains(part)))
}

fn refusal(tenant: TenantId, error: &LoadError) -> Refusal {
    if let LoadError::Damaged(damage) = error {
        tracing::error!(%tenant, damage, "the audit log is damaged");
    }
    error.into()
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
