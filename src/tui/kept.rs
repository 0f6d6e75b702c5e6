//! What was chosen in the view and holds the next time: the theme and the columns.
//!
//! A small file in the user's directory for state. It is no setting: whoever removes or spoils it gets what there is
//! by default.

use super::state::{App, Columns};
use super::theme::Theme;
use super::view::Ui;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// A file larger than this is not ours.
const LARGEST: u64 = 64 * 1024;

/// The content of the file. What it does not know it passes over, and what it does not say is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The name of the theme.
    pub theme: Option<String>,
    /// Names of columns that are shown though they usually are not.
    pub show: Vec<String>,
    /// Names of columns that are hidden though they usually are not.
    pub hide: Vec<String>,
}

impl Kept {
    /// What was chosen by now. A theme that nobody changed stays as it was kept.
    #[must_use]
    pub fn updated(self, app: &App, ui: &Ui) -> Self {
        let (show, hide) = app.columns.names();
        let theme = if app.theme > 0 { Some(ui.theme(app).name().to_owned()) } else { self.theme };
        Self { theme, show, hide }
    }

    /// Reads the file; nothing is kept where that cannot be done.
    pub fn read(path: &Path) -> Self {
        let is_small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= LARGEST);
        let text = if is_small { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        toml::from_str(&text).unwrap_or_default()
    }

    /// Writes the file, readable by its owner alone; either all of it or none.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let fresh = path.with_extension(format!("new-{}", std::process::id()));
        let written = write_private(&fresh, &text).and_then(|()| fs::rename(&fresh, path));
        if written.is_err() {
            // It may not be there at all.
            drop(fs::remove_file(&fresh));
        }
        written
    }

    /// The theme that was chosen; `usual` where none was, or where no colours are wanted.
    pub fn theme_after(&self, usual: Theme) -> Theme {
        let name = self.theme.as_deref().filter(|_| usual != Theme::Plain);
        let chosen = name.and_then(|name| Theme::ALL.into_iter().find(|theme| theme.name() == name));
        chosen.unwrap_or(usual)
    }

    /// The columns that were chosen.
    pub fn columns(&self) -> Columns {
        Columns::of_names(&self.show, &self.hide)
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
