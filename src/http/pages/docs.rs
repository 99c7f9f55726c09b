//! `GET /docs`: the description of the API, for people. The page reads `/openapi.json` of its own listener.

use super::{CSS, HTML, SCRIPT, asset, page};
use crate::http::call::Call;
use crate::http::{Answer, only_get};

pub fn docs(call: &Call) -> Answer {
    only_get(call)?;
    Ok(match call.request.path() {
        "/docs.css" => asset(CSS, STYLE),
        "/docs.js" => asset(SCRIPT, SCRIPT_SOURCE),
        _ => page(HTML, POLICY, PAGE),
    })
}

const PAGE: &str = include_str!("assets/docs.html");
const STYLE: &str = concat!(
    include_str!("assets/common.css"),
    include_str!("assets/docs.css")
);
const SCRIPT_SOURCE: &str = include_str!("assets/docs.js");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
