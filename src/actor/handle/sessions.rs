//! Sessions as requests meet them: a token opens one, and every request with it is a use.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::Lease;
use crate::actor::ceremonies::Used;
use crate::tenant::audit::Requester;
use crate::tenant::session::{DeleteSession, EndIdleSession, Session};
use crate::tenant::token::SessionClaims;
use crate::tenant::token::session::{Expected, issuer, kid_of, verify};

/// Why a token opens no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSession {
    /// It is no token of ours, or its session has ended.
    Unknown,
    /// Nobody has used it for too long: it ends now.
    Idle,
}

impl Lease<'_> {
    /// The session of a token, if it is still open. This is no use of it.
    pub fn open_session(&self, token: &str) -> Option<(Arc<Session>, SessionClaims)> {
        self.find_session(token).ok()
    }

    /// The same for whoever tells an idle session from one that never was.
    pub fn find_session(&self, token: &str) -> Result<(Arc<Session>, SessionClaims), NoSession> {
        let claims = self.claims_of(token).ok_or(NoSession::Unknown)?;
        let now = self.registry.source.env().now;
        let (session, idle_timeout) = {
            let state = self.read();
            let session = state.sessions.find(claims.session_id, now).cloned();
            (session, state.policy.settings.sessions.idle_timeout_seconds)
        };
        let session = session.filter(|session| session.user.as_str() == claims.sub);
        let session = session.ok_or(NoSession::Unknown)?;
        if session.is_idle(idle_timeout, now) {
            self.end_idle_soon(&session);
            return Err(NoSession::Idle);
        }
        Ok((session, claims))
    }

    /// Tells that a session was used now.
    pub fn use_session(&self, session: &Session) {
        session.last_used.use_at(self.registry.source.env().now);
        let idle_timeout = self.read().policy.settings.sessions.idle_timeout_seconds;
        let Some(matters_until) = session.idle_at(idle_timeout) else {
            return;
        };
        let used = Used {
            session: session.id,
            at: session.last_used_at(),
            matters_until,
        };
        let slot = &self.seat.slot;
        slot.with(self.registry, |actor| actor.do_send(used));
    }

    /// The signature is checked with nothing locked.
    fn claims_of(&self, token: &str) -> Option<SessionClaims> {
        let kid = kid_of(token)?;
        let now = self.registry.source.env().now;
        let (key, audience) = {
            let state = self.read();
            let key = state.session_keys.published_as(kid, now).cloned();
            (key, state.policy.settings.relying_party.id.clone())
        };
        let expected = Expected {
            issuer: issuer(self.id),
            audience,
            now,
        };
        verify(&*key?, token, &expected)
    }

    /// So that it stays ended when the tenant allows more time. Nobody waits for that.
    fn end_idle_soon(&self, session: &Session) {
        let end = EndIdleSession(DeleteSession::of(session));
        let (registry, worker, id) = (Arc::clone(self.registry), self.worker, self.id);
        actix::spawn(async move {
            let ended = async {
                let lease = registry.lease(id, worker).await?;
                lease.execute(end, Requester::default()).await
            };
            if let Err(error) = ended.await {
                tracing::warn!(tenant = %id, %error, "an idle session has not been ended yet");
            }
        });
    }
}
