//! A user logs in with a passkey that says whose it is: nobody is named at the beginning.

use std::time::Instant;

use super::super::authenticator::Page;
use super::super::clock;
use super::super::step::Step;
use super::super::target::Request;
use super::super::worker::{Account, Worker};

pub(super) async fn operate(worker: &mut Worker<'_>, due: Instant) {
    let Some(account) = worker.crew.next_account() else {
        return;
    };
    let tenant = account.tenant;
    if let Some(body) = begin(worker, &account, due).await {
        let request = Request {
            step: Step::LoginFinalize,
            keyed: true,
            query: "",
            body: &body,
        };
        worker.send(tenant, &request, clock::now()).await;
    }
}

/// The assertion, if there are options to make it of.
async fn begin(worker: &mut Worker<'_>, account: &Account, due: Instant) -> Option<String> {
    let crew = worker.crew;
    let request = Request {
        step: Step::LoginInitialize,
        keyed: true,
        query: "",
        body: "",
    };
    let answer = worker.send(account.tenant, &request, due).await?;
    crew.understand(Step::LoginInitialize, answer, |options| {
        let rp_id = options.rp_id.as_deref()?;
        let page = Page {
            challenge: &options.challenge,
            rp_id,
            origin: &crew.settings.origin(rp_id),
        };
        Some(page.get(&account.authenticator, &account.user_id))
    })
}
