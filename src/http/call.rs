//! A request with its body, and what may be asked of it: whose it is, with which key. Handlers take what they rely on
//! as arguments (a [`Tenant`], a [`Keyed`]), so that none can forget to check.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use actix_http::{HttpMessage, Request};
use actix_web::http::Method;
use actix_web::http::header::{
    AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, ORIGIN, USER_AGENT,
};
use futures_util::FutureExt;
use percent_encoding::percent_decode_str;

use super::Shared;
use super::body::Body;
use super::error::{Face, Problem};
use super::rate::{Failure, guessed_wrong, may_guess};
use super::templates;
use super::tenancy::Place;
use crate::actor::Refusal;
use crate::actor::handle::Lease;
use crate::telemetry::request::Template;
use crate::telemetry::tenants::TenantLabel;
use crate::telemetry::traces::{Part, Parts};
use crate::telemetry::worker::{Timer, WorkerMetrics};
use crate::tenant::Command;
use crate::tenant::audit::{Note, Requester};
use crate::tenant::ids::TenantId;
use crate::tenant::policy::Policy;
use crate::tenant::secret::is_api_key;

/// One request.
pub struct Call {
    pub request: Request,
    pub body: Body,
    pub shared: Arc<Shared>,
    /// The HTTP worker that it runs on.
    pub worker: usize,
    /// In the log, and in the answer's `X-Request-Id`.
    pub id: HeaderValue,
    /// Since it was there as a whole.
    pub timer: Timer,
    /// What took its time, where traces are wanted.
    pub parts: Cell<Option<Box<Parts>>>,
    /// Which API is asked, once that is known.
    pub face: Cell<Face>,
    /// How the route is counted, once that is known.
    pub template: Cell<Template>,
    /// How the tenant is counted, once that is known.
    pub label: Cell<TenantLabel>,
    /// Of the tenant that was found, where an origin asks: whoever frames the answer needs its CORS rules.
    policy: OnceCell<Arc<Policy>>,
    /// The segments of a path that has escapes in it, without them; almost no path has any.
    decoded: OnceCell<Box<[String]>>,
}

/// The tenant that the path names, for this request.
pub struct Tenant<'a> {
    lease: Lease<'a>,
    call: &'a Call,
}

/// The tenant, asked with one of its API keys.
pub struct Keyed<'a>(Tenant<'a>);

impl Call {
    pub fn new(
        request: Request,
        body: Body,
        shared: Arc<Shared>,
        worker: usize,
        id: HeaderValue,
    ) -> Self {
        Self {
            request,
            body,
            shared,
            worker,
            id,
            timer: Timer::start(),
            parts: Cell::new(None),
            face: Cell::new(Face::Passkey),
            template: Cell::new(Template::Unknown),
            label: Cell::new(TenantLabel::OTHER),
            policy: OnceCell::new(),
            decoded: OnceCell::new(),
        }
    }

    pub fn id_text(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    pub fn method(&self) -> &Method {
        self.request.method()
    }

    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The path below `/`, in its segments. They are told apart before they are decoded: `%2F` is part of an id.
    pub fn path(&self) -> Segments<'_> {
        let raw = Segments::of(self.request.uri().path());
        if !raw.are_escaped {
            return raw;
        }
        let decode = || raw.iter().map(|segment| decoded(segment)).collect();
        Segments::decoded(self.decoded.get_or_init(decode))
    }

    /// For an answer to a request that came to no route.
    pub fn find_policy(&self) {
        let path = self.path();
        let (id, template) = match self.shared.tenancy.place(self, &path) {
            Ok(Place::Passkey(tenant, rest)) => (TenantId::parse(tenant), templates::passkey(rest)),
            Ok(Place::Public(tenant, rest)) => (Some(tenant), templates::public(rest)),
            Err(_) => (None, Template::Unknown),
        };
        self.template.set(template);
        self.note_policy(|| self.shared.registry.policy_now(id?));
    }

    /// What a page needs to read the answer; nobody else asks.
    fn note_policy(&self, find: impl FnOnce() -> Option<Arc<Policy>>) {
        if self.headers().contains_key(ORIGIN)
            && let Some(policy) = find()
        {
            self.policy.get_or_init(|| policy);
        }
    }

    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.get()
    }

    /// The tenant of that id, in any spelling of a UUID.
    pub async fn tenant(&self, id: &str) -> Result<Tenant<'_>, Problem> {
        let id = TenantId::parse(id)
            .ok_or_else(|| Problem::bad_request("tenant_id must be a valid uuid4", ""))?;
        self.tenant_of(id).await
    }

    pub async fn tenant_of(&self, id: TenantId) -> Result<Tenant<'_>, Problem> {
        let registry = &self.shared.registry;
        let lease = match registry.lease_now(id, self.worker) {
            Some(lease) => lease.map_err(Problem::from),
            None => self.lease_cold(id).boxed_local().await,
        };
        // One that is too busy is in memory all the same.
        let lease = lease.inspect_err(|_| self.note_policy(|| registry.policy_now(id)))?;
        self.label.set(lease.label());
        self.note_policy(|| Some(lease.read().policy.clone()));
        Ok(Tenant { lease, call: self })
    }

    /// One that is not in memory has to be looked for in the store, if it is there at all.
    async fn lease_cold(&self, id: TenantId) -> Result<Lease<'_>, Problem> {
        // Whether a key is right shows only once the tenant is there, and right ones are never limited.
        if self.api_key().is_none() {
            may_guess(self, Failure::Tenant)?;
        }
        let lease = self.shared.registry.lease(id, self.worker).await;
        lease.map_err(|refusal| match refusal {
            Refusal::TenantNotFound => guessed_wrong(self, Failure::Tenant, refusal.into()),
            Refusal::Rejected(_)
            | Refusal::TooBusy
            | Refusal::Interrupted
            | Refusal::StoreFull
            | Refusal::Quarantined
            | Refusal::StoreFailed => refusal.into(),
        })
    }

    /// What this worker counts.
    pub fn metrics(&self) -> &WorkerMetrics {
        self.shared.registry.metrics.worker(self.worker)
    }

    /// Below which tenants have their hosts.
    pub fn base_domain(&self) -> Option<&str> {
        self.shared.tenancy.base_domain.as_deref()
    }

    /// Where the request comes from, behind the proxies that are trusted.
    pub fn client(&self) -> IpAddr {
        self.shared.proxies.client(&self.request)
    }

    /// The key that was sent, if any, without the white space around it.
    pub fn api_key(&self) -> Option<&[u8]> {
        let key = self.headers().get(API_KEY)?.as_bytes().trim_ascii();
        (!key.is_empty()).then_some(key)
    }

    /// Who asks, for the audit log.
    pub fn requester(&self) -> Requester {
        let header = |name| self.headers().get(name);
        let agent = header(USER_AGENT).map_or(&[][..], HeaderValue::as_bytes);
        let agent = &agent[..agent.len().min(USER_AGENT_LENGTH_MAX)];
        Requester {
            request_id: self.id_text().into(),
            source_ip: self.client().to_string().into(),
            user_agent: String::from_utf8_lossy(agent).into(),
        }
    }

    /// What `Authorization: Bearer` carries.
    pub fn bearer(&self) -> Option<&str> {
        self.bearers().next()
    }

    /// Some send the header more than once.
    pub fn bearers(&self) -> impl Iterator<Item = &str> {
        let headers = self.headers().get_all(AUTHORIZATION);
        headers.take(BEARERS_MAX).filter_map(|header| {
            let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        })
    }
}

impl<'a> Tenant<'a> {
    pub fn shared(&self) -> &'a Shared {
        &self.call.shared
    }

    pub fn metrics(&self) -> &'a WorkerMetrics {
        self.call.metrics()
    }

    /// Carries a command out, for whoever asks.
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Outcome, Refusal> {
        let executed = self.lease.execute(command, self.call.requester());
        self.call.part_of(Part::Commit, executed).await
    }

    /// Does a part of the request for it.
    pub fn part<T>(&self, part: Part, work: impl FnOnce() -> T) -> T {
        self.call.part(part, work)
    }

    /// The same for work that waits.
    pub async fn part_of<T>(&self, part: Part, work: impl Future<Output = T>) -> T {
        self.call.part_of(part, work).await
    }

    /// Tells the audit log, for whoever asks, of something that changed nothing.
    pub fn tell(&self, note: Note) {
        self.lease.tell(note, self.call.requester());
    }

    /// Only for whoever has a key; a wrong one is counted.
    pub fn keyed(self, call: &Call) -> Result<Keyed<'a>, Problem> {
        if self.has_key(call) {
            return Ok(Keyed(self));
        }
        let refused = Problem::unauthorized(
            "The api key is invalid",
            "api keys needs to be an apiKey Header and 32 byte long",
        );
        Err(guessed_wrong(call, Failure::ApiKey, refused))
    }

    /// The key is compared with every key of the tenant, and only with those.
    pub fn has_key(&self, call: &Call) -> bool {
        let key = call.api_key();
        key.is_some_and(|key| is_api_key(&self.read().api_keys, key))
    }
}

impl<'a> Deref for Tenant<'a> {
    type Target = Lease<'a>;

    fn deref(&self) -> &Lease<'a> {
        &self.lease
    }
}

impl<'a> Deref for Keyed<'a> {
    type Target = Tenant<'a>;

    fn deref(&self) -> &Tenant<'a> {
        &self.0
    }
}

/// The segments of a path, without memory of its own. What is deeper than any route is not there.
pub struct Segments<'a> {
    texts: [&'a str; SEGMENTS_MAX],
    count: usize,
    are_escaped: bool,
}

impl<'a> Segments<'a> {
    fn of(path: &'a str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut all = Self {
            texts: [""; SEGMENTS_MAX],
            count: 0,
            are_escaped: false,
        };
        let mut start = 0;
        for place in memchr::memchr2_iter(b'/', b'%', path.as_bytes()) {
            if path.as_bytes()[place] == b'%' {
                all.are_escaped = true;
            } else {
                all.push(&path[start..place]);
                start = place + 1;
            }
        }
        all.push(&path[start..]);
        all
    }

    fn push(&mut self, text: &'a str) {
        if let Some(place) = self.texts.get_mut(self.count) {
            *place = text;
            self.count += 1;
        }
    }

    fn decoded(segments: &'a [String]) -> Self {
        let mut texts = [""; SEGMENTS_MAX];
        for (text, segment) in texts.iter_mut().zip(segments) {
            *text = segment;
        }
        Self {
            texts,
            count: segments.len(),
            are_escaped: false,
        }
    }
}

/// What stands behind the escapes of a segment; one that is no UTF-8 stays as it is, and is no id of ours.
fn decoded(segment: &str) -> String {
    let text = percent_decode_str(segment).decode_utf8();
    text.map_or_else(|_| segment.to_owned(), Cow::into_owned)
}

impl<'a> Deref for Segments<'a> {
    type Target = [&'a str];

    fn deref(&self) -> &[&'a str] {
        &self.texts[..self.count]
    }
}

const BEARERS_MAX: usize = 20;

/// In-app browsers send long ones.
const USER_AGENT_LENGTH_MAX: usize = 512;

const API_KEY: HeaderName = HeaderName::from_static("apikey");

/// One more than the longest route has.
const SEGMENTS_MAX: usize = 8;
