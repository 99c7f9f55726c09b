//! A tenant's users by this server's ids for them, and in the order in which they came: what the admin API asks for, and
//! nobody else. So it is made when somebody first asks, and most tenants never pay for it.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::ids::{Timestamp, UserId};
use super::user::User;

#[derive(Debug)]
pub struct Roster {
    by_internal_id: HashMap<Uuid, UserId>,
    in_order: BTreeSet<(Timestamp, Uuid)>,
}

impl Roster {
    pub fn of<'a>(users: impl Iterator<Item = &'a User> + Clone) -> Self {
        let named = |user: &User| (user.internal_id, user.profile.id.clone());
        let dated = |user: &User| (user.created_at, user.internal_id);
        Self {
            by_internal_id: users.clone().map(named).collect(),
            in_order: users.map(dated).collect(),
        }
    }

    pub fn add(&mut self, user: &User) {
        let id = user.profile.id.clone();
        self.by_internal_id.insert(user.internal_id, id);
        self.in_order.insert((user.created_at, user.internal_id));
    }

    pub fn remove(&mut self, user: &User) {
        self.by_internal_id.remove(&user.internal_id);
        self.in_order.remove(&(user.created_at, user.internal_id));
    }

    pub fn find(&self, internal_id: Uuid) -> Option<&UserId> {
        self.by_internal_id.get(&internal_id)
    }

    /// Their internal ids, the oldest user first.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = Uuid> {
        self.in_order.iter().map(|(_, internal_id)| *internal_id)
    }
}
