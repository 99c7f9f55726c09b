//! Which tenants have a label of their own: the first that are read into memory, as many as the settings allow. The others
//! share one, so that their number bounds nothing that is counted.
//!
//! A tenant keeps its label while the process runs, in memory or not. That of a deleted one stays for a while, with what it
//! counted, until another tenant needs it.

use std::time::Duration;

use parking_lot::Mutex;
use uuid::Uuid;

use super::worker::Timer;

/// The place of a tenant's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantLabel(u16);

impl TenantLabel {
    /// Shared by those without one of their own.
    pub const OTHER: Self = Self(0);

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    fn of_slot(slot: usize) -> Self {
        Self(u16::try_from(slot + 1).expect("their number is a u16"))
    }
}

#[derive(Debug)]
pub(super) struct TenantLabels {
    slots: Mutex<Vec<Slot>>,
    max: usize,
    /// How long the label of a deleted tenant stays: longer than any of its requests may still last.
    kept: Duration,
}

#[derive(Debug)]
struct Slot {
    tenant: Uuid,
    deleted: Option<Timer>,
}

impl TenantLabels {
    pub(super) fn new(max: u16, kept: Duration) -> Self {
        Self {
            slots: Mutex::default(),
            max: usize::from(max),
            kept,
        }
    }

    /// How many rows a table needs for them.
    pub(super) fn rows(&self) -> usize {
        self.max + 1
    }

    /// `forget` is called with a label that was another tenant's, whose counts must go.
    pub(super) fn give(&self, tenant: Uuid, forget: impl FnOnce(TenantLabel)) -> TenantLabel {
        let mut slots = self.slots.lock();
        if let Some(known) = slots.iter().position(|slot| slot.tenant == tenant) {
            return TenantLabel::of_slot(known);
        }
        let slot = Slot {
            tenant,
            deleted: None,
        };
        if slots.len() < self.max {
            slots.push(slot);
            return TenantLabel::of_slot(slots.len() - 1);
        }
        let Some(free) = self.longest_deleted(&slots) else {
            return TenantLabel::OTHER;
        };
        let label = TenantLabel::of_slot(free);
        forget(label);
        slots[free] = slot;
        label
    }

    pub(super) fn deleted(&self, tenant: Uuid) {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.iter_mut().find(|slot| slot.tenant == tenant) {
            slot.deleted = Some(Timer::start());
        }
    }

    /// All that were given, with their texts.
    pub(super) fn texts(&self) -> Vec<(TenantLabel, String)> {
        let slots = self.slots.lock();
        let others = (TenantLabel::OTHER, OTHER.to_owned());
        let own = slots.iter().enumerate();
        let own = own.map(|(slot, it)| (TenantLabel::of_slot(slot), it.tenant.to_string()));
        std::iter::once(others).chain(own).collect()
    }

    fn longest_deleted(&self, slots: &[Slot]) -> Option<usize> {
        let ages = slots.iter().enumerate();
        let ages = ages.filter_map(|(slot, it)| Some((it.deleted?.elapsed(), slot)));
        let (age, slot) = ages.max()?;
        (age >= self.kept).then_some(slot)
    }
}

const OTHER: &str = "other";

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    impl TenantLabels {
        /// To one that needs a label that nobody had before, or none.
        fn give_new(&self, number: u128) -> TenantLabel {
            self.give(tenant(number), |label| panic!("{label:?} was another's"))
        }
    }

    #[test]
    fn the_first_have_a_label_of_their_own_and_keep_it() {
        let labels = TenantLabels::new(2, Duration::ZERO);
        let (first, second) = (labels.give_new(1), labels.give_new(2));
        assert_ne!(first, second);
        assert_eq!(labels.give_new(3), TenantLabel::OTHER);
        assert_eq!(labels.give_new(1), first);
        assert_eq!(labels.give_new(2), second);
        assert_eq!(labels.texts().len(), labels.rows());
    }

    #[test]
    fn nobody_has_one_where_there_are_none() {
        let labels = TenantLabels::new(0, Duration::ZERO);
        assert_eq!(labels.give_new(1), TenantLabel::OTHER);
        assert_eq!(labels.texts(), [(TenantLabel::OTHER, "other".to_owned())]);
    }

    #[test]
    fn the_label_of_a_deleted_tenant_is_given_again() {
        let labels = TenantLabels::new(2, Duration::ZERO);
        let (first, _) = (labels.give_new(1), labels.give_new(2));
        labels.deleted(tenant(1));
        let mut forgotten = None;
        let given = labels.give(tenant(3), |label| forgotten = Some(label));
        assert_eq!((given, forgotten), (first, Some(first)));
        assert_eq!(labels.give_new(4), TenantLabel::OTHER);
        let texts: Vec<_> = labels.texts().into_iter().map(|(_, text)| text).collect();
        let of = |number| tenant(number).to_string();
        assert_eq!(texts, ["other".to_owned(), of(3), of(2)]);
    }

    #[test]
    fn the_label_of_a_deleted_tenant_stays_for_a_while() {
        let labels = TenantLabels::new(1, Duration::from_hours(1));
        labels.give_new(1);
        labels.deleted(tenant(1));
        assert_eq!(labels.give_new(2), TenantLabel::OTHER);
        assert_eq!(labels.texts()[1].1, tenant(1).to_string());
    }
}
