//! What the audit log hears of ceremonies beyond their success: that one was refused and why, and where the tenant wants
//! to know, that one begins. A response that cannot be read and a missing API key are no ceremonies.

use std::error::Error;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::FinalizeError;
use crate::actor::Refusal;
use crate::http::call::Tenant;
use crate::http::error::Problem;
use crate::tenant::Initialize;
use crate::tenant::audit::{Kind, Note};
use crate::tenant::challenge::{Ceremony, Purpose};
use crate::tenant::ids::UserId;
use crate::tenant::token::Operation;

/// Whom a finalize is about, as far as it came to know.
#[derive(Debug, Default)]
pub struct About {
    pub(super) user: Option<UserId>,
    /// The relying party's name for the transaction.
    pub(super) transaction: Option<Box<str>>,
}

impl About {
    pub(super) fn taken(&mut self, ceremony: &Ceremony) {
        match &ceremony.purpose {
            Purpose::Registration { user, .. } => self.user = Some(user.id.clone()),
            Purpose::Login { user, .. } => self.user.clone_from(user),
            Purpose::Transaction { id, user, .. } => {
                self.user = Some(user.clone());
                self.transaction = Some(id.as_str().into());
            }
        }
    }

    /// What the client is told, in its contract's words; the audit log hears it too, with the cause.
    pub fn refused(
        self,
        tenant: &Tenant<'_>,
        operation: Operation,
        error: FinalizeError,
        words: fn(FinalizeError) -> Problem,
    ) -> Problem {
        if let FinalizeError::Response(_) = error {
            return words(error);
        }
        let causes = causes(&error);
        let problem = words(error);
        let mut note = Note::of(Kind::finished(operation)).refused(&text(&problem, &causes));
        (note.user, note.transaction) = (self.user, self.transaction);
        tenant.tell(note);
        problem
    }
}

/// Begins a ceremony, and tells of it where the tenant wants to know.
pub async fn begin<I: Initialize>(tenant: &Tenant<'_>, initialize: I) -> Result<String, Refusal> {
    if tenant.tells_initialize() {
        begin_and_tell(tenant, initialize).await
    } else {
        tenant.begin(initialize).await
    }
}

/// For tenants that want to know. The hot path asks [`Tenant::tells_initialize`] itself and goes the short way if it can:
/// the future of one function more would make every request bigger.
pub fn begin_and_tell<'a, I: Initialize>(
    tenant: &'a Tenant<'_>,
    initialize: I,
) -> LocalBoxFuture<'a, Result<String, Refusal>> {
    let begin_and_tell = async move {
        let note = initialize.note();
        let begun = tenant.begin(initialize).await;
        tell_begun(tenant, note, &begun, Problem::from);
        begun
    };
    begin_and_tell.boxed_local()
}

/// Tells how a beginning went, for tenants that want to know; `words` are those that the client gets.
pub fn tell_begun(
    tenant: &Tenant<'_>,
    note: Note,
    begun: &Result<String, Refusal>,
    words: fn(Refusal) -> Problem,
) {
    tenant.tell(match begun {
        Ok(_) => note,
        Err(refusal) => note.refused(&text(&words(*refusal), &refusal.to_string())),
    });
}

/// As the contract's audit logs put it (§7).
fn text(problem: &Problem, causes: &str) -> String {
    let (code, message) = (problem.status.as_u16(), problem.title.trim_end());
    format!("code={code}, message={message}, internal={causes}")
}

fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
