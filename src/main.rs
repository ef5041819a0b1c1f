//! The `cumulua` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    cumulua::cli::main()
}
