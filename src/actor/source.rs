//! Where the time and the randomness of decisions come from; the composition root says.

use std::fmt;
use std::sync::Arc;

use crate::tenant::env::Env;

#[derive(Clone)]
pub struct EnvSource(Arc<dyn Fn() -> Env + Send + Sync>);

impl EnvSource {
    pub fn new(source: impl Fn() -> Env + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub fn env(&self) -> Env {
        (self.0)()
    }
}

impl fmt::Debug for EnvSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvSource")
    }
}
