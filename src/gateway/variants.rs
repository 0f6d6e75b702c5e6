//! Documented failures that no code tells apart: other bodies of a refusal, errors inside an answer of
//! status 200, and frames that end a stream. The catalog is `variants.toml`.

use super::errors::Confidence;
use serde::Deserialize;
use std::sync::LazyLock;

/// One such failure of one gateway.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The gateway's name, as in its profile.
    pub gateway: String,
    /// Its name; with the gateway's before it, unique.
    pub name: String,
    /// Where it shows.
    pub place: Place,
    /// The status of a refusal; 200 of everything else.
    #[serde(default = "fine")]
    pub status: u16,
    /// The body, or the frames; `{model}` and `{path}` are the request's.
    pub text: String,
    /// What it means.
    pub meaning: String,
    /// Where it is documented, or was seen.
    pub source: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Where a failure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In an error's status and body.
    Refusal,
    /// In a body of status 200.
    Answer,
    /// In a stream that has begun.
    Stream,
}

/// Every variant of the catalog, gateway by gateway.
pub fn all() -> &'static [Variant] {
    #[derive(Default, Deserialize)]
    struct File {
        variant: Vec<Variant>,
    }
    // A test holds that the file is well formed.
    static FILE: LazyLock<File> =
        LazyLock::new(|| toml::from_str(include_str!("variants.toml")).unwrap_or_default());
    &FILE.variant
}

/// The variant that is called `gateway.name`.
pub fn lookup(gateway: &str, name: &str) -> Option<&'static Variant> {
    all().iter().find(|variant| variant.gateway == gateway && variant.name == name)
}

impl Variant {
    /// The body, or the frames, for a request.
    pub fn text(&self, model: &str, path: &str) -> String {
        self.text.replace("{model}", model).replace("{path}", path)
    }
}

const fn fine() -> u16 {
    200
}
