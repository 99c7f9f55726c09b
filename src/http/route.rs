//! What the log and the traces call the route of a request: the path with names where a client has ids, never the path
//! itself, in which there may be a person's. Whose it is is worked out when somebody asks, which for most requests is never.

use actix_web::http;

use super::call::Call;
use super::tenancy::Place;
use crate::telemetry::request::{Method, Template};
use crate::tenant::ids::TenantId;

/// Which table a request is looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Public,
    Admin,
}

/// Whose request it is, and for what.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// As the path or the host says; whether there is such a tenant, the answer does.
    pub tenant: Option<TenantId>,
    pub template: Template,
}

impl Route {
    pub fn of(call: &Call) -> Self {
        Self {
            tenant: tenant(call),
            template: call.template.get(),
        }
    }

    /// `None` where it came to no route.
    pub fn name(self) -> Option<&'static str> {
        (self.template != Template::Unknown).then(|| self.template.as_str())
    }

    /// What monitoring asks for all day.
    pub fn is_monitoring(self) -> bool {
        matches!(
            self.template,
            Template::Alive | Template::Ready | Template::Metrics
        )
    }
}

fn tenant(call: &Call) -> Option<TenantId> {
    let path = call.path();
    match (call.shared.table, &*path) {
        (Table::Admin, ["tenants", tenant, ..]) => TenantId::parse(tenant),
        (Table::Public, ["try", ..]) => call.shared.demo,
        (Table::Public, path) => match call.shared.tenancy.place(call, path).ok()? {
            Place::Passkey(tenant, _) => TenantId::parse(tenant),
            Place::Public(tenant, _) => Some(tenant),
        },
        (Table::Admin, _) => None,
    }
}

pub fn method(call: &Call) -> Method {
    match *call.method() {
        http::Method::POST => Method::Post,
        http::Method::GET => Method::Get,
        http::Method::HEAD => Method::Head,
        http::Method::PUT => Method::Put,
        http::Method::PATCH => Method::Patch,
        http::Method::DELETE => Method::Delete,
        http::Method::OPTIONS => Method::Options,
        http::Method::CONNECT => Method::Connect,
        http::Method::TRACE => Method::Trace,
        _ => Method::Other,
    }
}
