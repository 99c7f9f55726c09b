//! What may be asked of a tenant's sessions: to begin, to end.

use std::sync::Arc;

use uuid::Uuid;

use super::{LastUsed, Session};
use crate::tenant::audit::{Kind, Note};
use crate::tenant::env::Env;
use crate::tenant::event::Event;
use crate::tenant::ids::UserId;
use crate::tenant::login::Login;
use crate::tenant::rejection::Rejection;
use crate::tenant::state::TenantState;
use crate::tenant::token::Proof;
use crate::tenant::{Command, Decision, Touched};

/// Signs a user in. Where they have as many sessions as the tenant allows, the oldest end.
#[derive(Debug, Clone)]
pub struct CreateSession {
    pub user: UserId,
    pub name: Option<Box<str>>,
    pub display_name: Option<Box<str>>,
    pub email: Option<Box<str>>,
    /// Bounded before they come here, as all texts of a session.
    pub source_ip: Box<str>,
    pub user_agent: Box<str>,
}

impl Command for CreateSession {
    type Outcome = Arc<Session>;

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::User(self.user.clone())]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Arc<Session>>, Rejection> {
        let note = Note::of(Kind::SessionCreated).about(&self.user);
        let settings = &state.policy.settings.sessions;
        let lifetime = i64::from(settings.lifetime_seconds) * 1000;
        let limit = usize::try_from(settings.limit).unwrap_or(usize::MAX).max(1);
        let held: Vec<Uuid> = state
            .sessions
            .of_user(&self.user, env.now)
            .map(|session| session.id)
            .collect();
        let too_many = (held.len() + 1).saturating_sub(limit);
        let evicted = held.into_iter().take(too_many);
        let mut events: Vec<Event> = evicted.map(Event::SessionDeleted).collect();
        let session = Arc::new(Session {
            id: env.uuid(),
            user: self.user,
            name: self.name,
            display_name: self.display_name,
            email: self.email,
            created_at: env.now,
            expires_at: env.now.plus_milliseconds(lifetime),
            last_used: LastUsed::new(env.now),
            source_ip: self.source_ip,
            user_agent: self.user_agent,
        });
        events.push(Event::SessionCreated(Arc::clone(&session)));
        Ok(Decision::new(events, session).noting(note))
    }
}

/// A verified assertion and the session that it opens, in one commit: none without the other.
#[derive(Debug)]
pub struct SignIn {
    pub login: Login,
    /// Of the user whose credential it is.
    pub session: CreateSession,
}

impl Command for SignIn {
    type Outcome = (Proof, Arc<Session>);

    fn touches(&self) -> Vec<Touched> {
        let mut touched = self.login.touches();
        touched.extend(self.session.touches());
        touched
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<Self::Outcome>, Rejection> {
        let login = self.login.decide(state, env)?;
        if login.outcome.user != self.session.user {
            return Err(Rejection::UserHandleMismatch);
        }
        let created = self.session.decide(state, env)?;
        let mut events = login.events;
        events.extend(created.events);
        Ok(Decision {
            events,
            note: login.note,
            also: created.note.into_iter().collect(),
            outcome: (login.outcome, created.outcome),
        })
    }

    fn on_conflict() -> Rejection {
        Login::on_conflict()
    }
}

/// Signs out of one session.
#[derive(Debug)]
pub struct DeleteSession {
    id: Uuid,
    user: UserId,
}

impl DeleteSession {
    pub fn of(session: &Session) -> Self {
        Self {
            id: session.id,
            user: session.user.clone(),
        }
    }
}

impl Command for DeleteSession {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::User(self.user.clone())]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let session = state.sessions.find(self.id, env.now);
        let session = session.ok_or(Rejection::SessionNotFound)?;
        Ok(ended(session))
    }
}

/// Ends a session that nobody has used for as long as the tenant allows, if that is so still.
#[derive(Debug)]
pub struct EndIdleSession(pub DeleteSession);

impl Command for EndIdleSession {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        self.0.touches()
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let idle_timeout = state.policy.settings.sessions.idle_timeout_seconds;
        let session = state.sessions.find(self.0.id, env.now);
        let idle = session.filter(|session| session.is_idle(idle_timeout, env.now));
        let decision = idle.map(|session| ended(session));
        Ok(decision.map_or_else(
            || Decision::new(Vec::new(), ()),
            |decision| decision.accepting(Some("nobody has used it for too long")),
        ))
    }
}

/// Signs a user out everywhere.
#[derive(Debug)]
pub struct DeleteSessions {
    pub user: UserId,
}

impl Command for DeleteSessions {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::User(self.user.clone())]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let held = state.sessions.of_user(&self.user, env.now);
        let events = held
            .map(|session| Event::SessionDeleted(session.id))
            .collect();
        let note = Note::of(Kind::SessionDeleted).about(&self.user);
        Ok(Decision::new(events, ()).noting(note))
    }
}

fn ended(session: &Session) -> Decision<()> {
    let note = Note::of(Kind::SessionDeleted).about(&session.user);
    Decision::new(vec![Event::SessionDeleted(session.id)], ()).noting(note)
}
