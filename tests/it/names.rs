//! What a new credential is called: after its authenticator, where that is known by name.

use std::process::Command;

use serde_json::json;

use crate::support::{Forge, STORE_KEY, Tenant, TestServer};

const BITWARDEN: [u8; 16] = 0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349_u128.to_be_bytes();

async fn name_of(tenant: &Tenant, aaguid: [u8; 16]) -> String {
    let mut forge = Forge::new(-7);
    forge.aaguid = aaguid;
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let credentials = tenant.credentials_of("ann").await;
    let mut credentials = credentials.as_array().unwrap().iter();
    let ours = credentials.find(|item| item["id"] == forge.id()).unwrap();
    ours["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_credential_is_called_after_its_authenticator() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    assert_eq!(name_of(&tenant, BITWARDEN).await, "Bitwarden");
    assert_eq!(name_of(&tenant, [0; 16]).await, "Passkey on this device");
}

#[tokio::test]
async fn an_operators_file_goes_before_the_known_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names.json");
    let names = json!({
        "d548826e-79b4-db40-a3d8-11116f7e8349": {"name": "Our vault"},
        "01010101-0101-0101-0101-010101010101": "Our key",
    });
    std::fs::write(&file, names.to_string()).unwrap();
    let server = TestServer::with(&[("WEBAUTHN__AAGUID_NAMES", file.to_str().unwrap())]);
    let tenant = server.tenant().await;
    assert_eq!(name_of(&tenant, BITWARDEN).await, "Our vault");
    assert_eq!(name_of(&tenant, [1; 16]).await, "Our key");
    assert_eq!(name_of(&tenant, [2; 16]).await, "Passkey on this device");
}

#[test]
fn a_bad_file_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("names.json");
    for (text, what) in [
        (None, "cannot be read"),
        (Some("{"), "not a JSON object"),
        (Some(r#"{"x": "y"}"#), "\\\"x\\\" is no AAGUID"),
    ] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        for command in ["serve", "check-config"] {
            let ended = Command::new(env!("CARGO_BIN_EXE_keywright"))
                .arg(command)
                .env_clear()
                .env("KEYWRIGHT__SECRETS__KEYS", STORE_KEY)
                .env("KEYWRIGHT__STORE__DIRECTORY", folder.path().join("store"))
                .env("KEYWRIGHT__WEBAUTHN__AAGUID_NAMES", &file)
                .output()
                .unwrap();
            assert_eq!(ended.status.code(), Some(2), "{command} {text:?}");
            let said = format!("{ended:?}");
            assert!(said.contains("webauthn.aaguid_names"), "{said}");
            assert!(said.contains(what), "{said}");
        }
    }
}
