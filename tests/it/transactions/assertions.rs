//! Which assertions confirm a transaction: its own, once, in time, by its user. No other passes for one.

use futures_util::future::join_all;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{begin, challenge, claims, finish, list, registered, try_begin};
use crate::support::{Forge, TestServer, base64url, config};

const NO_SESSION: &str = "failed to get session data";
const INVALID: &str = "failed to validate assertion";

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
