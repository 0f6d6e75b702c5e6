//! Rules for faults: `--fault`, `--faults FILE`, `[[faults]]`.

use super::error::{BadValue, Error};
use super::file::FileSettings;
use crate::fault::{BadRule, Rule, spec};
use serde_json::Value as Json;
use std::path::PathBuf;
use std::str::FromStr;
use toml::de::DeValue;

/// What one `--fault` says: rules and presets, with blanks in between.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRules(pub Vec<Rule>);

impl FromStr for FaultRules {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        spec::parse_list(text).map(Self).map_err(BadValue::from)
    }
}

impl From<BadRule> for BadValue {
    fn from(bad: BadRule) -> Self {
        match bad.hint {
            Some(hint) => Self::new(format!("{}; {hint}", bad.message)),
            None => Self::new(bad.message),
        }
    }
}

/// The rules in the order in which they are asked: flags before files, and `gatetap.toml` last.
pub(super) fn settle(
    given: Vec<FaultRules>,
    files: &[PathBuf],
    settings: Vec<Rule>,
) -> Result<Vec<Rule>, Error> {
    let mut rules: Vec<Rule> = given.into_iter().flat_map(|given| given.0).collect();
    for path in files {
        rules.extend(FileSettings::faults_of(path)?);
    }
    rules.extend(settings);
    Ok(rules)
}

/// A value of a TOML file in the form that rules are read in.
pub(super) fn in_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.into(),
            Err(_) => number.as_str().into(),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) => number.into(),
            Err(_) => number.as_str().into(),
        },
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(values) => values.iter().map(|value| in_json(value.get_ref())).collect(),
        DeValue::Table(table) => {
            let keys = table.iter().map(|(key, value)| (key.get_ref().to_string(), in_json(value.get_ref())));
            Json::Object(keys.collect())
        }
    }
}
