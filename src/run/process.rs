//! A run's process as others see it: found again by its id and the time at which it began, never by
//! the id alone, which the system gives out again.

#[cfg(target_os = "linux")]
pub use linux::RunProcess;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::RunProcess;

#[cfg(target_os = "linux")]
mod linux {
    use crate::gate::process_started;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use std::io;
    use std::os::fd::OwnedFd;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// One process, whatever its id means later.
    #[derive(Debug)]
    pub struct RunProcess(AsyncFd<OwnedFd>);

    impl RunProcess {
        /// A child of this process that has not been waited for. To be called inside the runtime.
        pub fn of_child(id: u32) -> io::Result<Self> {
            let id = i32::try_from(id).ok().and_then(Pid::from_raw);
            let id = id.ok_or(io::ErrorKind::InvalidInput)?;
            let descriptor = pidfd_open(id, PidfdFlags::NONBLOCK)?;
            #[expect(
                deprecated,
                reason = "the other is unsafe for types that may give another descriptor each time, \
                          which an owned one does not"
            )]
            AsyncFd::with_interest(descriptor, Interest::READABLE).map(Self)
        }

        /// The process of this id that began then, where it goes on. To be called inside the
        /// runtime.
        pub fn find(id: u32, started: &str) -> Option<Self> {
            // The descriptor is of one process; that it is the one that is meant shows afterwards.
            let found = Self::of_child(id).ok()?;
            (process_started(id).as_deref() == Some(started)).then_some(found)
        }

        /// Waits until it has ended.
        pub async fn ended(&self) {
            // An error is one of the runtime, which ends.
            let _ = self.0.readable().await;
        }

        /// Asks it to end, as a machine does that goes down.
        pub fn terminate(&self) {
            self.send(Signal::TERM);
        }

        /// Ends it.
        pub fn kill(&self) {
            self.send(Signal::KILL);
        }

        fn send(&self, signal: Signal) {
            // One that has ended needs none.
            let _ = pidfd_send_signal(self.0.get_ref(), signal);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::RunProcess;
        use crate::gate::process_started;
        use std::process::Command;

        #[tokio::test]
        async fn a_process_is_found_only_by_its_id_and_its_beginning() {
            let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
            let started = process_started(child.id()).unwrap();
            assert!(RunProcess::find(child.id(), "1").is_none(), "another's id");
            let found = RunProcess::find(child.id(), &started).unwrap();
            found.terminate();
            found.ended().await;
            assert!(!child.wait().unwrap().success());
            assert!(RunProcess::find(child.id(), &started).is_none());
            // Its id may be another's by now.
            found.kill();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::convert::Infallible;
    use std::io;

    /// The system has nothing that stands for one process for good.
    #[derive(Debug)]
    pub struct RunProcess(Infallible);

    impl RunProcess {
        /// There is none.
        pub fn of_child(_: u32) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// There is none.
        pub fn find(_: u32, _: &str) -> Option<Self> {
            None
        }

        /// Waits until it has ended.
        pub async fn ended(&self) {
            match self.0 {}
        }

        /// Asks it to end.
        pub fn terminate(&self) {
            match self.0 {}
        }

        /// Ends it.
        pub fn kill(&self) {
            match self.0 {}
        }
    }
}
