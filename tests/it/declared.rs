//! Declared tenants: the settings file makes them, wins at each start, says so, and stops the start where it is wrong.

use serde_json::{Value, json};

use crate::support::{Client, Tenant, TestServer, config};

const ID: &str = "3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42";
const SHOP_KEY: &str = "the-key-of-the-shop-0123456789";
const OTHER_KEY: &str = "another-key-of-the-shop-98765";
const VARIABLES: [(&str, &str); 2] = [("$SHOP_API_KEY", SHOP_KEY), ("$OTHER_API_KEY", OTHER_KEY)];

/// `printf %s another-key-of-the-shop-98765 | sha256sum`
const OTHER_DIGEST: &str = "12b45e6b35613d43b7b4536dcaec69c2c9925d02182fd5322577deee3b23f7e7";

fn file(name: &str, keys: &str) -> String {
    format!(
        r#"
[[tenants]]
id = "{ID}"
display_name = "{name}"
api_keys = [{keys}]
[tenants.config]
cors = {{ allowed_origins = ["https://shop.example"], allow_unsafe_wildcard = false }}
webauthn = {{ relying_party = {{ id = "shop.example", display_name = "Shop", origins = ["https://shop.example"] }}, timeout = 60000 }}
"#
    )
}

fn shop(server: &TestServer, key: &str) -> Tenant {
    Tenant {
        client: server.client(),
        id: ID.to_owned(),
        key: key.to_owned(),
    }
}

async fn opens(server: &TestServer, key: &str) -> bool {
    let body = json!({"user_id": "ann", "username": "ann"});
    let answer = shop(server, key)
        .post("registration/initialize", &body)
        .await;
    assert!([200, 401].contains(&answer.status), "{answer:?}");
    answer.status == 200
}

async fn shown(admin: &Client) -> Value {
    admin.get(&format!("/tenants/{ID}")).await.expect(200)
}

async fn key_names(admin: &Client) -> Vec<(String, String)> {
    let listed = admin.get(&format!("/tenants/{ID}/secrets/api")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let keys = listed.expect(200);
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| (text(&key["name"]), text(&key["secret"])))
        .collect()
}

#[tokio::test]
async fn a_file_is_enough_for_a_tenant() {
    let mut server = TestServer::declaring(&file("Shop", r#""env:SHOP_API_KEY""#), &VARIABLES);
    assert!(opens(&server, SHOP_KEY).await);
    assert!(!opens(&server, OTHER_KEY).await);
    let before = shown(&server.admin()).await;
    assert_eq!(before["display_name"], "Shop");
    assert_eq!(before["config"]["webauthn"]["timeout"], 60000);
    let keys = key_names(&server.admin()).await;
    assert_eq!(
        keys,
        [("env:SHOP_API_KEY".to_owned(), "the-****".to_owned())]
    );

    // Nothing differs at the next start, so nothing is said and nothing is written.
    let said = server.log().len();
    server.restart();
    assert_eq!(shown(&server.admin()).await, before);
    assert!(opens(&server, SHOP_KEY).await);
    assert!(server.metric("keywright_store_commits_total").await < 1.0);
    assert!(!server.log()[said..].contains(ID), "{}", server.log());
    assert!(!server.log().contains(SHOP_KEY));
}

/// What stands commented out in `config/default.toml`, as it stands there.
#[tokio::test]
async fn the_example_is_a_tenant() {
    let text = std::fs::read_to_string("config/default.toml").unwrap();
    let lines = text.lines().skip_while(|line| *line != "# [[tenants]]");
    let example: Vec<&str> = lines.filter_map(|line| line.strip_prefix("# ")).collect();
    let server = TestServer::declaring(&example.join("\n"), &VARIABLES);
    assert_eq!(shown(&server.admin()).await["display_name"], "Shop");
    assert!(opens(&server, SHOP_KEY).await);
}

/// Whatever the admin API takes, with the same meaning.
#[tokio::test]
async fn a_file_takes_every_setting_of_the_admin_api() {
    let more = r#"
mfa = { timeout = 5000, attachment = "platform" }
tokens = { algorithm = "ES256", lifetime_seconds = 60 }
audit = { initialize = true }
limits = { credentials_per_user = 3 }
[tenants.config.webauthn]
timeout = 60000
counter = "warn"
exclude_credentials = false
related_origins = ["https://shop.test"]
hints = ["hybrid"]
algorithms = [-7, -257]
extensions = { credProps = true, minPinLength = true }
[tenants.config.webauthn.relying_party]
id = "shop.example"
display_name = "Shop"
origins = ["https://shop.example"]
"#;
    let file = file("Shop", "");
    let (file, _) = file.split_once("webauthn =").unwrap();
    let server = TestServer::declaring(&format!("{file}{more}"), &[]);
    let declared = shown(&server.admin()).await;
    let json = json!({
        "cors": {"allowed_origins": ["https://shop.example"], "allow_unsafe_wildcard": false},
        "mfa": {"timeout": 5000, "attachment": "platform"},
        "tokens": {"algorithm": "ES256", "lifetime_seconds": 60},
        "audit": {"initialize": true},
        "limits": {"credentials_per_user": 3},
        "webauthn": {
            "timeout": 60000, "counter": "warn", "exclude_credentials": false,
            "related_origins": ["https://shop.test"], "hints": ["hybrid"], "algorithms": [-7, -257],
            "extensions": {"credProps": true, "minPinLength": true},
            "relying_party": {"id": "shop.example", "display_name": "Shop", "origins": ["https://shop.example"]},
        },
    });
    let tenant = server.tenant_with(json).await;
    let path = format!("/tenants/{}", tenant.id);
    let created = server.admin().get(&path).await.expect(200);
    assert_eq!(declared["config"], created["config"]);
    assert_eq!(
        declared["config"]["webauthn"]["extensions"]["minPinLength"],
        true
    );
}

#[tokio::test]
async fn the_file_wins_and_says_so() {
    let mut server = TestServer::declaring(&file("Shop", r#""env:SHOP_API_KEY""#), &VARIABLES);
    let admin = server.admin();
    let path = format!("/tenants/{ID}");
    admin
        .put(&path, &json!({"display_name": "By hand"}))
        .await
        .expect(204);
    admin
        .put(&format!("{path}/config"), &config())
        .await
        .expect(204);
    let made = admin
        .post(&format!("{path}/secrets/api"), &json!({"name": "by hand"}))
        .await
        .expect(201);
    let made = made["secret"].as_str().unwrap();

    server.restart();
    let admin = server.admin();
    let now = shown(&admin).await;
    assert_eq!(now["display_name"], "Shop");
    assert_eq!(
        now["config"]["webauthn"]["relying_party"]["id"],
        "shop.example"
    );
    assert_eq!(server.log().matches("it was another").count(), 2);
    // A key that the admin API made is none of the file's business.
    assert!(opens(&server, made).await);
    assert!(opens(&server, SHOP_KEY).await);
}

#[tokio::test]
async fn keys_are_rotated_in_the_file() {
    let mut server = TestServer::declaring(&file("Shop", r#""env:SHOP_API_KEY""#), &VARIABLES);
    let digest = format!(r#""sha256:{OTHER_DIGEST}""#);
    server.declare(&file("Shop", &format!(r#""env:SHOP_API_KEY", {digest}"#)));
    server.restart();
    assert!(opens(&server, SHOP_KEY).await && opens(&server, OTHER_KEY).await);

    server.declare(&file("Shop", &digest));
    server.restart();
    assert!(!opens(&server, SHOP_KEY).await && opens(&server, OTHER_KEY).await);
    let names = key_names(&server.admin()).await;
    assert_eq!(names[0].0, format!("sha256:{}…", &OTHER_DIGEST[..8]));
    assert_eq!((names.len(), &*names[0].1), (1, "****"));

    // The variable may hold another key at the next start.
    server.declare(&file("Shop", r#""env:SHOP_API_KEY""#));
    server.restart();
    assert!(opens(&server, SHOP_KEY).await && !opens(&server, OTHER_KEY).await);
    server.set("$SHOP_API_KEY", OTHER_KEY);
    server.restart();
    assert!(!opens(&server, SHOP_KEY).await && opens(&server, OTHER_KEY).await);
    for key in [SHOP_KEY, OTHER_KEY] {
        assert!(!server.log().contains(key));
    }
}

#[tokio::test]
async fn a_tenant_that_leaves_the_file_stays() {
    let mut server = TestServer::declaring(&file("Shop", r#""env:SHOP_API_KEY""#), &VARIABLES);
    server.declare("");
    server.restart();
    assert!(opens(&server, SHOP_KEY).await);
    assert_eq!(server.log().matches("declared no more").count(), 1);

    let renamed = json!({"display_name": "By hand"});
    let path = format!("/tenants/{ID}");
    server.admin().put(&path, &renamed).await.expect(204);
    server.restart();
    assert_eq!(shown(&server.admin()).await["display_name"], "By hand");

    // And it may come back.
    server.declare(&file("Shop", r#""env:OTHER_API_KEY""#));
    server.restart();
    assert_eq!(shown(&server.admin()).await["display_name"], "Shop");
    assert!(!opens(&server, SHOP_KEY).await && opens(&server, OTHER_KEY).await);
}

#[tokio::test]
async fn the_id_of_a_deleted_tenant_is_not_used_again() {
    let mut server = TestServer::declaring(&file("Shop", ""), &[]);
    let deleted = server.admin().delete(&format!("/tenants/{ID}")).await;
    deleted.expect(204);
    assert!(server.stop().success());
    let (code, said) = server.start_second();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("tenants: {ID} was deleted")),
        "{said}"
    );
}

#[test]
fn what_is_wrong_in_the_file_stops_the_start() {
    let good = file("Shop", r#""env:SHOP_API_KEY""#);
    let cases: &[(String, &str)] = &[
        (good.replace(ID, "shop"), r#""shop" is no UUID"#),
        (
            good.replace("Shop\"\napi", "\"\napi"),
            "display_name is a required field",
        ),
        (good.replace("60000", "0"), "timeout is a required field"),
        (
            good.replace("timeout", "time_out"),
            "unknown field `time_out`",
        ),
        (good.replace("api_keys", "keys"), "unknown field `keys`"),
        (good.replace("60000", "\"soon\""), "webauthn.timeout"),
        (
            good.replace("env:SHOP_API_KEY", "env:NOBODY"),
            "env:NOBODY: the environment has no variable",
        ),
        (
            good.replace("env:SHOP_API_KEY", "env:SHORT"),
            "env:SHORT: the variable holds 6 characters",
        ),
        (
            good.replace("env:SHOP_API_KEY", "env:SPACED"),
            "env:SPACED: the variable holds what no header",
        ),
        (
            good.replace("env:SHOP_API_KEY", "sha256:00"),
            "64 hex digits",
        ),
        (good.replace("env:SHOP_API_KEY", SHOP_KEY), "\"env:NAME\""),
        (
            good.replace("[\"env:SHOP_API_KEY\"]", &format!("\"{SHOP_KEY}\"")),
            "a list of texts",
        ),
        (
            good.replace(
                "\"env:SHOP_API_KEY\"",
                "\"env:SHOP_API_KEY\", \"env:AGAIN\"",
            ),
            "env:AGAIN is the same key",
        ),
        (format!("{good}{good}"), "is the id of two of them"),
    ];
    let variables = [
        VARIABLES[0],
        ("$SHORT", "kurz!!"),
        ("$SPACED", "a key with white space in it"),
        ("$AGAIN", SHOP_KEY),
    ];
    for (text, expected) in cases {
        let (code, said) = TestServer::refusing_file(text, &variables);
        assert_eq!(code, Some(2), "{expected}: {said}");
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(
            !said.contains(SHOP_KEY) && !said.contains("kurz!!"),
            "{said}"
        );
    }
}
