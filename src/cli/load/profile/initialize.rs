//! A registration is begun and left at that.

use std::time::Instant;

use super::super::step::Step;
use super::super::target::Request;
use super::super::worker::Worker;

pub(super) async fn operate(worker: &mut Worker<'_>, due: Instant) {
    let number = worker.number();
    let tenant = worker.tenant_of(number);
    let tenants = u64::try_from(worker.crew.target.tenants.len()).unwrap_or(1);
    let user = number / tenants % worker.crew.settings.users;
    let user_id = worker.user_id(user);
    begin(worker, tenant, &user_id, due).await;
}

/// What the server answers, if it does.
pub(super) async fn begin<'a>(
    worker: &'a mut Worker<'_>,
    tenant: usize,
    user_id: &str,
    due: Instant,
) -> Option<&'a [u8]> {
    let body = format!(
        r#"{{"user_id":"{user_id}","username":"{user_id}@load.example","display_name":"Some One"}}"#
    );
    let request = Request {
        step: Step::RegistrationInitialize,
        keyed: true,
        query: "",
        body: &body,
    };
    worker.send(tenant, &request, due).await
}
