//! The terminal's modes.

/// The terminal's modes as they were: a session that ends while a line is being typed must put them
/// back.
#[derive(Clone)]
pub(super) struct Modes {
    #[cfg(unix)]
    termios: Option<nix::sys::termios::Termios>,
}

#[cfg(unix)]
impl Modes {
    pub(super) fn now() -> Self {
        Self {
            termios: nix::sys::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    pub(super) fn restore(&self) {
        use nix::sys::termios::{SetArg, tcsetattr};
        if let Some(termios) = &self.termios {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSADRAIN, termios);
        }
    }
}

#[cfg(not(unix))]
impl Modes {
    pub(super) fn now() -> Self {
        Self {}
    }

    pub(super) fn restore(&self) {}
}
