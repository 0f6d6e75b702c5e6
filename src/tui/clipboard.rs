//! Copying: the terminal is asked to (OSC 52), and the text is written to a file as well, because many
//! terminals do not do it and none says so.

use super::terminal::Screen;
use crate::exchange::text::counted;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The longest text that terminals are known to take, in bytes.
const LONGEST: usize = 74_000;

/// Copies, and says what came of it.
pub(super) fn copy(screen: &mut Screen, name: &str, text: &str) -> String {
    let is_short = text.len() <= LONGEST;
    let is_copied = is_short && screen.copy(text).is_ok();
    let size = counted(text.len(), "byte");
    match (is_copied, write(name, text)) {
        (true, Ok(path)) => format!("copied {name}, {size}; also in {}", path.display()),
        (true, Err(_)) => format!("copied {name}, {size}"),
        (false, Ok(path)) => format!("{name}, {size}, is in {}", path.display()),
        (false, Err(error)) => format!("could not copy {name}: {error}"),
    }
}

/// Writes the text into a file that only this person may read.
fn write(name: &str, text: &str) -> io::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("gatetap-{}-{name}.txt", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true);
    // A file of this name that is already there may be somebody else's link.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => options.create_new(true),
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}
