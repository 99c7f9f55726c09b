//! The people that the recorded requests speak of, new ones for each step, and the responses of their authenticators.

use serde_json::{Value, json};

use super::comparison::Names;
use crate::support::{
    Answer, Attestation, Flags, Forge, Tenant, TestServer, Visitor, base64url, config,
};

struct People {
    ann: Visitor,
    bob: Visitor,
    /// Ann's first.
    forge: Forge,
    names: Names,
}

pub(super) fn serve() -> TestServer {
    TestServer::with(&[("LIMITS__RATE_LIMITS", "false")])
}

pub(super) fn settings() -> Value {
    let mut settings = config();
    settings["webauthn"]["timeout"] = 600_000.into();
    settings["webauthn"]["attestation_preference"] = "direct".into();
    settings["sessions"] = json!({"cookie": {"secure": false}});
    settings
}

pub(super) async fn ask(
    server: &TestServer,
    tenant: &Tenant,
    name: &str,
    request: &Value,
) -> (Answer, Names) {
    let mut people = People::gather(server, tenant, name).await;
    let body = people.body(name, request).await;
    let headers = request["headers"].as_object().unwrap().iter();
    let headers: Vec<_> = headers
        .map(|(header, value)| (header.clone(), people.fill(value.as_str().unwrap())))
        .collect();
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let path = people.fill(request["path"].as_str().unwrap());
    let method = request["method"].as_str().unwrap();
    let answer = people.ann.send_as(method, &path, &headers, body).await;
    (answer, people.names)
}

impl People {
    async fn gather(server: &TestServer, tenant: &Tenant, name: &str) -> Self {
        let (group, step) = name.split_once('/').unwrap();
        let ann = Visitor::new(server, tenant).await;
        let bob = Visitor::new(server, tenant).await;
        let carl = Visitor::new(server, tenant).await;
        let mut names = Names::new();
        for (visitor, [id, mail, token]) in [
            (&ann, ["$ann", "$mail_ann", "$token_ann"]),
            (&bob, ["$bob", "$mail_bob", "$token_bob"]),
            (&carl, ["$carl", "$mail_carl", "$token_carl"]),
        ] {
            names.insert(id, visitor.user.clone());
            names.insert(
                mail,
                format!("{}@example.com", visitor.user.replace('-', "")),
            );
            names.insert(token, visitor.token.clone());
        }
        let forge = if group.starts_with("login") {
            ann.register().await
        } else {
            Forge::new(-7)
        };
        names.insert("$cred", forge.id());
        if name == "login.initialize/user" {
            for _ in 1..6 {
                ann.register().await;
            }
        }
        if group == "credentials" {
            for name in ["$c0", "$c1", "$c2"] {
                names.insert(name, register_hybrid(&carl).await);
            }
        }
        if step == "list_after" {
            let first = format!("/webauthn/credentials/{}", names["$c0"]);
            carl.delete(&first).await.expect(204);
        }
        if ["logout_again", "after_logout", "validate_after_logout"].contains(&step) {
            carl.post("/logout", &json!({})).await.expect(204);
        }
        Self {
            ann,
            bob,
            forge,
            names,
        }
    }

    fn fill(&self, text: &str) -> String {
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let fill = |text: String, (name, value): (&&str, &String)| text.replace(name, value);
        names.into_iter().fold(text.to_owned(), fill)
    }

    async fn body(&mut self, name: &str, request: &Value) -> Option<Vec<u8>> {
        if name == "registration.finalize/trailing" {
            let created = self.created("trailing").await;
            return Some(format!("{created} x").into_bytes());
        }
        if let Some(raw) = request["raw"].as_str() {
            return Some(raw.into());
        }
        let recorded = request.get("body")?;
        let made = match name.split_once('/').unwrap() {
            ("registration.finalize", step) => self.created(step).await,
            ("login.finalize", step) => self.got(step).await,
            _ => {
                let body = self.fill(&recorded.to_string());
                let nobody = uuid::Uuid::new_v4().to_string();
                return Some(body.replace("<uuid>", &nobody).into_bytes());
            }
        };
        Some(as_recorded(&made, recorded).to_string().into_bytes())
    }

    async fn created(&mut self, step: &str) -> Value {
        let options = self.ann.begin_registration().await;
        match step {
            "wrong_origin" => self.forge.origin = "http://localhost:4498".into(),
            "wrong_rp" => self.forge.rp_id = "example.org".into(),
            "no_uv" => self.forge.flags = Flags::PRESENT,
            _ => {}
        }
        let attestation = match step {
            "packed_self" => Attestation::PackedSelf,
            _ => Attestation::None,
        };
        let mut created = self.forge.create_with(&options, &attestation);
        if step == "not_cbor" {
            created["response"]["attestationObject"] = "_w".into();
        }
        created
    }

    async fn got(&mut self, step: &str) -> Value {
        let options = match step {
            "ok_user" | "ok_user_no_handle" => self.ann.begin_login(Some(&self.ann.user)).await,
            "registration_challenge" => self.ann.begin_registration().await,
            "wrong_challenge" => json!({"publicKey": {"challenge": base64url(&[5; 32])}}),
            _ => self.bob.begin_login(None).await,
        };
        match step {
            "wrong_type" => self.forge.ceremony_type = Some("webauthn.create".to_owned()),
            "wrong_rp" => self.forge.rp_id = "example.org".into(),
            "unknown_credential" => self.forge.credential_id = vec![3; 32],
            "handle_short" => self.forge.user_handle = Some(b"abc".to_vec()),
            "handle_unknown" => self.forge.user_handle = Some(vec![7; 16]),
            _ => {}
        }
        let mut got = self.forge.get(&options);
        if step == "bad_signature" {
            let other = Forge::new(-7).get(&options);
            got["response"]["signature"] = other["response"]["signature"].clone();
        }
        got
    }
}

async fn register_hybrid(visitor: &Visitor) -> String {
    let mut forge = Forge::new(-7);
    forge.flags |= Flags::BACKUP_ELIGIBLE | Flags::BACKED_UP;
    let mut created = forge.create(&visitor.begin_registration().await);
    created["response"]["transports"] = json!(["internal", "hybrid"]);
    visitor.finish_registration(&created).await.expect(200);
    forge.id()
}

/// Only the members that were recorded, in their spelling, and those that are no part of what was made.
fn as_recorded(made: &Value, recorded: &Value) -> Value {
    let mut body = json!({});
    for (name, value) in recorded.as_object().unwrap() {
        body[name] = match name.as_str() {
            "id" | "rawId" => made[name].clone(),
            "response" => {
                let mut response = json!({});
                for member in value.as_object().unwrap().keys() {
                    let made_as = member.replace("DataJson", "DataJSON");
                    response[member] = made["response"][made_as].clone();
                }
                response
            }
            _ => value.clone(),
        };
    }
    body
}
