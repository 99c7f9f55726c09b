//! A new user registers.

use std::time::Instant;

use super::super::authenticator::Page;
use super::super::clock;
use super::super::step::Step;
use super::super::target::Request;
use super::super::worker::{Account, Worker};
use super::initialize;

/// The user, if it has a passkey now.
pub(in super::super) async fn operate(worker: &mut Worker<'_>, due: Instant) -> Option<Account> {
    let number = worker.number();
    let tenant = worker.tenant_of(number);
    let user_id = worker.user_id(number);
    let crew = worker.crew;
    let authenticator = crew.settings.algorithms.authenticator(number);
    let answer = initialize::begin(worker, tenant, &user_id, due).await?;
    let body = crew.understand(Step::RegistrationInitialize, answer, |options| {
        let rp_id = options.rp.as_ref()?.id.as_deref()?;
        let page = Page {
            challenge: &options.challenge,
            rp_id,
            origin: &crew.settings.origin(rp_id),
        };
        Some(page.create(&authenticator))
    })?;
    let request = Request {
        step: Step::RegistrationFinalize,
        keyed: true,
        query: "",
        body: &body,
    };
    worker.send(tenant, &request, clock::now()).await?;
    Some(Account {
        tenant,
        user_id,
        authenticator,
    })
}
