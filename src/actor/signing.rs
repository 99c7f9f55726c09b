//! Where new signing keys come from: a thread that makes them ahead of need, since making one takes a hundred times as
//! long as answering a request.

use tokio::sync::{Mutex, mpsc};
use zeroize::Zeroizing;

use crate::tenant::token;

type Pkcs8 = Zeroizing<Vec<u8>>;

/// Whoever takes a key holds the pool until the key is a tenant's, so that a crowd that asks for one tenant's first key takes one.
#[derive(Debug)]
pub struct KeyPool {
    keys: Mutex<mpsc::Receiver<Pkcs8>>,
}

impl KeyPool {
    /// Starts the thread. It ends when the pool is dropped.
    pub fn start() -> std::io::Result<Self> {
        let (sender, keys) = mpsc::channel(1);
        std::thread::Builder::new()
            .name("signing-keys".into())
            .spawn(move || make_keys(&sender))?;
        Ok(Self {
            keys: Mutex::new(keys),
        })
    }

    pub async fn lock(&self) -> tokio::sync::MutexGuard<'_, mpsc::Receiver<Pkcs8>> {
        self.keys.lock().await
    }
}

fn make_keys(sender: &mpsc::Sender<Pkcs8>) {
    loop {
        let key = match token::generate_pkcs8() {
            Ok(key) => key,
            Err(error) => {
                return tracing::error!(%error, "no signing key could be made; tokens need one");
            }
        };
        if sender.blocking_send(key).is_err() {
            return;
        }
    }
}
