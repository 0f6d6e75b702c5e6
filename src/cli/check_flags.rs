//! Which checks run, and how they are tuned: what every command that checks is told the same way.

use crate::check::Pattern;
use crate::config::{ChecksGiven, SeverityGiven, ThresholdGiven, check_pattern};

/// Where help lists the flags.
const HEADING: &str = "Checks";

/// Which checks run, and how they are tuned.
#[derive(Debug, clap::Args)]
pub(super) struct CheckFlags {
    /// Only these checks: ids or patterns, as in `auth-*`; may be repeated
    #[arg(
        long,
        help_heading = HEADING,
        value_name = "CHECK",
        env = "GATETAP_CHECK_SELECT",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = check_pattern
    )]
    select: Vec<Pattern>,

    /// Not these checks; may be repeated
    #[arg(
        long,
        help_heading = HEADING,
        value_name = "CHECK",
        env = "GATETAP_CHECK_IGNORE",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = check_pattern
    )]
    ignore: Vec<Pattern>,

    /// How bad the findings of a check are: error, warning or info, as in `auth-missing=info`; may be repeated
    #[arg(
        long,
        help_heading = HEADING,
        value_name = "CHECK=SEVERITY",
        env = "GATETAP_CHECK_SEVERITY",
        hide_env_values = true,
        value_delimiter = ','
    )]
    severity: Vec<SeverityGiven>,

    /// What a check compares with, as its page names it: `stream-stall.warn_s=5`; may be repeated
    #[arg(
        long = "threshold",
        help_heading = HEADING,
        value_name = "CHECK.NAME=NUMBER",
        env = "GATETAP_CHECK_THRESHOLD",
        hide_env_values = true,
        value_delimiter = ','
    )]
    thresholds: Vec<ThresholdGiven>,
}

impl From<CheckFlags> for ChecksGiven {
    fn from(flags: CheckFlags) -> Self {
        let CheckFlags { select, ignore, severity, thresholds } = flags;
        Self { select, ignore, severity, thresholds }
    }
}
