//! What stands in `gatetap.toml`, value by value, with its line: for showing where a setting comes from.

use super::Directories;
use super::error::Error;
use super::file::{FileSettings, Source};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file that has a say, value by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// The file.
    pub path: PathBuf,
    /// Its values, in the order of their lines.
    pub values: Vec<Written>,
}

/// One value of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The key, with the tables it stands in: `retention.max_age`, `faults[0]`.
    pub key: String,
    /// The value as it is written, in one line.
    pub value: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// A setting that is known by its key in `gatetap.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The key, with the table it stands in.
    pub key: &'static str,
    /// What holds where nobody says anything.
    pub default: &'static str,
    /// What the file says is added to what flags say, and does not give way to it.
    pub adds_up: bool,
}

/// Every setting, in the order of the documentation.
pub const KNOWN: [Known; 44] = [
    Known::new("listen", "7117"),
    Known::new("upstream", "nexorouter"),
    Known::added("routes", "none"),
    Known::added("gateways", "none"),
    Known::new("db", "recording.db in your data directory"),
    Known::new("headless", "false"),
    Known::new("insecure", "false"),
    Known::new("allow_remote", "false"),
    Known::new("tls", "true"),
    Known::new("intercept", "none"),
    Known::new("ca", "the system's roots alone"),
    Known::new("client_cert", "none"),
    Known::new("client_key", "in the file of client_cert"),
    Known::new("connect_timeout", "10s"),
    Known::new("seed", "drawn anew, and printed"),
    Known::new("max_body", "64MiB"),
    Known::new("redact_bodies", "false"),
    Known::new("idle_exit", "never"),
    Known::new("log", "none"),
    Known::new("log_file", "stderr"),
    Known::new("sim.speed", "1"),
    Known::new("sim.first_token", "the model's own"),
    Known::new("sim.tokens_per_second", "the model's own"),
    Known::new("sim.jitter", "the model's own"),
    Known::new("sim.scenario", "none"),
    Known::new("sim.captures", "none"),
    Known::new("replay.match", "body"),
    Known::new("replay.volatile", "none beside the usual ones"),
    Known::new("replay.filter", "all"),
    Known::new("replay.session", "all"),
    Known::new("replay.on_miss", "502"),
    Known::new("replay.strict", "no"),
    Known::new("replay.fresh", "false"),
    Known::new("replay.mode", "none"),
    Known::new("replay.forward", "the gateway of what is recorded"),
    Known::new("retention.max_age", "for ever"),
    Known::new("retention.max_size", "any"),
    Known::new("retention.max_count", "any"),
    Known::added("faults", "none"),
    Known::new("checks.select", "all"),
    Known::added("checks.ignore", "none"),
    Known::added("checks.severity", "each check's own"),
    Known::added("checks.thresholds", "each check's own"),
    Known::new("checks.overrides", "none"),
];

impl Known {
    const fn new(key: &'static str, default: &'static str) -> Self {
        Self { key, default, adds_up: false }
    }

    const fn added(key: &'static str, default: &'static str) -> Self {
        Self { key, default, adds_up: true }
    }

    /// Whether a value under `key` in a file is one of this setting.
    pub fn holds(&self, key: &str) -> bool {
        key.strip_prefix(self.key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// What stands in the `gatetap.toml` that has a say; `None` where there is none.
///
/// # Errors
/// As for [`super::Settings::resolve`].
pub fn written(directories: &Directories) -> Result<Option<WrittenFile>, Error> {
    let Some((path, text)) = FileSettings::locate(directories)? else { return Ok(None) };
    let mut values = values(&path, &text)?;
    values.sort_by_key(|value| value.line);
    Ok(Some(WrittenFile { path, values }))
}

fn values(path: &Path, text: &str) -> Result<Vec<Written>, Error> {
    let source = Source { path, text };
    let table = source.parse()?;
    let mut found = Vec::new();
    unfold(&source, "", table.get_ref(), &mut found);
    Ok(found)
}

fn unfold(source: &Source<'_>, prefix: &str, table: &DeTable<'_>, found: &mut Vec<Written>) {
    for (key, value) in table {
        let key = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => unfold(source, &format!("{key}."), inner, found),
            DeValue::Array(list) if list.iter().any(|item| item.get_ref().is_table()) => {
                for (index, item) in list.iter().enumerate() {
                    found.push(one(source, format!("{key}[{index}]"), item));
                }
            }
            _ => found.push(one(source, key, value)),
        }
    }
}

fn one(source: &Source<'_>, key: String, value: &Spanned<DeValue<'_>>) -> Written {
    let value_text = super::faults::in_json(value.get_ref()).to_string();
    Written { key, value: value_text, line: source.line(value.span()) }
}
