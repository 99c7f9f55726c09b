//! Transactions: what is confirmed is in the challenge, and an id is taken once.

mod assertions;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Answer, Authenticator, Forge, Tenant, TestServer, from_base64url};

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

#[tokio::test]
async fn a_user_who_goes_leaves_the_ids_taken_and_no_more() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = registered(&tenant, "ann").await;
    let under_way = forge.get(&begin(&tenant, "ann", "tx").await);
    let users = format!("/tenants/{}/users", tenant.id);
    let ann = server.admin().get(&users).await.expect(200)[0]["id"].clone();
    let ann = ann.as_str().unwrap();
    assert_eq!(list(&tenant, ann).await, list(&tenant, "ann").await);
    let path = format!("{users}/{ann}");
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(shown["transactions"], list(&tenant, "ann").await);

    server.admin().delete(&path).await.expect(204);
    let gone = finish(&tenant, &under_way).await;
    gone.refused_with(401, "failed to get user handle", "user not found");
    assert_eq!(list(&tenant, ann).await, json!([]));
    // Whoever comes under the same id is somebody else, before and after a start.
    registered(&tenant, "ann").await;
    for _ in 0..2 {
        let tenant = tenant.at(server.client());
        let again = try_begin(&tenant, "ann", "tx", "1").await;
        again.refused(409, TAKEN);
        assert_eq!(list(&tenant, "ann").await, json!([]));
        server.restart();
    }
}
