//! All that a tenant durably is, in memory. It changes in [`TenantState::apply`] and nowhere else, whether an event has
//! just been committed or is read back from the store.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::credential::Credential;
use super::decoy::DecoyKey;
use super::event::{Event, TenantProfile};
use super::ids::{CredentialId, TenantId, Timestamp, TransactionId, UserId};
use super::packed::{Account, Credentials, Owner, Stored, Users};
use super::policy::Policy;
use super::roster::Roster;
use super::secret::ApiKey;
use super::session::Sessions;
use super::token::{KeyPurpose, SigningKey, SigningKeys};
use super::transaction::{self, Transaction};
use super::user::User;

/// What begins every ceremony stands together, in as few cache lines as it takes.
#[derive(Debug)]
#[repr(C)]
pub struct TenantState {
    pub policy: Arc<Policy>,
    pub api_keys: Vec<ApiKey>,
    pub users: Users,
    pub credentials: Credentials,
    pub id: TenantId,
    pub display_name: Box<str>,
    pub created_at: Timestamp,
    /// Whether a settings file speaks for it.
    pub declared: bool,
    pub signing_keys: SigningKeys,
    /// Those of the Public API's sessions. Neither set knows a key of the other.
    pub session_keys: SigningKeys,
    pub sessions: Sessions,
    /// From the first login on that it was needed for.
    pub decoy_key: Option<Arc<DecoyKey>>,
    roster: OnceLock<Roster>,
    /// They stay when their user goes, so that no id is ever used twice.
    pub transactions: HashMap<TransactionId, transaction::Stored>,
}

impl TenantState {
    pub fn new(id: TenantId, profile: TenantProfile) -> Self {
        Self {
            id,
            display_name: profile.display_name,
            created_at: profile.created_at,
            policy: Arc::new(Policy::new(profile.settings)),
            declared: false,
            api_keys: Vec::new(),
            signing_keys: SigningKeys::default(),
            session_keys: SigningKeys::default(),
            sessions: Sessions::default(),
            decoy_key: None,
            users: Users::default(),
            roster: OnceLock::new(),
            credentials: Credentials::default(),
            transactions: HashMap::new(),
        }
    }

    /// Carries out an event that is durable. `revision` is the number of the commit that wrote it.
    pub fn apply(&mut self, event: Event, revision: u64) {
        match event {
            Event::TenantSaved(profile) => {
                self.display_name = profile.display_name;
                self.policy = Arc::new(Policy::new(profile.settings));
            }
            Event::Declared => self.declared = true,
            Event::NotDeclared => self.declared = false,
            Event::ApiKeyCreated(key) => self.api_keys.push(key),
            Event::ApiKeyDeleted(id) => self.api_keys.retain(|key| key.id != id),
            Event::SigningKeyCreated(key) => self.signing_keys.push(key),
            Event::SigningKeyChanged(key) => self.signing_keys.replace(key),
            Event::SigningKeyDeleted(kid) => self.signing_keys.remove(kid),
            Event::SessionKeyCreated(key) => self.session_keys.push(key),
            Event::SessionKeyChanged(key) => self.session_keys.replace(key),
            Event::SessionKeyDeleted(kid) => self.session_keys.remove(kid),
            Event::SessionCreated(session) => self.sessions.add(session),
            Event::SessionDeleted(id) => self.sessions.remove(id),
            Event::DecoyKeyCreated(key) => self.decoy_key = Some(key),
            Event::UserSaved(user) => self.save_user(&user, revision),
            Event::UserDeleted(id) => self.delete_user(&id),
            Event::CredentialRegistered(credential) => self.register(&credential, revision),
            Event::CredentialChanged(credential) => self.save_credential(&credential, revision),
            Event::CredentialDeleted(id) => self.delete_credential(&id),
            Event::TransactionSaved(transaction) => self.save_transaction(transaction, revision),
            Event::ChallengeConsumed { .. } => {}
        }
    }

    /// Makes room at once for what is about to be read back.
    pub fn reserve(&mut self, users: usize, credentials: usize) {
        self.users.reserve(users);
        self.credentials.reserve(credentials);
    }

    pub fn credential(&self, id: &CredentialId) -> Option<Stored<'_>> {
        let number = self.credentials.number(id)?;
        Some(self.credentials.at(number, &self.users))
    }

    /// All, in no order.
    pub fn all_credentials(&self) -> impl Iterator<Item = Stored<'_>> {
        self.credentials.iter(&self.users)
    }

    /// A user's credentials in the order of registration.
    pub fn credentials_of(&self, user: &UserId) -> impl Iterator<Item = Stored<'_>> {
        self.credentials_in(self.users.get(user))
    }

    /// The same, for whoever has looked the user up.
    pub fn credentials_in<'a>(
        &'a self,
        account: Option<Account<'a>>,
    ) -> impl Iterator<Item = Stored<'a>> {
        let numbers = account.into_iter().flat_map(Account::credentials);
        numbers.map(|number| self.credentials.at(number, &self.users))
    }

    /// The users, in the order in which they came.
    pub fn accounts(&self) -> impl DoubleEndedIterator<Item = Account<'_>> {
        let numbers = self.roster().in_order();
        numbers.map(|number| self.users.at(number))
    }

    /// The user of an id of this server.
    pub fn account(&self, internal_id: Uuid) -> Option<Account<'_>> {
        let number = self.roster().find(internal_id, &self.users)?;
        Some(self.users.at(number))
    }

    pub fn transaction(&self, id: &TransactionId) -> Option<&Arc<Transaction>> {
        self.transactions.get(id).map(|stored| &stored.transaction)
    }

    /// The key that signs now.
    pub fn signing_key(&self, now: Timestamp) -> Option<Arc<SigningKey>> {
        self.signing_keys.active(now).cloned()
    }

    /// The keys that sign for a purpose.
    pub const fn keys(&self, purpose: KeyPurpose) -> &SigningKeys {
        match purpose {
            KeyPurpose::Token => &self.signing_keys,
            KeyPurpose::Session => &self.session_keys,
        }
    }

    fn roster(&self) -> &Roster {
        self.roster.get_or_init(|| Roster::of(&self.users))
    }

    fn save_user(&mut self, user: &User, revision: u64) {
        let known = self.users.get(&user.profile.id);
        let stays = known.is_some_and(|known| {
            (known.internal_id(), known.created_at()) == (user.internal_id, user.created_at)
        });
        let left = known.filter(|_| !stays).map(|known| known.number);
        if let (Some(roster), Some(number)) = (self.roster.get_mut(), left) {
            roster.remove(number, &self.users);
        }
        let number = self.users.save(user, revision);
        if let Some(roster) = self.roster.get_mut().filter(|_| !stays) {
            roster.add(number, &self.users);
        }
    }

    /// What is left of a user's credentials, if anything is, is nobody's: the next user may have the same number.
    fn delete_user(&mut self, id: &UserId) {
        let Some(account) = self.users.get(id) else {
            return;
        };
        let (user, left): (_, Vec<u32>) = (account.number, account.credentials().collect());
        for number in left {
            let stored = self.credentials.at(number, &self.users);
            let (credential, revision) = (stored.credential(), stored.revision());
            self.credentials
                .replace(number, &credential, Owner::Nobody, revision);
        }
        if let Some(roster) = self.roster.get_mut() {
            roster.remove(user, &self.users);
        }
        self.users.remove(user);
    }

    /// In whatever order they come, a user's stand in that of their registration.
    fn register(&mut self, credential: &Credential, revision: u64) {
        self.delete_credential(&credential.id);
        let Some(account) = self.users.get(&credential.user) else {
            self.credentials.insert(credential, Owner::Nobody, revision);
            return;
        };
        let (user, mut theirs): (_, Vec<u32>) = (account.number, account.credentials().collect());
        let before = theirs
            .iter()
            .rposition(|other| self.credentials.created_at(*other) <= credential.created_at);
        let number = self
            .credentials
            .insert(credential, Owner::User(user), revision);
        theirs.insert(before.map_or(0, |before| before + 1), number);
        self.users.set_credentials(user, &theirs);
    }

    fn save_credential(&mut self, credential: &Credential, revision: u64) {
        let known = self.credentials.number(&credential.id);
        let same = known.filter(|number| {
            let stored = self.credentials.at(*number, &self.users);
            stored.is_of(&credential.user)
        });
        if let Some(number) = same {
            let owner = self.credentials.owner(number);
            self.credentials
                .replace(number, credential, owner, revision);
        } else {
            self.delete_credential(&credential.id);
            self.credentials.insert(credential, Owner::Nobody, revision);
        }
    }

    /// It is its user's only as long as that is the very user who began it.
    fn save_transaction(&mut self, transaction: Arc<Transaction>, revision: u64) {
        let id = transaction.id.clone();
        let user = (transaction.user.clone(), transaction.user_internal_id);
        let stored = transaction::Stored {
            transaction,
            revision,
        };
        let before = self.transactions.insert(id.clone(), stored);
        let account = self.users.get(&user.0);
        let account = account.filter(|account| account.internal_id() == user.1);
        if before.is_none()
            && let Some(number) = account.map(|account| account.number)
        {
            self.users.add_transaction(number, id);
        }
    }

    fn delete_credential(&mut self, id: &CredentialId) {
        let Some(number) = self.credentials.number(id) else {
            return;
        };
        if let Owner::User(user) = self.credentials.owner(number) {
            let theirs = self.users.at(user).credentials();
            let left: Vec<u32> = theirs.filter(|other| *other != number).collect();
            self.users.set_credentials(user, &left);
        }
        self.credentials.remove(number);
    }
}
