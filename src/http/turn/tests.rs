//! Two connections of one task, which takes their turns one after the other.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use actix_http::{HttpService, Request, Response};
use actix_web::dev::{Service, ServiceFactory, fn_service};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{after_the_others, second_look};

type Told = Rc<RefCell<Vec<&'static str>>>;

async fn handle(told: Told, mut request: Request) -> Result<Response<&'static str>, Infallible> {
    let mut payload = request.take_payload();
    second_look(&payload).await;
    while payload.next().await.is_some() {}
    told.borrow_mut().push("handled");
    after_the_others().await;
    told.borrow_mut().push("answered");
    Ok(Response::ok().set_body("ok"))
}

/// What two connections do that have the same request at the same time.
async fn two(request: &'static [u8]) -> Vec<&'static str> {
    let told = Told::default();
    let kept = Rc::clone(&told);
    let service = fn_service(move |request| handle(Rc::clone(&kept), request));
    let factory = HttpService::<DuplexStream, _, _>::build().h1(service);
    let service = factory.new_service(()).await.expect("it starts");
    let connect = async || {
        let (mut client, server) = duplex(4096);
        client.write_all(request).await.expect("there is room");
        (client, service.call((server, None)))
    };
    let ((mut one, serving_one), (mut two, serving_two)) = (connect().await, connect().await);
    let clients = async move {
        let mut answer = [0; 15];
        one.read_exact(&mut answer).await.expect("it is answered");
        two.read_exact(&mut answer).await.expect("it is answered");
    };
    let served = pin!(async { tokio::join!(serving_one, serving_two) });
    let are_answered = matches!(select(pin!(clients), served).await, Either::Left(_));
    assert!(are_answered, "a connection has ended");
    told.take()
}

const TOGETHER: [&str; 4] = ["handled", "handled", "answered", "answered"];

#[actix::test]
async fn requests_without_a_body_are_answered_together() {
    assert_eq!(two(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await, TOGETHER);
}

#[actix::test]
async fn requests_with_a_body_are_answered_together() {
    let request = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}";
    assert_eq!(two(request).await, TOGETHER);
}
