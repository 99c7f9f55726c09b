//! The budgets of memory and of the start, by the resident memory of a real server (Linux): an idle one, one with a million
//! credentials of ten tenants, one whose store has 100,000 tenants of which 1,000 are at work. Exits with 1 where one is missed.
//! `cargo bench --bench memory`, or `-- idle`, `-- credentials`, `-- tenants`; it takes minutes and 3 GB of disk.

mod seed;
mod server;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use server::Server;
use tempfile::TempDir;

fn main() -> ExitCode {
    let parts = [
        ("idle", idle as fn() -> Vec<Figure>),
        ("credentials", credentials),
        ("tenants", tenants),
    ];
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_asked_for = |name: &str| {
        let mut names = named
            .iter()
            .filter(|name| !name.starts_with('-'))
            .peekable();
        names.peek().is_none() || names.any(|other| other == name)
    };
    let asked_for = parts.iter().filter(|(name, _)| is_asked_for(name));
    let missed = asked_for
        .flat_map(|(_, measure)| measure())
        .filter(|figure| !figure.is_met())
        .count();
    ExitCode::from(u8::from(missed > 0))
}

/// A number, and the most that it may be.
struct Figure {
    name: &'static str,
    value: f64,
    most: f64,
    unit: &'static str,
}

impl Figure {
    fn is_met(&self) -> bool {
        let is_met = self.value <= self.most;
        let verdict = if is_met { "met" } else { "MISSED" };
        let Self {
            name,
            value,
            most,
            unit,
        } = self;
        say(&format!(
            "{name}: {value:.1} {unit} of at most {most:.0} {unit}: {verdict}"
        ));
        is_met
    }
}

fn idle() -> Vec<Figure> {
    let directory = directory();
    let starts = (0..STARTS).map(|_| Server::start(directory.path()).ready_ms);
    let mut starts: Vec<f64> = starts.collect();
    starts.sort_by(f64::total_cmp);
    vec![
        Figure {
            name: "cold start to ready, the median of some",
            value: starts[STARTS / 2],
            most: 30.0,
            unit: "ms",
        },
        Figure {
            name: "resident memory of an idle server",
            value: mib(idle_bytes()),
            most: 15.0,
            unit: "MiB",
        },
    ]
}

fn idle_bytes() -> f64 {
    let directory = directory();
    let server = Server::start(directory.path());
    std::thread::sleep(SETTLED);
    server.resident()
}

fn credentials() -> Vec<Figure> {
    let empty = idle_bytes();
    let directory = directory();
    seed::fill(directory.path(), 0..TENANTS, CREDENTIALS_A_TENANT);
    let server = Server::start(directory.path());
    for tenant in 0..TENANTS {
        server.touch(seed::tenant(tenant));
    }
    std::thread::sleep(SETTLED);
    let count = TENANTS * u64::from(CREDENTIALS_A_TENANT);
    vec![Figure {
        name: "memory of a credential with its user",
        value: (server.resident() - empty) / f64::from(u32::try_from(count).unwrap_or(u32::MAX)),
        most: 400.0,
        unit: "bytes",
    }]
}

fn tenants() -> Vec<Figure> {
    let directory = directory();
    seed::fill(directory.path(), 0..TENANTS_STORED, 2);
    let server = Server::start(directory.path());
    for tenant in 0..TENANTS_TOUCHED {
        server.touch(seed::tenant(tenant));
    }
    server.load(TENANTS_AT_WORK);
    std::thread::sleep(SETTLED);
    vec![Figure {
        name: "resident memory with 100,000 tenants, 1,000 at work",
        value: mib(server.resident()),
        most: 200.0,
        unit: "MiB",
    }]
}

fn mib(bytes: f64) -> f64 {
    bytes / (1024.0 * 1024.0)
}

/// Not where temporary files usually are: that is often memory.
fn directory() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the build directory can be written")
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("somebody reads what this is run for");
}

const STARTS: usize = 9;
const SETTLED: Duration = Duration::from_secs(5);
const TENANTS: u64 = 10;
const CREDENTIALS_A_TENANT: u32 = 100_000;
const TENANTS_STORED: u64 = 99_000;
/// Of those that are stored, some are read back and do nothing more.
const TENANTS_TOUCHED: u64 = 100;
const TENANTS_AT_WORK: u32 = 1_000;
