//! `POST /{tenant_id}/login/initialize` and `/finalize` (contract §2.3 and §2.4).

use serde::Deserialize;

use super::texts;
use crate::http::Answer;
use crate::http::call::{Call, Tenant};
use crate::http::ceremony::{self, measured};
use crate::http::error::Problem;
use crate::http::validation::Validation;
use crate::telemetry::worker::Step;
use crate::tenant::challenge::{Access, Factor};
use crate::tenant::ids::UserId;
use crate::tenant::login::{InitializeLogin, LoggedIn};
use crate::tenant::rejection::Rejection;
use crate::tenant::token::{Operation, Proof};

#[derive(Debug, Default, Deserialize)]
struct InitializeBody {
    user_id: Option<String>,
}

/// The one route that asks for a key only where the body names a user.
pub async fn initialize(call: &Call, tenant: Tenant<'_>) -> Answer {
    measured(call, Step::LoginInitialize, async {
        let body: InitializeBody = call.body.json(texts::BIND)?;
        let options = match body.user_id {
            None => tenant.begin(discoverable()).await?,
            Some(user_id) => {
                check(call, &user_id)?;
                let tenant = tenant.keyed(call)?;
                tenant.begin(for_user(&user_id)?).await?
            }
        };
        Ok(super::options(options))
    })
    .await
}

pub async fn finalize(call: &Call, tenant: Tenant<'_>) -> Answer {
    measured(call, Step::LoginFinalize, async {
        let body = &call.body.bytes;
        let logged_in = ceremony::login::finalize(&tenant, Factor::Passkey, body).await;
        let proof = proof(logged_in.map_err(texts::login)?);
        Ok(super::token(&ceremony::token(&tenant, &proof).await?))
    })
    .await
}

pub const fn discoverable() -> InitializeLogin {
    InitializeLogin {
        user: None,
        factor: Factor::Passkey,
        access: Access::Unkeyed,
    }
}

pub fn proof(logged_in: LoggedIn) -> Proof {
    Proof {
        user: logged_in.user,
        credential: logged_in.credential,
        operation: Operation::Login,
        user_verified: logged_in.user_verified,
        backup_eligible: logged_in.backup_eligible,
    }
}

fn check(call: &Call, user_id: &str) -> Result<(), Problem> {
    let mut validation = Validation::default();
    if user_id.is_empty() {
        validation.fail("user_id must at least have 1 entry");
    }
    validation.finish(texts::VALIDATE)?;
    if call.api_key().is_none() {
        return Err(Problem::unauthorized("api key is missing", ""));
    }
    Ok(())
}

fn for_user(user_id: &str) -> Result<InitializeLogin, Rejection> {
    Ok(InitializeLogin {
        user: Some(UserId::parse(user_id).ok_or(Rejection::UserNotFound)?),
        factor: Factor::Passkey,
        access: Access::Keyed,
    })
}
