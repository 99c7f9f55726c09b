//! An HTTP client that gives back status, headers and body, and holds every error to the envelope.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{ORIGIN, RP_ID};

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) address: String,
    /// Sent where no other is.
    bearer: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_mins(1));
        Self {
            http: http.build().unwrap(),
            address: address.to_owned(),
            bearer: None,
        }
    }

    pub(crate) fn with_bearer(self, token: &str) -> Self {
        let bearer = Some(format!("Bearer {token}"));
        Self { bearer, ..self }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[JSON], Some(body.to_string().into()))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[JSON], Some(body.to_string().into()))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let answer = self.try_send(method, path, headers, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// For servers that may die on the way.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer, reqwest::Error> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method.clone(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let is_said = headers.iter().any(|(name, _)| *name == "Authorization");
        if let Some(bearer) = self.bearer.as_ref().filter(|_| !is_said) {
            request = request.header("Authorization", bearer);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let answer = Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
        };
        if answer.status >= 400 && method != Method::HEAD {
            answer.assert_envelope();
        }
        Ok(answer)
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// A refusal with this status and title.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, title: &str) {
        let body = self.expect(status);
        assert_eq!(body["title"], title, "{}", self.text);
    }

    #[track_caller]
    pub(crate) fn refused_with(&self, status: u16, title: &str, details: &str) {
        self.refused(status, title);
        assert_eq!(self.json()["details"], details, "{}", self.text);
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn assert_envelope(&self) {
        let body = self.json();
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("application/json"), "{self:?}");
        if body["title"].is_null() {
            // The Public API's.
            assert_eq!(body["code"], self.status, "{self:?}");
            assert!(body["message"].is_string(), "{self:?}");
        } else {
            assert!(body["title"].is_string(), "{self:?}");
            assert_eq!(body["status"], self.status, "{self:?}");
            assert!(
                self.status == 500 || body["details"].is_string(),
                "{self:?}"
            );
        }
        assert!(self.header("x-request-id").is_some(), "{self:?}");
    }
}

/// A tenant with one of its API keys, as a relying party's backend and its pages see it.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) key: String,
}

impl Tenant {
    /// With the API key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [JSON, ("apiKey", self.key.as_str())];
        let path = format!("/{}/{path}", self.id);
        self.client
            .send("POST", &path, &headers, Some(body.to_string().into()))
            .await
    }

    /// As a page does it, without a key.
    pub(crate) async fn post_unkeyed(&self, path: &str, body: &Value) -> Answer {
        self.client
            .post(&format!("/{}/{path}", self.id), body)
            .await
    }

    pub(crate) async fn begin_registration(&self, user: &str) -> Value {
        let body = json!({"user_id": user, "username": user});
        self.post("registration/initialize", &body)
            .await
            .expect(200)
    }

    pub(crate) async fn begin_mfa_registration(&self, user: &str) -> Value {
        let body = json!({"user_id": user, "username": user});
        self.post("mfa/registration/initialize", &body)
            .await
            .expect(200)
    }

    pub(crate) async fn finish_registration(&self, response: &Value) -> Answer {
        self.post_unkeyed("registration/finalize", response).await
    }

    /// Discoverable.
    pub(crate) async fn begin_login(&self) -> Value {
        self.post_unkeyed("login/initialize", &json!({}))
            .await
            .expect(200)
    }

    pub(crate) async fn begin_login_of(&self, user: &str) -> Value {
        self.post("login/initialize", &json!({"user_id": user}))
            .await
            .expect(200)
    }

    pub(crate) async fn finish_login(&self, response: &Value) -> Answer {
        self.post_unkeyed("login/finalize", response).await
    }

    pub(crate) async fn credentials_of(&self, user: &str) -> Value {
        let path = format!("/{}/credentials?user_id={user}", self.id);
        let headers = [("apiKey", self.key.as_str())];
        let answer = self.client.send("GET", &path, &headers, None).await;
        answer.expect(200)
    }

    pub(crate) async fn jwks(&self) -> Answer {
        self.client
            .get(&format!("/{}/.well-known/jwks.json", self.id))
            .await
    }

    /// The same tenant where the server listens now.
    pub(crate) fn at(&self, client: Client) -> Self {
        Self {
            client,
            ..self.clone()
        }
    }
}

/// The settings of a tenant that neither asks for user verification nor for attestation.
pub(crate) fn config() -> Value {
    json!({
        "cors": {"allowed_origins": [ORIGIN, "https://*.example.com"], "allow_unsafe_wildcard": false},
        "webauthn": {
            "relying_party": {"id": RP_ID, "display_name": "Golden RP", "origins": [ORIGIN]},
            "timeout": 60000,
            "user_verification": "preferred",
            "attestation_preference": "none",
            "resident_key_requirement": "required",
        },
    })
}

/// Sends bytes as they are, and gives back all that comes until the server closes.
pub(crate) fn raw(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Like [`raw`], for servers that may wait for more: nothing more is sent, and a reset is an end like another.
pub(crate) fn raw_while_open(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    drop(stream.write_all(request));
    drop(stream.shutdown(Shutdown::Write));
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
