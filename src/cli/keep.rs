//! How much of bodies is kept: what every command that records is told the same way.

use crate::config::Size;
use crate::record::Limits;
use clap::builder::BoolishValueParser;

/// How much of bodies is kept.
#[derive(Debug, clap::Args)]
pub(super) struct KeepArgs {
    /// How much of a body is kept, as in 500MB: of a longer one its beginning and its end [default: 64MiB]
    #[arg(long, value_name = "SIZE", env = "GATETAP_MAX_BODY", hide_env_values = true)]
    pub(super) max_body: Option<Size>,

    /// Keep no text of prompts and answers, only their structure and their lengths
    #[arg(long, value_name = "BOOL", env = "GATETAP_REDACT_BODIES", hide_env_values = true, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub(super) redact_bodies: Option<bool>,
}

/// The recorder's limits by these settings.
pub(super) fn limits(max_body: Option<u64>, redact_bodies: bool) -> Limits {
    let default = Limits::default();
    Limits { max_body: max_body.unwrap_or(default.max_body), redact_bodies, ..default }
}
