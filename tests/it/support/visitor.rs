//! Somebody at the Public API of a tenant, by the path alias.

use serde_json::{Value, json};

use super::{Answer, Client, Forge, Tenant, TestServer};

#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) client: Client,
    /// Before every path.
    pub(crate) base: String,
    /// Of the session; empty for strangers.
    pub(crate) token: String,
    pub(crate) user: String,
}

impl Visitor {
    pub(crate) fn stranger(tenant: &Tenant) -> Self {
        Self {
            client: tenant.client.clone(),
            base: format!("/{}", tenant.id),
            token: String::new(),
            user: String::new(),
        }
    }

    /// With a session from the admin API, by what that takes of a user.
    pub(crate) async fn vouched(server: &TestServer, tenant: &Tenant, body: Value) -> Self {
        let path = format!("/tenants/{}/sessions", tenant.id);
        let answer = server.operator().post(&path, &body).await;
        assert!((200..300).contains(&answer.status), "{answer:?}");
        Self {
            token: answer.json()["session_token"].as_str().unwrap().to_owned(),
            user: body["user_id"].as_str().unwrap().to_owned(),
            ..Self::stranger(tenant)
        }
    }

    /// A new user of a UUID and with an address.
    pub(crate) async fn new(server: &TestServer, tenant: &Tenant) -> Self {
        let id = uuid::Uuid::new_v4();
        let email = format!("{}@example.com", id.simple());
        let body = json!({"user_id": id.to_string(), "email": email});
        Self::vouched(server, tenant, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &self.bearer(), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "POST",
            path,
            &self.bearer_and_json(),
            Some(body.to_string().into()),
        )
        .await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(
            "PATCH",
            path,
            &self.bearer_and_json(),
            Some(body.to_string().into()),
        )
        .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &self.bearer(), None).await
    }

    /// With these headers and no others.
    pub(crate) async fn send_as(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let path = format!("{}{path}", self.base);
        self.client.send(method, &path, headers, body).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: Option<Vec<u8>>,
    ) -> Answer {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        self.send_as(method, path, &headers, body).await
    }

    pub(crate) async fn begin_registration(&self) -> Value {
        let answer = self
            .post("/webauthn/registration/initialize", &json!({}))
            .await;
        answer.expect(200)
    }

    pub(crate) async fn finish_registration(&self, response: &Value) -> Answer {
        self.post("/webauthn/registration/finalize", response).await
    }

    /// A passkey that is registered.
    pub(crate) async fn register(&self) -> Forge {
        let mut forge = Forge::new(-7);
        let created = forge.create(&self.begin_registration().await);
        self.finish_registration(&created).await.expect(200);
        forge
    }

    /// For a user, or for anybody with a passkey.
    pub(crate) async fn begin_login(&self, user: Option<&str>) -> Value {
        let body = user.map_or_else(|| json!({}), |user| json!({"user_id": user}));
        self.post("/webauthn/login/initialize", &body)
            .await
            .expect(200)
    }

    pub(crate) async fn finish_login(&self, response: &Value) -> Answer {
        self.post("/webauthn/login/finalize", response).await
    }

    pub(crate) fn bearer(&self) -> Vec<(&'static str, String)> {
        let token = Some(&self.token).filter(|token| !token.is_empty());
        let bearer = token.map(|token| ("Authorization", format!("Bearer {token}")));
        bearer.into_iter().collect()
    }

    fn bearer_and_json(&self) -> Vec<(&'static str, String)> {
        let mut headers = self.bearer();
        headers.push(("Content-Type", "application/json".to_owned()));
        headers
    }
}
