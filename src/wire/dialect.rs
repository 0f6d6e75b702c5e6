//! The APIs that gatetap understands.

use std::fmt;

/// The API an exchange speaks, known from its path and, failing that, from its bodies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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
    /// Anything else.
    #[default]
    Unknown,
}

impl Dialect {
    /// The word in SQL, JSON and on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Unknown => "unknown",
        }
    }

    /// The dialect of that word; `Unknown` for any other.
    pub fn parse(word: &str) -> Self {
        [
            Self::Chat,
            Self::Completions,
            Self::Responses,
            Self::Messages,
            Self::Embeddings,
            Self::Models,
        ]
        .into_iter()
        .find(|dialect| dialect.as_str() == word)
        .unwrap_or_default()
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
