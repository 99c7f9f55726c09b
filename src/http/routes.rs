//! How a path answers its methods: those it has, 405 with `Allow` for the others, `HEAD` wherever there is `GET`.

use actix_web::http::Method as HttpMethod;
use actix_web::web;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard};

use super::error::Problem;
use super::extract::Tenant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A path with its routes.
pub fn resource<const N: usize>(path: &str, routes: [(Method, Route); N]) -> Resource {
    let (resource, allow) = routed(path, routes);
    resource.default_service(web::to(move || async move {
        Problem::method_not_allowed(allow)
    }))
}

/// A path below a tenant: any `OPTIONS` there is a preflight, before any key is asked for (contract §8.2).
pub fn tenant_resource<const N: usize>(path: &str, routes: [(Method, Route); N]) -> Resource {
    let (resource, allow) = routed(path, routes);
    resource.default_service(web::to(move |request: HttpRequest, _: Tenant| async move {
        preflight(&request).unwrap_or_else(|| Problem::method_not_allowed(allow).answer())
    }))
}

/// The answer to a preflight; the frame writes its headers.
pub fn preflight(request: &HttpRequest) -> Option<HttpResponse> {
    (request.method() == HttpMethod::OPTIONS).then(|| HttpResponse::NoContent().finish())
}

fn routed<const N: usize>(path: &str, routes: [(Method, Route); N]) -> (Resource, &'static str) {
    let allow: Vec<&str> = routes.iter().map(|(method, _)| method.allow()).collect();
    // Route tables are made once a worker, from constants.
    let allow = Box::leak(allow.join(", ").into_boxed_str());
    let resource = routes
        .into_iter()
        .fold(web::resource(path), |resource, (method, route)| {
            resource.route(method.guard(route))
        });
    (resource, allow)
}

impl Method {
    const fn allow(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn guard(self, route: Route) -> Route {
        match self {
            Self::Get => route.guard(guard::Any(guard::Get()).or(guard::Head())),
            Self::Post => route.method(HttpMethod::POST),
            Self::Put => route.method(HttpMethod::PUT),
            Self::Patch => route.method(HttpMethod::PATCH),
            Self::Delete => route.method(HttpMethod::DELETE),
        }
    }
}
