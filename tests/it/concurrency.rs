//! What happens at once: on all workers, on one user, while a tenant goes.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Forge, Tenant, TestServer};

#[tokio::test]
async fn a_ceremony_may_be_finished_on_any_worker() {
    let server = TestServer::with(&[("SERVER__WORKERS", "4")]);
    let tenant = server.tenant().await;
    // Each client has connections of its own, and connections are spread over the workers.
    for number in 0..12 {
        let (one, two) = (tenant.at(server.client()), tenant.at(server.client()));
        let user = format!("user {number}");
        let mut forge = Forge::new(-7);
        let created = forge.create(&one.begin_registration(&user).await);
        two.finish_registration(&created).await.expect(200);
        let got = forge.get(&two.begin_login_of(&user).await);
        one.finish_login(&got).await.expect(200);
    }
}

#[tokio::test]
async fn many_users_register_and_sign_in_at_once() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let users = (0..40).map(|number| {
        let tenant = tenant.clone();
        async move {
            let user = format!("user {number}");
            let mut forge = Forge::new(-7);
            let created = forge.create(&tenant.begin_registration(&user).await);
            tenant.finish_registration(&created).await.expect(200);
            for _ in 0..3 {
                let got = forge.get(&tenant.begin_login().await);
                tenant.finish_login(&got).await.expect(200);
            }
            assert_eq!(tenant.credentials_of(&user).await[0]["id"], forge.id());
        }
    });
    join_all(users).await;
}

#[tokio::test]
async fn one_user_registers_many_credentials_at_once_and_none_beyond_the_limit() {
    let server = TestServer::start();
    let mut config = crate::support::config();
    config["limits"] = json!({"credentials_per_user": 5});
    let tenant = server.tenant_with(config).await;
    let mut responses = Vec::new();
    for _ in 0..16 {
        responses.push(Forge::new(-7).create(&tenant.begin_registration("ann").await));
    }
    let finishing = responses
        .iter()
        .map(|response| tenant.finish_registration(response));
    let answers = join_all(finishing).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((accepted, refused), (5, 11));
    let stored = tenant.credentials_of("ann").await;
    assert_eq!(stored.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn one_credential_under_two_challenges_is_registered_once() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let mut responses = Vec::new();
    for user in ["ann", "bob", "cid", "dee"] {
        responses.push(forge.create(&tenant.begin_registration(user).await));
    }
    let finishing = responses
        .iter()
        .map(|response| tenant.finish_registration(response));
    let answers = join_all(finishing).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
}

/// Two responses of one authenticator with the same counter: one of them is a clone's.
#[tokio::test]
async fn of_two_logins_with_one_counter_one_is_refused() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let mut forge = Forge::new(-7);
    let created = forge.create(&tenant.begin_registration("ann").await);
    tenant.finish_registration(&created).await.expect(200);
    let mut responses = Vec::new();
    for _ in 0..8 {
        forge.counter = 20;
        responses.push(forge.get(&tenant.begin_login().await));
    }
    let answers = join_all(responses.iter().map(|each| tenant.finish_login(each))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(accepted.count(), 1);
}

#[tokio::test]
async fn keys_of_one_name_are_made_once() {
    let server = TestServer::start();
    let tenant = server.tenant().await;
    let (admin, path) = (
        server.admin(),
        format!("/tenants/{}/secrets/api", tenant.id),
    );
    let name = json!({"name": "one"});
    let answers = join_all((0..8).map(|_| admin.post(&path, &name))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_tenant_may_go_while_it_is_used() {
    let server = TestServer::start();
    let (tenant, neighbour) = (server.tenant().await, server.tenant().await);
    let mut responses = Vec::new();
    for number in 0..24 {
        let user = format!("user {number}");
        responses.push(Forge::new(-7).create(&tenant.begin_registration(&user).await));
    }
    let (admin, path) = (server.admin(), format!("/tenants/{}", tenant.id));
    let finishing = responses
        .iter()
        .map(|response| tenant.finish_registration(response));
    let (answers, deleted) =
        futures_util::future::join(join_all(finishing), admin.delete(&path)).await;
    deleted.expect(204);
    for answer in answers {
        // 503: it was under way, and whoever tries again is told 404.
        assert!([200, 404, 503].contains(&answer.status), "{answer:?}");
    }
    admin.get(&path).await.refused(404, "tenant not found");
    neighbour.begin_registration("ann").await;
}

/// A tenant that changes must not look dead to the other workers, not for a moment: they would start a second actor for it.
#[tokio::test]
async fn what_was_acknowledged_holds_while_others_look_on() {
    let server = TestServer::with(&[("SERVER__WORKERS", "4")]);
    let tenant = server.tenant().await;
    let looking = (0..8).map(|_| {
        let tenant = tenant.at(server.client());
        async move {
            for _ in 0..300 {
                tenant.begin_login().await;
            }
        }
    });
    let changing = (0..60).map(|number| {
        let (admin, tenant) = (server.admin(), tenant.clone());
        async move {
            let path = format!("/tenants/{}/secrets/api", tenant.id);
            let body = json!({"name": format!("key {number}")});
            let made = admin.post(&path, &body).await.expect(201);
            let key = made["secret"].as_str().unwrap().to_owned();
            let keyed = Tenant { key, ..tenant };
            keyed.credentials_of("ann").await;
            let path = format!("{path}/{}", made["id"].as_str().unwrap());
            assert_eq!(admin.delete(&path).await.status, 204);
            let body = json!({"user_id": "ann"});
            let refused = keyed.post("login/initialize", &body).await;
            refused.refused(401, "The api key is invalid");
        }
    });
    futures_util::future::join(join_all(looking), join_all(changing)).await;
    assert!(server.metric("keywright_actor_restarts_total").await < 0.5);
}
