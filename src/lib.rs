//! keywright: a passkey server in one binary. Many tenants, each its own WebAuthn relying party with its own users,
//! credentials, keys and policy, behind two contracts: Hanko's Passkey API, for backends with an API key, and its older Public
//! API, for pages with a session.
//!
//! # The picture
//!
//! ```text
//!             main ─► cli ─► app (composition root: reads config, clock, OS randomness; builds, runs, drains)
//!                             │
//!          ┌──────────────────┼─────────────────────┐
//!          ▼                  ▼                     ▼
//!        http ────────────► actor ───────────────► store         telemetry ◄─ http, actor, app
//!          │                  │               (rows ↔ engine)    config    ◄─ app, cli
//!          └─────► tenant ◄───┘
//!                    │            pure below this line: no I/O, no clock, no randomness, no async, no actix
//!                    ▼
//!                webauthn
//! ```
//!
//! | folder | what it is |
//! |---|---|
//! | [`webauthn`] | the protocol: bytes and expectations in, a verdict out, every step of WebAuthn L3 §7.1 and §7.2 in its order |
//! | [`webauthn::attestation`] | its formats, the certificates they carry, and what a relying party makes of them |
//! | [`tenant`] | the domain: commands are decided against a state and become events; events are applied to it |
//! | [`tenant::packed`] | users and credentials as they lie in memory, packed, and unpacked when asked for |
//! | [`tenant::token`], [`tenant::issuer`] | tokens, the keys that sign them and when; tokens of others that a tenant trusts |
//! | [`tenant::session`], [`tenant::transaction`] | who is signed in at the Public API; what a user confirms with a passkey |
//! | [`store`] | rows, audit logs beside them, an engine (`SQLite`; memory for tests), snapshots; has never heard of passkeys |
//! | [`actor`] | where core meets store: the tenant actor, the ceremonies actors, the registry that finds both |
//! | [`actor::audit`] | audit entries that wait to be written, how they are listed, and when they go |
//! | [`http`] | thin: a route table for each API, each a `match` on path and method; one table from refusals to envelopes |
//! | [`http::passkey`], [`http::public`], [`http::admin`] | the three APIs; [`http::ceremony`] is what the first two have in common |
//! | [`http::tenancy`], [`http::issuers`] | which tenant and which API a request is for; the keys of trusted issuers, fetched and kept |
//! | `http/openapi` | the description of the three APIs, made from their handlers |
//! | [`http::log`], [`http::traces`] | the line and the spans of a request, made when its answer is known, if anybody wants them |
//! | [`telemetry`] | logging, traces, and every metric a typed method: tables that each worker counts in, added up by who scrapes |
//! | [`app`], [`config`], [`cli`] | what is built from what, with which settings, by which command |
//! | [`forge`] | authenticators made of software, for `keywright load`, benches and tests; nothing of the server goes there |
//!
//! `tests/it/tidy.rs` fails on an arrow that is not in the picture.
//!
//! # Invariants
//!
//! 1. `webauthn` and `tenant` are functions of their arguments. Time and randomness arrive in [`tenant::env::Env`]; what is
//!    random or timed and must survive is in the event.
//! 2. State changes in [`tenant::state::TenantState::apply`] and nowhere else; hydration folds stored rows through the same
//!    function. `apply` cannot fail; all that can fail fails in `decide`.
//! 3. No answer leaves before everything it tells of is durable: commit, apply, reply.
//! 4. An actor's step is synchronous. Several commits of one tenant may be in flight as long as they touch different rows;
//!    commands that share a row wait for each other ([`actor::rows`]).
//! 5. Signatures are checked and tokens are signed on the HTTP worker, outside the actors; the tenant actor decides again by
//!    what may have changed meanwhile.
//! 6. A challenge is taken before its response is verified: single use even when verification fails. It is bound to its kind,
//!    expires in every ceremony, and the tables are bounded. A successful finalize puts the consumed challenge in the same
//!    commit, where it must be absent.
//! 7. Each worker appends what began and what was taken to the store, periodically and when it stops. Restored at the first
//!    use of a tenant after a start, less what was taken: no response that was accepted once is ever accepted again.
//! 8. `registration/initialize` and `login/initialize` write nothing: the user's name travels with the challenge. A user
//!    exists once a credential is registered. `transaction/initialize` makes its id durable before its ceremony begins.
//! 9. An I/O error of the store ends the process, never a retry. A full disk is no such error: writes answer 507, reads go on.
//! 10. Every queue, table, body and list has a limit, written in `config/default.toml` where an operator may want another.
//!     The mailbox is no back-pressure: permits are, and past them the answer is 503.
//! 11. An actor that panics dies alone; whoever finds it dead has it read back through the registry.
//! 12. Nothing secret in a log, a metric, an error body or a `Debug`.
//! 13. Tenants never meet: every row, lookup, key, limit, CORS rule and audit entry is the tenant's own.
//! 14. Audit entries that tell of a change are in its commit. Those that tell of a refusal or of a mere beginning wait in a
//!     bounded queue, are written within a second and before a list: they are all that a crash may lose ([`actor::audit`]).
//! 15. The Public API tells nobody whether a user is there: who is not is offered decoys that stay the same, is answered
//!     in the same words and costs the same work. A ceremony ends at the API where it began ([`tenant::decoy`]).
//!
//! # One registration, room by room
//!
//! `POST /{tenant_id}/registration/initialize`:
//!
//! 1. [`http::frame`] reads the body and draws the request id; [`http::passkey`] matches the path.
//! 2. [`http::call`] leases the tenant from [`actor::registry`] (reading it back from the store if nobody has asked for it
//!    lately), takes a permit, and compares the API key with every key of the tenant in constant time.
//! 3. The body becomes a [`tenant::registration::InitializeRegistration`]: ids and lengths are parsed here and never again.
//! 4. [`actor::ceremonies`], on this very worker and in this very turn, in one step: the decision reads the state (whose
//!    credentials to exclude), names the worker in byte 0 of the challenge, renders the options; the ceremony is kept. No disk, no
//!    other thread.
//!
//! `…/finalize`: the challenge is taken from the worker that byte 0 names → [`webauthn::registration::verify`] on this
//! worker → [`tenant::registration::Register`] decided and committed by [`actor::tenant`] → the token is signed → 200.
//!
//! # What the code taught
//!
//! - actix-web's router, scopes and middleware cost a third of an initialize (boxes within boxes, a regular expression a
//!   scope), and its `App` a tenth: `HttpServer` is given one service, and the routes are a `match` ([`http::frame`]).
//! - A million small challenges that come and go are hard on the system's allocator: mimalloc takes a third off a request.
//! - It asks for huge pages where the system lets it: an idle server takes twice the memory, and no request is faster. So it does not.
//! - A map of boxed structs takes 1.3 KB for a user with a credential, packed rows less than 320 bytes, and the options of a
//!   ceremony are read from them with fewer look-ups ([`tenant::packed`]).
//! - The allocator returns what is free only when more becomes free, so an idle server would keep what its last hydration took.
//!   Something big is released every other second ([`app`]).
//! - One index of a million challenges is a cache miss to write and another to clear, and most are never asked for. A challenge
//!   names its moment, and those of a moment are indexed once somebody asks for one of them ([`tenant::challenge`]).
//! - A tree of rows compares whole entries: hundreds of KiB beside a short row made each search read them. Long data stands apart.
//! - What two workers write on one cache line slows both: counters, permits and the shared state of a listener are one a worker.
//! - With a thousand tenants at work a request waits for memory more than it computes. What it needs to find of a tenant hangs on one
//!   seat a worker, structs begin with what every ceremony reads, texts that tenants share are there once, and a worker has one
//!   timer for all its actors: an actor with its own looks at it with every message ([`actor`]).
//! - A message to an actor of one's own thread costs two more turns of the scheduler, and with many tenants the lines of a task each.
//!   The sender lets the actor run in its own turn (`actor/here.rs`); the mailbox and the order in it stay.
//! - Answers that leave one by one wake a waiting client for each of them, in the server's time. Handlers do their work first, and all
//!   that is ready is sent together (`http/turn.rs`). Without that, the step above made requests slower.
//! - Who looks for the largest of all looks at all: a full worker makes room for many challenges at once.
//! - The library that was to verify attestation brings a second family of cryptography and refuses every TPM. What certificates need beside
//!   the signatures that are here already is a reader of DER of 200 lines ([`webauthn::attestation`]).
//! - The future of a request has room for the largest of its branches: the rare ones are boxed.

pub mod actor;
pub mod app;
pub mod cli;
pub mod config;
pub mod forge;
pub mod http;
pub mod store;
pub mod telemetry;
pub mod tenant;
pub mod webauthn;
