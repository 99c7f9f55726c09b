//! Transactions: what is confirmed is in the challenge, an id is taken once, and no assertion passes for another.

use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    Answer, Authenticator, Forge, Tenant, TestServer, base64url, config, from_base64url,
};

const NO_SESSION: &str = "failed to get session data";
const INVALID: &str = "failed to validate assertion";
const TAKEN: &str = "transaction already exists";

async fn registered(tenant: &Tenant, user: &str) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration(user).await);
    tenant.finish_registration(&created).await.expect(200);
    forge
}

/// With the data exactly as it is written.
async fn try_begin(tenant: &Tenant, user: &str, id: &str, data: &str) -> Answer {
    let body =
        format!(r#"{{"user_id":"{user}","transaction_id":"{id}","transaction_data":{data}}}"#);
    let headers = [
        ("Content-Type", "application/json"),
        ("apiKey", tenant.key.as_str()),
    ];
    let path = format!("/{}/transaction/initialize", tenant.id);
    let client = &tenant.client;
    client
        .send("POST", &path, &headers, Some(body.into()))
        .await
}

async fn begin(tenant: &Tenant, user: &str, id: &str) -> Value {
    try_begin(tenant, user, id, "1").await.expect(200)
}

async fn finish(tenant: &Tenant, response: &Value) -> Answer {
    tenant.post("transaction/finalize", response).await
}

async fn try_list(tenant: &Tenant, user: &str) -> Answer {
    let path = format!("/{}/transaction/{user}", tenant.id);
    let headers = [("apiKey", tenant.key.as_str())];
    tenant.client.send("GET", &path, &headers, None).await
}

async fn list(tenant: &Tenant, user: &str) -> Value {
    try_list(tenant, user).await.expect(200)
}

fn challenge(options: &Value) -> Vec<u8> {
    from_base64url(&options["publicKey"]["challenge"])
}

fn claims(answer: &Answer) -> Value {
    let body = answer.expect(200);
    let claims = body["token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&from_base64url(&claims.into())).unwrap()
}

#[tokio::test]
async fn a_confirmation_from_beginning_to_end() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    // An authenticator that is not ours signs 64 bytes as well as 32.
    let mut authenticator = Authenticator::default();
    let created = authenticator
        .create(&tenant.begin_registration("ann").await)
        .await;
    tenant.finish_registration(&created).await.expect(200);
    let data = r#"{"to":"bob","amount":1}"#;
    let options = try_begin(&tenant, "ann", "tx-1", data).await.expect(200);
    let public_key = &options["publicKey"];
    assert_eq!(public_key["challenge"].as_str().unwrap().len(), 86);
    assert_eq!(public_key["rpId"], "localhost");
    assert_eq!(public_key["timeout"], 60000);
    assert_eq!(public_key["userVerification"], "preferred");
    let allowed = json!([{"type": "public-key", "id": created["id"]}]);
    assert_eq!(public_key["allowCredentials"], allowed);

    let before = list(&tenant, "ann").await;
    assert_eq!(before[0]["identifier"], "tx-1");
    assert_eq!(before[0]["data"], r#"{"amount":1,"to":"bob"}"#);
    assert_eq!(before[0]["status"], "initialized");
    assert_eq!(before[0]["updated_at"], before[0]["created_at"]);
    assert!(before[0].get("confirmed_at").is_none(), "{before}");

    let got = authenticator.get(&options).await;
    let claims = claims(&finish(&tenant, &got).await);
    assert_eq!(claims["trans"], "tx-1");
    assert_eq!(claims["op"], "transaction");
    assert_eq!(claims["sub"], "ann");
    assert_eq!(claims["cred"], created["id"]);

    let after = list(&tenant, "ann").await;
    assert_eq!(after[0]["id"], before[0]["id"]);
    assert_eq!(after[0]["created_at"], before[0]["created_at"]);
    assert_eq!(after[0]["status"], "confirmed");
    assert_eq!(after[0]["updated_at"], after[0]["confirmed_at"]);
}

/// The challenge ends with SHA-256 of the id and of what Go prints of the data.
#[tokio::test]
async fn the_challenge_is_made_of_the_canonical_data() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    registered(&tenant, "ann").await;
    let mut heads = Vec::new();
    for (number, (written, canonical)) in [
        (
            r#"{ "b": 1, "a": {"d": [true, null], "c": ""} }"#,
            r#"{"a":{"c":"","d":[true,null]},"b":1}"#,
        ),
        (
            r#"{"a":{"c":"","d":[true,null]},"b":1}"#,
            r#"{"a":{"c":"","d":[true,null]},"b":1}"#,
        ),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (
            "[1.0,12.50,1e-6,0.0000001,1e21,-0]",
            "[1,12.5,0.000001,1e-7,1e+21,-0]",
        ),
        (
            "[9007199254740993,12345678901234567890]",
            "[9007199254740992,12345678901234567000]",
        ),
        (
            r#""<a href='x'>&</a>""#,
            r#""\u003ca href='x'\u003e\u0026\u003c/a\u003e""#,
        ),
        (
            r#""\ud83d\ude00é😀\u2028\ud800""#,
            "\"😀é😀\\u2028\u{fffd}\"",
        ),
        ("false", "false"),
        ("[]", "[]"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("é-{number}");
        let begun = try_begin(&tenant, "ann", &id, written).await.expect(200);
        let challenge = challenge(&begun);
        let expected = Sha256::digest(format!("{id}{canonical}"));
        assert_eq!(challenge[32..], expected[..], "{written}");
        heads.push(challenge[..32].to_vec());
        assert_eq!(list(&tenant, "ann").await[number]["data"], canonical);
    }
    heads.sort();
    heads.dedup();
    assert_eq!(heads.len(), 9);
}

#[tokio::test]
async fn what_cannot_be_begun_is_refused_and_takes_no_id() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    registered(&tenant, "ann").await;
    let created = Forge::new(-7).create(&tenant.begin_mfa_registration("second").await);
    let registered = tenant.post("mfa/registration/finalize", &created).await;
    registered.expect(200);
    let (bind, validate) = ("unable to process request", "unable to validate request");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let expanding = format!("\"{}\"", "<".repeat(20_000));
    for (user, data, status, title, details) in [
        ("nobody", "1", 404, "unable to find user", ""),
        (&"x".repeat(65), "1", 404, "unable to find user", ""),
        (
            "second",
            "1",
            400,
            "user has no suitable credentials for this operation",
            "register a passkey for this user first",
        ),
        (
            "",
            "null",
            400,
            validate,
            "user_id is a required field and transaction_data is a required field",
        ),
        (
            "ann",
            "1e400",
            400,
            bind,
            "transaction_data has a number that no 64-bit float can hold",
        ),
        (
            "ann",
            &deep,
            400,
            bind,
            "transaction_data is nested too deeply",
        ),
        (
            "ann",
            &expanding,
            400,
            validate,
            "transaction_data cannot have more than 65536 bytes in canonical form",
        ),
    ] {
        let answer = try_begin(&tenant, user, "tx", data).await;
        answer.refused_with(status, title, details);
    }
    try_begin(&tenant, "ann", "tx", "{\"a\":}")
        .await
        .refused(400, bind);
    let long = try_begin(&tenant, "ann", &"é".repeat(129), "1").await;
    let most = "transaction_id cannot have more than 128 entries";
    long.refused_with(400, validate, most);
    begin(&tenant, "ann", &"é".repeat(128)).await;
    begin(&tenant, "ann", "tx").await;
}

#[tokio::test]
async fn an_id_is_taken_for_ever_and_only_in_its_tenant() {
    let mut server = TestServer::start();
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    registered(&tenant, "ann").await;
    registered(&tenant, "bob").await;
    registered(&other, "ann").await;
    begin(&tenant, "ann", "tx").await;
    // Nothing but the answer came before the end.
    server.kill_and_restart();
    let (tenant, other) = (tenant.at(server.client()), other.at(server.client()));
    for user in ["ann", "bob"] {
        let again = try_begin(&tenant, user, "tx", "2").await;
        again.refused_with(409, TAKEN, "");
    }
    begin(&other, "ann", "tx").await;
    assert_eq!(list(&tenant, "ann").await.as_array().unwrap().len(), 1);
    assert_eq!(list(&tenant, "bob").await, json!([]));
}

#[tokio::test]
async fn of_twenty_at_once_with_one_id_exactly_one_begins() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for user in ["ann", "bob"] {
        registered(&tenant, user).await;
    }
    let beginning = (0..20).map(|number| {
        let user = if number % 2 == 0 { "ann" } else { "bob" };
        let tenant = &tenant;
        async move { try_begin(tenant, user, "tx", "1").await.status }
    });
    let mut statuses = join_all(beginning).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses[1..], [409; 19]);
}

#[tokio::test]
async fn a_confirmation_is_accepted_once() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let got = forge.get(&begin(&tenant, "ann", "tx").await);
    let answers = join_all((0..16).map(|_| finish(&tenant, &got))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(accepted.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        let details = "no transaction found for this challenge";
        refused.refused_with(401, NO_SESSION, details);
    }
    // It is durable, and what was accepted before the end is not accepted after it.
    server.kill_and_restart();
    let tenant = tenant.at(server.client());
    assert_eq!(list(&tenant, "ann").await[0]["status"], "confirmed");
    finish(&tenant, &got).await.refused(401, NO_SESSION);
}

#[tokio::test]
async fn a_transaction_under_way_survives_a_restart() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let options = begin(&tenant, "ann", "tx").await;
    server.restart();
    let tenant = tenant.at(server.client());
    let confirmed = finish(&tenant, &forge.get(&options)).await;
    assert_eq!(claims(&confirmed)["trans"], "tx");
}

/// The user is the ceremony's: a handle need not come, and must not contradict.
#[tokio::test]
async fn the_user_is_whoever_it_was_begun_for() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut ann = registered(&tenant, "ann").await;
    let mut bob = registered(&tenant, "bob").await;
    ann.user_handle = None;
    let got = ann.get(&begin(&tenant, "ann", "tx-1").await);
    assert_eq!(claims(&finish(&tenant, &got).await)["sub"], "ann");
    ann.user_handle = Some(b"bob".to_vec());
    let got = ann.get(&begin(&tenant, "ann", "tx-2").await);
    let mismatch = "userHandle and User ID do not match";
    let refused = finish(&tenant, &got).await;
    refused.refused_with(401, INVALID, mismatch);
    // Nor does anybody else's passkey do, whatever it says of its user.
    for handle in [None, Some(b"ann".to_vec()), Some(b"bob".to_vec())] {
        let options = begin(&tenant, "ann", &format!("{handle:?}")).await;
        bob.user_handle = handle;
        let refused = finish(&tenant, &bob.get(&options)).await;
        refused.refused(401, INVALID);
    }
}

#[tokio::test]
async fn no_assertion_of_one_ceremony_finishes_another() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    for options in [
        tenant.begin_login().await,
        tenant.begin_login_of("ann").await,
    ] {
        let got = forge.get(&options);
        finish(&tenant, &got).await.refused(401, NO_SESSION);
    }
    for (id, path) in [("tx-1", "login/finalize"), ("tx-2", "mfa/login/finalize")] {
        let got = forge.get(&begin(&tenant, "ann", id).await);
        tenant.post(path, &got).await.refused(401, NO_SESSION);
        // It was taken by that.
        finish(&tenant, &got).await.refused(401, NO_SESSION);
    }
    let mut options = begin(&tenant, "ann", "tx-3").await;
    options["publicKey"]["user"] = json!({"id": base64url(b"ann")});
    let created = Forge::new(-7).create(&options);
    let registration = tenant.finish_registration(&created).await;
    let unknown = "received challenge does not match with any stored one";
    registration.refused(400, unknown);
}

/// A challenge is found by its first half; all of it must be the one that was given out.
#[tokio::test]
async fn half_a_challenge_is_none() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let with = |bytes: &[u8]| json!({"publicKey": {"challenge": base64url(bytes)}});
    let transaction = challenge(&begin(&tenant, "ann", "tx-1").await);
    let head_at_login = forge.get(&with(&transaction[..32]));
    let refused = tenant.finish_login(&head_at_login).await;
    refused.refused(401, NO_SESSION);

    let whole = challenge(&begin(&tenant, "ann", "tx-2").await);
    let other_data = Sha256::digest("something else");
    for (id, tail, title) in [
        ("none", &[][..], INVALID),
        ("short", &whole[32..63], NO_SESSION),
        ("other", &other_data, INVALID),
    ] {
        let fresh = challenge(&begin(&tenant, "ann", id).await);
        let wrong = [&fresh[..32], tail].concat();
        let refused = finish(&tenant, &forge.get(&with(&wrong))).await;
        refused.refused(401, title);
    }
    let login = challenge(&tenant.begin_login().await);
    let longer = [&login[..], &whole[32..]].concat();
    let got = forge.get(&with(&longer));
    finish(&tenant, &got).await.refused(401, NO_SESSION);
    let login = challenge(&tenant.begin_login().await);
    let longer = [&login[..], &whole[32..]].concat();
    let got = forge.get(&with(&longer));
    tenant.finish_login(&got).await.refused(401, INVALID);
    // The untouched one is still good.
    finish(&tenant, &forge.get(&with(&whole))).await.expect(200);
}

#[tokio::test]
async fn the_rules_of_a_login_hold() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    forge.counter = 0;
    let got = forge.get(&begin(&tenant, "ann", "counter").await);
    finish(&tenant, &got).await.refused(401, INVALID);
    forge.counter = 10;
    forge.rp_id = "evil.example".into();
    let got = forge.get(&begin(&tenant, "ann", "elsewhere").await);
    finish(&tenant, &got).await.refused(401, INVALID);
    forge.rp_id = "localhost".into();
    let mut broken = forge.get(&begin(&tenant, "ann", "signature").await);
    broken["response"]["signature"] = base64url(&[1; 70]).into();
    let refused = finish(&tenant, &broken).await;
    refused.refused(401, INVALID);
    let refused = finish(&tenant, &json!({})).await;
    let missing = "CredentialAssertionResponse with ID missing";
    refused.refused_with(400, "unable to finish transaction", missing);
    let statuses = list(&tenant, "ann").await;
    let statuses = statuses.as_array().unwrap().iter();
    assert!(
        statuses
            .map(|each| &each["status"])
            .all(|it| it == "initialized")
    );
    // A passkey that went meanwhile confirms nothing.
    let options = begin(&tenant, "ann", "removed").await;
    let path = format!("/{}/credentials/{}", tenant.id, forge.id());
    let headers = [("apiKey", tenant.key.as_str())];
    let removed = tenant.client.send("DELETE", &path, &headers, None).await;
    removed.expect(204);
    let refused = finish(&tenant, &forge.get(&options)).await;
    refused.refused(401, INVALID);
    let none = try_begin(&tenant, "ann", "none", "1").await;
    none.refused(400, "user has no suitable credentials for this operation");
}

#[tokio::test]
async fn an_expired_transaction_cannot_be_confirmed() {
    let server = TestServer::start();
    let mut short = config();
    short["webauthn"]["timeout"] = 1.into();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let path = format!("/tenants/{}/config", tenant.id);
    server.admin().put(&path, &short).await.expect(204);
    let got = forge.get(&begin(&tenant, "ann", "tx").await);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    finish(&tenant, &got).await.expect(401);
    assert_eq!(list(&tenant, "ann").await[0]["status"], "initialized");
}

#[tokio::test]
async fn a_list_is_asked_for_by_any_name_of_the_user() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let user = "é/1@example.org";
    registered(&tenant, user).await;
    for number in 0..25 {
        begin(&tenant, user, &format!("tx-{number}")).await;
    }
    let whole = try_list(&tenant, "%C3%A9%2F1%40example.org").await;
    let items = whole.expect(200);
    assert_eq!(items.as_array().unwrap().len(), 25);
    assert_eq!(items[24]["identifier"], "tx-24");
    assert_eq!(whole.header("x-total-count"), Some("25"));
    let path = "%C3%A9%2F1%40example.org?page=2&per_page=10";
    let page = try_list(&tenant, path).await;
    assert_eq!(page.expect(200)[0]["identifier"], "tx-10");
    assert!(page.header("link").unwrap().contains("rel=\"next\""));

    let nobody = uuid::Uuid::new_v4();
    assert_eq!(list(&tenant, &nobody.to_string()).await, json!([]));
    for text in ["nobody", "", "tx-1", "%ff"] {
        let refused = try_list(&tenant, text).await;
        refused.refused(400, "invalid user id");
    }
}

#[tokio::test]
async fn every_route_wants_the_key_and_its_method() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for path in ["initialize", "finalize", "ann"] {
        let path = format!("transaction/{path}");
        let unkeyed = tenant.post_unkeyed(&path, &json!({})).await;
        unkeyed.refused(401, "The api key is invalid");
        let path = format!("/{}/{path}", tenant.id);
        let headers = [("apiKey", tenant.key.as_str())];
        let wrong = tenant.client.send("PATCH", &path, &headers, None).await;
        wrong.refused(405, "Method Not Allowed");
        assert!(wrong.header("allow").is_some());
    }
}
