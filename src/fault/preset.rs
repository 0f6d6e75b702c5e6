//! Presets: common stories under one name.

use serde::Deserialize;
use std::sync::LazyLock;

/// Rules that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name, without `preset:`.
    pub name: String,
    /// What happens, in one sentence.
    pub summary: String,
    /// Its rules.
    pub rules: Vec<String>,
}

/// Every preset.
pub fn all() -> &'static [Preset] {
    #[derive(Default, Deserialize)]
    struct File {
        preset: Vec<Preset>,
    }
    // A test holds that the file is well formed.
    static FILE: LazyLock<File> =
        LazyLock::new(|| toml::from_str(include_str!("presets.toml")).unwrap_or_default());
    &FILE.preset
}

/// The preset of that name.
pub fn find(name: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.name == name)
}
