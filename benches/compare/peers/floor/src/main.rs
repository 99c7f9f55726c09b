//! The floor: what an answer of these bytes costs with actix-web alone. The body is read and nobody looks at it.
//! floor PORT WORKERS FILE

use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |index: usize| arguments[index].parse::<u16>().expect("a number");
    let (port, workers) = (number(1), number(2));
    let answer: &'static str = std::fs::read_to_string(&arguments[3])?.leak();
    let server = HttpServer::new(move || {
        let handler = move |_: web::Bytes| async move {
            HttpResponse::Ok()
                .content_type("application/json")
                .body(answer)
        };
        App::new().default_service(web::to(handler))
    });
    server
        .workers(usize::from(workers))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
