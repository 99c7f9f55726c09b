//! The credentials of a tenant.
//!
//! A row: what has a fixed length, the id, the transports (what the options of a ceremony show), and the rest.

use std::fmt;

use uuid::Uuid;

use super::bytes::{Reader, WRITTEN, put_bytes, put_number};
use super::common::Common;
use super::index::{Hashes, Index};
use super::key;
use super::rows::Rows;
use super::users::Users;
use crate::tenant::credential::Credential;
use crate::tenant::ids::{CredentialId, Timestamp, UserId};

#[derive(Default)]
pub struct Credentials {
    rows: Rows,
    index: Index,
    names: Common<str>,
    /// Transports and attestation formats.
    words: Common<str>,
    aaguids: Common<[u8]>,
}

/// Whose a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The user of this number.
    User(u32),
    /// Somebody who is not there: the id stands in the row.
    Nobody,
}

/// A credential with the commit that last wrote it, read piece by piece.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    credentials: &'a Credentials,
    users: &'a Users,
    row: &'a [u8],
}

impl Credentials {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains_key(&self, id: &CredentialId) -> bool {
        self.number(id).is_some()
    }

    pub(in crate::tenant) fn number(&self, id: &CredentialId) -> Option<u32> {
        let id = id.as_bytes();
        self.index
            .find(id, |number| id_of(self.rows.get(number)) == id)
    }

    /// The one of a number that is in use.
    pub(in crate::tenant) fn at<'a>(&'a self, number: u32, users: &'a Users) -> Stored<'a> {
        Stored {
            credentials: self,
            users,
            row: self.rows.get(number),
        }
    }

    /// In no order.
    pub(in crate::tenant) fn iter<'a>(
        &'a self,
        users: &'a Users,
    ) -> impl Iterator<Item = Stored<'a>> {
        self.rows.numbers().map(|number| self.at(number, users))
    }

    pub(in crate::tenant) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
        let rows = &self.rows;
        self.index
            .reserve(more, |hashes, number| hash(hashes, rows.get(number)));
    }

    /// One whose id is not there.
    pub(in crate::tenant) fn insert(
        &mut self,
        credential: &Credential,
        owner: Owner,
        revision: u64,
    ) -> u32 {
        let row = self.pack(credential, owner, revision);
        let number = self.rows.insert(&row);
        let rows = &self.rows;
        self.index
            .insert(credential.id.as_bytes(), number, |hashes, number| {
                hash(hashes, rows.get(number))
            });
        number
    }

    /// What is new of the one that has the same id.
    pub(in crate::tenant) fn replace(
        &mut self,
        number: u32,
        credential: &Credential,
        owner: Owner,
        revision: u64,
    ) {
        let row = self.pack(credential, owner, revision);
        self.rows.replace(number, &row);
    }

    pub(in crate::tenant) fn remove(&mut self, number: u32) {
        self.index.remove(id_of(self.rows.get(number)), number);
        self.rows.remove(number);
    }

    pub(in crate::tenant) fn owner(&self, number: u32) -> Owner {
        owner_of(self.rows.get(number))
    }

    pub(in crate::tenant) fn created_at(&self, number: u32) -> Timestamp {
        created_at(self.rows.get(number))
    }

    fn pack(&mut self, credential: &Credential, owner: Owner, revision: u64) -> Vec<u8> {
        let mut row = Vec::with_capacity(256);
        row.push(flags(credential));
        row.extend_from_slice(&credential.created_at.0.to_le_bytes());
        row.extend_from_slice(&credential.last_used_at.0.to_le_bytes());
        let number = match owner {
            Owner::User(number) => number,
            Owner::Nobody => NOBODY,
        };
        row.extend_from_slice(&number.to_le_bytes());
        put_bytes(&mut row, credential.id.as_bytes());
        self.words.put(&mut row, &credential.transports);
        put_number(&mut row, revision);
        put_number(&mut row, credential.counter.into());
        key::put(&mut row, &credential.public_key);
        self.aaguids.put(&mut row, credential.aaguid.as_bytes());
        self.words.put(&mut row, &credential.attestation_format);
        self.names.put(&mut row, &credential.name);
        if owner == Owner::Nobody {
            put_bytes(&mut row, credential.user.as_str().as_bytes());
        }
        row
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.rows.memory() + self.index.memory()
    }
}

impl<'a> Stored<'a> {
    pub fn id_bytes(self) -> &'a [u8] {
        id_of(self.row)
    }

    /// # Panics
    /// Never: a row reads back as it was written.
    pub fn id(self) -> CredentialId {
        CredentialId::parse(self.id_bytes()).expect(WRITTEN)
    }

    /// As the client reported them, separated by commas.
    pub fn transports(self) -> &'a str {
        let mut row = Reader(&self.row[ID..]);
        row.bytes();
        self.credentials.words.read(&mut row)
    }

    pub fn is_mfa(self) -> bool {
        self.row[0] & IS_MFA != 0
    }

    pub fn created_at(self) -> Timestamp {
        created_at(self.row)
    }

    pub fn revision(self) -> u64 {
        let mut row = Reader(&self.row[ID..]);
        row.bytes();
        self.credentials.words.read(&mut row);
        row.number()
    }

    pub fn is_of(self, user: &UserId) -> bool {
        match owner_of(self.row) {
            Owner::User(number) => self.users.at(number).is(user),
            Owner::Nobody => self.credential().user == *user,
        }
    }

    /// # Panics
    /// Never: a row reads back as it was written.
    pub fn credential(self) -> Credential {
        let Credentials {
            names,
            words,
            aaguids,
            ..
        } = self.credentials;
        let mut row = Reader(self.row);
        let flags = row.byte();
        let mut time = || Timestamp(u64::from_le_bytes(row.array()));
        let (created_at, last_used_at) = (time(), time());
        row.take(size_of::<u32>());
        let id = CredentialId::parse(row.bytes()).expect(WRITTEN);
        let transports = words.read(&mut row).into();
        row.number();
        Credential {
            id,
            transports,
            counter: u32::try_from(row.number()).expect(WRITTEN),
            public_key: key::read(&mut row),
            aaguid: Uuid::from_slice(aaguids.read(&mut row)).expect(WRITTEN),
            attestation_format: words.read(&mut row).into(),
            name: names.read(&mut row).into(),
            user: match owner_of(self.row) {
                Owner::User(number) => self.users.at(number).id(),
                Owner::Nobody => UserId::parse(row.text()).expect(WRITTEN),
            },
            attestation_verified: flags & ATTESTATION_VERIFIED != 0,
            user_verified: flags & USER_VERIFIED != 0,
            backup_eligible: flags & BACKUP_ELIGIBLE != 0,
            backed_up: flags & BACKED_UP != 0,
            is_mfa: flags & IS_MFA != 0,
            created_at,
            last_used_at,
            backup_eligible_changed: flags & BACKUP_ELIGIBLE_CHANGED != 0,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.len())
    }
}

impl fmt::Debug for Stored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.credential().fmt(f)
    }
}

fn flags(credential: &Credential) -> u8 {
    let facts = [
        (credential.attestation_verified, ATTESTATION_VERIFIED),
        (credential.user_verified, USER_VERIFIED),
        (credential.backup_eligible, BACKUP_ELIGIBLE),
        (credential.backed_up, BACKED_UP),
        (credential.is_mfa, IS_MFA),
        (credential.backup_eligible_changed, BACKUP_ELIGIBLE_CHANGED),
    ];
    let so = facts.into_iter().filter(|(is_so, _)| *is_so);
    so.fold(0, |flags, (_, flag)| flags | flag)
}

fn created_at(row: &[u8]) -> Timestamp {
    Timestamp(u64::from_le_bytes(Reader(&row[CREATED_AT..]).array()))
}

fn owner_of(row: &[u8]) -> Owner {
    match u32::from_le_bytes(Reader(&row[OWNER..]).array()) {
        NOBODY => Owner::Nobody,
        number => Owner::User(number),
    }
}

fn id_of(row: &[u8]) -> &[u8] {
    Reader(&row[ID..]).bytes()
}

fn hash(hashes: &Hashes, row: &[u8]) -> u64 {
    hashes.of(id_of(row))
}

/// Where they begin, after the flags.
const CREATED_AT: usize = 1;
const OWNER: usize = CREATED_AT + 16;
const ID: usize = OWNER + 4;

/// No user has this number: there are never so many.
const NOBODY: u32 = u32::MAX;

const ATTESTATION_VERIFIED: u8 = 1;
const USER_VERIFIED: u8 = 2;
const BACKUP_ELIGIBLE: u8 = 4;
const BACKED_UP: u8 = 8;
const IS_MFA: u8 = 16;
const BACKUP_ELIGIBLE_CHANGED: u8 = 32;
