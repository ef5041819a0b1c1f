//! Values as the documents' answers write them.

use jiff::Timestamp;

/// A time without its zone, which is UTC here: `2026-03-01 08:00:00`.
pub(crate) fn format_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
