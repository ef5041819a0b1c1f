//! What `--sim` lets a script do to its cloud; a real cloud lets it do none of that.

use serde_json::{Map, Value as Json};

/// The stand-in of a cloud, as a script may direct it. Each access key has an account there.
pub trait Simulation: Send + Sync {
    /// Makes something go wrong in an account, as the table describes; where the table makes no
    /// sense, why.
    fn fault(&self, access_key: &str, table: &Map<String, Json>) -> Result<(), String>;
    /// Lets everything go right again, in all accounts.
    fn clear(&self);
    /// The requests that reached an account, oldest first, without secrets.
    fn requests(&self, access_key: &str) -> Json;
    /// All that an account has.
    fn state(&self, access_key: &str) -> Json;
    /// Puts the cloud's clock ahead by so many seconds, or behind.
    fn skew(&self, seconds: i64);
}
