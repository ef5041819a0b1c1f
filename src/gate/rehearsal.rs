//! What a rehearsal lets a script do to the cloud that it rehearses on; a real cloud has no such door.

use serde_json::{Map, Value as Json};

/// The stand-in of a cloud, as a script may direct it.
pub trait Rehearsal: Send + Sync {
    /// Makes something go wrong, as the table says; where the table makes no sense, why.
    fn fault(&self, table: &Map<String, Json>) -> Result<(), String>;
    /// Lets everything go right again.
    fn clear(&self);
    /// The requests that reached the cloud, oldest first, without secrets.
    fn requests(&self) -> Json;
    /// All that the account has.
    fn state(&self) -> Json;
    /// Puts the cloud's clock ahead by so many seconds, or behind.
    fn skew(&self, seconds: i64);
}
