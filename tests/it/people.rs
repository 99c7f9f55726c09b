//! Users and credentials in the admin API: listed, shown and deleted, each tenant's by itself.

use serde_json::{Value, json};

use crate::support::{Forge, Tenant, TestServer};

async fn with_passkey(tenant: &Tenant, user: &str) -> Forge {
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration(user).await);
    tenant.finish_registration(&created).await.expect(200);
    forge
}

/// The path of a user in the admin API, found in the list.
async fn path_of(server: &TestServer, tenant: &Tenant, user: &str) -> String {
    let users = format!("/tenants/{}/users", tenant.id);
    let listed = server.admin().get(&users).await.expect(200);
    let listed = listed.as_array().unwrap();
    let found = listed.iter().find(|item| item["user_id"] == user).unwrap();
    format!("{users}/{}", found["id"].as_str().unwrap())
}

fn ids(list: &Value, member: &str) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn users_are_listed_page_by_page_newest_first() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let users = format!("/tenants/{}/users", tenant.id);
    let admin = server.admin();
    assert_eq!(admin.get(&users).await.expect(200), json!([]));
    for user in ["ann", "bob", "cid"] {
        with_passkey(&tenant, user).await;
    }
    let answer = admin.get(&users).await;
    assert_eq!(answer.header("x-total-count"), Some("3"));
    assert!(answer.header("link").unwrap().ends_with("rel=\"first\""));
    let listed = answer.expect(200);
    assert_eq!(ids(&listed, "user_id"), ["cid", "bob", "ann"]);
    let cid = &listed[0];
    assert_eq!(cid.as_object().unwrap().len(), 5);
    assert_eq!(
        (&cid["name"], &cid["display_name"], &cid["icon"]),
        (&json!("cid"), &json!("cid"), &json!(""))
    );
    for (query, expected) in [
        ("sort_direction=asc", vec!["ann", "bob", "cid"]),
        ("sort_direction=ASC&per_page=2&page=2", vec!["cid"]),
        ("sort_direction=Desc&per_page=1&page=2", vec!["bob"]),
        ("page=0&per_page=0", vec!["cid", "bob", "ann"]),
        ("page=9", vec![]),
    ] {
        let listed = admin.get(&format!("{users}?{query}")).await.expect(200);
        assert_eq!(ids(&listed, "user_id"), expected, "{query}");
    }
    let answer = admin.get(&format!("{users}?per_page=x")).await;
    answer.refused_with(400, "unable to parse request", "");
    let answer = admin.get(&format!("{users}?sort_direction=up")).await;
    answer.refused_with(400, "sort_direction must be desc or asc", "");
    admin.post(&users, &json!({})).await.expect(405);
}

#[tokio::test]
async fn a_user_is_shown_with_what_is_theirs() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let forge = with_passkey(&tenant, "ann").await;
    with_passkey(&tenant, "bob").await;
    let path = path_of(&server, &tenant, "ann").await;
    let shown = server.admin().get(&path).await.expect(200);
    assert_eq!(shown["user_id"], "ann");
    assert!(path.ends_with(shown["id"].as_str().unwrap()));
    assert_eq!(shown["credentials"], tenant.credentials_of("ann").await);
    assert_eq!(ids(&shown["credentials"], "id"), [forge.id()]);
    assert_eq!(shown["transactions"], json!([]));
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_every_passkey_and_ceremony() {
    let mut server = TestServer::start();
    let tenant = server.tenant().await;
    let mut gone = with_passkey(&tenant, "ann").await;
    let mut stays = with_passkey(&tenant, "bob").await;
    let path = path_of(&server, &tenant, "ann").await;
    let registration = tenant.begin_registration("ann").await;
    let login = tenant.begin_login().await;
    let login_of = tenant.begin_login_of("ann").await;

    server.admin().delete(&path).await.expect(204);
    let again = server.admin().delete(&path).await;
    again.refused_with(404, "user not found", "");
    let shown = server.admin().get(&path).await;
    shown.refused_with(404, "user not found", "");
    assert_eq!(tenant.credentials_of("ann").await, json!([]));

    let late = Forge::new(-7).create(&registration);
    let late = tenant.finish_registration(&late).await;
    late.refused(404, "user not found");
    for options in [login, login_of] {
        let answer = tenant.finish_login(&gone.get(&options)).await;
        answer.refused_with(401, "failed to get user handle", "user not found");
    }
    let body = json!({"user_id": "ann"});
    let answer = tenant.post("login/initialize", &body).await;
    answer.refused(404, "user not found");

    server.kill_and_restart();
    let tenant = tenant.at(server.client());
    assert_eq!(tenant.credentials_of("ann").await, json!([]));
    server.admin().get(&path).await.expect(404);
    let got = stays.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(200);
    // Whoever comes back is somebody else.
    with_passkey(&tenant, "ann").await;
    assert_ne!(path_of(&server, &tenant, "ann").await, path);
}

/// Whichever comes first: no passkey is ever left without its user.
#[tokio::test]
async fn a_deletion_and_a_registration_at_once_leave_no_orphan() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    for round in 0..20 {
        let user = format!("user {round}");
        with_passkey(&tenant, &user).await;
        let path = path_of(&server, &tenant, &user).await;
        let created = Forge::new(-7).create(&tenant.begin_registration(&user).await);
        let admin = server.admin();
        let (registered, deleted) =
            tokio::join!(tenant.finish_registration(&created), admin.delete(&path));
        deleted.expect(204);
        if registered.status != 200 {
            registered.refused(404, "user not found");
        }
        assert_eq!(tenant.credentials_of(&user).await, json!([]));
    }
    let all = format!("/tenants/{}/credentials", tenant.id);
    assert_eq!(server.admin().get(&all).await.expect(200), json!([]));
}

#[tokio::test]
async fn nobody_is_found_below_another_tenant() {
    let server = TestServer::start();
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let forge = with_passkey(&tenant, "ann").await;
    let path = path_of(&server, &tenant, "ann").await;
    let elsewhere = path.replace(&tenant.id, &other.id);
    let admin = server.admin();
    admin.get(&elsewhere).await.refused(404, "user not found");
    let answer = admin.delete(&elsewhere).await;
    answer.refused(404, "user not found");
    admin.get(&path).await.expect(200);
    for id in ["x", "00000000", "%20"] {
        let path = format!("/tenants/{}/users/{id}", tenant.id);
        let answer = admin.get(&path).await;
        answer.refused_with(400, "invalid user_id", "");
        let answer = admin.delete(&path).await;
        answer.refused_with(400, "invalid user_id", "");
    }

    let id = forge.id();
    let path = format!("/tenants/{}/credentials/{id}", other.id);
    let unknown = format!("credential with id '{id}' not found");
    admin.get(&path).await.refused(404, &unknown);
    admin.delete(&path).await.refused(404, &unknown);
}

#[tokio::test]
async fn credentials_are_listed_shown_and_deleted_without_a_key() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut ann = with_passkey(&tenant, "ann").await;
    let bob = with_passkey(&tenant, "bob").await;
    let path = format!("/tenants/{}/credentials", tenant.id);
    let admin = server.admin();
    let answer = admin.get(&path).await;
    assert_eq!(answer.header("x-total-count"), Some("2"));
    let listed = answer.expect(200);
    assert_eq!(ids(&listed, "id"), [bob.id(), ann.id()]);
    let of_ann = admin.get(&format!("{path}?user_id=ann")).await.expect(200);
    assert_eq!(of_ann, tenant.credentials_of("ann").await);
    let one = format!("{path}/{}", ann.id());
    assert_eq!(admin.get(&one).await.expect(200), of_ann[0]);

    admin.delete(&one).await.expect(204);
    let answer = admin.delete(&one).await;
    answer.refused(404, &format!("credential with id '{}' not found", ann.id()));
    let got = ann.get(&tenant.begin_login().await);
    tenant.finish_login(&got).await.expect(401);
    admin.post(&path, &json!({})).await.expect(405);
    admin.put(&one, &json!({})).await.expect(405);
}
