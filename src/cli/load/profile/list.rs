//! A backend asks for the credentials of a user.

use std::time::Instant;

use super::super::step::Step;
use super::super::target::Request;
use super::super::worker::Worker;

pub(super) async fn operate(worker: &mut Worker<'_>, due: Instant) {
    let Some(account) = worker.crew.next_account() else {
        return;
    };
    let query = format!("?user_id={}", account.user_id);
    let request = Request {
        step: Step::Credentials,
        keyed: true,
        query: &query,
        body: "",
    };
    worker.send(account.tenant, &request, due).await;
}
