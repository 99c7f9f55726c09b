//! All that a tenant durably is, in memory. It changes in [`TenantState::apply`] and nowhere else, whether an event has
//! just been committed or is read back from the store.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::credential::{Credential, Stored};
use super::decoy::DecoyKey;
use super::event::{Event, TenantProfile};
use super::ids::{CredentialId, TenantId, Timestamp, TransactionId, UserId};
use super::policy::Policy;
use super::roster::Roster;
use super::secret::ApiKey;
use super::session::Sessions;
use super::token::{KeyPurpose, SigningKey, SigningKeys};
use super::transaction::{self, Transaction};
use super::user::{Account, User};

#[derive(Debug)]
pub struct TenantState {
    pub id: TenantId,
    pub display_name: Box<str>,
    pub created_at: Timestamp,
    pub policy: Arc<Policy>,
    /// Whether a settings file speaks for it.
    pub declared: bool,
    pub api_keys: Vec<ApiKey>,
    pub signing_keys: SigningKeys,
    /// Those of the Public API's sessions. Neither set knows a key of the other.
    pub session_keys: SigningKeys,
    pub sessions: Sessions,
    /// From the first login on that it was needed for.
    pub decoy_key: Option<Arc<DecoyKey>>,
    /// Boxed, as the credentials are: a table is half empty just after it has grown.
    pub users: HashMap<UserId, Box<Account>>,
    roster: OnceLock<Roster>,
    pub credentials: HashMap<CredentialId, Box<Stored>>,
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
            users: HashMap::new(),
            roster: OnceLock::new(),
            credentials: HashMap::new(),
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
            Event::UserSaved(user) => self.save_user(user, revision),
            Event::UserDeleted(id) => self.delete_user(&id),
            Event::CredentialRegistered(credential) => self.register(credential, revision),
            Event::CredentialChanged(credential) => self.save_credential(credential, revision),
            Event::CredentialDeleted(id) => self.delete_credential(&id),
            Event::TransactionSaved(transaction) => self.save_transaction(transaction, revision),
            Event::ChallengeConsumed { .. } => {}
        }
    }

    /// A user's credentials in the order of registration.
    pub fn credentials_of<'a>(&'a self, user: &UserId) -> impl Iterator<Item = &'a Credential> {
        let account = self.users.get(user);
        self.credentials_in(account.map(Box::as_ref))
    }

    /// The same, for whoever has looked the user up.
    pub fn credentials_in<'a>(
        &'a self,
        account: Option<&'a Account>,
    ) -> impl Iterator<Item = &'a Credential> {
        account
            .into_iter()
            .flat_map(|account| &account.credentials)
            .filter_map(|id| self.credentials.get(id))
            .map(|stored| &stored.credential)
    }

    /// Who the users are, in order.
    pub fn roster(&self) -> &Roster {
        let users = self.users.values().map(|account| &account.user);
        self.roster.get_or_init(|| Roster::of(users))
    }

    /// The user of an id of this server.
    pub fn account(&self, internal_id: Uuid) -> Option<&Account> {
        let id = self.roster().find(internal_id)?;
        self.users.get(id).map(Box::as_ref)
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

    fn save_user(&mut self, user: User, revision: u64) {
        if let Some(account) = self.users.get_mut(&user.profile.id) {
            account.user = user;
            account.revision = revision;
            return;
        }
        if let Some(roster) = self.roster.get_mut() {
            roster.add(&user);
        }
        let id = user.profile.id.clone();
        let account = Account {
            user,
            revision,
            credentials: Vec::new(),
            transactions: Vec::new(),
        };
        self.users.insert(id, Box::new(account));
    }

    fn delete_user(&mut self, id: &UserId) {
        if let Some(account) = self.users.remove(id)
            && let Some(roster) = self.roster.get_mut()
        {
            roster.remove(&account.user);
        }
    }

    /// Many users have one credential: there is room for as many as there are.
    fn register(&mut self, mut credential: Credential, revision: u64) {
        if let Some(account) = self.users.get_mut(&credential.user) {
            credential.user = account.user.profile.id.clone();
            account.credentials.reserve_exact(1);
            account.credentials.push(credential.id.clone());
        }
        self.save_credential(credential, revision);
    }

    fn save_credential(&mut self, credential: Credential, revision: u64) {
        let id = credential.id.clone();
        let stored = Stored {
            credential,
            revision,
        };
        self.credentials.insert(id, Box::new(stored));
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
        if before.is_none()
            && let Some(account) = self.users.get_mut(&user.0)
            && account.user.internal_id == user.1
        {
            account.transactions.push(id);
        }
    }

    fn delete_credential(&mut self, id: &CredentialId) {
        if let Some(stored) = self.credentials.remove(id)
            && let Some(account) = self.users.get_mut(&stored.credential.user)
        {
            account.credentials.retain(|other| other != id);
        }
    }
}
