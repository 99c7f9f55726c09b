//! Who may register a passkey, what the options say, and what a response may be like (contract §2.1, §2.2, §4, §10.1-3).

use serde_json::{Value, json};

use crate::support::{
    Flags, Forge, RP_ID, Spoil, Tenant, TestServer, Visitor, base64url, config, from_base64url,
};

const INITIALIZE: &str = "/webauthn/registration/initialize";

#[tokio::test]
async fn the_first_token_that_verifies_wins() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let good = format!("Bearer {}", ann.token);
    let lower = format!("bearer {}", ann.token);
    let glued = format!("Bearer{}", ann.token);
    let cookie = format!("other=1; hanko={}; more=2", ann.token);
    let second = format!("hanko=x.y.z; hanko={}", ann.token);
    let many = format!("{}hanko={}", "hanko=x; ".repeat(20), ann.token);
    let bad = ("Authorization", "Bearer x.y.z");
    for (headers, status) in [
        (vec![], 401),
        (vec![bad], 401),
        (vec![("Authorization", &*good)], 200),
        (vec![("Authorization", &lower)], 200),
        (vec![("Authorization", &glued)], 401),
        (vec![("Authorization", &ann.token)], 401),
        (vec![bad, ("Authorization", &good)], 200),
        (vec![("Cookie", &cookie)], 200),
        (vec![("Cookie", &second)], 200),
        (vec![("Cookie", &many)], 401),
        (vec![bad, ("Cookie", &cookie)], 200),
        (vec![("Cookie", "hanko=x.y.z")], 401),
        (vec![("Cookie", "hanko")], 401),
    ] {
        let answer = ann.send_as("POST", INITIALIZE, &headers, None).await;
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }
}

#[tokio::test]
async fn the_options_are_those_of_the_contract() {
    let server = TestServer::start();
    let mut settings = config();
    settings["webauthn"]["exclude_credentials"] = false.into();
    settings["webauthn"]["extensions"] = json!({});
    let tenant = server.tenant_with(settings).await;
    let ann = Visitor::new(&server, &tenant).await;
    ann.register().await;
    let mut options = ann.begin_registration().await;
    let challenge = options["publicKey"]["challenge"].take();
    assert_eq!(challenge.as_str().unwrap().len(), 43);
    let uuid = uuid::Uuid::parse_str(&ann.user).unwrap();
    let email = format!("{}@example.com", uuid.simple());
    let algorithms = [-7, -35, -36, -257, -258, -259, -37, -38, -39, -8];
    let parameters = algorithms.map(|alg| json!({"type": "public-key", "alg": alg}));
    let expected = json!({"publicKey": {
        "rp": {"name": "Golden RP", "id": RP_ID},
        "user": {"name": email, "displayName": email, "id": base64url(uuid.as_bytes())},
        "challenge": null,
        "pubKeyCredParams": parameters,
        "timeout": 60000,
        "authenticatorSelection": {"requireResidentKey": true, "residentKey": "required", "userVerification": "preferred"},
        "attestation": "none",
    }});
    assert_eq!(options, expected);
}

#[tokio::test]
async fn names_fall_back_and_known_passkeys_are_excluded() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let uuid = "6a6d1ed5-3fd4-4b62-8f3c-1a1f0e8f7d11";
    for (body, name, display_name, handle) in [
        (json!({"user_id": "ann"}), "ann", "ann", b"ann".to_vec()),
        (
            json!({"user_id": "bob", "name": "bobby", "display_name": "Bob"}),
            "bobby",
            "Bob",
            b"bob".to_vec(),
        ),
        (
            json!({"user_id": uuid, "name": "cid"}),
            "cid",
            "cid",
            uuid::Uuid::parse_str(uuid).unwrap().as_bytes().to_vec(),
        ),
        (
            json!({"user_id": "dan", "email": "dan@example.com", "name": "danny"}),
            "dan@example.com",
            "dan@example.com",
            b"dan".to_vec(),
        ),
    ] {
        let visitor = Visitor::vouched(&server, &tenant, body).await;
        let user = visitor.begin_registration().await["publicKey"]["user"].take();
        assert_eq!(
            (&user["name"], &user["displayName"]),
            (&json!(name), &json!(display_name))
        );
        assert_eq!(from_base64url(&user["id"]), handle);
        let forge = visitor.register().await;
        let options = visitor.begin_registration().await;
        let excluded = &options["publicKey"]["excludeCredentials"];
        assert_eq!(excluded[0]["id"], forge.id(), "{options}");
        assert_eq!(options["publicKey"]["extensions"]["credProps"], true);
        // Whoever vouches the second time says nothing of the name: it stays.
        let again = json!({"user_id": visitor.user});
        let again = Visitor::vouched(&server, &tenant, again).await;
        let user = again.begin_registration().await["publicKey"]["user"].take();
        assert_eq!(
            (&user["name"], &user["displayName"]),
            (&json!(name), &json!(display_name))
        );
    }
}

#[tokio::test]
async fn a_registration_is_finished_once_by_its_user() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let bob = Visitor::new(&server, &tenant).await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&ann.begin_registration().await);
    let stranger = Visitor::stranger(&tenant);
    stranger.finish_registration(&created).await.expect(401);
    let finished = ann.finish_registration(&created).await;
    let expected = json!({"credential_id": forge.id(), "user_id": ann.user});
    assert_eq!(finished.expect(200), expected);
    assert_eq!(finished.header("set-cookie"), None);
    refused(&ann, &created, 400, MISMATCH).await;
    // Another's challenge, one of a login, one that never was.
    let others = Forge::new(-7).create(&ann.begin_registration().await);
    refused(&bob, &others, 400, MISMATCH).await;
    refused(&ann, &others, 400, MISMATCH).await;
    let mut options = ann.begin_registration().await;
    let login = ann.begin_login(None).await;
    options["publicKey"]["challenge"] = login["publicKey"]["challenge"].clone();
    refused(&ann, &Forge::new(-7).create(&options), 400, MISMATCH).await;
    options["publicKey"]["challenge"] = base64url(&[5; 32]).into();
    refused(&ann, &Forge::new(-7).create(&options), 400, MISMATCH).await;
    // The same authenticator, for the same user and for another.
    for visitor in [&ann, &bob] {
        let again = forge.create(&visitor.begin_registration().await);
        refused(visitor, &again, 409, "credential already registered").await;
    }
}

#[tokio::test]
async fn a_registration_that_took_too_long_is_refused() {
    let server = TestServer::start();
    let mut settings = config();
    settings["webauthn"]["timeout"] = (-1).into();
    let tenant = server.tenant_with(settings).await;
    let ann = Visitor::new(&server, &tenant).await;
    let created = Forge::new(-7).create(&ann.begin_registration().await);
    let answer = ann.finish_registration(&created).await;
    answer.expect(400);
}

#[tokio::test]
async fn user_verification_counts_where_it_is_required() {
    let server = TestServer::start();
    for (policy, status) in [("required", 422), ("preferred", 200)] {
        let mut settings = config();
        settings["webauthn"]["user_verification"] = policy.into();
        let tenant = server.tenant_with(settings).await;
        let ann = Visitor::new(&server, &tenant).await;
        let mut forge = Forge::new(-7);
        forge.flags = Flags::PRESENT;
        let created = forge.create(&ann.begin_registration().await);
        let said = ann.finish_registration(&created).await.expect(status);
        if status == 422 {
            let message = said["message"].as_str().unwrap();
            assert!(
                message.starts_with("failed to validate attestation: "),
                "{said}"
            );
            assert!(!message.ends_with('\n'));
        }
    }
}

#[tokio::test]
async fn what_does_not_verify_is_400() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let spoils: [Spoil<Forge>; 3] = [
        |forge| forge.origin = "http://localhost:4498".into(),
        |forge| forge.rp_id = "example.org".into(),
        |forge| forge.ceremony_type = Some("webauthn.get".into()),
    ];
    for spoil in spoils {
        let mut forge = Forge::new(-7);
        spoil(&mut forge);
        let created = forge.create(&ann.begin_registration().await);
        refused(&ann, &created, 400, "failed to validate attestation").await;
    }
}

#[tokio::test]
async fn responses_of_old_clients_are_read() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let spoils: [Spoil<Value>; 3] = [
        |created| {
            let response = created["response"].as_object_mut().unwrap();
            let client_data = response.remove("clientDataJSON").unwrap();
            response.insert("clientDataJson".to_owned(), client_data);
        },
        |created| {
            let response = created["response"].as_object_mut().unwrap();
            let transports = response.remove("transports").unwrap();
            created["transports"] = transports;
        },
        |created| {
            let text = created["response"]["attestationObject"].as_str().unwrap();
            let padding = "=".repeat((4 - text.len() % 4) % 4);
            created["response"]["attestationObject"] = format!("{text}{padding}").into();
        },
    ];
    for spoil in spoils {
        let mut created = Forge::new(-7).create(&ann.begin_registration().await);
        spoil(&mut created);
        ann.finish_registration(&created).await.expect(200);
    }
    let listed = ann.get("/webauthn/credentials").await.expect(200);
    assert_eq!(listed[1]["transports"], json!(["internal"]));
}

#[tokio::test]
async fn what_follows_the_response_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let ann = Visitor::new(&server, &tenant).await;
    let created = Forge::new(-7).create(&ann.begin_registration().await);
    let bearer = format!("Bearer {}", ann.token);
    let headers = [("Authorization", &*bearer)];
    let path = "/webauthn/registration/finalize";
    let body = format!("{created}{{}}").into_bytes();
    let said = ann
        .send_as("POST", path, &headers, Some(body))
        .await
        .expect(400);
    assert_eq!(said["message"], "Parse error for Registration");
    // Of no media type, with a token that is no cookie: as the contract has it.
    let body = created.to_string().into_bytes();
    ann.send_as("POST", path, &headers, Some(body))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_user_has_no_more_passkeys_than_the_tenant_allows() {
    let server = TestServer::start();
    let mut settings = config();
    settings["limits"] = json!({"credentials_per_user": 1});
    let tenant: Tenant = server.tenant_with(settings).await;
    let ann = Visitor::new(&server, &tenant).await;
    ann.register().await;
    let said = ann.post(INITIALIZE, &json!({})).await.expect(409);
    assert_eq!(said["code"], 409);
}

async fn refused(visitor: &Visitor, created: &Value, status: u16, message: &str) {
    let said = visitor.finish_registration(created).await.expect(status);
    assert_eq!(said["message"], message, "{said}");
    assert_eq!(said["code"], status);
}

const MISMATCH: &str = "Stored challenge and received challenge do not match";
