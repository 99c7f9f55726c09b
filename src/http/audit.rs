//! `GET …/audit_logs` of both listeners (contract §7).

use std::time::Duration;

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::call::{Call, Tenant};
use super::error::Problem;
use super::openapi::shapes::{KindWord, Time};
use super::paging::{Page, Query};
use super::{Answer, time};
use crate::actor::audit::{Filter, Told, Window};
use crate::tenant::audit::Kind;
use crate::tenant::ids::{TenantId, Timestamp};

/// An entry on the wire.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct EntryBody {
    id: Uuid,
    #[serde(rename = "type")]
    #[schema(value_type = KindWord)]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<Box<str>>,
    meta_http_request_id: Box<str>,
    meta_source_ip: Box<str>,
    meta_user_agent: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor_user_id: Option<Box<str>>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    tenant_id: Uuid,
    /// There even where there is none.
    #[schema(required)]
    transaction_id: Option<Box<str>>,
}

impl EntryBody {
    fn of(TenantId(tenant_id): TenantId, told: Told) -> Self {
        let at = time::rfc3339(told.at);
        Self {
            id: told.id,
            kind: told.kind.name(),
            error: told.entry.error,
            meta_http_request_id: told.entry.by.request_id,
            meta_source_ip: told.entry.by.source_ip,
            meta_user_agent: told.entry.by.user_agent,
            actor_user_id: told.entry.user,
            created_at: at.clone(),
            updated_at: at,
            tenant_id,
            transaction_id: told.entry.transaction,
        }
    }
}

/// Which entries are wanted, as the description shows it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never constructed")]
pub(super) struct AuditParameters {
    /// Entries later than that.
    #[param(value_type = Option<Time>, inline)]
    start_time: Option<String>,
    /// Entries earlier than that.
    #[param(value_type = Option<Time>, inline)]
    end_time: Option<String>,
    /// Entries of these kinds; more than once, or several with commas between them.
    #[param(value_type = Option<Vec<KindWord>>)]
    r#type: Option<Vec<String>>,
    /// About this user, by the relying party's name for them.
    actor_user_id: Option<String>,
    /// From this address.
    meta_source_ip: Option<String>,
    /// About a user or from an address that has this in it.
    q: Option<String>,
}

/// For whoever has shown that they may: with an API key of the tenant, or on the admin listener.
pub async fn list(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let query = Query::of(&call.request);
    let page = Page::of(&query, TITLE)?;
    let window = Window {
        skip: page.skipped(),
        take: page.size,
    };
    let listed = tenant.audit_log(filter(&query)?, window).await?;
    let entries = listed.entries.into_iter();
    let bodies: Vec<EntryBody> = entries.map(|told| EntryBody::of(tenant.id, told)).collect();
    Ok(page.answer(call, listed.total, &bodies))
}

fn filter(query: &Query) -> Result<Filter, Problem> {
    let text = |name| query.text(name).map(Into::into);
    Ok(Filter {
        after: time(query, "start_time")?.map(|time| Timestamp(micros(time.as_nanos() / 1000))),
        before: time(query, "end_time")?
            .map(|time| Timestamp(micros(time.as_nanos().div_ceil(1000)))),
        kinds: kinds(query)?,
        user: text("actor_user_id"),
        source_ip: text("meta_source_ip"),
        user_or_source_ip: text("q"),
    })
}

/// `type` may come more than once, and each may name several.
fn kinds(query: &Query) -> Result<Vec<Kind>, Problem> {
    let names = query.texts("type").flat_map(|text| text.split(','));
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| {
            Kind::of_name(name).ok_or_else(|| {
                let name: String = name.chars().take(TYPE_SHOWN_MAX).collect();
                refused(format!("type {name} is unknown"))
            })
        })
        .collect()
}

fn time(query: &Query, name: &str) -> Result<Option<Duration>, Problem> {
    let read = |text| {
        time::parse_rfc3339(text).ok_or_else(|| {
            let example = "2026-01-31T12:00:00Z";
            refused(format!("{name} must be a time in RFC 3339, like {example}"))
        })
    };
    query.text(name).map(read).transpose()
}

fn micros(count: u128) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn refused(details: impl Into<String>) -> Problem {
    Problem::bad_request(TITLE, details.into())
}

const TITLE: &str = "unable to list audit logs";

/// The longest type has fewer.
const TYPE_SHOWN_MAX: usize = 64;
