//! Which of a tenant's keys signs, and which are shown: a function of the keys and of the time, so that it is the same
//! after a restart, and nothing has to happen at the moment when one key takes over from another.
//!
//! A key signs from its `signs_from` until a newer one does. The tokens that it has signed are good for a while after
//! that, and so long it is shown. Where a clock was set back the rules lean to keeping a key.

use std::sync::Arc;

use uuid::Uuid;

use super::key::SigningKey;
use crate::tenant::ids::Timestamp;

/// A tenant's keys, oldest first.
#[derive(Debug, Default)]
pub struct SigningKeys(Vec<Arc<SigningKey>>);

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Shown, so that everybody knows it when it signs.
    Pending,
    /// It signs.
    Active,
    /// Another signs; tokens of this one may still be good.
    Retiring,
    /// No token of it is good any more. It is shown no longer and may be deleted.
    Retired,
}

impl KeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

impl SigningKeys {
    pub fn push(&mut self, key: Arc<SigningKey>) {
        self.0.push(key);
    }

    /// Puts a key in the place of the one of the same id.
    pub fn replace(&mut self, key: Arc<SigningKey>) {
        if let Some(old) = self.0.iter_mut().find(|old| old.kid == key.kid) {
            *old = key;
        }
    }

    pub fn remove(&mut self, kid: Uuid) {
        self.0.retain(|key| key.kid != kid);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn newest(&self) -> Option<&Arc<SigningKey>> {
        self.0.last()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<SigningKey>> {
        self.0.iter()
    }

    /// The key that signs now: the newest that may.
    pub fn active(&self, now: Timestamp) -> Option<&Arc<SigningKey>> {
        self.0.get(self.active_index(now))
    }

    /// Each with its state, oldest first.
    pub fn states(&self, now: Timestamp) -> impl Iterator<Item = (&Arc<SigningKey>, KeyState)> {
        let active = self.active_index(now);
        let keys = self.0.iter().enumerate();
        keys.map(move |(index, key)| (key, self.state_of(index, active, now)))
    }

    /// The keys of the key set: all that sign, will sign, or have signed what is still good.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &Arc<SigningKey>> {
        self.states(now)
            .filter(|(_, state)| *state != KeyState::Retired)
            .map(|(key, _)| key)
    }

    pub fn published_as(&self, kid: Uuid, now: Timestamp) -> Option<&Arc<SigningKey>> {
        self.published(now).find(|key| key.kid == kid)
    }

    /// When the last token that a key has signed or may have signed is good no longer; `None` while no newer key is there.
    pub fn retires_at(&self, kid: Uuid) -> Option<Timestamp> {
        let index = self.0.iter().position(|key| key.kid == kid)?;
        self.retirement(index)
    }

    fn state_of(&self, index: usize, active: usize, now: Timestamp) -> KeyState {
        if index == active {
            return KeyState::Active;
        }
        if index > active {
            return KeyState::Pending;
        }
        match self.retirement(index) {
            Some(at) if at <= now => KeyState::Retired,
            Some(_) | None => KeyState::Retiring,
        }
    }

    /// Only where the clock was set back may no key sign yet; then it is the oldest.
    fn active_index(&self, now: Timestamp) -> usize {
        let may_sign = |key: &Arc<SigningKey>| key.signs_from <= now;
        self.0.iter().rposition(may_sign).unwrap_or(0)
    }

    fn retirement(&self, index: usize) -> Option<Timestamp> {
        let key = &self.0[index];
        let newer = self.0[index + 1..].iter().map(|newer| newer.signs_from);
        // One that was overtaken before it signed may have signed all the same, by a clock that was ahead.
        let ends = newer.min()?.max(key.signs_from);
        let lifetime = i64::from(key.token_lifetime_seconds_max) * 1000;
        Some(ends.plus_milliseconds(lifetime))
    }
}
