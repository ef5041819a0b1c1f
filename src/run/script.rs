//! Running a script, and what it deferred.

use super::guard::Guard;
use crate::gate::{Gate, Pending, StopReason};
use crate::lua::{Chunk, Limits, Runtime, ScriptError, Sources};
use std::sync::Arc;

/// How a run ended.
#[derive(Debug)]
pub struct Ending {
    /// What ended it from outside.
    pub stop: Option<StopReason>,
    /// The error that left the script.
    pub error: Option<ScriptError>,
    /// Errors of what the script deferred.
    pub deferred: Vec<ScriptError>,
    /// What it leaves open in the cloud.
    pub open: Pending,
    /// The texts of all chunks that were loaded.
    pub sources: Sources,
}

/// Runs a script. `guard` ends it from outside.
pub async fn run(gate: Arc<Gate>, guard: &Arc<Guard>, limits: Limits, chunk: &Chunk) -> Ending {
    let mut ending = Ending {
        stop: None,
        error: None,
        deferred: Vec::new(),
        open: Pending::default(),
        sources: Sources::default(),
    };
    match Runtime::new(Arc::clone(&gate), limits, chunk) {
        Ok(runtime) => {
            ending.error = runtime.run(chunk).await.err();
            // What is open is what the script left; deferred functions may still tidy it up.
            if runtime.has_deferred() {
                ending.stop = guard.begin_deferred();
                ending.deferred = runtime.run_deferred().await;
                ended_while_deferring(&mut ending, gate.cancel_token().reason());
            } else {
                ending.stop = gate.cancel_token().reason();
            }
            ending.sources = runtime.sources();
            guard.step("finalizing what the script made");
            drop(runtime);
        }
        Err(failure) => {
            ending.error = Some(ScriptError {
                message: failure.to_string(),
                ..ScriptError::default()
            });
        }
    }
    // The error that Lua raised because the run was ended is not the script's own.
    if ending.error.as_ref().is_some_and(|error| error.is_stop) {
        ending.error = None;
    }
    ending.open = gate.pending();
    ending
}

/// What ended the script goes before what ended its deferred functions.
fn ended_while_deferring(ending: &mut Ending, stop: Option<StopReason>) {
    let Some(stop) = stop else { return };
    ending.deferred.retain(|error| !error.is_stop);
    let script_failed = ending.error.as_ref().is_some_and(|error| !error.is_stop);
    if !matches!(stop, StopReason::Exit(_)) {
        ending.deferred.push(ScriptError {
            message: stop.describe(),
            ..ScriptError::default()
        });
    }
    if ending.stop.is_none() && !(script_failed && matches!(stop, StopReason::Exit(_))) {
        ending.stop = Some(stop);
    }
}
