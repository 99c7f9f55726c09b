//! The server as a process of its own, asked as a client asks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keywright::telemetry::worker::Timer;
use uuid::Uuid;

use crate::seed::KEY;

pub(crate) struct Server {
    process: Child,
    /// From the start of the process to its first answer that it is ready.
    pub(crate) ready_ms: f64,
}

impl Server {
    pub(crate) fn start(directory: &Path) -> Self {
        let timer = Timer::start();
        let process = Command::new(binary())
            .arg("serve")
            .env("KEYWRIGHT__SECRETS__KEYS", KEY)
            .env("KEYWRIGHT__STORE__DIRECTORY", directory)
            .env("KEYWRIGHT__SERVER__PUBLIC_ADDRESS", PUBLIC)
            .env("KEYWRIGHT__SERVER__ADMIN_ADDRESS", ADMIN)
            .env("KEYWRIGHT__SERVER__WORKERS", "2")
            .env("KEYWRIGHT__SNAPSHOTS__EVERY", "0s")
            .env("KEYWRIGHT__LOG__LEVEL", "warn")
            .spawn()
            .expect("it was just built");
        while !answer("/health/ready").is_some_and(|answer| answer.contains(" 200 ")) {
            std::thread::sleep(Duration::from_micros(200));
        }
        let ready_ms = timer.elapsed().as_secs_f64() * 1_000.0;
        Self { process, ready_ms }
    }

    /// Has it read back.
    pub(crate) fn touch(&self, tenant: Uuid) {
        let answer = answer(&format!("/{tenant}/credentials")).expect("the server is ready");
        assert!(answer.contains(" 401 "), "{answer}");
    }

    /// New tenants, their users, and all that these do.
    pub(crate) fn load(&self, tenants: u32) {
        let tenants = tenants.to_string();
        let loaded = Command::new(binary())
            .args(["load", "--url", &format!("http://{PUBLIC}")])
            .args(["--admin-url", &format!("http://{ADMIN}")])
            .args(["--tenants", &tenants, "--users", "2", "--duration", "30s"])
            .args(["--tokens", "ES256"])
            .stdout(Stdio::null())
            .status();
        assert!(loaded.is_ok_and(|status| status.success()));
    }

    /// In bytes.
    pub(crate) fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("the process is there");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        let kib: Option<f64> = kib.and_then(|kib| kib.parse().ok());
        kib.expect("Linux tells") * 1_024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn answer(path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(PUBLIC).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {PUBLIC}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// That of the same build, or any other: one from before a change.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench is its own composition root"
)]
fn binary() -> String {
    std::env::var("KEYWRIGHT_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_keywright").to_owned())
}

const PUBLIC: &str = "127.0.0.1:23711";
const ADMIN: &str = "127.0.0.1:23712";
