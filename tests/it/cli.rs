//! `keywright tenant …` against a running server, as an operator and as a script use it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Tenant, TestServer, config};

/// Neither a key of the store nor any other setting is needed.
fn keywright(server: &TestServer) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
    command
        .env_clear()
        .env("KEYWRIGHT_ADMIN_URL", format!("http://{}", server.admin))
        .stdin(Stdio::null())
        .arg("tenant");
    command
}

fn run(server: &TestServer, arguments: &[&str]) -> Output {
    keywright(server).args(arguments).output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    serde_json::from_str(&done(output)).unwrap()
}

/// The exit code, and what it says.
#[track_caller]
fn failed(output: &Output) -> (i32, String) {
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output.status.code().unwrap(), said)
}

/// The word behind a title.
#[track_caller]
fn field(text: &str, title: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(title));
    let line = line.unwrap_or_else(|| panic!("no {title}: {text}"));
    line.split_whitespace().next().unwrap().to_owned()
}

async fn opens(server: &TestServer, id: &str, key: &str) -> bool {
    let tenant = Tenant {
        client: server.client(),
        id: id.to_owned(),
        key: key.to_owned(),
    };
    let body = json!({"user_id": "ann", "username": "ann"});
    tenant.post("registration/initialize", &body).await.status == 200
}

#[tokio::test]
async fn the_life_of_a_tenant() {
    let server = TestServer::start();
    assert!(done(&run(&server, &["list"])).contains("tenant create --help"));
    let create = ["create", "--name", "Shop", "--rp-id", "shop.example"];
    let said = done(&run(&server, &create));
    let (id, first) = (field(&said, "Tenant"), field(&said, "API key"));
    assert!(opens(&server, &id, &first).await);

    let listed = done(&run(&server, &["list"]));
    assert!(listed.contains(&format!("{id}  Shop")), "{listed}");
    let listed = json_of(&run(&server, &["list", "--json"]));
    assert_eq!(listed, json!([{"id": id, "display_name": "Shop"}]));
    let shown = done(&run(&server, &["show", &id]));
    assert_eq!(field(&shown, "Origins"), "https://shop.example");
    assert!(!shown.contains(&first) && shown.contains(&format!("{}****", &first[..4])));
    let shown = json_of(&run(&server, &["show", &id, "--json"]));
    assert_eq!(shown["config"]["webauthn"]["timeout"], 60000);
    assert_eq!(shown["api_keys"][0]["name"], "Initial API Key");

    let said = done(&run(&server, &["rotate-key", &id]));
    let second = field(&said, "API key");
    assert!(opens(&server, &id, &second).await && !opens(&server, &id, &first).await);

    assert_eq!(
        done(&run(&server, &["delete", &id, "--yes"])),
        format!("deleted {id}\n")
    );
    let (code, said) = failed(&run(&server, &["show", &id]));
    assert_eq!(code, 1);
    assert!(said.contains("tenant not found"), "{said}");
}

#[tokio::test]
async fn keys_are_rotated_one_name_at_a_time() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let rotate = |more: &[&str]| {
        let mut arguments = vec!["rotate-key", &tenant.id, "--json"];
        arguments.extend(more);
        run(&server, &arguments)
    };
    let secret = |answer: &Value| answer["api_key"]["secret"].as_str().unwrap().to_owned();

    // The old one stays as long as it is wanted, and the next rotation ends both.
    let second = json_of(&rotate(&["--keep-old"]));
    assert_eq!(second["api_key"]["name"], "Initial API Key (2)");
    assert_eq!(second["kept"].as_array().unwrap().len(), 1);
    assert!(opens(&server, &tenant.id, &tenant.key).await);
    let third = json_of(&rotate(&[]));
    assert_eq!(third["deleted"].as_array().unwrap().len(), 2);
    for (key, is_open) in [
        (tenant.key.clone(), false),
        (secret(&second), false),
        (secret(&third), true),
    ] {
        assert_eq!(opens(&server, &tenant.id, &key).await, is_open);
    }

    // Another name is another key.
    let other = json_of(&rotate(&["--name", "web 1"]));
    assert_eq!(other["deleted"], json!([]));
    let (code, said) = failed(&rotate(&[]));
    assert_eq!(code, 2);
    assert!(said.contains("\"web 1\""), "{said}");
    let again = json_of(&rotate(&["--name", "web 1"]));
    assert_eq!(again["api_key"]["name"], "web 1 (2)");
    assert!(!opens(&server, &tenant.id, &secret(&other)).await);
    assert!(opens(&server, &tenant.id, &secret(&third)).await);
}

#[tokio::test]
async fn a_config_comes_in_json_or_in_toml() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let toml = r#"
cors = { allowed_origins = ["https://a.example"], allow_unsafe_wildcard = false }
[webauthn]
timeout = 1234
counter = "warn"
relying_party = { id = "a.example", display_name = "A", origins = ["https://a.example"] }
"#;
    for (name, text) in [
        ("a.toml", toml.to_owned()),
        ("a.json", config().to_string()),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let create = ["create", "--name", "A", "--json", "--config"];
        let created = keywright(&server).args(create).arg(&file).output().unwrap();
        let id = json_of(&created)["id"].as_str().unwrap().to_owned();
        let shown = json_of(&run(&server, &["show", &id, "--json"]));
        let webauthn = &shown["config"]["webauthn"];
        if name == "a.toml" {
            assert_eq!(
                (&webauthn["timeout"], &webauthn["counter"]),
                (&json!(1234), &json!("warn"))
            );
        } else {
            assert_eq!(*webauthn, config()["webauthn"]);
        }
    }
    let mut child = keywright(&server)
        .args(["create", "--name", "A", "--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(toml.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn what_an_operator_got_wrong_has_a_code_and_a_text() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let cases: &[(&[&str], i32, &str)] = &[
        (&["show", "shop"], 2, "invalid value 'shop'"),
        (&["create", "--name", "A"], 2, "--rp-id"),
        (
            &["create", "--name", "A", "--rp-id", "localhost"],
            2,
            "--origin http://localhost:3000",
        ),
        (
            &["create", "--name", "A", "--origin", "shop.example"],
            2,
            "\"shop.example\" is not an origin",
        ),
        (
            &["create", "--name", "A", "--config", "/nowhere"],
            2,
            "\"/nowhere\" cannot be read",
        ),
        (
            &[
                "create",
                "--name",
                "A",
                "--config",
                env!("CARGO_BIN_EXE_keywright"),
            ],
            2,
            "cannot be read",
        ),
        (
            &["create", "--name", "", "--rp-id", "a.example"],
            1,
            "display_name is a required field",
        ),
        (
            &["list", "--admin-url", "localhost:8001"],
            2,
            "is not an address",
        ),
        (
            &["list", "--admin-url", "http://127.0.0.1:1"],
            1,
            "server.admin_address",
        ),
        (&["delete", &tenant.id], 2, "--yes"),
        (
            &["rotate-key", &tenant.id, "--name", "env:SHOP"],
            1,
            "settings file",
        ),
    ];
    for (arguments, code, text) in cases {
        let (exit, said) = failed(&run(&server, arguments));
        assert_eq!(exit, *code, "{arguments:?}: {said}");
        assert!(said.contains(text), "{arguments:?}: {said}");
    }
    let tls = format!("https://{}", server.admin);
    let (code, said) = failed(&run(&server, &["list", "--admin-url", &tls]));
    assert_eq!(code, 1);
    assert!(said.contains("does not answer"), "{said}");
    // The listener for everybody is not the one to ask.
    let public = format!("http://{}", server.public);
    let (code, said) = failed(&run(&server, &["list", "--admin-url", &public]));
    assert_eq!(code, 1);
    assert!(said.contains("is not the admin API"), "{said}");
    assert!(opens(&server, &tenant.id, &tenant.key).await);
}

#[tokio::test]
async fn the_token_is_asked_for_and_never_told() {
    let token = "the token of the admin API";
    let server = TestServer::with(&[("SERVER__ADMIN_TOKEN", token)]);
    let (code, said) = failed(&run(&server, &["list"]));
    assert_eq!(code, 1);
    assert!(said.contains("KEYWRIGHT_ADMIN_TOKEN"), "{said}");
    let wrong = "a token of somebody else";
    let (code, said) = failed(&run(&server, &["list", "--token", wrong]));
    assert_eq!(code, 1);
    assert!(said.contains("does not take"), "{said}");
    assert!(!said.contains(wrong), "{said}");

    let mut list = keywright(&server);
    let listed = list
        .env("KEYWRIGHT_ADMIN_TOKEN", token)
        .args(["list", "--json"]);
    assert_eq!(json_of(&listed.output().unwrap()), json!([]));
    let mut help = keywright(&server);
    let help = help
        .env("KEYWRIGHT_ADMIN_TOKEN", token)
        .args(["list", "--help"]);
    assert!(!done(&help.output().unwrap()).contains(token));
}
