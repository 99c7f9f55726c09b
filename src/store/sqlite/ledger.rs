//! The ledger of a tenant: its last seq, how many rows of each kind it has, and an order-free digest of them. Sealed in the
//! tenant's own row, it shows a row that vanished or came back. It never looks at what is in a row.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::seal::{Keyring, UnsealError};
use crate::store::{Kind, Seq, UnixSeconds};

/// Where a row stands and which one it is: all that its seal is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) tenant: Uuid,
    pub(super) kind: Kind,
    pub(super) id: &'a [u8],
    pub(super) seq: Seq,
    pub(super) expires: Option<UnixSeconds>,
}

impl Place<'_> {
    /// Unambiguous: everything before the id has a fixed length, and the first byte tells rows from ledgers.
    pub(super) fn binding(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(35 + self.id.len());
        bytes.push(ROW_DOMAIN);
        bytes.extend_from_slice(self.tenant.as_bytes());
        bytes.push(self.kind.0);
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.push(u8::from(self.expires.is_some()));
        bytes.extend_from_slice(&self.expires.unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(self.id);
        bytes
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ledger {
    pub(super) seq: Seq,
    /// A deleted tenant's ledger stays, so its id stays taken; sealed, so no flipped bit can delete a tenant.
    pub(super) deleted: bool,
    counts: Vec<(Kind, u64)>,
    digest: u128,
}

impl Ledger {
    pub(super) fn add(&mut self, kind: Kind, binding: &[u8]) {
        self.count(kind, 1);
        self.digest = self.digest.wrapping_add(digest(binding));
    }

    /// Wraps when a row is removed that was never added: the ledger then never fits again, and the next load says so.
    pub(super) fn remove(&mut self, kind: Kind, binding: &[u8]) {
        self.count(kind, u64::MAX);
        self.digest = self.digest.wrapping_sub(digest(binding));
    }

    pub(super) fn delete(&mut self) {
        *self = Self {
            seq: self.seq,
            deleted: true,
            ..Self::default()
        };
    }

    /// What the rows that are there (`found`) lack or have too many; `None` when all is well.
    pub(super) fn difference(&self, found: &Self) -> Option<String> {
        let of = |ledger: &Self, kind| {
            ledger
                .counts
                .iter()
                .find(|entry| entry.0 == kind)
                .map_or(0, |entry| entry.1)
        };
        let kinds: BTreeSet<Kind> = self
            .counts
            .iter()
            .chain(&found.counts)
            .map(|entry| entry.0)
            .collect();
        for kind in kinds {
            let (expected, there) = (of(self, kind), of(found, kind));
            if expected != there {
                return Some(format!(
                    "{there} rows of kind {} where {expected} belong",
                    kind.0
                ));
            }
        }
        (self.digest != found.digest)
            .then(|| "a row is not the one that was last written".to_owned())
    }

    pub(super) fn seal(&self, tenant: Uuid, keyring: &Keyring) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(17 + 9 * self.counts.len());
        bytes.push(u8::from(self.deleted));
        bytes.extend_from_slice(&self.digest.to_be_bytes());
        for (kind, count) in &self.counts {
            bytes.push(kind.0);
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        keyring.seal(&ledger_binding(tenant, self.seq), &bytes)
    }

    pub(super) fn open(
        tenant: Uuid,
        seq: Seq,
        sealed: &[u8],
        keyring: &Keyring,
    ) -> Result<Self, UnsealError> {
        let bytes = keyring.open(&ledger_binding(tenant, seq), sealed)?;
        let (head, entries) = bytes
            .split_first_chunk::<17>()
            .ok_or(UnsealError::Malformed)?;
        let (deleted, digest) = head.split_first().ok_or(UnsealError::Malformed)?;
        let digest: [u8; 16] = digest.try_into().map_err(|_| UnsealError::Malformed)?;
        let (entries, _) = entries.as_chunks::<9>();
        let counts = entries
            .iter()
            .map(|[kind, count @ ..]| (Kind(*kind), u64::from_be_bytes(*count)))
            .collect();
        Ok(Self {
            seq,
            deleted: *deleted != 0,
            counts,
            digest: u128::from_be_bytes(digest),
        })
    }

    /// `change` is added, wrapping; a count of zero leaves no entry. Sorted, so equal ledgers are equal bytes.
    fn count(&mut self, kind: Kind, change: u64) {
        match self.counts.binary_search_by_key(&kind, |entry| entry.0) {
            Ok(index) => {
                self.counts[index].1 = self.counts[index].1.wrapping_add(change);
                if self.counts[index].1 == 0 {
                    self.counts.remove(index);
                }
            }
            Err(index) => self.counts.insert(index, (kind, change)),
        }
    }
}

/// The ledgers that the writer has at hand: a hot tenant costs no read. Bounded by two generations: what was not used
/// while the young one filled goes.
#[derive(Debug)]
pub(super) struct Ledgers {
    young: HashMap<Uuid, Ledger>,
    old: HashMap<Uuid, Ledger>,
    generation_max: usize,
}

impl Ledgers {
    pub(super) fn new(generation_max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation_max,
        }
    }

    pub(super) fn find(&self, tenant: Uuid) -> Option<&Ledger> {
        self.young.get(&tenant).or_else(|| self.old.get(&tenant))
    }

    pub(super) fn keep(&mut self, tenant: Uuid, ledger: Ledger) {
        self.young.insert(tenant, ledger);
    }

    /// Only between batches: within one, what it changed must stay.
    pub(super) fn trim(&mut self) {
        if self.young.len() > self.generation_max {
            self.old = std::mem::take(&mut self.young);
        }
    }

    /// After a rollback the disk alone knows.
    pub(super) fn forget_all(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

fn ledger_binding(tenant: Uuid, seq: Seq) -> [u8; 25] {
    let mut binding = [LEDGER_DOMAIN; 25];
    binding[1..17].copy_from_slice(tenant.as_bytes());
    binding[17..].copy_from_slice(&seq.to_be_bytes());
    binding
}

fn digest(binding: &[u8]) -> u128 {
    let hash: [u8; 32] = Sha256::digest(binding).into();
    let (half, _) = hash
        .split_first_chunk::<16>()
        .expect("a SHA-256 has 32 bytes");
    u128::from_be_bytes(*half)
}

/// The first byte of what a seal is bound to, so that nothing of one sort opens as another.
const ROW_DOMAIN: u8 = 1;
const LEDGER_DOMAIN: u8 = 2;
pub(super) const AUDIT_DOMAIN: u8 = 3;
