//! The profiles: which gateway the simulator answers like, with which models, and what of that is assumed.
//!
//! The data is `profiles.toml`; paths, error bodies and keys are the `gateway` room's.

use serde::Deserialize;
use std::sync::LazyLock;

use super::ask::key::Key;
use crate::gateway::errors::Shape;
use crate::gateway::profile;

/// Something that no vendor documents and the simulator had to decide.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// Its name, as the header `x-sim-assumed` and `gatetap explain` have it.
    pub id: String,
    /// The profiles that it holds for.
    pub profiles: Vec<String>,
    /// The answers that rest on it: `models`, `plain`, `stream`, `error`, `key`, `path`, `embeddings`.
    pub on: Vec<String>,
    /// What is assumed.
    pub what: String,
    /// Why it has to be.
    pub why: String,
}

/// Which gateway's ways an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    NexoRouter,
    OpenRouter,
    OpenAi,
    Anthropic,
}

/// One profile.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) vendor: Vendor,
    pub(super) name: String,
    /// The path of the base URL: `/v1`, or `/api/v1`.
    pub(super) base_path: String,
    /// The form of its error bodies.
    pub(super) shape: Shape,
    pub(super) codes: Codes,
    models: Vec<Model>,
}

/// The documented code for each reason to refuse; `None` where the gateway sends none.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Codes {
    pub(super) invalid: Option<String>,
    pub(super) key: Option<String>,
    pub(super) model: Option<String>,
    pub(super) bytes: Option<String>,
    pub(super) tokens: Option<String>,
    pub(super) rate: Option<String>,
    pub(super) quota: Option<String>,
    pub(super) inside: Option<String>,
}

/// A model that the simulator offers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) title: Option<String>,
    /// Who runs it, where the gateway says so.
    pub(super) provider: Option<String>,
    /// Milliseconds before the first token, at least and at most.
    #[serde(default = "usual_first")]
    pub(super) first_token: (u64, u64),
    /// Milliseconds a token, at least and at most.
    #[serde(default = "usual_token")]
    pub(super) token: (u64, u64),
    /// The length of its vectors, if it makes vectors.
    pub(super) dimensions: Option<usize>,
}

const fn usual_first() -> (u64, u64) {
    (250, 600)
}

const fn usual_token() -> (u64, u64) {
    (12, 40)
}

#[derive(Default, Deserialize)]
struct File {
    profile: Vec<Entry>,
    assumed: Vec<Assumption>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    models: Vec<Model>,
    #[serde(flatten)]
    codes: Codes,
}

// A test holds that the file is well formed.
static FILE: LazyLock<File> =
    LazyLock::new(|| toml::from_str(include_str!("profiles.toml")).unwrap_or_default());

/// The models that name a behavior, in every profile after the gateway's own.
const BEHAVIOR_MODELS: [&str; 7] = [
    "sim-offset",
    "sim-rate-limited",
    "sim-cut",
    "sim-buffered",
    "sim-stall",
    "sim-no-finish",
    "sim-error-inside",
];

/// Everything that the simulator assumes, for every profile.
pub fn assumptions() -> &'static [Assumption] {
    &FILE.assumed
}

impl Profile {
    /// The profile of that name; the default one where there is none.
    pub(super) fn of(name: &str) -> Self {
        let entry = FILE.profile.iter().find(|entry| entry.name == name);
        let entry = entry.or_else(|| FILE.profile.first());
        let name = entry.map(|entry| entry.name.clone()).unwrap_or_default();
        let gateway = profile::profile(&name);
        let behaviors = BEHAVIOR_MODELS.iter().map(|id| Model {
            id: (*id).to_owned(),
            title: None,
            provider: None,
            first_token: usual_first(),
            token: usual_token(),
            dimensions: None,
        });
        let vendor = match name.as_str() {
            "openrouter" => Vendor::OpenRouter,
            "openai" => Vendor::OpenAi,
            "anthropic" => Vendor::Anthropic,
            _ => Vendor::NexoRouter,
        };
        Self {
            vendor,
            base_path: gateway.map_or("/v1", profile::Profile::base_path).to_owned(),
            shape: gateway.map_or(Shape::OpenAi, |gateway| gateway.errors),
            name,
            codes: entry.map_or(Codes::NONE, |entry| entry.codes.clone()),
            models: entry.into_iter().flat_map(|entry| entry.models.clone()).chain(behaviors).collect(),
        }
    }

    /// The models that exist for a key: a scoped one has the first only.
    pub(super) fn models_for(&self, key: Key) -> &[Model] {
        match key {
            Key::Scoped => self.models.get(..1).unwrap_or_default(),
            Key::Good | Key::Broke => &self.models,
        }
    }

    /// The model of that id; OpenRouter's variants (`:free`, `:nitro`, …) are the model itself.
    pub(super) fn model(&self, id: &str, key: Key) -> Option<&Model> {
        let plain = match (self.vendor, id.rsplit_once(':')) {
            (Vendor::OpenRouter, Some((plain, _variant))) => plain,
            _ => id,
        };
        self.models_for(key).iter().find(|model| model.id == plain)
    }

    /// The model that is meant where none is named.
    pub(super) fn default_model(&self, key: Key) -> Option<&Model> {
        self.models_for(key).first()
    }

    /// What an answer of that sort rests on.
    pub(super) fn assumed(&self, sorts: &[&str]) -> impl Iterator<Item = &'static str> {
        assumptions()
            .iter()
            .filter(|assumption| assumption.profiles.contains(&self.name))
            .filter(|assumption| assumption.on.iter().any(|on| sorts.contains(&on.as_str())))
            .map(|assumption| assumption.id.as_str())
    }
}

impl Codes {
    const NONE: Self = Self {
        invalid: None,
        key: None,
        model: None,
        bytes: None,
        tokens: None,
        rate: None,
        quota: None,
        inside: None,
    };
}

impl Model {
    /// Who runs it.
    pub(super) fn provider(&self) -> &str {
        self.provider.as_deref().unwrap_or("Simulator")
    }
}
