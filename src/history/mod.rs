//! The history: what ran, what it did, and why something did not run, in one SQLite file.
//!
//! [`Store`] is a handle to a thread of its own, which has the only connection of this process: a
//! run on virtual time must not wait for a database on that clock. What is given to it together is
//! written in one transaction. A write that is answered is in the file's log and survives the end
//! of the process (`synchronous = NORMAL`: a crash of the whole machine may take the last moments
//! with it, which spares each call a flush to the disk).

mod call_batches;
mod calls;
mod carried_over;
mod connection;
mod digest;
mod dropped;
mod error;
mod firings;
mod given;
mod left_ends;
mod left_records;
pub mod locks;
mod lost;
mod notifications;
mod output;
mod output_buffer;
mod prune;
mod runs;
mod schedules;
mod scripts;
mod search;
mod servers;
mod standings;
mod state;
mod store;
mod timeline;
mod times;
mod unclaimed;
mod user_requests;
mod wait_changes;
mod waits;

pub use call_batches::CallRecord;
pub use calls::CallRow;
pub use digest::sha256;
pub use dropped::{Dropped, dropped_by};
pub use error::StoreError;
pub use firings::{Firing, FiringOutcome, FiringRow, ScheduleRow, WRONG_CLOCK};
pub use given::Given;
pub use lost::Settled;
pub use notifications::{DeliveryNote, NewNotification, NotificationRow, NotificationState};
pub use output::{Line, OutputRow, Stream};
pub use output_buffer::OutputBuffer;
pub use prune::{Prune, Pruned};
pub use runs::{NewRun, RunEnd, RunRow};
pub use schedules::{AttemptKey, HistoryEntry, LastRuns, Planned, Retry};
pub use search::{Filter, Found};
pub use servers::ServerRow;
pub use standings::{LastEnd, Standing};
pub use state::{RunOutcome, RunState};
pub use store::Store;
pub use timeline::Moment;
pub use user_requests::{Of, Requester, Told, UserRequest, Verb};
pub use wait_changes::{WaitEnd, WaitStart};
pub use waits::WaitRow;
