//! Ctrl-C and SIGTERM: the first ends the load in order, its own tenants removed; the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;

#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on, on a thread of its own that ends with the process.
    pub(super) fn listen() -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let interrupt = Self(Arc::default());
        let heard = Arc::clone(&interrupt.0);
        let (mut interrupts, mut terminations) = {
            let _entered = runtime.enter();
            (
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            )
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupts.recv() => {}
                        _ = terminations.recv() => {}
                    }
                    if heard.swap(true, Ordering::Relaxed) {
                        std::process::exit(1);
                    }
                }
            });
        });
        Ok(interrupt)
    }

    pub(super) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.is_raised() {
            return Err(Failure::Interrupted);
        }
        Ok(())
    }
}
