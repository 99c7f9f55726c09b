//! The page at `/try` and its own routes, for the demo tenant only: a person's first passkey, with no API key in the
//! browser. Where an API key would vouch for a user, the token of the user's own last ceremony does.

use actix_web::dev::Payload;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource};
use serde::Deserialize;
use std::pin::Pin;

use super::{CSS, HTML, SCRIPT, asset, page};
use crate::actor::handle::Lease;
use crate::http::admin::bearer;
use crate::http::answer::{json, private};
use crate::http::body::Body;
use crate::http::ceremony;
use crate::http::error::Problem;
use crate::http::extract::Tenant;
use crate::http::passkey::credentials::{self, CredentialBody};
use crate::http::passkey::{self, login, registration, texts};
use crate::http::routes::{Method, resource};
use crate::http::validation::Validation;
use crate::http::{Shared, Worker};
use crate::tenant::challenge::{Access, Factor};
use crate::tenant::ids::UserId;
use crate::tenant::registration::InitializeRegistration;
use crate::tenant::user::Profile;

pub fn try_page(config: &mut ServiceConfig) {
    config
        .service(get("/try", || page(HTML, POLICY, PAGE)))
        .service(get("/try/try.css", || asset(CSS, STYLE)))
        .service(get("/try/try.js", || asset(SCRIPT, SCRIPT_SOURCE)));
    let post = |path, route| resource(path, [(Method::Post, route)]);
    config
        .service(post(
            "/try/registration/initialize",
            web::to(begin_registration),
        ))
        .service(post(
            "/try/registration/finalize",
            web::to(finish_registration),
        ))
        .service(post("/try/login/initialize", web::to(begin_login)))
        .service(post("/try/login/finalize", web::to(finish_login)))
        .service(resource("/try/credentials", [(Method::Get, web::to(list))]))
        .service(resource(
            "/try/credentials/{id}",
            [(Method::Delete, web::to(remove))],
        ));
}

fn get(path: &str, answer: fn() -> HttpResponse) -> Resource {
    resource(
        path,
        [(Method::Get, web::to(move || async move { answer() }))],
    )
}

#[derive(Debug, Default, Deserialize)]
struct BeginBody {
    username: Option<String>,
}

/// A stranger gets a new user; whoever is signed in gets another passkey.
async fn begin_registration(
    request: HttpRequest,
    demo: Demo,
    body: Body,
    worker: Data<Worker>,
) -> Result<HttpResponse, Problem> {
    let body: BeginBody = body.json(texts::BIND)?;
    let user = match bearer(&request) {
        Some(token) => known(&demo.0, &signed_in(&demo.0, token)?)?,
        None => new_user(&demo.0, body)?,
    };
    let initialize = InitializeRegistration {
        user,
        factor: Factor::Passkey,
        access: Access::Unkeyed,
    };
    Ok(passkey::options(demo.0.begin(worker.0, initialize).await?))
}

async fn finish_registration(demo: Demo, body: Body) -> Result<HttpResponse, Problem> {
    let registered = ceremony::registration::finalize(&demo.0, Factor::Passkey, &body.bytes).await;
    let proof = registration::proof(registered.map_err(texts::registration)?);
    Ok(passkey::token(&ceremony::token(&demo.0, &proof).await?))
}

async fn begin_login(demo: Demo, worker: Data<Worker>) -> Result<HttpResponse, Problem> {
    Ok(passkey::options(
        demo.0.begin(worker.0, login::discoverable()).await?,
    ))
}

async fn finish_login(demo: Demo, body: Body) -> Result<HttpResponse, Problem> {
    let logged_in = ceremony::login::finalize(&demo.0, Factor::Passkey, &body.bytes).await;
    let proof = login::proof(logged_in.map_err(texts::login)?);
    Ok(passkey::token(&ceremony::token(&demo.0, &proof).await?))
}

async fn list(request: HttpRequest, demo: Demo) -> Result<HttpResponse, Problem> {
    let user = signed_in(&demo.0, bearer(&request).unwrap_or_default())?;
    let bodies: Vec<CredentialBody> = demo
        .0
        .read()
        .credentials_of(&user)
        .map(CredentialBody::from)
        .collect();
    Ok(json(private(HttpResponse::Ok()), &bodies))
}

async fn remove(
    request: HttpRequest,
    demo: Demo,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let user = signed_in(&demo.0, bearer(&request).unwrap_or_default())?;
    credentials::remove(&demo.0, &id, Some(user)).await
}

/// The demo tenant, for one request.
struct Demo(Tenant);

impl FromRequest for Demo {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let shared = Shared::of(&request);
            let id = shared.demo.ok_or_else(|| Problem::not_found("Not Found"))?;
            let lease = shared.registry.lease(id).await?;
            Ok(Self(Tenant::of(&request, lease)))
        })
    }
}

/// Whose token it is, while it lasts.
fn signed_in(demo: &Lease, token: &str) -> Result<UserId, Problem> {
    let state = demo.read();
    let now = demo.registry().source.env().now;
    let claims = crate::tenant::token::verify(&state, token, now);
    let user = claims.and_then(|claims| UserId::parse(&claims.sub));
    user.ok_or_else(|| {
        Problem::unauthorized("Unauthorized", "the token is no longer good, sign in again")
    })
}

fn known(demo: &Lease, user: &UserId) -> Result<Profile, Problem> {
    let state = demo.read();
    let account = state.users.get(user);
    let profile = account.map(|account| account.user.profile.clone());
    profile.ok_or_else(|| {
        Problem::unauthorized("Unauthorized", "this user is gone, create a passkey again")
    })
}

fn new_user(demo: &Lease, body: BeginBody) -> Result<Profile, Problem> {
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
    })
}

const NAME_LENGTH_MAX: usize = 64;

const PAGE: &str = include_str!("assets/try.html");
const STYLE: &str = include_str!("assets/try.css");
const SCRIPT_SOURCE: &str = include_str!("assets/try.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
