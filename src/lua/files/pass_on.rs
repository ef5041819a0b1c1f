//! What a script's process writes, on its way to the run's own streams: without secrets.

use super::parent_file::IntoParentFile as _;
use super::standard::Standard;
use crate::gate::recorder::OutputStream;
use crate::gate::{Gate, Waiting};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::Duration;
use tokio::process::Child;

/// What a child has started may keep its output open; its last output is waited for so long.
const OUTPUT_GRACE: Duration = Duration::from_millis(300);

/// What is read of a child's output at once, in bytes.
const PIECE: usize = 8 * 1024;

/// Ends early once both streams have.
pub(in crate::lua) async fn wait_for_output(gate: &Gate, end: Receiver<()>, waiting: Waiting) {
    let wait = move || end.recv_timeout(OUTPUT_GRACE).is_ok();
    let _ = match waiting {
        Waiting::Blocks => wait(),
        // A thread that ends by itself soon.
        Waiting::Yields => gate
            .clock()
            .real(tokio::task::spawn_blocking(wait))
            .await
            .unwrap_or_default(),
    };
}

/// Passes on what a child writes into pipes, without the secrets that the run knows. `ended` goes
/// with both streams.
pub(in crate::lua) fn pass_on(
    gate: &Gate,
    child: &mut Child,
    ended: &Sender<()>,
) -> io::Result<()> {
    if let Some(stream) = child.stdout.take() {
        copy(
            gate,
            stream.into_parent_file()?,
            Standard::Output.duplicate()?,
            OutputStream::Out,
            ended.clone(),
        );
    }
    if let Some(stream) = child.stderr.take() {
        copy(
            gate,
            stream.into_parent_file()?,
            Standard::Error.duplicate()?,
            OutputStream::Err,
            ended.clone(),
        );
    }
    Ok(())
}

fn copy(
    gate: &Gate,
    mut from: impl Read + Send + 'static,
    mut to: File,
    stream: OutputStream,
    ended: Sender<()>,
) {
    let mut stream = gate.process_output(stream);
    thread::spawn(move || {
        let mut piece = vec![0; PIECE];
        // A reader that is gone must not stop the child.
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let _ = to.write_all(stream.push(&piece[..length]).as_bytes());
        }
        let _ = to.write_all(stream.finish().as_bytes());
        drop(ended);
    });
}
