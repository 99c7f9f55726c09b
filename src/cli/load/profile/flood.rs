//! What anybody on the internet may send without a key.

use std::time::Instant;

use super::super::step::Step;
use super::super::target::Request;
use super::super::worker::Worker;

pub(super) async fn operate(worker: &mut Worker<'_>, due: Instant) {
    let tenant = worker.tenant_of(worker.number());
    let request = Request {
        step: Step::LoginInitialize,
        keyed: false,
        query: "",
        body: "",
    };
    worker.send(tenant, &request, due).await;
}
