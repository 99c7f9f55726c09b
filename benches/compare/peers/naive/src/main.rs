//! What one writes in an afternoon: actix-web, webauthn-rs, a map behind a mutex. No tenants, no keys, nothing expires.
//! naive PORT WORKERS

use std::collections::HashMap;
use std::sync::Mutex;

use actix_web::{App, HttpResponse, HttpServer, error, web};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{PasskeyRegistration, Webauthn, WebauthnBuilder};

struct Server {
    webauthn: Webauthn,
    pending: Mutex<HashMap<String, PasskeyRegistration>>,
}

#[derive(Deserialize)]
struct Body {
    user_id: String,
    username: String,
    display_name: String,
}

async fn initialize(
    server: web::Data<Server>,
    body: web::Json<Body>,
) -> Result<HttpResponse, error::Error> {
    let Body {
        user_id,
        username,
        display_name,
    } = body.into_inner();
    let begun =
        server
            .webauthn
            .start_passkey_registration(Uuid::new_v4(), &username, &display_name, None);
    let (options, pending) = begun.map_err(error::ErrorInternalServerError)?;
    let mut all = server.pending.lock().expect("nobody panics here");
    all.insert(user_id, pending);
    drop(all);
    Ok(HttpResponse::Ok().json(options))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |index: usize| arguments[index].parse::<u16>().expect("a number");
    let (port, workers) = (number(1), number(2));
    let origin = Url::parse("https://load.example").expect("a URL");
    let builder = WebauthnBuilder::new("load.example", &origin).expect("they match");
    let server = web::Data::new(Server {
        webauthn: builder.build().expect("all is given"),
        pending: Mutex::default(),
    });
    let server = HttpServer::new(move || {
        let route = web::post().to(initialize);
        let app = App::new().app_data(server.clone());
        app.route("/{tenant}/registration/initialize", route)
    });
    server
        .workers(usize::from(workers))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
