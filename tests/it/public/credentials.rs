//! A user's own passkeys, and nobody else's (contract §2.5 to §2.7, §10.6).

use serde_json::json;

use crate::support::{TestServer, Visitor};

#[tokio::test]
async fn passkeys_are_listed_renamed_and_deleted() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    assert_eq!(
        ann.get("/webauthn/credentials").await.expect(200),
        json!([])
    );
    let (one, two) = (ann.register().await, ann.register().await);
    let path = format!("/webauthn/credentials/{}", one.id());
    let renamed = ann.patch(&path, &json!({"name": "My phone"})).await;
    renamed.expect(200);
    assert_eq!((&*renamed.text, renamed.header("content-type")), ("", None));
    for body in [json!({}), json!({"name": null}), json!(null)] {
        ann.patch(&path, &body).await.expect(200);
    }
    ann.send_as("PATCH", &path, &headers(&ann.bearer()), None)
        .await
        .expect(200);
    for name in [String::new(), "x".repeat(256)] {
        ann.patch(&path, &json!({"name": name})).await.expect(400);
    }
    let listed = ann.get("/webauthn/credentials").await.expect(200);
    let ids = [&listed[0]["id"], &listed[1]["id"]];
    assert_eq!(ids, [&json!(one.id()), &json!(two.id())]);
    assert_eq!(listed[0]["name"], "My phone");
    assert_eq!(listed[0]["mfa_only"], false);
    assert_eq!(listed[0]["transports"], json!(["internal"]));
    let deleted = ann.delete(&path).await;
    deleted.expect(204);
    assert_eq!(deleted.text, "");
    ann.delete(&path).await.expect(404);
    let listed = ann.get("/webauthn/credentials").await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_passkey_of_somebody_else_is_as_unknown_as_none() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let bob = Visitor::new(&server, &tenant).await;
    let forge = ann.register().await;
    let of_ann = format!("/webauthn/credentials/{}", forge.id());
    let expected = json!({"code": 404, "message": "Not Found"});
    for path in [
        &*of_ann,
        "/webauthn/credentials/AAAA",
        "/webauthn/credentials/*",
    ] {
        for body in [json!({"name": "mine"}), json!({})] {
            let said = bob.patch(path, &body).await;
            // The reason beyond the contract's members is the same too.
            assert_eq!(said.expect(404), expected, "{path}");
        }
        assert_eq!(bob.delete(path).await.expect(404), expected, "{path}");
    }
    let listed = ann.get("/webauthn/credentials").await.expect(200);
    assert_ne!(listed[0]["name"], "mine");
}

fn headers<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect()
}
