//! Who may decide: commands that share a row wait for each other, in the order of their coming; all others do not.
//!
//! Each row has a queue of the commands that touch it. A command runs when it is at the head of all its queues, and
//! leaves them when its commit is durable or refused.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use crate::tenant::Touched;

/// A command's place in the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

#[derive(Debug)]
pub struct RowQueues<Job> {
    queues: HashMap<Touched, VecDeque<Ticket>>,
    waiting: HashMap<Ticket, Waiting<Job>>,
    rows_of: HashMap<Ticket, Vec<Touched>>,
    next: u64,
}

#[derive(Debug)]
struct Waiting<Job> {
    rows_missing: usize,
    job: Job,
}

impl<Job> Default for RowQueues<Job> {
    fn default() -> Self {
        Self {
            queues: HashMap::new(),
            waiting: HashMap::new(),
            rows_of: HashMap::new(),
            next: 0,
        }
    }
}

impl<Job> RowQueues<Job> {
    /// Queues a job. What comes back may run at once.
    pub fn enter(&mut self, mut rows: Vec<Touched>, job: Job) -> Option<(Ticket, Job)> {
        let ticket = Ticket(self.next);
        self.next += 1;
        let mut seen = std::collections::HashSet::new();
        rows.retain(|row| seen.insert(row.clone()));
        let mut rows_missing = 0;
        for row in &rows {
            let queue = self.queues.entry(row.clone()).or_default();
            rows_missing += usize::from(!queue.is_empty());
            queue.push_back(ticket);
        }
        self.rows_of.insert(ticket, rows);
        if rows_missing == 0 {
            return Some((ticket, job));
        }
        self.waiting.insert(ticket, Waiting { rows_missing, job });
        None
    }

    /// Ends a job. What comes back may run now.
    pub fn leave(&mut self, ticket: Ticket) -> Vec<(Ticket, Job)> {
        let rows = self.rows_of.remove(&ticket).unwrap_or_default();
        rows.into_iter()
            .filter_map(|row| self.advance(&row))
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.rows_of.is_empty()
    }

    fn advance(&mut self, row: &Touched) -> Option<(Ticket, Job)> {
        let queue = self.queues.get_mut(row)?;
        queue.pop_front();
        let Some(&next) = queue.front() else {
            self.queues.remove(row);
            return None;
        };
        let waiting = self.waiting.get_mut(&next)?;
        waiting.rows_missing -= 1;
        if waiting.rows_missing > 0 {
            return None;
        }
        self.waiting
            .remove(&next)
            .map(|waiting| (next, waiting.job))
    }
}
