//! `POST /{tenant_id}/login/initialize` and `/finalize` (contract §2.3 and §2.4).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::texts;
use crate::http::body::Body;
use crate::http::ceremony::{self, measured};
use crate::http::error::Problem;
use crate::http::extract::{Tenant, api_key, check_api_key};
use crate::http::validation::Validation;
use crate::http::{Shared, Worker};
use crate::telemetry::metrics::Step;
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
pub async fn initialize(
    request: HttpRequest,
    tenant: Tenant,
    body: Body,
    worker: Data<Worker>,
    shared: Data<Shared>,
) -> Result<HttpResponse, Problem> {
    measured(&shared, Step::LoginInitialize, async {
        let body: InitializeBody = body.json(texts::BIND)?;
        let initialize = match body.user_id {
            Some(user_id) => for_user(&request, &tenant, &user_id)?,
            None => discoverable(),
        };
        Ok(super::options(tenant.begin(worker.0, initialize).await?))
    })
    .await
}

pub async fn finalize(
    tenant: Tenant,
    body: Body,
    shared: Data<Shared>,
) -> Result<HttpResponse, Problem> {
    measured(&shared, Step::LoginFinalize, async {
        let logged_in = ceremony::login::finalize(&tenant, Factor::Passkey, &body.bytes).await;
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

fn for_user(
    request: &HttpRequest,
    tenant: &Tenant,
    user_id: &str,
) -> Result<InitializeLogin, Problem> {
    let mut validation = Validation::default();
    if user_id.is_empty() {
        validation.fail("user_id must at least have 1 entry");
    }
    validation.finish(texts::VALIDATE)?;
    if api_key(request).is_none() {
        return Err(Problem::unauthorized("api key is missing", ""));
    }
    check_api_key(request, tenant)?;
    let user = UserId::parse(user_id).ok_or(Rejection::UserNotFound)?;
    Ok(InitializeLogin {
        user: Some(user),
        factor: Factor::Passkey,
        access: Access::Keyed,
    })
}
