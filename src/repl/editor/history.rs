//! The history across sessions: a file that only its owner reads, one line of JSON an input,
//! without inputs that hold a secret.

use sha2::{Digest as _, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Inputs that are kept.
const MOST: usize = 2_000;

/// The inputs of this session and of those before it.
pub(in crate::repl) struct History {
    path: Option<PathBuf>,
    entries: Vec<String>,
}

/// The history's file: a project's own where there is one, below the user's state folder.
pub fn path(project: Option<&Path>) -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let folders = etcetera::choose_base_strategy().ok()?;
    let state = folders
        .state_dir()
        .unwrap_or_else(|| folders.data_dir())
        .join("cumulua");
    let Some(project) = project else {
        return Some(state.join("history"));
    };
    // Two projects may have folders of one name.
    let digest = Sha256::digest(project.as_os_str().as_encoded_bytes());
    let mark = digest
        .iter()
        .take(4)
        .fold(0_u32, |mark, byte| mark << 8 | u32::from(*byte));
    let name = project
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Some(
        state
            .join("projects")
            .join(format!("{name}-{mark:08x}.history")),
    )
}

impl History {
    /// Reads a history; one that cannot be read is empty.
    pub(in crate::repl) fn open(path: Option<PathBuf>) -> Self {
        let entries = path.as_deref().map(read).unwrap_or_default();
        let history = Self { path, entries };
        if history.entries.len() > 2 * MOST {
            let latest = history.entries[history.entries.len() - MOST..].to_vec();
            // A file that cannot be shortened only stays longer.
            let _ = history.write(&latest);
        }
        history
    }

    /// The latest inputs, oldest first.
    pub(in crate::repl) fn entries(&self) -> &[String] {
        &self.entries[self.entries.len().saturating_sub(MOST)..]
    }

    /// Adds an input, unless it is the last one again.
    pub(in crate::repl) fn add(&mut self, input: &str) -> io::Result<()> {
        if self.entries.last().is_some_and(|last| last == input) {
            return Ok(());
        }
        self.entries.push(input.to_owned());
        let Some(path) = &self.path else {
            return Ok(());
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        private(OpenOptions::new().create(true).append(true))
            .open(path)?
            .write_all(line(input).as_bytes())
    }

    /// Takes out inputs that turned out to hold a secret; whether there were any.
    pub(in crate::repl) fn purge(&mut self, is_secret: impl Fn(&str) -> bool) -> io::Result<bool> {
        let before = self.entries.len();
        self.entries.retain(|entry| !is_secret(entry));
        if self.entries.len() == before {
            return Ok(false);
        }
        // Another session may have written since.
        let kept: Vec<String> = self
            .path
            .as_deref()
            .map(read)
            .unwrap_or_default()
            .into_iter()
            .filter(|entry| !is_secret(entry))
            .collect();
        self.write(&kept).map(|()| true)
    }

    fn write(&self, entries: &[String]) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let beside = path.with_extension("new");
        let text: String = entries.iter().map(|entry| line(entry)).collect();
        private(OpenOptions::new().create(true).write(true).truncate(true))
            .open(&beside)?
            .write_all(text.as_bytes())?;
        fs::rename(&beside, path)
    }
}

fn line(input: &str) -> String {
    serde_json::Value::from(input).to_string() + "\n"
}

fn read(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::History;

    #[test]
    fn inputs_of_several_lines_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/history");
        let mut history = History::open(Some(path.clone()));
        for input in ["x = 1", "x = 1", "for i = 1, 2 do\n  print('é')\nend"] {
            history.add(input).unwrap();
        }
        assert_eq!(
            History::open(Some(path)).entries(),
            ["x = 1", "for i = 1, 2 do\n  print('é')\nend"]
        );
    }

    #[test]
    fn a_secret_that_becomes_known_later_leaves_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let (mut one, mut other) = (
            History::open(Some(path.clone())),
            History::open(Some(path.clone())),
        );
        one.add("local pw = 'hunter22'").unwrap();
        other.add("print(1)").unwrap();
        assert!(one.purge(|entry| entry.contains("hunter22")).unwrap());
        assert!(!one.purge(|entry| entry.contains("hunter22")).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"print(1)\"\n");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        History::open(Some(path.clone())).add("x").unwrap();
        assert_eq!(
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
