//! cumulua: an embedded Lua scripting runtime for cloud operators.
//!
//! # How a call walks through
//!
//! ```text
//! Lua call -> catalog lookup -> prepare -> admit -> route -> [ limit -> intent -> sign -> send -> decode ] looped by retry -> answer -> wait
//! ```
//!
//! # Layout
//!
//! Imports run one way, from the bottom of this list to its top;
//! `tests/integration/architecture.rs` holds the code to it.
//!
//! - [`cumulua_core`], a package of its own: every Action as data, from `catalog/`; time that can
//!   be virtual; values that no text may hold.
//! - [`lua_syntax`]: Lua's text as tokens, and the locals that outlive a prompt's line. It knows no
//!   Lua state.
//! - [`mod@reference`]: what is generated from the catalogue for people and editors.
//! - [`config`], [`credentials`]: profiles, and where each of their values comes from.
//! - [`client`]: the pure steps of a call, one a file, and the transport. It knows no Lua, and has
//!   no callbacks.
//! - [`policy`]: the one judge of what may happen, from names and settings. Pure.
//! - [`effect_id`]: an effect's place in its run.
//! - [`gate`]: every effect of a script passes it; one effect a file.
//! - [`history`]: what ran, what it did, and why something did not run, in one SQLite file.
//! - [`lua`]: the runtime. It knows no HTTP.
//! - [`run`]: one script from its first line to the last of what it deferred.
//! - [`repl`]: lines of Lua one after the other, at a prompt.
//! - [`schedule`]: runbooks on a schedule: when each fires, what becomes of it, and the server that
//!   starts its run's process.
//! - [`cli`]: the command; only it prints or exits.
//! - [`cumulua_simulator`], a package of its own: the clouds' stand-in, with signature code of its
//!   own; only the command and tests know it.
//!
//! # What holds everywhere
//!
//! - A secret has no `Display`; text that leaves is redacted where it leaves.
//! - A mutating call is sent again only where the first is known not to have been carried out, or
//!   where it carries a token.
//! - Every attempt is signed anew. Integers are exact. Times are shown with their zone.
//! - What is known of one Action is data in `catalog/`, never code.

pub mod cli;
pub mod client;
pub mod config;
pub mod credentials;
pub mod effect_id;
pub mod gate;
pub mod history;
pub mod lua;
pub mod lua_syntax;
pub mod policy;
pub mod reference;
pub mod repl;
pub mod run;
pub mod schedule;
