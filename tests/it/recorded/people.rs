//! The tenant that the recorded steps about users speak of: seven users, and an eighth to be deleted.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{Forge, Tenant, TestServer};

pub(super) struct People {
    /// What `$name` stands for in these steps.
    pub(super) names: HashMap<&'static str, String>,
    tenant: Tenant,
    gone: Option<Forge>,
}

impl People {
    /// `names` tells the ids of the users.
    pub(super) async fn new(server: &TestServer, names: &HashMap<&'static str, String>) -> Self {
        let tenant = server.tenant().await;
        let mut names = names.clone();
        names.insert("$tenant", tenant.id.clone());
        names.insert("$key", tenant.key.clone());
        let (ann, bob) = (names["$u1"].clone(), names["$u2"].clone());
        let known = [(ann.as_str(), "ann"), (bob.as_str(), "bob")];
        let others = ["cid", "dan", "eve", "fay", "guy"].map(|name| (name, name));
        for (user, name) in known.into_iter().chain(others) {
            let forge = register(&tenant, user, name).await;
            if name == "bob" {
                names.insert("$cred_u2", forge.id());
            }
        }
        names.insert("$user_uuid", internal_id(server, &tenant, &bob).await);
        names.insert("$tx", begin_transactions(&tenant, &bob).await);
        Self {
            names,
            tenant,
            gone: None,
        }
    }

    /// The steps come in the order of their names, so the user who is deleted is one that no other step knows.
    pub(super) async fn prepare(&mut self, server: &TestServer, step: &str) {
        if step == "admin.users/delete" {
            self.gone = Some(register(&self.tenant, "hal", "hal").await);
            let hal = internal_id(server, &self.tenant, "hal").await;
            self.names.insert("$gone", hal);
        }
    }

    /// The passkey of the deleted user.
    pub(super) async fn login(&mut self) -> Value {
        let options = self.tenant.begin_login().await;
        let gone = self.gone.as_mut().expect("the step before deletes a user");
        gone.get(&options)
    }
}

async fn register(tenant: &Tenant, user: &str, name: &str) -> Forge {
    let body = json!({"user_id": user, "username": name});
    let options = tenant.post("registration/initialize", &body).await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&options.expect(200));
    tenant.finish_registration(&created).await.expect(200);
    forge
}

/// One that the recording has a name for, among others.
async fn begin_transactions(tenant: &Tenant, user: &str) -> String {
    let order = || json!({"amount": 1, "to": "bob"});
    let (text, list, object) = (json!("text"), json!([1]), json!({}));
    let all = [
        order(),
        text,
        list,
        false.into(),
        0.into(),
        object,
        order(),
        order(),
        order(),
    ];
    let mut ids = Vec::new();
    for data in all {
        let id = format!("tx-{}", uuid::Uuid::new_v4());
        let body = json!({"user_id": user, "transaction_id": id, "transaction_data": data});
        tenant
            .post("transaction/initialize", &body)
            .await
            .expect(200);
        ids.push(id);
    }
    ids.swap_remove(6)
}

async fn internal_id(server: &TestServer, tenant: &Tenant, user: &str) -> String {
    let path = format!("/tenants/{}/users", tenant.id);
    let listed = server.admin().get(&path).await.expect(200);
    let mut listed = listed.as_array().unwrap().iter();
    let found = listed.find(|item| item["user_id"] == user).unwrap();
    found["id"].as_str().unwrap().to_owned()
}
