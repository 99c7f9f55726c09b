//! Where new signing keys come from: threads that make them, since making one takes a hundred times as long as answering a
//! request. The kind that almost every tenant wants is made ahead of need, the others when they are asked for.

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::tenant::token::{KeyKind, PrivateKey, SigningError};

#[derive(Debug)]
pub struct KeyPool {
    ready: Mutex<mpsc::Receiver<PrivateKey>>,
    /// How many keys are made at a time that take seconds, and how many that take no time.
    slow: Arc<Semaphore>,
    quick: Arc<Semaphore>,
}

impl KeyPool {
    /// Starts the thread that makes keys ahead. It ends when the pool is dropped.
    pub fn start() -> std::io::Result<Self> {
        let (sender, ready) = mpsc::channel(READY_MAX);
        thread(move || make_ahead(&sender))?;
        Ok(Self {
            ready: Mutex::new(ready),
            slow: Arc::new(Semaphore::new(MADE_AT_ONCE_MAX)),
            quick: Arc::new(Semaphore::new(MADE_AT_ONCE_MAX)),
        })
    }

    /// A key that nobody else gets. `None`: none can be made, and the log says why.
    pub async fn take(&self, kind: KeyKind) -> Option<PrivateKey> {
        match kind {
            KeyKind::Rsa2048 => self.ready.lock().await.recv().await,
            KeyKind::Rsa3072 | KeyKind::Rsa4096 => make(&self.slow, kind).await,
            KeyKind::P256 | KeyKind::Ed25519 => make(&self.quick, kind).await,
        }
    }
}

fn make_ahead(sender: &mpsc::Sender<PrivateKey>) {
    loop {
        let key = match PrivateKey::generate(KeyKind::Rsa2048) {
            Ok(key) => key,
            Err(error) => return complain(&error),
        };
        if sender.blocking_send(key).is_err() {
            return;
        }
    }
}

/// The permit stays with the thread: whoever asked may be gone before it is done.
async fn make(turns: &Arc<Semaphore>, kind: KeyKind) -> Option<PrivateKey> {
    let turn = Arc::clone(turns).acquire_owned().await.ok()?;
    let (sender, made) = oneshot::channel();
    let started = thread(move || {
        match PrivateKey::generate(kind) {
            Ok(key) => drop(sender.send(key)),
            Err(error) => complain(&error),
        }
        drop(turn);
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread could be started to make a signing key");
        return None;
    }
    made.await.ok()
}

fn thread(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let named = std::thread::Builder::new().name("signing-keys".into());
    named.spawn(work).map(drop)
}

fn complain(error: &SigningError) {
    tracing::error!(%error, "no signing key could be made; tokens need one");
}

/// One more is made and waits for room.
const READY_MAX: usize = 2;

const MADE_AT_ONCE_MAX: usize = 2;
