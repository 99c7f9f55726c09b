//! The server under load, and the tenants there: one that somebody gave, or some of our own that go when the load ends.

use std::net::{SocketAddr, ToSocketAddrs};

use serde_json::{Value, json};
use url::Url;

use super::failure::Failure;
use super::step::Step;
use crate::cli::tenant::client::Client;

/// Where the requests go.
pub(super) struct Address {
    pub(super) socket: SocketAddr,
    host: String,
    /// Of a proxy that serves it below a path; without a slash at its end.
    prefix: String,
}

pub(super) struct Tenant {
    id: String,
    /// The beginning of every path.
    base: String,
    /// What stands behind the path, the key apart.
    head: String,
    key: String,
}

/// A request to a tenant.
pub(super) struct Request<'a> {
    pub(super) step: Step,
    pub(super) keyed: bool,
    /// With its question mark.
    pub(super) query: &'a str,
    pub(super) body: &'a str,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = || Failure::Url(text.to_owned());
        let url = Url::parse(text).map_err(|_| wrong())?;
        match url.scheme() {
            "http" => {}
            "https" => return Err(Failure::Tls),
            _ => return Err(wrong()),
        }
        let host = url.host_str().ok_or_else(wrong)?;
        let port = url.port_or_known_default().unwrap_or(80);
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let sockets = (name, port).to_socket_addrs();
        let socket = sockets.ok().and_then(|mut all| all.next());
        Ok(Self {
            socket: socket.ok_or_else(|| Failure::Unknown(host.to_owned()))?,
            host: format!("{host}:{port}"),
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl Tenant {
    pub(super) fn new(address: &Address, id: &str, key: &str) -> Self {
        let Address { host, prefix, .. } = address;
        Self {
            id: id.to_owned(),
            base: format!("{prefix}/{id}/"),
            head: format!(" HTTP/1.1\r\nHost: {host}\r\nUser-Agent: keywright-load\r\n"),
            key: format!("apiKey: {key}\r\n"),
        }
    }

    /// The bytes of it, in the place of those of the last.
    pub(super) fn write(&self, request: &Request<'_>, bytes: &mut Vec<u8>) {
        let step = request.step;
        let mut put = |text: &str| bytes.extend_from_slice(text.as_bytes());
        for part in [step.method(), " ", &self.base, step.path(), request.query] {
            put(part);
        }
        put(&self.head);
        if request.keyed {
            put(&self.key);
        }
        if step.method() == "POST" {
            put("Content-Type: application/json\r\nContent-Length: ");
            put(&request.body.len().to_string());
            put("\r\n");
        }
        put("\r\n");
        put(request.body);
    }
}

/// The tenants of a load.
pub(super) struct Target {
    pub(super) address: Address,
    pub(super) tenants: Vec<Tenant>,
    /// Who made the tenants, and so removes them.
    admin: Option<Client>,
}

impl Target {
    /// Tenants that are there, each with its key.
    pub(super) fn given(
        address: Address,
        ids: &[String],
        keys: &[String],
    ) -> Result<Self, Failure> {
        if ids.len() != keys.len() {
            return Err(Failure::Keys {
                tenants: ids.len(),
                keys: keys.len(),
            });
        }
        let pairs = ids.iter().zip(keys);
        let tenants = pairs.map(|(id, key)| Tenant::new(&address, id, key));
        Ok(Self {
            tenants: tenants.collect(),
            address,
            admin: None,
        })
    }

    /// New tenants. If one of them cannot be made, or what is asked before each says no, those that were made go again.
    pub(super) fn made(
        address: Address,
        admin: Client,
        made: &Made,
        before_each: impl Fn(usize) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let mut target = Self {
            address,
            tenants: Vec::new(),
            admin: None,
        };
        let all = (0..made.count).try_for_each(|number| {
            before_each(number)?;
            let tenant = create(&admin, &target.address, made, number)?;
            target.tenants.push(tenant);
            Ok(())
        });
        target.admin = Some(admin);
        match all {
            Ok(()) => Ok(target),
            Err(failure) => {
                target.remove()?;
                Err(failure)
            }
        }
    }

    pub(super) const fn is_made(&self) -> bool {
        self.admin.is_some()
    }

    /// All are tried, whatever becomes of one.
    pub(super) fn remove(self) -> Result<(), Failure> {
        let Some(admin) = self.admin else {
            return Ok(());
        };
        let mut left = Vec::new();
        for tenant in self.tenants {
            if let Err(failure) = admin.delete(&format!("/tenants/{}", tenant.id)) {
                left.push((tenant.id, failure));
            }
        }
        let Some((_, cause)) = left.pop_if(|_| true) else {
            return Ok(());
        };
        Err(Failure::Left {
            count: left.len() + 1,
            cause,
        })
    }
}

/// What the tenants of a load are like.
pub(super) struct Made {
    pub(super) count: usize,
    /// Of their tokens, where the server lets one choose.
    pub(super) tokens: Option<String>,
}

fn create(
    admin: &Client,
    address: &Address,
    made: &Made,
    number: usize,
) -> Result<Tenant, Failure> {
    let origin = format!("https://{RP_ID}");
    let mut config = json!({
        "cors": {"allowed_origins": [origin], "allow_unsafe_wildcard": false},
        "webauthn": {
            "relying_party": {"id": RP_ID, "display_name": "Load", "origins": [origin]},
            "timeout": 60000,
            "user_verification": "preferred",
            "attestation_preference": "none",
            "resident_key_requirement": "required",
        },
    });
    if let Some(algorithm) = &made.tokens {
        config["tokens"] = json!({"algorithm": algorithm});
    }
    let name = format!("{NAME} {number}");
    let body = json!({"display_name": name, "config": config, "create_api_key": true});
    let answer = admin.post("/tenants", &body)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = text(&answer["id"]).ok_or(Failure::Stranger)?;
    let key = text(&answer["api_key"]["secret"]).ok_or(Failure::Stranger)?;
    Ok(Tenant::new(address, &id, &key))
}

/// Never anybody's: the name is reserved.
const RP_ID: &str = "load.example";

/// What operators see in their list while a load runs.
const NAME: &str = "keywright load";
