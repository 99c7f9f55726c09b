//! A backend that asked for the name first begins a login of that user, who leaves it at that.

use std::time::Instant;

use super::super::step::Step;
use super::super::target::Request;
use super::super::worker::Worker;

pub(super) async fn operate(worker: &mut Worker<'_>, due: Instant) {
    let Some(account) = worker.crew.next_account() else {
        return;
    };
    let body = format!(r#"{{"user_id":"{}"}}"#, account.user_id);
    let request = Request {
        step: Step::LoginInitialize,
        keyed: true,
        query: "",
        body: &body,
    };
    worker.send(account.tenant, &request, due).await;
}
