//! The APIs that gatetap understands.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::json::{Reader, Shape};

/// The API an exchange speaks, known from its path and, failing that, from its bodies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `POST …/chat/completions`.
    Chat,
    /// `POST …/completions`, the older form.
    Completions,
    /// `POST …/responses`.
    Responses,
    /// `POST …/messages`, Anthropic's.
    Messages,
    /// `POST …/embeddings`.
    Embeddings,
    /// `GET …/models`.
    Models,
    /// `POST …/api/chat` and `…/api/generate`, Ollama's own, which streams a JSON document a line.
    Ollama,
    /// Anything else.
    #[default]
    Unknown,
}

impl Dialect {
    /// Every dialect but `Unknown`.
    pub const KNOWN: [Self; 7] = [
        Self::Chat,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Embeddings,
        Self::Models,
        Self::Ollama,
    ];

    /// The word in SQL, JSON and on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Ollama => "ollama",
            Self::Unknown => "unknown",
        }
    }

    /// The dialect whose endpoint `path` ends in; `Unknown` for any other. A slash at the end is overlooked.
    pub fn of_path(path: &str) -> Self {
        let path = path.trim_end_matches('/');
        [
            ("/chat/completions", Self::Chat),
            ("/completions", Self::Completions),
            ("/responses", Self::Responses),
            ("/messages", Self::Messages),
            ("/embeddings", Self::Embeddings),
            ("/models", Self::Models),
            ("/api/chat", Self::Ollama),
            ("/api/generate", Self::Ollama),
        ]
        .into_iter()
        .find_map(|(suffix, dialect)| path.ends_with(suffix).then_some(dialect))
        .unwrap_or_default()
    }

    /// The dialect that a request body speaks, as far as it can be told.
    pub fn of_request(body: &[u8]) -> Self {
        let mut found = Self::Unknown;
        let mut system = false;
        Reader::new(body).object(|name, value| match name {
            // A `prompt` or an `input` may as well be that of an image or of speech.
            "messages" if value.shape() == Shape::Array => found = Self::Chat,
            // Only Anthropic's has the system prompt beside the messages.
            "system" => system = true,
            _ => {}
        });
        if found == Self::Chat && system { Self::Messages } else { found }
    }

    /// The dialect that an answer, or one event of it, speaks, as far as it can be told.
    pub fn of_answer(body: &[u8]) -> Self {
        let mut found = Self::Unknown;
        Reader::new(body).object(|name, value| {
            if found != Self::Unknown {
                return;
            }
            found = match name {
                "object" => match value.text().as_deref() {
                    Some("chat.completion" | "chat.completion.chunk") => Self::Chat,
                    Some("text_completion") => Self::Completions,
                    Some("response") => Self::Responses,
                    _ => Self::Unknown,
                },
                "data" if value.shape() == Shape::Array => Self::of_list(value),
                "done" if matches!(value.shape(), Shape::Bool) => Self::Ollama,
                "type" => match value.text().as_deref() {
                    Some("message" | "message_start") => Self::Messages,
                    Some(kind) if kind.starts_with("response.") => Self::Responses,
                    _ => Self::Unknown,
                },
                "choices" if value.shape() == Shape::Array => Self::of_choices(value),
                _ => Self::Unknown,
            };
        });
        found
    }

    /// Whether its answers are a model's words, which end with a reason.
    pub const fn generates(self) -> bool {
        matches!(self, Self::Chat | Self::Completions | Self::Responses | Self::Messages | Self::Ollama)
    }

    fn of_list(list: &Reader<'_>) -> Self {
        let mut found = Self::Unknown;
        list.clone().array(|_, item| {
            found = match item.member("object").and_then(|mut object| object.text()).as_deref() {
                Some("embedding") => Self::Embeddings,
                Some("model") => Self::Models,
                _ => found,
            };
        });
        found
    }

    fn of_choices(choices: &Reader<'_>) -> Self {
        let mut found = Self::Unknown;
        choices.clone().array(|_, choice| {
            if choice.member("delta").is_some() || choice.member("message").is_some() {
                found = Self::Chat;
            } else if choice.member("text").is_some() {
                found = Self::Completions;
            }
        });
        found
    }

    /// The dialect of that word; `Unknown` for any other.
    pub fn parse(word: &str) -> Self {
        Self::KNOWN.into_iter().find(|dialect| dialect.as_str() == word).unwrap_or_default()
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
