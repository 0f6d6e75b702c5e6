//! Rules: which fault, when, and how.

use super::value::{With, time_text};
use std::fmt;
use std::time::Duration;

/// One fault and the requests that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name of the fault, as it was written.
    pub fault: String,
    /// Which requests.
    pub when: When,
    /// How.
    pub with: With,
}

/// The requests that a rule is for. What is not said holds of every request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct When {
    /// Only the first so many attempts of a request: those of the same method, path and body.
    pub first: Option<u64>,
    /// Only these attempts of a request, counted from 1.
    pub nth: Vec<u64>,
    /// Only every so many-th of all requests that the rule is for.
    pub every: Option<u64>,
    /// With this probability, from 0 to 1.
    pub chance: Option<f64>,
    /// For so long after the rule was armed.
    pub lasting: Option<Duration>,
    /// Only requests for a model like this.
    pub model: Option<Glob>,
    /// Only requests to a path like this.
    pub path: Option<Glob>,
    /// Only requests that do, or do not, ask for a stream.
    pub stream: Option<bool>,
    /// Only requests whose key ends in four characters like these.
    pub key: Option<Glob>,
}

/// A pattern in which `*` stands for any text and `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

/// What is known of a request when it is decided what happens to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The name of the gateway it goes to.
    pub gateway: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path, without a query.
    pub path: &'a str,
    /// The model it asks for.
    pub model: Option<&'a str>,
    /// Whether it asks for a stream.
    pub stream: bool,
    /// The last four characters of its key.
    pub key: Option<&'a str>,
    /// A number that stands for the whole key.
    pub key_id: u64,
    /// How many bytes its body has.
    pub bytes: u64,
}

impl When {
    /// Whether a request is one of those; how often it came is another matter.
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        let fits = |glob: &Option<Glob>, text: Option<&str>| {
            glob.as_ref().is_none_or(|glob| text.is_some_and(|text| glob.matches(text)))
        };
        fits(&self.model, facts.model)
            && fits(&self.path, Some(facts.path))
            && fits(&self.key, facts.key)
            && self.stream.is_none_or(|stream| stream == facts.stream)
    }

    /// Whether this attempt of a request, counted from 1, and this one of all, is meant.
    pub(super) fn counts(&self, attempt: u64, request: u64) -> bool {
        self.first.is_none_or(|first| attempt <= first)
            && (self.nth.is_empty() || self.nth.contains(&attempt))
            && self.every.is_none_or(|every| request.is_multiple_of(every))
    }
}

impl Glob {
    /// The pattern `text`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether all of `text` is like it, whatever the case.
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.to_lowercase().chars().collect();
        let text: Vec<char> = text.to_lowercase().chars().collect();
        // Where the last star stands, and how far its text reaches.
        let (mut at, mut star, mut to) = (0, None, 0);
        while to < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, to));
                    at += 1;
                }
                Some(wanted) if *wanted == '?' || text.get(to) == Some(wanted) => {
                    at += 1;
                    to += 1;
                }
                _ => match star {
                    Some((stood, reached)) => {
                        star = Some((stood, reached + 1));
                        at = stood + 1;
                        to = reached + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern.get(at..).unwrap_or_default().iter().all(|rest| *rest == '*')
    }
}

impl fmt::Display for Rule {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault)?;
        self.when.fmt(f)?;
        self.with.iter().try_for_each(|(name, value)| write!(f, ",{name}={value}"))
    }
}

impl fmt::Display for When {
    /// As it is written on the command line, with a comma before each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.first {
            write!(f, ",first={first}")?;
        }
        if !self.nth.is_empty() {
            let nth: Vec<String> = self.nth.iter().map(u64::to_string).collect();
            write!(f, ",nth={}", nth.join("+"))?;
        }
        if let Some(every) = self.every {
            write!(f, ",every={every}")?;
        }
        if let Some(chance) = self.chance {
            write!(f, ",chance={chance}")?;
        }
        if let Some(lasting) = self.lasting {
            write!(f, ",for={}", time_text(lasting))?;
        }
        for (name, glob) in [("model", &self.model), ("path", &self.path), ("key", &self.key)] {
            if let Some(glob) = glob {
                write!(f, ",{name}={}", glob.as_str())?;
            }
        }
        match self.stream {
            Some(stream) => write!(f, ",stream={stream}"),
            None => Ok(()),
        }
    }
}
