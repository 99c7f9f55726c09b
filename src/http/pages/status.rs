//! `GET /` (contract §2.10): for a person who has opened the server's address.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::{CSS, HTML, asset, page};
use crate::http::call::Call;
use crate::http::{Answer, Shared, only_get};

pub async fn status(call: &Call) -> Answer {
    only_get(call)?;
    if call.request.path() == "/status.css" {
        return Ok(asset(CSS, STYLE));
    }
    Ok(show(&call.shared).await)
}

async fn show(shared: &Shared) -> HttpResponse {
    let trouble = shared.registry.trouble().await;
    let state = if trouble.is_none() {
        "running"
    } else {
        "in trouble"
    };
    let mut response = page(HTML, POLICY, PAGE.replace("{{state}}", state));
    if trouble.is_some() {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    response
}

const PAGE: &str = include_str!("assets/status.html");
const STYLE: &str = concat!(
    include_str!("assets/common.css"),
    include_str!("assets/status.css")
);
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
