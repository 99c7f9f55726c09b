//! One subscriber for the process: text for people, JSON for machines. Both on stderr; stdout belongs to commands.
//!
//! A thread writes the lines, so that nobody who answers requests waits for a slow reader: what the thread cannot keep up
//! with is lost, and how much that was is the next line.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::quota::Quota;
use super::worker::Timer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// What the log is to be like.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub format: Format,
    pub level: LevelFilter,
    /// Of each kind.
    pub lines_per_minute: u32,
}

/// Installs the subscriber. A second call in a process changes nothing: tests start many servers.
pub fn install(settings: Settings) -> io::Result<()> {
    let level = settings.level;
    // How actix starts and stops its threads is news to nobody.
    let quiet = LevelFilter::WARN.min(level);
    let targets = Targets::new()
        .with_default(level)
        .with_target("actix_server", quiet);
    let (sender, lines) = sync_channel(LINES_MAX);
    let formatted = tracing_subscriber::fmt::layer().with_writer(Lines(sender));
    // Where it is no terminal that reads, colours are noise.
    let formatted = if io::stderr().is_terminal() {
        formatted
    } else {
        formatted.with_ansi(false)
    };
    let quota = Quota::new(settings.lines_per_minute);
    let registry = tracing_subscriber::registry().with(targets).with(quota);
    let installed = match settings.format {
        Format::Text => registry.with(formatted.with_target(false)).try_init(),
        Format::Json => registry
            .with(formatted.json().flatten_event(true))
            .try_init(),
    };
    if installed.is_ok() {
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write(&lines))?;
    }
    Ok(())
}

/// Waits until all is written, though not for ever: before the process ends.
pub fn flush() {
    let timer = Timer::start();
    while WAITING.load(Ordering::Acquire) > 0 && timer.elapsed() < FLUSH_MAX {
        std::thread::sleep(POLL);
    }
}

fn write(lines: &Receiver<Vec<u8>>) {
    loop {
        let line = lines.try_recv().or_else(|error| match error {
            TryRecvError::Empty => {
                tell_of_lost();
                lines.recv().map_err(|_| TryRecvError::Disconnected)
            }
            TryRecvError::Disconnected => Err(error),
        });
        let Ok(line) = line else {
            return;
        };
        // Where nobody reads any more, there is nobody to tell either.
        drop(io::stderr().write_all(&line));
        WAITING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// When there is room again.
fn tell_of_lost() {
    let count = LOST.swap(0, Ordering::Relaxed);
    if count > 0 {
        tracing::warn!(
            count,
            "lines of the log were lost: whoever reads stderr was too slow for them"
        );
    }
}

/// Where the subscriber puts a line.
struct Lines(SyncSender<Vec<u8>>);

impl Write for &Lines {
    /// The subscriber writes a line at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        WAITING.fetch_add(1, Ordering::AcqRel);
        if self.0.try_send(line.to_vec()).is_err() {
            WAITING.fetch_sub(1, Ordering::AcqRel);
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

/// Of the process, as its subscriber is.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicU64 = AtomicU64::new(0);

/// Some megabytes of them.
const LINES_MAX: usize = 8192;
const FLUSH_MAX: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(1);
