//! The users of a tenant.
//!
//! A row: this server's id, time of creation, the relying party's id, the numbers of the credentials, and the rest.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::bytes::{Reader, WRITTEN, put_bytes, put_number};
use super::index::{Hashes, Index};
use super::rows::Rows;
use crate::tenant::ids::{Timestamp, TransactionId, UserId, plain_uuid};
use crate::tenant::user::{Profile, User};

#[derive(Default)]
pub struct Users {
    rows: Rows,
    index: Index,
    /// In the order of their beginning, of the few who have any.
    transactions: HashMap<u32, Vec<TransactionId>>,
}

/// A user and what is theirs, read piece by piece.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    users: &'a Users,
    pub(in crate::tenant) number: u32,
    row: &'a [u8],
}

impl Users {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains_key(&self, id: &UserId) -> bool {
        self.number(id).is_some()
    }

    pub fn get(&self, id: &UserId) -> Option<Account<'_>> {
        self.number(id).map(|number| self.at(number))
    }

    /// The one of a number that is in use.
    pub(in crate::tenant) fn at(&self, number: u32) -> Account<'_> {
        Account {
            users: self,
            number,
            row: self.rows.get(number),
        }
    }

    /// In no order.
    pub fn iter(&self) -> impl Iterator<Item = Account<'_>> {
        self.rows.numbers().map(|number| self.at(number))
    }

    pub(in crate::tenant) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
        let rows = &self.rows;
        self.index
            .reserve(more, |hashes, number| hash(hashes, rows.get(number)));
    }

    /// A new user, or what is new of an old one.
    pub(in crate::tenant) fn save(&mut self, user: &User, revision: u64) -> u32 {
        let id = &user.profile.id;
        let old = self.number(id);
        let credentials = old.map_or(&[][..], |number| self.at(number).packed_credentials());
        let row = pack(user, credentials, revision);
        if let Some(number) = old {
            self.rows.replace(number, &row);
            return number;
        }
        let number = self.rows.insert(&row);
        let rows = &self.rows;
        self.index
            .insert(id.as_str().as_bytes(), number, |hashes, number| {
                hash(hashes, rows.get(number))
            });
        number
    }

    pub(in crate::tenant) fn remove(&mut self, number: u32) {
        let Self { rows, index, .. } = self;
        let row = rows.get(number);
        with_id(row, |id| index.remove(id.as_bytes(), number));
        rows.remove(number);
        self.transactions.remove(&number);
    }

    /// Theirs in another order, or others.
    pub(in crate::tenant) fn set_credentials(&mut self, number: u32, credentials: &[u32]) {
        let numbers: Vec<u8> = credentials.iter().flat_map(|it| it.to_le_bytes()).collect();
        let account = self.at(number);
        let mut row = account.row[..account.id_end()].to_vec();
        put_bytes(&mut row, &numbers);
        row.extend_from_slice(account.rest().0);
        self.rows.replace(number, &row);
    }

    pub(in crate::tenant) fn add_transaction(&mut self, number: u32, id: TransactionId) {
        self.transactions.entry(number).or_default().push(id);
    }

    fn number(&self, id: &UserId) -> Option<u32> {
        let id = id.as_str();
        self.index.find(id.as_bytes(), |number| {
            with_id(self.rows.get(number), |other| other == id)
        })
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.rows.memory() + self.index.memory()
    }
}

impl<'a> Account<'a> {
    /// # Panics
    /// Never: a row reads back as it was written.
    pub fn id(self) -> UserId {
        with_id(self.row, UserId::parse).expect(WRITTEN)
    }

    pub fn is(self, id: &UserId) -> bool {
        with_id(self.row, |own| own == id.as_str())
    }

    /// The id of this server.
    pub fn internal_id(self) -> Uuid {
        Uuid::from_bytes(Reader(self.row).array())
    }

    pub fn created_at(self) -> Timestamp {
        Timestamp(u64::from_le_bytes(Reader(&self.row[INTERNAL_ID..]).array()))
    }

    /// The commit that last wrote the user.
    pub fn revision(self) -> u64 {
        self.rest().number()
    }

    pub fn email(self) -> Option<Box<str>> {
        self.user().profile.email
    }

    /// How many there are.
    pub fn credentials_count(self) -> usize {
        self.packed_credentials().len() / size_of::<u32>()
    }

    /// In the order of their beginning.
    pub fn transactions(self) -> &'a [TransactionId] {
        let transactions = self.users.transactions.get(&self.number);
        transactions.map_or(&[], Vec::as_slice)
    }

    pub fn user(self) -> User {
        let mut row = self.rest();
        row.number();
        let has = row.byte();
        let name: Box<str> = row.text().into();
        let display_name = if has & DISPLAY_NAME == 0 {
            name.clone()
        } else {
            row.text().into()
        };
        let mut optional = |what| (has & what != 0).then(|| row.text().into());
        User {
            profile: Profile {
                id: self.id(),
                name,
                display_name,
                icon: optional(ICON),
                email: optional(EMAIL),
            },
            internal_id: self.internal_id(),
            created_at: self.created_at(),
        }
    }

    /// The numbers of the credentials, in the order of registration.
    pub(in crate::tenant) fn credentials(self) -> impl Iterator<Item = u32> + use<'a> {
        let (numbers, _) = self.packed_credentials().as_chunks();
        numbers.iter().map(|number| u32::from_le_bytes(*number))
    }

    fn packed_credentials(self) -> &'a [u8] {
        Reader(&self.row[self.id_end()..]).bytes()
    }

    fn rest(self) -> Reader<'a> {
        let mut row = Reader(&self.row[self.id_end()..]);
        row.bytes();
        row
    }

    fn id_end(self) -> usize {
        ID + 1
            + match self.row[ID] {
                AS_UUID => UUID,
                length => usize::from(length),
            }
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Users({})", self.len())
    }
}

impl fmt::Debug for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user().fmt(f)
    }
}

fn pack(user: &User, credentials: &[u8], revision: u64) -> Vec<u8> {
    let profile = &user.profile;
    let mut row = Vec::with_capacity(256);
    row.extend_from_slice(user.internal_id.as_bytes());
    row.extend_from_slice(&user.created_at.0.to_le_bytes());
    put_id(&mut row, profile.id.as_str());
    put_bytes(&mut row, credentials);
    put_number(&mut row, revision);
    let display_name = Some(&profile.display_name).filter(|it| **it != profile.name);
    let has = |what, is: bool| if is { what } else { 0 };
    row.push(
        has(DISPLAY_NAME, display_name.is_some())
            | has(ICON, profile.icon.is_some())
            | has(EMAIL, profile.email.is_some()),
    );
    put_bytes(&mut row, profile.name.as_bytes());
    let optional = [display_name, profile.icon.as_ref(), profile.email.as_ref()];
    for text in optional.into_iter().flatten() {
        put_bytes(&mut row, text.as_bytes());
    }
    row
}

/// The UUIDs that most ids are take 16 bytes, if they are spelt as [`Uuid`] does.
fn put_id(row: &mut Vec<u8>, id: &str) {
    if let Some(uuid) = plain_uuid(id) {
        row.push(AS_UUID);
        row.extend_from_slice(uuid.as_bytes());
    } else {
        put_bytes(row, id.as_bytes());
    }
}

/// The id as text. It is asked for at each look-up.
fn with_id<R>(row: &[u8], ask: impl FnOnce(&str) -> R) -> R {
    let mut row = Reader(&row[ID..]);
    match row.byte() {
        AS_UUID => {
            let uuid = Uuid::from_bytes(row.array());
            ask(uuid.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]))
        }
        length => ask(std::str::from_utf8(row.take(length.into())).expect(WRITTEN)),
    }
}

fn hash(hashes: &Hashes, row: &[u8]) -> u64 {
    with_id(row, |id| hashes.of(id.as_bytes()))
}

/// Where they begin.
const INTERNAL_ID: usize = 16;
const ID: usize = INTERNAL_ID + 8;

/// No id is empty.
const AS_UUID: u8 = 0;
const UUID: usize = 16;

/// One that is not the name.
const DISPLAY_NAME: u8 = 1;
const ICON: u8 = 2;
const EMAIL: u8 = 4;
