//! Speaks to the admin API: one small request at a time, no redirects, no proxy, the token only to the address that was given.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};
use url::Url;

use super::failure::Failure;
use crate::app::client;

/// Where the server is, and what lets one in.
#[derive(Debug, Args)]
pub(in crate::cli) struct Server {
    /// Where the admin API of the server is
    #[arg(
        long,
        env = "KEYWRIGHT_ADMIN_URL",
        default_value = "http://127.0.0.1:8001",
        value_name = "URL"
    )]
    admin_url: String,
    /// The server's `server.admin_token`, where it has one. Others see arguments: the variable is better
    #[arg(
        long,
        env = "KEYWRIGHT_ADMIN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
}

pub(in crate::cli) struct Client {
    agent: Agent,
    /// Without a slash at its end.
    pub(super) address: String,
    token: Option<String>,
}

impl Server {
    /// For a command that has arguments of its own.
    pub(in crate::cli) const fn at(admin_url: String, token: Option<String>) -> Self {
        Self { admin_url, token }
    }

    pub(in crate::cli) fn client(&self) -> Result<Client, Failure> {
        let address = self.admin_url.trim_end_matches('/');
        let url = Url::parse(address).ok();
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !url.as_ref().is_some_and(is_web) {
            return Err(Failure::Address(self.admin_url.clone()));
        }
        let token = self.token.clone().filter(|token| !token.is_empty());
        let is_text = |token: &String| token.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !token.as_ref().is_none_or(is_text) {
            return Err(Failure::Token);
        }
        Ok(Client {
            agent: agent(),
            address: address.to_owned(),
            token,
        })
    }
}

fn agent() -> Agent {
    let config = client::config()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(TIMEOUT));
    config.build().new_agent()
}

impl Client {
    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(&Method::GET, path, None)
    }

    pub(in crate::cli) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send(&Method::POST, path, Some(body))
    }

    pub(in crate::cli) fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.send(&Method::DELETE, path, None)
    }

    pub(super) const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let unreachable = |error| Failure::Unreachable {
            address: self.address.clone(),
            cause: cause(error),
        };
        let mut answer = self.ask(method, path, body).map_err(unreachable)?;
        let status = answer.status().as_u16();
        let text = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_string();
        let text = text.map_err(unreachable)?;
        self.understand(status, &text, path)
    }

    fn ask(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        match body {
            None => self.agent.run(request.body(())?),
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string())?)
            }
        }
    }

    fn understand(&self, status: u16, text: &str, path: &str) -> Result<Value, Failure> {
        let stranger = || Failure::Stranger {
            address: self.address.clone(),
            path: path.to_owned(),
            status,
        };
        if status == 204 {
            return Ok(Value::Null);
        }
        let answer: Value = serde_json::from_str(text).map_err(|_| stranger())?;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let member = |name: &str| answer[name].as_str().map(str::to_owned);
        let title = member("title").ok_or_else(stranger)?;
        match (status, self.has_token()) {
            (401, false) => Err(Failure::TokenMissing),
            (401, true) => Err(Failure::TokenWrong),
            // The listener for everybody: it takes `tenants` for a tenant.
            (404, _) if title == "Not Found" => Err(stranger()),
            (400, _) if title.starts_with("tenant_id") => Err(stranger()),
            _ => Err(Failure::Refused {
                status,
                title,
                details: member("details").unwrap_or_default(),
            }),
        }
    }
}

/// As whoever knows the network says it.
fn cause(error: ureq::Error) -> String {
    if let ureq::Error::Io(error) = error {
        return error.to_string();
    }
    error.to_string()
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_mins(1);

/// A list of some hundred thousand tenants.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
