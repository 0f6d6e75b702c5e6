//! Credential facts: what is kept of a key so that a bad one stays diagnosable. Never the key.

/// What is kept of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialFacts {
    /// Where it stood: a header's name in lower case, or `?name` for a query parameter.
    pub place: String,
    /// The scheme as written before it (`Bearer`, `Basic`); `None` if there was none.
    pub scheme: Option<String>,
    /// The vendor its prefix names (`openai`, `anthropic`, `openrouter`, …), if it does.
    pub vendor: Option<String>,
    /// The length of the secret in bytes; 0 where it was masked before gatetap saw it.
    pub length: u64,
    /// Its last four characters; `None` if it is too short to show any.
    pub last4: Option<String>,
    /// A hash of it, salted per recording: the same key has the same fingerprint in one recording. Empty where it was
    /// masked before gatetap saw it.
    pub fingerprint: String,
    /// What is wrong with it, in kebab case, from [`Defect`].
    pub defects: Vec<Defect>,
}

/// A fault in the form of a credential, visible without knowing the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Defect {
    /// An `Authorization` value that has no scheme.
    NoScheme,
    /// `Bearer` glued to the key.
    GluedScheme,
    /// More than one space after the scheme.
    TwoSpaces,
    /// A tab after the scheme.
    Tab,
    /// Quotes around the key.
    Quoted,
    /// A placeholder stands where the key belongs: `YOUR_…`, `$VAR`, `undefined`, `None`, `null`.
    Placeholder,
    /// White space or a control character inside or around it.
    Whitespace,
    /// A character beyond ASCII.
    NonAscii,
    /// A length that its vendor's keys do not have.
    WrongLength,
    /// Nothing at all.
    Empty,
    /// Another credential of the same request differs from it.
    Differs,
}

impl CredentialFacts {
    /// Whether a file told of it that has something else in the secret's place.
    pub const fn is_masked(&self) -> bool {
        self.fingerprint.is_empty()
    }
}

impl Defect {
    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoScheme => "no-scheme",
            Self::GluedScheme => "glued-scheme",
            Self::TwoSpaces => "two-spaces",
            Self::Tab => "tab",
            Self::Quoted => "quoted",
            Self::Placeholder => "placeholder",
            Self::Whitespace => "whitespace",
            Self::NonAscii => "non-ascii",
            Self::WrongLength => "wrong-length",
            Self::Empty => "empty",
            Self::Differs => "differs",
        }
    }

    /// The defect of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::NoScheme,
            Self::GluedScheme,
            Self::TwoSpaces,
            Self::Tab,
            Self::Quoted,
            Self::Placeholder,
            Self::Whitespace,
            Self::NonAscii,
            Self::WrongLength,
            Self::Empty,
            Self::Differs,
        ]
        .into_iter()
        .find(|defect| defect.as_str() == word)
    }
}
