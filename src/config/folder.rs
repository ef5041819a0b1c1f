//! The user's own folder.

use std::path::PathBuf;

/// The file's name, in a project and in the user's configuration folder.
pub const FILE_NAME: &str = "cumulua.toml";

/// The file in the user's configuration folder, whether it is there or not.
pub(super) fn user_file() -> Option<PathBuf> {
    Some(user_folder()?.join(FILE_NAME))
}

/// cumulua's folder in the user's configuration, whether it is there or not.
pub fn user_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    Some(
        etcetera::choose_base_strategy()
            .ok()?
            .config_dir()
            .join("cumulua"),
    )
}
