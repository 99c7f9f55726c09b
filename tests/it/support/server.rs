//! The server as a child process with a directory and ports of its own. It never outlives its test.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Client, Tenant, config};

pub(crate) struct TestServer {
    child: Child,
    pub(crate) public: String,
    pub(crate) admin: String,
    directory: TempDir,
    settings: Vec<(String, String)>,
    log: Log,
}

type Log = Arc<Mutex<String>>;

#[derive(Debug, thiserror::Error)]
enum NotReady {
    #[error("and is still about to after {:?}", DEADLINE)]
    TooSlow,
    #[error("it ended")]
    Ended,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With a settings file, and variables that are no settings.
    pub(crate) fn declaring(file: &str, variables: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("keywright.toml");
        std::fs::write(&path, file).unwrap();
        let mut settings = owned(variables);
        settings.push((FILE.to_owned(), path.to_str().unwrap().to_owned()));
        Self::start_in(directory, settings)
    }

    /// What the settings file says from the next start on.
    pub(crate) fn declare(&self, file: &str) {
        std::fs::write(self.directory.path().join("keywright.toml"), file).unwrap();
    }

    /// With settings like `("LIMITS__REQUESTS", "1")`.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().unwrap(), owned(settings))
    }

    fn start_in(directory: TempDir, settings: Vec<(String, String)>) -> Self {
        let log = Log::default();
        let mut child = spawn(directory.path(), &settings);
        let (public, admin) = ready(&mut child, &log).unwrap_or_else(|error| {
            panic!(
                "the server did not start, {error}:\n{}",
                log.lock().unwrap()
            )
        });
        Self {
            child,
            public,
            admin,
            directory,
            settings,
            log,
        }
    }

    /// For the next start.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(other, _)| other != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// A clean stop and a new start on the same directory.
    pub(crate) fn restart(&mut self) {
        let status = self.stop();
        assert!(status.success(), "{status}\n{}", self.log());
        self.start_again();
    }

    /// As if the machine had lost its power, except that the disk has what it was given.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.start_again();
    }

    /// Asks it to stop, and does not wait.
    pub(crate) fn terminate(&self) {
        let killed = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.wait()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A second server on the same directory; it is expected not to start. Its exit code and what it said.
    pub(crate) fn start_second(&self) -> (Option<i32>, String) {
        refused(self.directory.path(), &self.settings)
    }

    /// With settings that it must not start with. Its exit code and what it said.
    pub(crate) fn refusing(settings: &[(&str, &str)]) -> (Option<i32>, String) {
        let directory = TempDir::new().unwrap();
        refused(directory.path(), &owned(settings))
    }

    /// With a settings file that it must not start with.
    pub(crate) fn refusing_file(file: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("keywright.toml");
        std::fs::write(&path, file).unwrap();
        let mut settings = owned(variables);
        settings.push((FILE.to_owned(), path.to_str().unwrap().to_owned()));
        refused(directory.path(), &settings)
    }

    /// All that it has written to stderr.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The lines of its log that are about requests, oldest first.
    pub(crate) fn request_lines(&self) -> Vec<Value> {
        let log = self.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["request_id"].is_string() && line["status"].is_u64())
            .collect()
    }

    /// Waits for the line of a request: it comes after the answer.
    pub(crate) async fn until_logged(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(line) = self.request_lines().into_iter().find(&is_it) {
                return line;
            }
            assert!(Instant::now() < deadline, "never logged:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for a text in its log.
    pub(crate) async fn until_said(&self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "never said:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// While it is held, nobody reads the server's stderr.
    pub(crate) fn hold_log(&self) -> MutexGuard<'_, String> {
        self.log.lock().unwrap()
    }

    /// All that it has written to stdout.
    pub(crate) fn stdout(&self) -> String {
        std::fs::read_to_string(self.directory().join(STDOUT)).unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    /// The value of a metric without labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let text = self.admin().get("/metrics").await.text;
        let value = text.lines().find_map(|line| {
            line.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(' '))
        });
        value.unwrap().parse().unwrap()
    }

    /// Waits until a metric is what it should be.
    pub(crate) async fn until_metric(&self, name: &str, is_reached: impl Fn(f64) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_reached(self.metric(name).await) {
            assert!(Instant::now() < deadline, "{name} never came to it");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.public)
    }

    pub(crate) fn admin(&self) -> Client {
        Client::new(&self.admin)
    }

    /// The admin API, with the token of the settings.
    pub(crate) fn operator(&self) -> Client {
        let mut settings = self.settings.iter();
        match settings.find(|(key, _)| key == "SERVER__ADMIN_TOKEN") {
            Some((_, token)) => self.admin().with_bearer(token),
            None => self.admin(),
        }
    }

    /// A tenant as most tests want it, with an API key.
    pub(crate) async fn tenant(&self) -> Tenant {
        self.tenant_with(config()).await
    }

    pub(crate) async fn tenant_with(&self, config: Value) -> Tenant {
        let body = json!({"display_name": "Golden RP", "config": config, "create_api_key": true});
        let created = self.operator().post("/tenants", &body).await.expect(201);
        Tenant {
            client: self.client(),
            id: created["id"].as_str().unwrap().to_owned(),
            key: created["api_key"]["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// After [`TestServer::stop`].
    pub(crate) fn start_stopped(&mut self) {
        self.start_again();
    }

    fn start_again(&mut self) {
        let mut child = spawn(self.directory.path(), &self.settings);
        let addresses = ready(&mut child, &self.log);
        self.child = child;
        (self.public, self.admin) =
            addresses.unwrap_or_else(|error| panic!("no new start, {error}:\n{}", self.log()));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    settings.iter().map(owned).collect()
}

/// `$FILE` is the settings file, `$DEV` a look around, `$NAME` any other variable, all else a setting.
fn spawn(directory: &Path, settings: &[(String, String)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
    command
        .arg("serve")
        .current_dir(directory)
        .env_clear()
        .env("KEYWRIGHT__SERVER__PUBLIC_ADDRESS", "127.0.0.1:0")
        .env("KEYWRIGHT__SERVER__ADMIN_ADDRESS", "127.0.0.1:0")
        .env("KEYWRIGHT__SERVER__WORKERS", "2")
        .env("KEYWRIGHT__STORE__DIRECTORY", directory.join("store"))
        .env("KEYWRIGHT__SECRETS__KEYS", STORE_KEY)
        .env("KEYWRIGHT__SNAPSHOTS__EVERY", "0s")
        .env("KEYWRIGHT__LOG__FORMAT", "json");
    for (key, value) in settings {
        match key.strip_prefix('$') {
            Some("FILE") => command.args(["--config", value]),
            Some("DEV") => command.arg("--dev"),
            Some(variable) => command.env(variable, value),
            None => command.env(format!("KEYWRIGHT__{key}"), value),
        };
    }
    command
        .stdin(Stdio::null())
        .stdout(stdout(directory))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A file that a later start goes on with.
fn stdout(directory: &Path) -> File {
    let mut options = File::options();
    let file = options.create(true).append(true);
    file.open(directory.join(STDOUT)).unwrap()
}

fn refused(directory: &Path, settings: &[(String, String)]) -> (Option<i32>, String) {
    let mut child = spawn(directory, settings);
    let log = Log::default();
    let started = ready(&mut child, &log);
    if started.is_ok() {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let said = log.lock().unwrap().clone();
    assert!(started.is_err(), "it started:\n{said}");
    (status.code(), said)
}

/// The addresses of both listeners, from the line that says so; or how the process came to nothing.
fn ready(child: &mut Child, log: &Log) -> Result<(String, String), NotReady> {
    let (sender, receiver) = mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            {
                let mut log = log.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
            if event["message"] == "keywright is ready" {
                let address = |name: &str| event[name].as_str().unwrap().to_owned();
                drop(sender.send((address("public"), address("admin"))));
            }
        }
    });
    receiver
        .recv_timeout(DEADLINE)
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => NotReady::TooSlow,
            RecvTimeoutError::Disconnected => NotReady::Ended,
        })
}

const FILE: &str = "$FILE";

/// Seals the stores of all tests; one of them looks for it where it must not be.
pub(crate) const STORE_KEY: &str = "a store key that no log ever shows";

const STDOUT: &str = "stdout";

/// Generous: other tests want the processor too, and on a busy disk each of the dozen syncs of a first start may take seconds.
const DEADLINE: Duration = Duration::from_mins(3);
