//! The page at `/try` and its own routes, for the demo tenant only: a person's first passkey, with no API key in the
//! browser. Where an API key would vouch for a user, the token of the user's own last ceremony does.

use actix_web::HttpResponse;
use actix_web::http::Method;
use serde::Deserialize;

use super::{CSS, HTML, SCRIPT, asset, page};
use crate::actor::handle::Lease;
use crate::http::answer::{json, private};
use crate::http::call::{Call, Tenant};
use crate::http::ceremony::audit::begin;
use crate::http::error::Problem;
use crate::http::passkey::credentials::{self, CredentialBody};
use crate::http::passkey::{self, login, registration, texts};
use crate::http::rate::{Route, admit};
use crate::http::validation::Validation;
use crate::http::{Answer, only_get};
use crate::tenant::challenge::{Access, Api, Factor};
use crate::tenant::ids::{TenantId, UserId};
use crate::tenant::registration::InitializeRegistration;
use crate::tenant::token::Operation;
use crate::tenant::user::Profile;

pub async fn try_page(call: &Call, demo: TenantId, path: &[&str]) -> Answer {
    match path {
        [] => only_get(call).map(|()| page(HTML, POLICY, PAGE)),
        ["try.css"] => only_get(call).map(|()| asset(CSS, STYLE)),
        ["try.js"] => only_get(call).map(|()| asset(SCRIPT, SCRIPT_SOURCE)),
        _ => routes(call, call.tenant_of(demo).await?, path).await,
    }
}

async fn routes(call: &Call, demo: Tenant<'_>, path: &[&str]) -> Answer {
    match (call.method(), path) {
        (&Method::POST, ["registration", "initialize"]) => {
            admit(call, &demo, Route::Initialize)?;
            begin_registration(call, &demo).await
        }
        (&Method::POST, ["registration", "finalize"]) => {
            admit(call, &demo, Route::Finalize)?;
            registration::finalize(call, &demo, Factor::Passkey).await
        }
        (&Method::POST, ["login", "initialize"]) => {
            admit(call, &demo, Route::Initialize)?;
            begin_login(&demo).await
        }
        (&Method::POST, ["login", "finalize"]) => {
            admit(call, &demo, Route::Finalize)?;
            login::finalize(call, &demo, Factor::Passkey).await
        }
        (&Method::GET, ["credentials"]) => Ok(list(&demo, &signed_in(call, &demo)?)),
        (&Method::DELETE, ["credentials", id]) => {
            let user = signed_in(call, &demo)?;
            credentials::remove(&demo, id, Some(user)).await
        }
        _ => Err(Problem::not_found("Not Found")),
    }
}

#[derive(Debug, Default, Deserialize)]
struct BeginBody {
    username: Option<String>,
}

/// A stranger gets a new user; whoever is signed in gets another passkey.
async fn begin_registration(call: &Call, demo: &Tenant<'_>) -> Answer {
    let user = if call.bearer().is_some() {
        known(demo, &signed_in(call, demo)?)?
    } else {
        new_user(demo, call.body.json(texts::BIND)?)?
    };
    let initialize = InitializeRegistration {
        user,
        factor: Factor::Passkey,
        access: Access::Unkeyed,
        api: Api::Passkey,
    };
    Ok(passkey::options(begin(demo, initialize).await?))
}

async fn begin_login(demo: &Tenant<'_>) -> Answer {
    let options = begin(demo, login::discoverable()).await?;
    Ok(passkey::options(options))
}

fn list(demo: &Lease<'_>, user: &UserId) -> HttpResponse {
    let state = demo.read();
    let credentials = state.credentials_of(user);
    let bodies: Vec<CredentialBody> = credentials.map(CredentialBody::from).collect();
    json(private(HttpResponse::Ok()), &bodies)
}

/// Whose token it is, while it lasts. A second factor or a confirmed transaction signs nobody in.
fn signed_in(call: &Call, demo: &Lease<'_>) -> Result<UserId, Problem> {
    let now = demo.registry().source.env().now;
    let token = call.bearer().unwrap_or_default();
    let claims = crate::tenant::token::verify(&demo.read(), token, now);
    let claims = claims.filter(|claims| signs_in(claims.op));
    let user = claims.and_then(|claims| UserId::parse(&claims.sub));
    user.ok_or_else(|| {
        Problem::unauthorized("Unauthorized", "the token is no longer good, sign in again")
    })
}

const fn signs_in(operation: Operation) -> bool {
    match operation {
        Operation::Registration | Operation::Login => true,
        Operation::MfaRegistration | Operation::MfaLogin | Operation::Transaction => false,
    }
}

fn known(demo: &Lease<'_>, user: &UserId) -> Result<Profile, Problem> {
    let state = demo.read();
    let account = state.users.get(user);
    let profile = account.map(|account| account.user().profile);
    profile.ok_or_else(|| {
        Problem::unauthorized("Unauthorized", "this user is gone, create a passkey again")
    })
}

fn new_user(demo: &Lease<'_>, body: BeginBody) -> Result<Profile, Problem> {
    let mut validation = Validation::default();
    let name = validation.required("username", body.username);
    validation.at_most("username", &name, NAME_LENGTH_MAX);
    validation.finish(texts::VALIDATE)?;
    let id = demo.registry().source.env().uuid().to_string();
    Ok(Profile {
        id: UserId::parse(&id).expect("a UUID makes a user id"),
        name: name.clone().into(),
        display_name: name.into(),
        icon: None,
        email: None,
    })
}

const NAME_LENGTH_MAX: usize = 64;

const PAGE: &str = include_str!("assets/try.html");
const STYLE: &str = concat!(
    include_str!("assets/common.css"),
    include_str!("assets/try.css")
);
const SCRIPT_SOURCE: &str = include_str!("assets/try.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
