//! Reading HTTP/1.1 answers. The bytes come from a stranger: every length is bounded, and what is ambiguous is refused.
//! Nothing here waits or reads; who does gives all that has come so far.

use httparse::{EMPTY_HEADER, Header, Response, Status, parse_chunk_size};
use thiserror::Error;

/// An answer that has come whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) status: u16,
    /// Whether the connection may carry another request.
    pub(super) keeps: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Broken {
    #[error("connection refused")]
    Refused,
    #[error("connection closed")]
    Closed,
    #[error("connection failed")]
    Failed,
    #[error("timed out")]
    TimedOut,
    #[error("not HTTP")]
    NotHttp,
    #[error("too long")]
    TooLong,
}

/// How the end of a body is known.
enum Framing {
    Length(usize),
    Chunks,
    Close,
}

/// `None`: more must come. `ended` says that nothing will. The body is put into `body`.
pub(super) fn parse(
    mut bytes: &[u8],
    ended: bool,
    body: &mut Vec<u8>,
) -> Result<Option<Received>, Broken> {
    loop {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = Response::new(&mut headers);
        let Status::Complete(head) = response.parse(bytes).map_err(|_| Broken::NotHttp)? else {
            return Ok(None);
        };
        bytes = &bytes[head..];
        let status = response.code.ok_or(Broken::NotHttp)?;
        // Interim answers announce a final one.
        if (100..200).contains(&status) {
            continue;
        }
        let framing = framing(status, response.headers)?;
        let keeps = keeps(&response) && !matches!(framing, Framing::Close);
        let is_whole = read_body(bytes, &framing, ended, body)?;
        return Ok(is_whole.then_some(Received { status, keeps }));
    }
}

fn framing(status: u16, headers: &[Header<'_>]) -> Result<Framing, Broken> {
    if matches!(status, 204 | 304) {
        return Ok(Framing::Length(0));
    }
    let mut lengths = values(headers, "content-length");
    let first = lengths.next();
    let mut encodings = values(headers, "transfer-encoding");
    match (first, encodings.next()) {
        (None, None) => Ok(Framing::Close),
        (None, Some(encoding)) if encoding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunks),
        (Some(length), None) if lengths.all(|other| other == length) => {
            let text = str::from_utf8(length).map_err(|_| Broken::NotHttp)?;
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let length = text.parse().ok().filter(|_| is_number);
            Ok(Framing::Length(length.ok_or(Broken::NotHttp)?))
        }
        _ => Err(Broken::NotHttp),
    }
}

fn values<'a>(headers: &'a [Header<'_>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value.trim_ascii())
}

fn keeps(response: &Response<'_, '_>) -> bool {
    let says = |word: &[u8]| {
        values(response.headers, "connection").any(|value| value.eq_ignore_ascii_case(word))
    };
    if response.version == Some(1) {
        !says(b"close")
    } else {
        says(b"keep-alive")
    }
}

/// Whether it is all there.
fn read_body(
    bytes: &[u8],
    framing: &Framing,
    ended: bool,
    body: &mut Vec<u8>,
) -> Result<bool, Broken> {
    body.clear();
    match framing {
        Framing::Length(length) if *length > ANSWER_BYTES_MAX => Err(Broken::TooLong),
        // Nobody asked for what follows.
        Framing::Length(length) if bytes.len() > *length => Err(Broken::NotHttp),
        Framing::Length(length) => {
            body.extend_from_slice(bytes);
            Ok(bytes.len() == *length)
        }
        Framing::Chunks => read_chunks(bytes, body),
        Framing::Close => {
            body.extend_from_slice(bytes);
            Ok(ended)
        }
    }
}

fn read_chunks(mut bytes: &[u8], body: &mut Vec<u8>) -> Result<bool, Broken> {
    loop {
        let Status::Complete((head, length)) =
            parse_chunk_size(bytes).map_err(|_| Broken::NotHttp)?
        else {
            return Ok(false);
        };
        let length = usize::try_from(length).map_err(|_| Broken::TooLong)?;
        if length == 0 {
            return ends(&bytes[head..]);
        }
        if length > ANSWER_BYTES_MAX {
            return Err(Broken::TooLong);
        }
        let Some((chunk, rest)) = bytes[head..].split_at_checked(length + 2) else {
            return Ok(false);
        };
        body.extend_from_slice(chunk.strip_suffix(b"\r\n").ok_or(Broken::NotHttp)?);
        bytes = rest;
    }
}

/// The trailers, if any, and the empty line behind them.
fn ends(bytes: &[u8]) -> Result<bool, Broken> {
    let mut trailers = [EMPTY_HEADER; HEADERS_MAX];
    match httparse::parse_headers(bytes, &mut trailers) {
        Ok(Status::Complete((end, _))) if end == bytes.len() => Ok(true),
        Ok(Status::Partial) => Ok(false),
        Ok(Status::Complete(_)) | Err(_) => Err(Broken::NotHttp),
    }
}

const HEADERS_MAX: usize = 64;

/// Head and body. A list of a thousand credentials is half of it.
pub(super) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests;
