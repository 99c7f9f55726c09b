//! The routes behind the try page, where the token of a user's own ceremony stands in for an API key.

use serde_json::json;

use crate::support::{Forge, Tenant, TestServer, config};

/// The demo tenant, with our origin and a key of its own.
async fn demo(server: &TestServer) -> Tenant {
    let tenants = server.admin().get("/tenants").await.expect(200);
    let id = tenants[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/{id}");
    let admin = server.admin();
    let configured = admin.put(&format!("{path}/config"), &config()).await;
    configured.expect(204);
    let name = json!({"name": "test"});
    let created = admin.post(&format!("{path}/secrets/api"), &name).await;
    let key = created.expect(201)["secret"].as_str().unwrap().to_owned();
    Tenant {
        client: server.client(),
        id,
        key,
    }
}

#[tokio::test]
async fn only_a_passkey_signs_in() {
    let server = TestServer::with(&[("SERVER__TRY_PAGE", "true")]);
    let tenant = demo(&server).await;
    let token = |answer: &crate::support::Answer| {
        let answer = answer.expect(200);
        format!("Bearer {}", answer["token"].as_str().unwrap())
    };
    let mut passkey = Forge::new(-7);
    let created = passkey.create(&tenant.begin_registration("ann").await);
    let registered = token(&tenant.finish_registration(&created).await);
    let got = passkey.get(&tenant.begin_login().await);
    let logged_in = token(&tenant.finish_login(&got).await);
    let mut second = Forge::new(-7);
    let created = second.create(&tenant.begin_mfa_registration("ann").await);
    let second_registered = token(&tenant.post("mfa/registration/finalize", &created).await);
    let ann = json!({"user_id": "ann"});
    let options = tenant.post("mfa/login/initialize", &ann).await.expect(200);
    let got = second.get(&options);
    let second_used = token(&tenant.post("mfa/login/finalize", &got).await);
    let order = json!({"user_id": "ann", "transaction_id": "order", "transaction_data": 1});
    let options = tenant.post("transaction/initialize", &order).await;
    let got = passkey.get(&options.expect(200));
    let confirmed = token(&tenant.post("transaction/finalize", &got).await);
    for (token, status) in [
        (&registered, 200),
        (&logged_in, 200),
        (&second_registered, 401),
        (&second_used, 401),
        (&confirmed, 401),
    ] {
        let headers = [("Authorization", token.as_str())];
        for (method, path) in [
            ("GET", "/try/credentials"),
            ("POST", "/try/registration/initialize"),
        ] {
            let answer = tenant.client.send(method, path, &headers, None).await;
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        }
    }
}
