//! A tenant's users by this server's ids for them, and in the order in which they came: what the admin API asks for, and
//! nobody else. So it is made when somebody first asks, and most tenants never pay for it. It holds the users' numbers only.

use std::fmt;

use uuid::Uuid;

use super::ids::Timestamp;
use super::packed::{Account, Index, Users};

pub struct Roster {
    by_internal_id: Index,
    in_order: Vec<u32>,
}

impl Roster {
    pub fn of(users: &Users) -> Self {
        let mut by_internal_id = Index::default();
        by_internal_id.reserve(users.len(), |_, _| 0);
        let mut dated = Vec::with_capacity(users.len());
        for account in users.iter() {
            let id = account.internal_id();
            by_internal_id.insert(id.as_bytes(), account.number, |_, _| 0);
            dated.push((account.created_at(), id, account.number));
        }
        dated.sort_unstable();
        Self {
            by_internal_id,
            in_order: dated.into_iter().map(|(_, _, number)| number).collect(),
        }
    }

    /// One who has come to the users.
    pub fn add(&mut self, number: u32, users: &Users) {
        let id = users.at(number).internal_id();
        self.by_internal_id
            .insert(id.as_bytes(), number, |hashes, other| {
                hashes.of(users.at(other).internal_id().as_bytes())
            });
        let place = self.place(number, users);
        self.in_order.insert(place, number);
    }

    /// One who is still among the users.
    pub fn remove(&mut self, number: u32, users: &Users) {
        let id = users.at(number).internal_id();
        self.by_internal_id.remove(id.as_bytes(), number);
        let place = self.place(number, users);
        if self.in_order.get(place) == Some(&number) {
            self.in_order.remove(place);
        }
    }

    pub fn find(&self, internal_id: Uuid, users: &Users) -> Option<u32> {
        self.by_internal_id.find(internal_id.as_bytes(), |number| {
            users.at(number).internal_id() == internal_id
        })
    }

    /// The numbers of the users, the oldest first.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.in_order.iter().copied()
    }

    /// Where one stands or would stand.
    fn place(&self, number: u32, users: &Users) -> usize {
        let of = order(users.at(number));
        self.in_order
            .partition_point(|other| order(users.at(*other)) < of)
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roster({})", self.in_order.len())
    }
}

/// Two users never came at one time under one id; their numbers tell them apart all the same.
fn order(account: Account<'_>) -> (Timestamp, Uuid, u32) {
    (account.created_at(), account.internal_id(), account.number)
}
