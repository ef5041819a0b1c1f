//! Running a script, and what it deferred.

use super::guard::Guard;
use crate::gate::{Gate, OpenEnds, Stop};
use crate::lua::{Chunk, Limits, Runtime, ScriptError, Sources};
use std::sync::Arc;
use std::time::Duration;

/// How a run ended.
#[derive(Debug)]
pub struct Ending {
    /// What ended it from outside.
    pub stop: Option<Stop>,
    /// The error that left the script.
    pub error: Option<ScriptError>,
    /// Errors of what the script deferred.
    pub deferred: Vec<ScriptError>,
    /// What it leaves open in the cloud.
    pub open: OpenEnds,
    /// The texts of all chunks that were loaded.
    pub sources: Sources,
}

/// What deferred functions get once the run was ended from outside.
pub const DEFERRED_AFTER_STOP: Duration = Duration::from_secs(2);

/// Runs a script. `guard` ends it from outside.
pub async fn run(gate: Arc<Gate>, guard: &Arc<Guard>, limits: Limits, chunk: &Chunk) -> Ending {
    let mut ending =
        Ending { stop: None, error: None, deferred: Vec::new(), open: OpenEnds::default(), sources: Sources::default() };
    match Runtime::new(Arc::clone(&gate), limits, chunk) {
        Ok(runtime) => {
            ending.error = runtime.run(chunk).await.err();
            // What is open is what the script left; deferred functions may still tidy it up.
            if runtime.has_deferred() {
                ending.stop = gate.interrupt().lower();
                guard.deferring(ending.stop.is_some().then_some(DEFERRED_AFTER_STOP));
                ending.deferred = runtime.run_deferred().await;
                ended_while_deferring(&mut ending, gate.interrupt().reason());
            } else {
                ending.stop = gate.interrupt().reason();
            }
            ending.sources = runtime.sources();
            // Finalizers run when the VM closes, so the guard stays until it has.
            drop(runtime);
        }
        Err(failure) => ending.error = Some(ScriptError { message: failure.to_string(), ..ScriptError::default() }),
    }
    guard.ended();
    // The error of a run that was ended is only the sign that it was.
    if ending.error.as_ref().is_some_and(|error| error.is_stop) {
        ending.error = None;
    }
    ending.open = gate.open_ends();
    ending
}

/// What ended the deferred functions comes second to what ended the script before.
fn ended_while_deferring(ending: &mut Ending, stop: Option<Stop>) {
    let Some(stop) = stop else { return };
    ending.deferred.retain(|error| !error.is_stop);
    let script_failed = ending.error.as_ref().is_some_and(|error| !error.is_stop);
    if !matches!(stop, Stop::Exit(_)) {
        ending.deferred.push(ScriptError { message: stop.describe(), ..ScriptError::default() });
    }
    if ending.stop.is_none() && !(script_failed && matches!(stop, Stop::Exit(_))) {
        ending.stop = Some(stop);
    }
}
