//! Second factors: registered and used with a key, and never a way in by themselves.

use serde_json::{Value, json};

use crate::support::{Forge, Tenant, TestServer};

/// A user with a second factor and nothing else.
async fn second_factor(tenant: &Tenant, user: &str) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_mfa_registration(user).await);
    let token = tenant.post("mfa/registration/finalize", &created).await;
    assert_eq!(operation(&token.expect(200)), "mfa_registration");
    forge
}

async fn begin_mfa_login(tenant: &Tenant, user: &str) -> Value {
    let body = json!({"user_id": user});
    tenant.post("mfa/login/initialize", &body).await.expect(200)
}

fn operation(answer: &Value) -> String {
    let token = answer["token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = crate::support::from_base64url(&claims.into());
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["op"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_second_factor_is_used_with_a_key_and_only_as_that() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = second_factor(&tenant, "ann").await;
    let options = begin_mfa_login(&tenant, "ann").await;
    assert_eq!(
        options["publicKey"]["allowCredentials"][0]["id"],
        forge.id()
    );
    let got = forge.get(&options);
    let used = tenant.post("mfa/login/finalize", &got).await.expect(200);
    assert_eq!(operation(&used), "mfa_login");
    let listed = tenant.credentials_of("ann").await;
    assert_eq!(listed[0]["is_mfa"], true);
    // It opens no first door: not for its user, and not for whoever has it.
    let body = json!({"user_id": "ann"});
    let login = tenant.post("login/initialize", &body).await;
    login.refused(400, "user has no suitable credentials for this operation");
    let got = forge.get(&tenant.begin_login().await);
    let refused = tenant.finish_login(&got).await;
    refused.refused(401, "failed to validate assertion");
}

#[tokio::test]
async fn a_passkey_serves_as_a_second_factor_too() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let got = forge.get(&begin_mfa_login(&tenant, "ann").await);
    tenant.post("mfa/login/finalize", &got).await.expect(200);
}

/// The ceremony knows whose it is; what the authenticator says of it does not count, unlike at a login.
#[tokio::test]
async fn a_second_factor_may_name_any_user() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = second_factor(&tenant, "ann").await;
    second_factor(&tenant, "bob").await;
    for handle in [None, Some(b"bob".to_vec()), Some(b"nobody".to_vec())] {
        forge.user_handle = handle;
        let got = forge.get(&begin_mfa_login(&tenant, "ann").await);
        tenant.post("mfa/login/finalize", &got).await.expect(200);
    }
    let got = forge.get(&begin_mfa_login(&tenant, "bob").await);
    let refused = tenant.post("mfa/login/finalize", &got).await;
    refused.refused(401, "failed to validate assertion");
}

#[tokio::test]
async fn nothing_begun_at_one_endpoint_is_finished_at_another() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let unknown = "received challenge does not match with any stored one";
    // What was asked for as a second factor does not become a passkey, nor the other way round.
    let created = Forge::new(-7).create(&tenant.begin_mfa_registration("ann").await);
    tenant
        .finish_registration(&created)
        .await
        .refused(400, unknown);
    let created = Forge::new(-7).create(&tenant.begin_registration("ann").await);
    let finished = tenant.post("mfa/registration/finalize", &created).await;
    finished.refused(400, unknown);
    // And no login of one kind is one of the other.
    let mut forge = second_factor(&tenant, "bob").await;
    let got = forge.get(&begin_mfa_login(&tenant, "bob").await);
    tenant
        .finish_login(&got)
        .await
        .refused(401, "failed to get session data");
    let got = forge.get(&tenant.begin_login().await);
    let finished = tenant.post("mfa/login/finalize", &got).await;
    finished.refused(401, "failed to get session data");
}

#[tokio::test]
async fn every_route_of_second_factors_wants_the_key() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for path in [
        "registration/initialize",
        "registration/finalize",
        "login/initialize",
        "login/finalize",
    ] {
        let answer = tenant
            .post_unkeyed(&format!("mfa/{path}"), &json!({}))
            .await;
        answer.refused(401, "The api key is invalid");
    }
}
