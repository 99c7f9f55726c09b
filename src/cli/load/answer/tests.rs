//! What servers send, piece by piece.

use super::{Broken, Received, parse};

fn whole(text: &str) -> Result<Option<(u16, bool, String)>, Broken> {
    at_the_end(text, false)
}

fn at_the_end(text: &str, ended: bool) -> Result<Option<(u16, bool, String)>, Broken> {
    let mut body = Vec::new();
    let received = parse(text.as_bytes(), ended, &mut body)?;
    let text = String::from_utf8(body).unwrap();
    Ok(received.map(|Received { status, keeps }| (status, keeps, text)))
}

/// All that servers may frame a body with.
const ANSWERS: [(&str, u16, bool, &str); 6] = [
    (
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        200,
        true,
        "{}",
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
        200,
        true,
        "{}",
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", 204, true, ""),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
        404,
        true,
        "",
    ),
    (
        "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\n{}",
        200,
        false,
        "{}",
    ),
    (
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        200,
        false,
        "{}",
    ),
];

#[test]
fn an_answer_is_whole_at_its_last_byte_and_not_before() {
    for (text, status, keeps, body) in ANSWERS {
        let expected = (status, keeps, body.to_owned());
        assert_eq!(whole(text), Ok(Some(expected)), "{text:?}");
        for end in 0..text.len() {
            assert_eq!(whole(&text[..end]), Ok(None), "{:?}", &text[..end]);
        }
    }
}

#[test]
fn without_a_length_the_end_of_the_connection_is_the_end() {
    let text = "HTTP/1.1 200 OK\r\n\r\nall of it";
    assert_eq!(whole(text), Ok(None));
    let expected = (200, false, "all of it".to_owned());
    assert_eq!(at_the_end(text, true), Ok(Some(expected)));
}

#[test]
fn what_is_ambiguous_or_endless_is_refused() {
    for text in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{} and more",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n",
    ] {
        assert_eq!(whole(text), Err(Broken::NotHttp), "{text:?}");
    }
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
    ] {
        assert_eq!(whole(text), Err(Broken::TooLong), "{text:?}");
    }
}
