//! The state that the recorded requests speak of: a tenant, its users, their passkeys; and the responses of
//! authenticators, made anew from the name of the step.

mod transactions;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::people::People;
use crate::support::{
    Answer, Attestation, Client, Flags, Forge, Tenant, TestServer, base64url, config,
};

pub(super) struct World {
    server: TestServer,
    /// What `$name` stands for.
    names: HashMap<&'static str, String>,
    golden: Tenant,
    other: Tenant,
    discouraged: Tenant,
    /// Any origin may read its answers, by reflection.
    open: Tenant,
    deleted: String,
    passkeys: HashMap<&'static str, Forge>,
    people: People,
    /// The tenant or secret that the last step made: what a `<uuid>` in the next one may mean.
    last_made: Option<String>,
    last_secret: Option<String>,
    /// The options of the transaction that is finished later.
    transaction: Value,
}

/// An answer with what the request was filled with.
pub(super) struct Asked {
    pub(super) answer: Answer,
    names: HashMap<&'static str, String>,
    uuid: Option<String>,
    /// Scheme and authority of the server.
    pub(super) server: String,
}

impl Asked {
    /// The text with every placeholder replaced.
    pub(super) fn fill(&self, text: &str) -> String {
        let text = fill(text, &self.names);
        self.uuid
            .as_ref()
            .map_or(text.clone(), |uuid| text.replace("<uuid>", uuid))
    }
}

impl World {
    pub(super) async fn new() -> Self {
        let server = TestServer::start();
        let mut golden = config();
        golden["mfa"] = json!({
            "timeout": 30000,
            "user_verification": "required",
            "attachment": "platform",
            "attestation_preference": "none",
            "resident_key_requirement": "preferred",
        });
        let golden = server.tenant_with(golden).await;
        let mut strict = config();
        strict["webauthn"]["timeout"] = 1234.into();
        strict["webauthn"]["user_verification"] = "required".into();
        strict["webauthn"]["attachment"] = "platform".into();
        strict["webauthn"]["attestation_preference"] = "direct".into();
        strict["webauthn"]["resident_key_requirement"] = "preferred".into();
        let other = server.tenant_with(strict).await;
        let mut lax = config();
        lax["webauthn"]["user_verification"] = "discouraged".into();
        lax["webauthn"]["resident_key_requirement"] = "discouraged".into();
        let discouraged = server.tenant_with(lax).await;
        let mut open = config();
        open["cors"] = json!({"allowed_origins": ["*"], "allow_unsafe_wildcard": true});
        let open = server.tenant_with(open).await;
        let small = server.tenant().await;
        remove_key(&server, &small.id).await;
        let deleted = server.tenant().await.id;
        let path = format!("/tenants/{deleted}");
        server.admin().delete(&path).await.expect(204);
        let names = HashMap::from([
            ("$tenant", golden.id.clone()),
            ("$key", golden.key.clone()),
            ("$small", small.id),
            ("$u1", "user-of-18-letters".to_owned()),
            ("$u2", "user-of-18-symbols".to_owned()),
            ("$u3", "user-that-is-absent".to_owned()),
            ("$m1", "user-with-2-factor".to_owned()),
            ("$u4", "user-with-5-passes".to_owned()),
        ]);
        let mut world = Self {
            people: People::new(&server, &names).await,
            names,
            server,
            golden,
            other,
            discouraged,
            open,
            deleted,
            passkeys: HashMap::new(),
            last_made: None,
            last_secret: None,
            transaction: Value::Null,
        };
        for (user, name) in [("$u1", "$cred_u1"), ("$u2", "$cred_u2")] {
            let mut forge = Forge::new(-7);
            let options = world.golden.begin_registration(&world.names[user]).await;
            let created = forge.create(&options);
            let registered = world.golden.finish_registration(&created).await;
            registered.expect(200);
            world.names.insert(name, forge.id());
            world.passkeys.insert(user, forge);
        }
        world.register_five().await;
        world
    }

    pub(super) async fn ask(&mut self, name: &str, request: &Value) -> Asked {
        let mut recorded = request["path"].as_str().unwrap().to_owned();
        if name == "admin.delete/public_after" {
            recorded = recorded.replace("$tenant", &self.deleted);
        }
        if name == "admin.users/delete" {
            recorded = recorded.replace("$user_uuid", "$gone");
        }
        self.people.prepare(&self.server, name).await;
        if name == "audit/public_deleted" {
            self.until_two_are_deleted().await;
        }
        let uuid = recorded.contains("<uuid>").then(|| self.uuid_of(name));
        let names = self.names_for(name).clone();
        let mut path = fill(&recorded, &names);
        if let Some(uuid) = &uuid {
            path = path.replace("<uuid>", uuid);
        }
        let mut headers: Vec<(String, String)> = Vec::new();
        for (header, value) in request["headers"].as_object().unwrap() {
            let value = fill(value.as_str().unwrap(), &names);
            headers.push((header.clone(), self.key_for(name, header, value)));
        }
        let body = self.body(name, request).await;
        let (client, path) = match path.strip_prefix("admin:") {
            Some(path) => (self.server.admin(), path.to_owned()),
            None => (self.server.client(), path),
        };
        let answer = send(&client, request, &path, &headers, body).await;
        self.remember(name, &answer);
        Asked {
            server: format!("http://{}", client.address),
            answer,
            names,
            uuid,
        }
    }

    fn names_for(&self, step: &str) -> &HashMap<&'static str, String> {
        if step.starts_with("admin.users/") {
            return &self.people.names;
        }
        &self.names
    }

    /// As many credentials as the recording has deleted by then.
    async fn until_two_are_deleted(&self) {
        let key = [("apiKey", self.golden.key.as_str())];
        let client = self.server.client();
        let tenant = &self.golden.id;
        let log = format!("/{tenant}/audit_logs?type=webauthn_credential_deleted");
        let deleted = client.send("GET", &log, &key, None).await.expect(200);
        for _ in deleted.as_array().unwrap().len()..2 {
            let mut forge = Forge::new(-7);
            let created = forge.create(&self.golden.begin_registration("gone").await);
            self.golden.finish_registration(&created).await.expect(200);
            let path = format!("/{tenant}/credentials/{}", forge.id());
            client.send("DELETE", &path, &key, None).await.expect(204);
        }
    }

    /// The recording has dropped whose id a `<uuid>` was; the name of the step tells.
    fn uuid_of(&self, name: &str) -> String {
        match name {
            "registration.other_tenant/initialize" | "registration.other_tenant/uv_missing" => {
                self.other.id.clone()
            }
            "registration.uv_discouraged/initialize" => self.discouraged.id.clone(),
            "credentials/get_other_tenant" => self.other.id.clone(),
            "public.cors/star_safe_post" => self.last_made.clone().unwrap(),
            "public.cors/star_unsafe_post" => self.open.id.clone(),
            "admin.secrets/api_delete" | "admin.secrets/api_delete_again" => {
                self.last_secret.clone().unwrap()
            }
            _ => uuid::Uuid::new_v4().to_string(),
        }
    }

    /// Keys of other tenants are recorded as they were.
    fn key_for(&self, name: &str, header: &str, recorded: String) -> String {
        match (header, name) {
            ("apiKey", "registration.other_tenant/initialize" | "credentials/get_other_tenant") => {
                self.other.key.clone()
            }
            ("apiKey", "registration.uv_discouraged/initialize") => self.discouraged.key.clone(),
            ("apiKey", "public.common/key_without_padding") => {
                self.golden.key.trim_end_matches('=').to_owned()
            }
            _ => recorded,
        }
    }

    async fn body(&mut self, name: &str, request: &Value) -> Option<Vec<u8>> {
        if let Some(raw) = request["raw"].as_str() {
            return Some(fill(raw, &self.names).into());
        }
        let recorded = request.get("body")?;
        let (group, step) = name.rsplit_once('/').unwrap();
        let is_response = recorded.get("response").is_some() || recorded.get("rawId").is_some();
        let body = match group {
            "registration.finalize" | "registration.other_tenant" | "mfa/registration.finalize"
                if is_response =>
            {
                let made = self.registration(group, step).await;
                as_recorded(&made, recorded)
            }
            "admin.users" if is_response => as_recorded(&self.people.login().await, recorded),
            "login.finalize" if is_response => {
                let made = self.login(step).await;
                as_recorded(&made, recorded)
            }
            "transaction" if is_response => {
                let made = self.assertion(step).await;
                as_recorded(&made, recorded)
            }
            "transaction" => self.transaction(step, recorded),
            _ => {
                // The recording has dropped the name.
                let recorded = recorded.to_string().replace("<b64:128>", &"w".repeat(128));
                serde_json::from_str(&fill(&recorded, &self.names)).unwrap()
            }
        };
        Some(body.to_string().into())
    }

    async fn registration(&mut self, group: &str, step: &str) -> Value {
        let (tenant, user) = match group {
            "registration.other_tenant" => (&self.other, "s"),
            _ => (&self.golden, self.names["$u1"].as_str()),
        };
        let mut options = if group == "mfa/registration.finalize" {
            tenant.begin_mfa_registration(&self.names["$m1"]).await
        } else {
            tenant.begin_registration(user).await
        };
        if step == "wrong_challenge" {
            options["publicKey"]["challenge"] = base64url(&[5; 32]).into();
        }
        let mut forge = Forge::new(-7);
        match step {
            "wrong_origin" => forge.origin = "http://localhost:4498".into(),
            "wrong_rp" => forge.rp_id = "example.org".into(),
            "uv_missing" => forge.flags = Flags::PRESENT,
            "no_up" => forge.flags = Flags::VERIFIED,
            _ => {}
        }
        let statement = [0xa1, 0x61, b'x', 0x01];
        let attestation = match step {
            "packed_self" => Attestation::PackedSelf,
            "packed_tampered" => Attestation::PackedTampered,
            "none_with_statement" => Attestation::Other {
                format: "none",
                statement: &statement,
            },
            _ => Attestation::None,
        };
        let mut created = forge.create_with(&options, &attestation);
        match step {
            "client_data_padded" => pad(&mut created["response"]["clientDataJSON"]),
            "client_data_broken" => created["response"]["clientDataJSON"] = json!("ew"),
            "not_cbor" => created["response"]["attestationObject"] = json!("__8"),
            "replayed" | "again_same_credential" => {
                let finished = self.golden.post("mfa/registration/finalize", &created);
                finished.await.expect(200);
            }
            _ => {}
        }
        if step == "again_same_credential" {
            let options = self.golden.begin_mfa_registration(&self.names["$m1"]);
            created = forge.create(&options.await);
        }
        created
    }

    async fn login(&mut self, step: &str) -> Value {
        let (user, names) = (self.names["$u2"].clone(), &self.names);
        let options = match step {
            "ok_user" | "ok_user_no_handle" | "credential_of_other_user" => {
                self.golden.begin_login_of(&user).await
            }
            "registration_challenge" => self.golden.begin_registration(&names["$u1"]).await,
            "wrong_challenge" => json!({"publicKey": {"challenge": base64url(&[5; 32])}}),
            _ => self.golden.begin_login().await,
        };
        let whose = if step == "credential_of_other_user" {
            "$u1"
        } else {
            "$u2"
        };
        let forge = self.passkeys.get_mut(whose).unwrap();
        let own = forge.credential_id.clone();
        let handle = forge.user_handle.clone();
        match step {
            "wrong_type" => forge.ceremony_type = Some("webauthn.create".to_owned()),
            "wrong_rp" => forge.rp_id = "example.org".into(),
            "unknown_credential" => forge.credential_id = vec![3; 32],
            "unknown_handle" => forge.user_handle = Some(b"nobody".to_vec()),
            "credential_of_other_user" => forge.user_handle = Some(user.into_bytes()),
            _ => {}
        }
        let mut got = forge.get(&options);
        (forge.credential_id, forge.user_handle) = (own, handle);
        forge.ceremony_type = None;
        forge.rp_id = crate::support::RP_ID.into();
        match step {
            "bad_signature" => {
                let mut other = Forge::new(-7);
                got["response"]["signature"] = other.get(&options)["response"]["signature"].take();
            }
            "signature_padded" => pad(&mut got["response"]["signature"]),
            "client_data_broken" => got["response"]["clientDataJSON"] = json!("bm9wZQ"),
            _ => {}
        }
        got
    }

    fn remember(&mut self, name: &str, answer: &Answer) {
        let made: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        let id = made["id"].as_str().map(str::to_owned);
        match name {
            "admin.tenants/create_minimal" => {
                self.names.insert("$small", id.unwrap());
            }
            "admin.secrets/api_create" => self.last_secret = id,
            "transaction/initialize" => self.transaction = made,
            "public.cors/star_safe" => self.last_made = id,
            _ => {}
        }
    }
}

/// The key that every tenant of these tests begins with.
async fn remove_key(server: &TestServer, tenant: &str) {
    let path = format!("/tenants/{tenant}/secrets/api");
    let keys = server.admin().get(&path).await.expect(200);
    let path = format!("{path}/{}", keys[0]["id"].as_str().unwrap());
    server.admin().delete(&path).await.expect(204);
}

async fn send(
    client: &Client,
    request: &Value,
    path: &str,
    headers: &[(String, String)],
    body: Option<Vec<u8>>,
) -> Answer {
    let method = request["method"].as_str().unwrap();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    client.send(method, path, &headers, body).await
}

/// Only the members that were recorded, and those that are no part of what was made.
fn as_recorded(made: &Value, recorded: &Value) -> Value {
    let mut body = json!({});
    for (name, value) in recorded.as_object().unwrap() {
        body[name] = match name.as_str() {
            "id" | "rawId" => made[name].clone(),
            "response" => {
                let mut response = json!({});
                for member in value.as_object().unwrap().keys() {
                    response[member] = made["response"][member].clone();
                }
                response
            }
            _ => value.clone(),
        };
    }
    body
}

fn pad(text: &mut Value) {
    let unpadded = text.as_str().unwrap();
    let padding = "=".repeat((4 - unpadded.len() % 4) % 4);
    *text = format!("{unpadded}{padding}").into();
}

fn fill(text: &str, names: &HashMap<&'static str, String>) -> String {
    let mut names: Vec<_> = names.iter().collect();
    // `$cred_u1` before `$u1` and the like.
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names
        .into_iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
}
