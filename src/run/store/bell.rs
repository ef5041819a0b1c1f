//! The bell of a store's server: whoever asks something of it rings, so that it need not look all the time. A named pipe, because its
//! path may be long, and because only those who may write the store's folder can ring.

use super::locks::Locks;
#[cfg(unix)]
use std::io;
#[cfg(unix)]
use tokio::net::unix::pipe;

/// The server's side of it. Where there is none, nobody is heard ringing, and the server finds what is asked when it looks by itself.
#[derive(Debug)]
pub struct Bell {
    #[cfg(unix)]
    pipe: Option<(pipe::Receiver, pipe::Sender)>,
}

#[cfg(unix)]
impl Bell {
    /// The bell of the store with these locks. To be called inside the runtime, by the one server of the store.
    pub fn hang(locks: &Locks) -> Self {
        Self { pipe: Self::open(locks).ok() }
    }

    fn open(locks: &Locks) -> io::Result<(pipe::Receiver, pipe::Sender)> {
        use nix::sys::stat::Mode;
        let path = locks.bell();
        match nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let receiver = pipe::OpenOptions::new().open_receiver(&path)?;
        // Without a writer of its own the pipe would end with each who has rung.
        let sender = pipe::OpenOptions::new().open_sender(path)?;
        Ok((receiver, sender))
    }

    /// Waits until somebody rings.
    pub async fn rung(&mut self) {
        let Some((receiver, _)) = &self.pipe else { return std::future::pending().await };
        let mut rings = [0; 64];
        loop {
            if receiver.readable().await.is_err() {
                return std::future::pending().await;
            }
            if matches!(receiver.try_read(&mut rings), Ok(1..)) {
                return;
            }
        }
    }

    /// Rings it, where somebody listens.
    pub(super) fn ring(locks: &Locks) {
        use rustix::fs::{Mode, OFlags};
        // Without a listener this fails at once, and a full pipe has rung already.
        if let Ok(pipe) = rustix::fs::open(locks.bell(), OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()) {
            let _ = rustix::io::write(pipe, b"!");
        }
    }
}

#[cfg(not(unix))]
impl Bell {
    /// The bell of the store with these locks.
    pub fn hang(_: &Locks) -> Self {
        Self {}
    }

    /// Waits until somebody rings.
    pub async fn rung(&mut self) {
        std::future::pending().await
    }

    pub(super) fn ring(_: &Locks) {}
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Bell, Locks};

    #[tokio::test]
    async fn whoever_rings_is_heard_once_and_an_empty_house_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        locks.make_folder().unwrap();
        Bell::ring(&locks);
        for _ in 0..2 {
            let mut bell = Bell::hang(&locks);
            Bell::ring(&locks);
            Bell::ring(&locks);
            bell.rung().await;
            tokio::select! {
                biased;
                () = bell.rung() => panic!("nobody has rung again"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
}
