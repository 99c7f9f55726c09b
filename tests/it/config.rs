//! The settings of the server: what the environment may say, and what stops a start.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output, Stdio};

fn check(variables: &[(&str, &str)], more: &[(&str, &[u8])]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
    command.env_clear().arg("check-config");
    for (name, value) in variables {
        command.env(format!("KEYWRIGHT__{name}"), value);
    }
    for (name, value) in more {
        command.env(format!("KEYWRIGHT__{name}"), OsStr::from_bytes(value));
    }
    command.output().unwrap()
}

#[test]
fn every_kind_of_value_can_come_from_the_environment() {
    let good = check(
        &[
            (
                "SECRETS__KEYS",
                "the first of two keys, the second of two keys",
            ),
            ("SERVER__PUBLIC_ADDRESS", "[::1]:9000"),
            ("SERVER__ADMIN_TOKEN", "sixteen characters"),
            ("SERVER__WORKERS", "7"),
            ("SERVER__TRY_PAGE", "true"),
            ("STORE__CHECKPOINT_EVERY", "1m 30s"),
            ("SNAPSHOTS__KEEP_DAILY", "0"),
            ("SNAPSHOTS__DIRECTORY", "elsewhere"),
            ("LIMITS__BODY", "2 MiB"),
            ("LIMITS__RATE_LIMITS", "false"),
            ("LOG__FORMAT", "json"),
        ],
        &[],
    );
    assert!(good.status.success(), "{good:?}");
    let shown = String::from_utf8(good.stdout).unwrap();
    for expected in [
        "port: 9000",
        "workers: 7",
        "try_page: true",
        "checkpoint_every: 90s",
        "keep_daily: 0",
        "elsewhere",
        "body: 2097152",
        "rate_limits: false",
        "format: Json",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert_eq!(shown.matches("Secret(…)").count(), 3, "{shown}");
}

#[test]
fn a_bad_setting_stops_the_start_and_is_named() {
    let cases = [
        ("NOBODY", "1", "unknown field `nobody`"),
        ("SERVER__NOBODY", "1", "unknown field `nobody`"),
        ("SERVER__NOBODY", "1", "for key `server`"),
        ("SERVER__WORKERS", "many", "server.workers"),
        ("SERVER__WORKERS", "257", "server.workers"),
        ("SERVER__WORKERS", "-1", "server.workers"),
        ("SERVER__TRY_PAGE", "perhaps", "server.try_page"),
        (
            "SERVER__PUBLIC_ADDRESS",
            "8000",
            "like 127.0.0.1:8000 or :8000",
        ),
        ("SERVER__ADMIN_TOKEN", "", "at least 16 are needed"),
        ("STORE__DIRECTORY", "", "store.directory"),
        ("SNAPSHOTS__DIRECTORY", "", "snapshots.directory"),
        ("SNAPSHOTS__EVERY", "soon", "like 10m or 1h 30m"),
        ("LIMITS__BODY", "big", "like 64 KiB or 1 MiB"),
        ("LIMITS__CHALLENGES", "0", "limits.challenges"),
        (
            "LOG__LEVEL",
            "loud",
            "none of error, warn, info, debug, trace",
        ),
        ("TENANTS", "shop", "tenants"),
    ];
    for (name, value, expected) in cases {
        let refused = check(
            &[("SECRETS__KEYS", "a key of the store"), (name, value)],
            &[],
        );
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(expected), "{name}: {said}");
    }
}

#[test]
fn what_may_be_a_secret_is_not_repeated() {
    let secret = "thesecretofthestore";
    for (name, value) in [
        ("SECRETS", secret.as_bytes()),
        ("SECRETS__KEYS", b"thesecretofthestore\xff"),
        ("SERVER__ADMIN_TOKEN", b" thesecretofthestore"),
    ] {
        let refused = check(&[], &[(name, value)]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name}: {said}");
        assert!(!said.contains(secret), "{name}: {said}");
    }
}

#[test]
fn text_that_no_terminal_shows_has_no_colours() {
    let directory = tempfile::TempDir::new().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_keywright"))
        .env_clear()
        .arg("serve")
        .env("KEYWRIGHT__SERVER__PUBLIC_ADDRESS", "127.0.0.1:0")
        .env("KEYWRIGHT__SERVER__ADMIN_ADDRESS", "127.0.0.1:0")
        .env("KEYWRIGHT__STORE__DIRECTORY", directory.path())
        .env("KEYWRIGHT__SECRETS__KEYS", "a secret for this test")
        .env("KEYWRIGHT__LOG__FORMAT", "text")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let ready = lines.find(|line| line.contains("keywright is ready"));
    server.kill().unwrap();
    server.wait().unwrap();
    let ready = ready.expect("it started");
    assert!(!ready.contains('\u{1b}'), "{ready}");
}

#[test]
fn nobody_who_reads_is_no_error() {
    let gone = || Stdio::from(std::io::pipe().unwrap().1);
    let ended = |variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keywright"));
        command.env_clear().arg("check-config");
        command.envs(variables.iter().copied());
        let status = command.stdout(gone()).stderr(gone()).status();
        status.unwrap().code()
    };
    let key = [("KEYWRIGHT__SECRETS__KEYS", "sixteen characters or more")];
    assert_eq!(ended(&key), Some(0));
    assert_eq!(
        ended(&[]),
        Some(2),
        "what is wrong cannot be told, but is no less wrong"
    );
}
