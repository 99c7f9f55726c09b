//! `keywright load`: users that register and log in, many at a time, against a running server of this API.
//!
//! It is a client like any other: it knows nothing of the server's inside, and counts what it sent as the server's metrics
//! do. Its own tenants are gone when it ends, however it ends.

mod answer;
mod authenticator;
mod clock;
mod connection;
mod engine;
mod failure;
mod interrupt;
mod pace;
mod plan;
mod processor;
mod profile;
mod progress;
mod record;
mod report;
mod step;
mod target;
mod threshold;
mod worker;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use uuid::Uuid;

use self::authenticator::Shares;
use self::engine::Engine;
use self::failure::Failure;
use self::interrupt::Interrupt;
use self::plan::{Goal, Loop, Phase};
use self::profile::ramp;
use self::profile::{Profile, Traffic};
use self::progress::Progress;
use self::record::Record;
use self::report::{Judged, Report, Stage};
use self::target::{Address, Made, Target};
use self::threshold::Threshold;
use self::worker::Settings;
use super::print::{report, say, say_json};
use super::tenant::client::Server;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Load {
    /// Where the public listener of the server is
    #[arg(long, default_value = "http://127.0.0.1:8000", value_name = "URL")]
    url: String,
    /// A tenant that is there already; may be given again, each with a key. What registers in it stays
    #[arg(
        long,
        requires = "key",
        required_unless_present = "admin_url",
        conflicts_with = "admin_url",
        value_name = "ID"
    )]
    tenant: Vec<String>,
    /// An API key of that tenant; of several, in the same order. Others see arguments: the variable is better
    #[arg(
        long,
        env = "KEYWRIGHT_LOAD_KEY",
        hide_env_values = true,
        // One key in 64 begins with a hyphen.
        allow_hyphen_values = true,
        value_name = "KEY"
    )]
    key: Vec<String>,
    /// The admin API, to make tenants for this load, which go when it ends
    #[arg(long, value_name = "URL")]
    admin_url: Option<String>,
    /// The server's `server.admin_token`, where it has one
    #[arg(
        long,
        env = "KEYWRIGHT_ADMIN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    token: Option<String>,
    /// What to do
    #[arg(long, value_enum, default_value = "mixed")]
    profile: Profile,
    /// What a ramp has more and more of
    #[arg(long, value_enum, default_value = "mixed", value_name = "PROFILE")]
    ramp_of: Traffic,
    /// For how long
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// As long before, what is not measured
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    warmup: Duration,
    /// Connections, over all threads
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..), value_name = "NUMBER")]
    connections: u16,
    /// Operations a second, each begun at its time; a login is one. Without it, each begins when the last of its connection ended
    #[arg(long, value_parser = rate, value_name = "NUMBER")]
    rate: Option<f64>,
    /// By default half of the cores
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256), value_name = "NUMBER")]
    threads: Option<u16>,
    /// How many to make, with --admin-url
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    tenants: u32,
    /// Users of each tenant who log in
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), value_name = "NUMBER")]
    users: u32,
    /// Shares of the authenticators' algorithms, of `ES256`, `EdDSA` and `RS256`
    #[arg(long, default_value = "ES256", value_name = "ALGORITHM=SHARE,…")]
    algorithms: Shares,
    /// Tokens of the tenants made here, where the server lets one choose: `RS256`, `ES256` or `EdDSA`
    #[arg(long, value_name = "ALGORITHM", requires = "admin_url")]
    tokens: Option<String>,
    /// Where the page of --tenant is; by default https and its RP id
    #[arg(long, value_name = "ORIGIN", conflicts_with = "admin_url")]
    origin: Option<String>,
    /// How long an answer may take
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration, value_name = "DURATION")]
    timeout: Duration,
    /// The process id of the server, where it runs on this machine: the processor time is told that a request costs it
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Exit with 1 where this is so, like 'p99>20ms', 'errors>0.1%', 'rate<5000', 'login/finalize p99>50ms'; may be given again
    #[arg(long, value_name = "THRESHOLD")]
    fail_if: Vec<Threshold>,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Load {
    pub(super) fn run(&self) -> ExitCode {
        match self.load() {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                report(&failure);
                ExitCode::from(failure.code())
            }
        }
    }

    fn load(&self) -> Result<(), Failure> {
        let address = Address::parse(&self.url)?;
        self.server_pid.map(processor::seconds).transpose()?;
        let interrupt = Interrupt::listen()?;
        let target = self.target(address, &interrupt)?;
        let report = self.measure(&target, &interrupt);
        let removed = target.remove();
        let report = report?;
        if self.json {
            say_json(&report.json());
        } else {
            say(&report.table());
        }
        removed?;
        judge(&report)
    }

    fn target(&self, address: Address, interrupt: &Interrupt) -> Result<Target, Failure> {
        if !self.tenant.is_empty() {
            return Target::given(address, &self.tenant, &self.key);
        }
        let admin = self.admin_url.clone().unwrap_or_default();
        let admin = Server::at(admin, self.token.clone()).client()?;
        let made = Made {
            count: usize::try_from(self.tenants).unwrap_or(usize::MAX),
            tokens: self.tokens.clone(),
        };
        let progress = Progress::of(format!("making {} tenants", made.count));
        let target = Target::made(address, admin, &made, |number| {
            progress.count(number);
            interrupt.check()
        });
        progress.clear();
        target
    }

    fn measure(&self, target: &Target, interrupt: &Interrupt) -> Result<Report, Failure> {
        let settings = self.settings();
        let threads = (self.threads(), self.timeout);
        let mut engine = Engine::new(target, &settings, interrupt, threads);
        let traffic = self.profile.traffic(self.ramp_of);
        let mut before = Record::new();
        if traffic.needs_accounts() {
            self.register(&mut engine, target, &mut before)?;
        }
        interrupt.check()?;
        if self.warmup > Duration::ZERO {
            let warmup = phase(self.shape(), traffic, self.warmup);
            let progress = Progress::of("warming up".to_owned());
            before.add(&engine.run(&warmup, &progress)?.record);
        }
        interrupt.check()?;
        let server = || self.server_pid.map(processor::seconds).transpose();
        let server_before = server()?;
        let stages = self.stages(&mut engine, traffic, interrupt)?;
        let server_after = server()?;
        let mut report = Report {
            profile: self.profile,
            threads: engine.threads(),
            tenants: target.tenants.len(),
            accounts: engine.accounts(),
            all: Stage::sum(self.shape(), &stages),
            stages,
            before,
            is_interrupted: interrupt.is_raised(),
            thresholds: Vec::new(),
            leaves: 0,
            server_seconds: server_after
                .zip(server_before)
                .map(|(after, before)| after - before),
        };
        report.thresholds = self.judged(&report);
        if !target.is_made() {
            report.leaves = report.registered();
        }
        Ok(report)
    }

    /// Those who will log in.
    fn register(
        &self,
        engine: &mut Engine<'_>,
        target: &Target,
        before: &mut Record,
    ) -> Result<(), Failure> {
        let users = usize::try_from(self.users).unwrap_or(usize::MAX);
        let wanted = users
            .saturating_mul(target.tenants.len())
            .max(engine.threads());
        let phase = Phase {
            shape: Loop::Closed {
                connections: usize::from(self.connections),
            },
            goal: Goal::Accounts(wanted),
        };
        let progress = Progress::of(format!("registering {wanted} users"));
        let outcome = engine.run(&phase, &progress)?;
        before.add(&outcome.record);
        let missing = wanted - engine.accounts();
        if missing == 0 {
            return Ok(());
        }
        let first = outcome.record.faults.iter().next();
        let Some((fault, _)) = first else {
            return Err(Failure::Interrupted);
        };
        Err(Failure::Prepare {
            missing,
            wanted,
            reason: fault.to_string(),
        })
    }

    fn stages(
        &self,
        engine: &mut Engine<'_>,
        traffic: Traffic,
        interrupt: &Interrupt,
    ) -> Result<Vec<Stage>, Failure> {
        let shapes = match self.profile {
            Profile::Ramp => ramp::stages(self.shape()),
            Profile::Initialize
            | Profile::InitializeLogin
            | Profile::Register
            | Profile::Login
            | Profile::Mixed
            | Profile::Flood => vec![self.shape()],
        };
        let each = self.duration / u32::try_from(shapes.len()).unwrap_or(1);
        let mut stages = Vec::new();
        for shape in shapes {
            if interrupt.is_raised() {
                break;
            }
            let progress = Progress::of(self.profile.name().to_owned());
            let outcome = engine.run(&phase(shape, traffic, each), &progress)?;
            stages.push(Stage::new(shape, outcome));
        }
        Ok(stages)
    }

    fn shape(&self) -> Loop {
        let connections = usize::from(self.connections);
        match self.rate {
            None => Loop::Closed { connections },
            Some(rate) => Loop::Open { connections, rate },
        }
    }

    fn settings(&self) -> Settings {
        self.algorithms.prepare();
        let run = Uuid::new_v4().simple().to_string();
        Settings {
            run: run[..8].to_owned(),
            users: u64::from(self.users),
            origin: self.origin.clone(),
            algorithms: self.algorithms,
        }
    }

    fn threads(&self) -> usize {
        let half =
            || std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        let threads = self.threads.map_or_else(half, usize::from);
        threads.min(usize::from(self.connections))
    }

    fn judged(&self, report: &Report) -> Vec<Judged> {
        let judge = |threshold: &Threshold| {
            let (measured, is_beyond) = threshold.judge(report);
            Judged {
                text: threshold.text.clone(),
                measured,
                is_beyond,
            }
        };
        self.fail_if.iter().map(judge).collect()
    }
}

const fn phase(shape: Loop, traffic: Traffic, lasting: Duration) -> Phase {
    Phase {
        shape,
        goal: Goal::Traffic(traffic, lasting),
    }
}

/// Whether a load that ran to its end is a success.
fn judge(report: &Report) -> Result<(), Failure> {
    if report.is_interrupted {
        return Err(Failure::Interrupted);
    }
    if report.all.total().succeeded == 0 {
        let first = report.all.record.faults.keys().next();
        let fault = first.map(ToString::to_string).unwrap_or_default();
        return Err(Failure::NoSuccess(fault));
    }
    let beyond = report.thresholds.iter().filter(|judged| judged.is_beyond);
    let beyond: Vec<&str> = beyond.map(|judged| judged.text.as_str()).collect();
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Failure::Thresholds(beyond.join(", ")))
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    let rate = rate.filter(|rate: &f64| (0.1..=RATE_MAX).contains(rate));
    rate.ok_or_else(|| format!("a rate is from 0.1 to {RATE_MAX} operations a second"))
}

const RATE_MAX: f64 = 1_000_000.0;

const EXAMPLES: &str = "\
Rate limits are for strangers: a load with an API key does not meet them, a flood does (KEYWRIGHT__LIMITS__RATE_LIMITS=false).

Examples:
  keywright load --admin-url http://127.0.0.1:8001 --profile login --duration 30s
  keywright load --admin-url http://127.0.0.1:8001 --profile mixed --rate 500 --fail-if 'p99>20ms' --fail-if 'errors>0.1%'
  keywright load --url http://passkeys.internal:8000 --tenant ID --key KEY --profile initialize
  keywright load --admin-url http://127.0.0.1:8001 --profile ramp --ramp-of login --connections 256";
