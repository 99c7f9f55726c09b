//! Which sessions were used since the last checkpoint. Only where a tenant ends unused sessions: nobody else needs to know
//! after a restart.

use std::collections::HashMap;

use uuid::Uuid;

use crate::tenant::ids::Timestamp;

#[derive(Debug)]
pub struct Uses {
    at: HashMap<Uuid, Timestamp>,
    /// When the last of them has been too long ago to matter.
    matter_until: Timestamp,
}

impl Default for Uses {
    fn default() -> Self {
        Self {
            at: HashMap::new(),
            matter_until: Timestamp(0),
        }
    }
}

impl Uses {
    /// Past the limit a use is forgotten: the session may end a little early after a crash.
    pub fn note(&mut self, session: Uuid, at: Timestamp, matters_until: Timestamp) {
        if self.at.len() >= SESSIONS_MAX && !self.at.contains_key(&session) {
            return;
        }
        let last = self.at.entry(session).or_insert(at);
        *last = at.max(*last);
        self.matter_until = matters_until.max(self.matter_until);
    }

    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Those that could not be saved wait for the next round.
    pub fn put_back(&mut self, uses: Self) {
        for (session, at) in uses.at {
            self.note(session, at, uses.matter_until);
        }
    }

    pub fn list(&self) -> Vec<(Uuid, Timestamp)> {
        self.at
            .iter()
            .map(|(session, at)| (*session, *at))
            .collect()
    }

    pub const fn matter_until(&self) -> Timestamp {
        self.matter_until
    }
}

/// On one worker, in the time between two checkpoints.
const SESSIONS_MAX: usize = 1 << 16;
