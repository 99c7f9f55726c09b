//! The tenant's CORS rules as headers (contract §8.2). Whether an origin is allowed is the domain's to say.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap, HeaderValue, VARY,
};

use crate::tenant::cors::AllowOrigin;
use crate::tenant::settings::Cors;

/// What is added to an answer.
pub struct Answer {
    origin: Option<HeaderValue>,
    preflight: Preflight,
    /// The headers that pages may read.
    exposed: Option<&'static str>,
}

enum Preflight {
    No,
    Yes { headers: Option<HeaderValue> },
}

impl Answer {
    /// `preflight`: the headers of the request, where it is one.
    pub fn to(origin: &HeaderValue, rules: &Cors, preflight: Option<&HeaderMap>) -> Self {
        let allowed = origin.to_str().ok().and_then(|text| rules.allow(text));
        Self {
            origin: allowed.map(|allow| match allow {
                AllowOrigin::Echo => origin.clone(),
                AllowOrigin::Star => HeaderValue::from_static("*"),
            }),
            preflight: preflight.map_or(Preflight::No, |headers| Preflight::Yes {
                headers: headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
            }),
            exposed: None,
        }
    }

    #[must_use]
    pub const fn exposing(mut self, names: &'static str) -> Self {
        self.exposed = Some(names);
        self
    }

    pub fn write(self, headers: &mut HeaderMap) {
        let Some(origin) = self.origin else {
            return;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        match (self.preflight, self.exposed) {
            (Preflight::Yes { headers: requested }, _) => write_preflight(headers, requested),
            (Preflight::No, Some(exposed)) => {
                headers.insert(
                    ACCESS_CONTROL_EXPOSE_HEADERS,
                    HeaderValue::from_static(exposed),
                );
            }
            (Preflight::No, None) => {}
        }
    }
}

fn write_preflight(headers: &mut HeaderMap, requested: Option<HeaderValue>) {
    headers.append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Method"),
    );
    headers.append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Headers"),
    );
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    if let Some(requested) = requested {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested);
    }
}
