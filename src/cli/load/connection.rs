//! One kept-alive connection: a request goes out in one write, and its answer is read whole before the next. A connection
//! that broke is made anew with the next request; no request is ever sent twice.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::answer::{ANSWER_BYTES_MAX, Broken, Received, parse};

pub(super) struct Connection {
    address: SocketAddr,
    patience: Duration,
    stream: Option<TcpStream>,
    read: Vec<u8>,
    body: Vec<u8>,
}

pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) fn new(address: SocketAddr, patience: Duration) -> Self {
        Self {
            address,
            patience,
            stream: None,
            read: Vec::with_capacity(READ_BYTES),
            body: Vec::new(),
        }
    }

    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>, Broken> {
        let received = timeout(self.patience, self.try_exchange(request)).await;
        let received = received.unwrap_or(Err(Broken::TimedOut));
        if !received.as_ref().is_ok_and(|received| received.keeps) {
            self.stream = None;
        }
        Ok(Answer {
            status: received?.status,
            body: &self.body,
        })
    }

    async fn try_exchange(&mut self, request: &[u8]) -> Result<Received, Broken> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(connect(self.address).await?),
        };
        stream.write_all(request).await.map_err(broken)?;
        self.read.clear();
        loop {
            if self.read.len() > ANSWER_BYTES_MAX {
                return Err(Broken::TooLong);
            }
            self.read.reserve(READ_BYTES / 4);
            let came = stream.read_buf(&mut self.read).await.map_err(broken)?;
            let ended = came == 0;
            match parse(&self.read, ended, &mut self.body)? {
                Some(received) => return Ok(received),
                None if ended => return Err(Broken::Closed),
                None => {}
            }
        }
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Broken> {
    let stream = TcpStream::connect(address).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    Ok(stream)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn broken(error: std::io::Error) -> Broken {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list of the standard library has no end"
    )]
    match error.kind() {
        ErrorKind::ConnectionRefused => Broken::Refused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Broken::Closed
        }
        _ => Broken::Failed,
    }
}

const READ_BYTES: usize = 16 * 1024;
