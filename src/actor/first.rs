//! What is done to tenants before anybody is let in: there are no actors yet, and nobody else who writes.

use super::Refusal;
use super::codec;
use super::registry::Registry;
use crate::store::{Change, Commit};
use crate::tenant::Command;
use crate::tenant::audit::Requester;
use crate::tenant::declared::Declaration;
use crate::tenant::ids::TenantId;
use crate::tenant::state::TenantState;

impl Registry {
    pub async fn create_declared(
        &self,
        id: TenantId,
        declaration: &Declaration,
    ) -> Result<(), Refusal> {
        let decision = declaration.found(&self.source.env());
        self.establish(id, decision, Requester::default()).await
    }

    /// The tenants for which a settings file spoke when the server started last.
    pub async fn declared(&self) -> Result<Vec<TenantId>, Refusal> {
        let rows = self.store.list(codec::DECLARED).await;
        let rows = rows.map_err(|error| Refusal::from(&error))?;
        Ok(rows.iter().map(|(id, _)| TenantId(*id)).collect())
    }

    pub async fn read(&self, id: TenantId) -> Result<TenantState, Refusal> {
        Ok(self.load(id).await?.state)
    }

    /// Carries a command out without the tenant's actor.
    ///
    /// # Panics
    /// Where somebody has asked for a tenant already: an actor that has read its state would not hear of the change.
    pub async fn execute_first<C: Command>(
        &self,
        id: TenantId,
        command: C,
    ) -> Result<C::Outcome, Refusal> {
        assert!(self.is_untouched(), "nobody is let in yet");
        let state = self.read(id).await?;
        let decision = command.decide(&state, &self.source.env())?;
        let puts: Vec<_> = decision
            .events
            .iter()
            .map(|event| codec::put(event, Some(&state)))
            .collect();
        let told = decision
            .note
            .map(|note| codec::audit_row(note, Requester::default(), &self.source.env()));
        let commit = Commit {
            tenant: id.0,
            change: Change::Update(puts),
            audit: told.into_iter().collect(),
        };
        let copies = self.audit.copies(&commit.audit);
        self.store.commit(commit).await?;
        self.audit.written(id, &copies);
        Ok(decision.outcome)
    }
}
