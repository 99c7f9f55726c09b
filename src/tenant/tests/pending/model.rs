//! Hundreds of ceremonies begin, end and are saved in any order, beside a plain list of what is out.

use std::collections::{HashSet, VecDeque};

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::super::super::challenge::{Access, Ceremony, Checkpoint, Pending, Purpose};
use super::super::super::ids::{Challenge, CredentialId, Timestamp};
use super::super::ceremony;
use super::{began, restored};

#[derive(Debug, Clone)]
enum Step {
    /// So many begin, each with so many bytes.
    Begin(usize, usize),
    /// On a clock that is set back now and then.
    Wait(i16),
    /// So many of those that began, from one of them on.
    Take(usize, usize),
    Evict(usize),
    Expire(u64),
    Checkpoint(usize),
    Lost(usize),
    /// A checkpoint that is on its way meanwhile.
    Send(usize),
    /// It arrives: durable or not, and whether that is known.
    Arrive(bool, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..40_usize, 0..1000_usize).prop_map(|(count, bytes)| Step::Begin(count, bytes)),
        3 => (-2..9_i16).prop_map(Step::Wait),
        6 => (any::<usize>(), 0..40_usize).prop_map(|(from, count)| Step::Take(from, count)),
        1 => (0..20_usize).prop_map(Step::Evict),
        1 => (0..9_u64).prop_map(Step::Expire),
        3 => (0..30_000_usize).prop_map(Step::Checkpoint),
        1 => (0..30_000_usize).prop_map(Step::Lost),
        2 => (0..30_000_usize).prop_map(Step::Send),
        3 => any::<(bool, bool)>().prop_map(|(durable, known)| Step::Arrive(durable, known)),
    ]
}

#[derive(Default)]
struct Model {
    pending: Pending,
    out: VecDeque<(Challenge, Ceremony)>,
    ever: Vec<Challenge>,
    taken: HashSet<Challenge>,
    named: HashSet<Challenge>,
    durable: Vec<Checkpoint>,
    under_way: Option<Checkpoint>,
    moment: u16,
    now: u64,
}

impl Model {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Begin(count, bytes) => (0..count).for_each(|_| self.begin(bytes)),
            Step::Wait(moments) => self.moment = self.moment.wrapping_add_signed(moments),
            Step::Take(from, count) if !self.ever.is_empty() => {
                let from = from % self.ever.len();
                let some: Vec<_> = self.ever[from..].iter().take(count).copied().collect();
                for challenge in &some {
                    self.take(challenge);
                }
            }
            Step::Take(..) => {}
            Step::Evict(count) => (0..count).for_each(|_| self.evict()),
            Step::Expire(later) => self.expire(later),
            Step::Checkpoint(most) => {
                let durable = self.checkpoint(most);
                self.durable.push(durable);
            }
            Step::Lost(most) => {
                let lost = self.checkpoint(most);
                self.pending.checkpoint_failed(lost);
            }
            Step::Send(most) => {
                if self.under_way.is_none() {
                    self.under_way = Some(self.checkpoint(most));
                }
            }
            Step::Arrive(durable, known) => self.arrive(durable, known),
        }
        assert_eq!(self.pending.len(Access::Keyed), self.out.len());
    }

    fn begin(&mut self, bytes: usize) {
        let mut challenge = [0; 32];
        challenge[2..4].copy_from_slice(&self.moment.to_be_bytes());
        challenge[4..12].copy_from_slice(&self.ever.len().to_le_bytes());
        let challenge = Challenge(challenge);
        let begun = Ceremony {
            purpose: Purpose::Login {
                user: None,
                allowed: CredentialId::parse(&vec![7; bytes]).into_iter().collect(),
            },
            ..ceremony(Access::Keyed, self.now + 20)
        };
        self.pending.begin(challenge, &begun);
        self.out.push_back((challenge, begun));
        self.ever.push(challenge);
    }

    fn take(&mut self, challenge: &Challenge) {
        let at = self.out.iter().position(|(out, _)| out == challenge);
        let expected = at.and_then(|at| self.out.remove(at));
        let taken = self.pending.take(challenge);
        assert_eq!(taken, expected.map(|(_, ceremony)| ceremony));
        self.taken.extend(taken.map(|_| *challenge));
    }

    fn evict(&mut self) {
        let evicted = self.pending.evict_oldest(Access::Keyed);
        assert_eq!(evicted, self.out.pop_front().is_some());
    }

    fn expire(&mut self, later: u64) {
        self.now += later;
        let now = Timestamp(self.now);
        let expired = self.out.iter().take_while(|out| out.1.expires_at <= now);
        let count = expired.count();
        self.out.drain(..count);
        assert_eq!(self.pending.expire(now), [count, 0]);
        assert!(!self.out.is_empty() || self.pending.unsaved() == 0);
    }

    /// A commit of which nobody knows what became may be durable, and counts as failed.
    fn arrive(&mut self, durable: bool, known: bool) {
        let Some(arrived) = self.under_way.take() else {
            return;
        };
        if durable {
            self.durable.push(Checkpoint {
                began: arrived.began.clone(),
                taken: arrived.taken.clone(),
                ..arrived
            });
        }
        if !durable || !known {
            self.pending.checkpoint_failed(arrived);
        }
    }

    /// It tells of no taking of what none has named.
    fn checkpoint(&mut self, most: usize) -> Checkpoint {
        let checkpoint = self.pending.checkpoint(most);
        assert!(checkpoint.taken.iter().all(|it| self.named.contains(it)));
        self.named.extend(began(&checkpoint).iter().map(|it| it.0));
        checkpoint
    }

    /// All that is out comes back after a restart, nothing that was taken, and what was evicted does no harm.
    fn restart(mut self) {
        self.arrive(true, true);
        self.apply(&Step::Checkpoint(usize::MAX));
        let mut after = restored(&self.durable);
        for (challenge, ceremony) in self.out {
            assert_eq!(after.take(&challenge), Some(ceremony));
        }
        for challenge in self.taken {
            assert_eq!(after.take(&challenge), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_out_is_what_a_plain_list_says(steps in vec(step(), 0..80)) {
        let mut model = Model::default();
        for step in &steps {
            model.apply(step);
        }
        model.restart();
    }
}

/// More than one segment holds, all of one moment.
#[test]
fn a_flood_is_found_again() {
    let mut model = Model::default();
    model.apply(&Step::Begin(5000, 1000));
    model.apply(&Step::Checkpoint(3 << 20));
    model.apply(&Step::Take(100, 3000));
    model.apply(&Step::Checkpoint(1 << 20));
    model.apply(&Step::Take(0, 4000));
    model.apply(&Step::Begin(10, 1000));
    model.apply(&Step::Evict(200));
    model.restart();
}

#[test]
fn what_was_taken_takes_no_room_for_long() {
    let mut model = Model::default();
    for moment in 0..10 {
        model.apply(&Step::Begin(100, 100));
        model.apply(&Step::Take(100 * moment + 1, 99));
        model.apply(&Step::Wait(1));
    }
    let room = model.pending.unsaved();
    model.pending = restored(&[model.pending.checkpoint(usize::MAX)]);
    assert_eq!(model.pending.len(Access::Keyed), 10);
    model.pending.checkpoint_failed(Checkpoint::default());
    assert!(room <= 2 * model.pending.unsaved(), "{room}");
}
