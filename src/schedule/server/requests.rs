//! Requests to the server over its socket.

use crate::history::{Requester, Told};
use crate::run::control::{Client, Listener, Reply, Request, server_socket};
use crate::run::requester;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc as blocking};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the loop has to come to a request; then nothing is done any more, which is the answer.
const PATIENCE: Duration = Duration::from_secs(10);

const OPEN: u8 = 0;
const TAKEN: u8 = 1;
const WITHDRAWN: u8 = 2;

/// A request that waits for its answer.
pub(super) struct Asked {
    pub(super) request: Request,
    client: Client,
    state: Arc<AtomicU8>,
    reply: blocking::Sender<Reply>,
}

impl Asked {
    /// Takes it, unless it was answered already that nothing is done, or its client is
    /// gone.
    pub(super) fn take(&self) -> bool {
        if self.client.is_gone() {
            return false;
        }
        self.state
            .compare_exchange(OPEN, TAKEN, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Who asks, with what the command tells.
    pub(super) fn requester(&self) -> Requester {
        let told = match &self.request {
            Request::Trigger { told, .. } | Request::Drop { told, .. } => told.clone(),
            Request::Backfill(span) => span.told.clone(),
            Request::Cancel { told, .. } => told.clone().unwrap_or_default(),
            // What they announce has its request in the store.
            Request::Look | Request::Reload => Told::default(),
        };
        requester::client(self.client.uid(), told)
    }

    pub(super) fn answer(self, reply: Reply) {
        // The command may have ended.
        let _ = self.reply.send(reply);
    }
}

/// The server's socket, and what has been asked there.
pub(super) struct Requests {
    asked: mpsc::UnboundedReceiver<Asked>,
    /// Without a socket no request is received.
    _listener: Option<Listener>,
}

impl Requests {
    /// Listens, under the server's lock; with why it cannot, where it cannot.
    pub(super) fn listen(store: &Path) -> (Self, Option<io::Error>) {
        let (give, asked) = mpsc::unbounded_channel();
        let listener = Listener::start(&server_socket(store), "server", move |request, client| {
            wait_for_answer(&give, request, client, PATIENCE)
        });
        let (listener, problem) = match listener {
            Ok(listener) => (Some(listener), None),
            Err(problem) => (None, Some(problem)),
        };
        (
            Self {
                asked,
                _listener: listener,
            },
            problem,
        )
    }

    /// The next request.
    pub(super) async fn next(&mut self) -> Asked {
        match self.asked.recv().await {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

/// Gives a request to the loop; on the listener's thread.
fn wait_for_answer(
    server: &mpsc::UnboundedSender<Asked>,
    request: &Request,
    client: &Client,
    patience: Duration,
) -> Reply {
    let (reply, answer) = blocking::channel();
    let state = Arc::new(AtomicU8::new(OPEN));
    let ending = || Reply::Refused("the server is ending".to_owned());
    if server
        .send(Asked {
            request: request.clone(),
            client: client.clone(),
            state: Arc::clone(&state),
            reply,
        })
        .is_err()
    {
        return ending();
    }
    match answer.recv_timeout(patience) {
        Ok(reply) => reply,
        Err(blocking::RecvTimeoutError::Disconnected) => ending(),
        Err(blocking::RecvTimeoutError::Timeout) => {
            if state
                .compare_exchange(OPEN, WITHDRAWN, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return Reply::Refused(format!(
                    "the server did not come to it within {} s, and does not do it any more",
                    patience.as_secs()
                ));
            }
            answer.recv().unwrap_or_else(|_| ending())
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Asked, AtomicU8, Client, OPEN, Reply, Request, wait_for_answer};
    use crate::history::Told;
    use std::collections::BTreeMap;
    use std::os::unix::net::UnixStream;
    use std::sync::{Arc, mpsc as blocking};
    use std::time::Duration;
    use tokio::sync::mpsc;

    #[test]
    fn what_is_no_longer_waited_for_is_not_done() {
        let (give, mut asked) = mpsc::unbounded_channel();
        let (_other_end, stream) = UnixStream::pair().unwrap();
        let reply = wait_for_answer(&give, &trigger(), &Client::new(stream), Duration::ZERO);
        let Reply::Refused(problem) = reply else {
            panic!("it was not answered")
        };
        assert!(problem.contains("does not do it any more"), "{problem}");
        assert!(!asked.try_recv().unwrap().take());
    }

    #[test]
    fn nothing_is_done_for_a_client_that_is_gone() {
        let (other_end, stream) = UnixStream::pair().unwrap();
        let asked = || Asked {
            request: trigger(),
            client: Client::new(stream.try_clone().unwrap()),
            state: Arc::new(AtomicU8::new(OPEN)),
            reply: blocking::channel().0,
        };
        assert!(asked().take());
        other_end.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(asked().take(), "one that has written its line still waits");
        drop(other_end);
        assert!(!asked().take());
    }

    fn trigger() -> Request {
        Request::Trigger {
            schedule: "nightly".to_owned(),
            params: BTreeMap::new(),
            args: None,
            told: Told::default(),
        }
    }
}
