//! What is documented of the gateways: their base URLs, errors, credentials, and how to hide the last.
//!
//! The facts are data in TOML files beside the code; the code reads them once. [`profile`] says where a
//! request goes, [`errors`] what a gateway answers when it refuses, [`keys`] what a key looks like,
//! [`credential`] what is kept of one, and [`mask`] hides it, in a command line [`command`].
//!
//! Invariants: no IO; where a request goes depends on configuration only, never on the request; one
//! table ([`keys`]) decides both what is noticed as a credential and what is hidden as one.

pub mod command;
pub mod credential;
pub mod errors;
pub mod keys;
pub mod mask;
pub mod profile;
pub mod set_header;
pub mod variables;
pub mod variants;

pub use profile::Gateway;

/// Why a text names no gateway. No variant repeats a part of the text that may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A word that is not the name of a gateway.
    #[error("there is no gateway named '{name}'{}; known are {known}, or give an http(s) URL", hint(.suggestion.as_deref()))]
    UnknownName {
        /// The word.
        name: String,
        /// The known name nearest to it, if one is near.
        suggestion: Option<String>,
        /// Every known name, in a row.
        known: String,
    },
    /// Something like a host or a path, without `http://` or `https://` before it.
    #[error("a gateway's URL begins with http:// or https://")]
    NoScheme,
    /// A URL of another scheme.
    #[error("a gateway's URL begins with http:// or https://, not with {scheme}://")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// A user or a password in the URL.
    #[error("a gateway's URL holds no user or password: the app sends its key itself, in a header")]
    UserInfo,
    /// A query in the URL.
    #[error("a gateway's URL holds no query: leave out the '?' and what follows")]
    Query,
    /// A fragment in the URL.
    #[error("a gateway's URL holds no fragment: leave out the '#' and what follows")]
    Fragment,
    /// A host or port that is none.
    #[error("the URL's host or port is not valid")]
    Authority,
    /// A path with bytes that a request line cannot hold.
    #[error("the URL's path holds a character that is not allowed there: write it as %XX")]
    Path,
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(", did you mean '{name}'?"))
}
