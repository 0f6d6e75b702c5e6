//! Which recorded request an incoming one is.

use super::request::{Auth, Request};
use crate::digest::compare::{Difference, json_differences};
use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What has to agree. Method, path and the kind of credential always do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Match {
    /// Query and body, volatile members too.
    Strict,
    /// Query and body, without the volatile members.
    #[default]
    Body,
    /// The model, whether it streams, and the last message.
    LastMessage,
    /// The model, and whether it streams.
    ModelOnly,
    /// Nothing else.
    Path,
}

/// Requests that can be looked up, each under the number it was added with. Their bodies are not kept.
#[derive(Debug, Default)]
pub struct Index {
    how: Match,
    /// By what has to agree, hashed: the requests in the order of adding.
    groups: BTreeMap<u64, Group>,
    known: Vec<Known>,
}

/// What is kept of a request: all but its body.
#[derive(Debug)]
struct Known {
    method: String,
    path: String,
    auth: Auth,
    model: Option<String>,
}

/// The requests that count as one.
#[derive(Debug, Default)]
struct Group {
    members: Vec<usize>,
    /// How many of them have been answered with.
    given: BTreeMap<Option<String>, usize>,
}

/// The recorded request that is nearest to one that matches none.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Its number.
    pub number: usize,
    /// What differs: the recorded value, then the incoming one.
    pub differences: Vec<Difference>,
}

/// So many recorded requests are held against one that matches none.
const MOST_COMPARED: usize = 50;

impl Match {
    /// All, with the words for them.
    pub const ALL: [(&'static str, Self); 5] = [
        ("strict", Self::Strict),
        ("body", Self::Body),
        ("last-message", Self::LastMessage),
        ("model-only", Self::ModelOnly),
        ("path", Self::Path),
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, how)| *how == self).map_or("", |(word, _)| word)
    }

    /// A hash of what has to agree.
    fn key(self, request: &Request) -> u64 {
        let mut hasher = DefaultHasher::new();
        request.method.hash(&mut hasher);
        request.path.hash(&mut hasher);
        std::mem::discriminant(&request.auth).hash(&mut hasher);
        let text = |value: Option<&Value>| value.map(Value::to_string);
        match self {
            Self::Strict => (&request.query, &request.body).hash(&mut hasher),
            Self::Body => {
                request.query.hash(&mut hasher);
                match &request.canonical {
                    Some(body) => body.to_string().hash(&mut hasher),
                    None => request.body.hash(&mut hasher),
                }
            }
            Self::LastMessage => {
                (request.model(), request.streams(), text(request.last_message())).hash(&mut hasher);
            }
            Self::ModelOnly => (request.model(), request.streams()).hash(&mut hasher),
            Self::Path => {}
        }
        hasher.finish()
    }
}

impl Index {
    /// An empty one.
    pub fn new(how: Match) -> Self {
        Self { how, ..Self::default() }
    }

    /// Adds a recorded request; its number is how many were added before.
    pub fn add(&mut self, request: Request) {
        let number = self.known.len();
        self.groups.entry(self.how.key(&request)).or_default().members.push(number);
        let model = request.model().map(str::to_owned);
        let Request { method, path, auth, .. } = request;
        self.known.push(Known { method, path, auth, model });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The recorded request that `request` is: of several, those with the same credential if there are such,
    /// in the order in which they were recorded, then the last of them again and again.
    pub fn take(&mut self, request: &Request) -> Option<usize> {
        let group = self.groups.get_mut(&self.how.key(request))?;
        let fingerprint = |number: usize| match self.known.get(number).map(|known| &known.auth) {
            Some(Auth::WellFormed(fingerprint)) => Some(fingerprint),
            _ => None,
        };
        let own = match &request.auth {
            Auth::WellFormed(own) => Some(own),
            _ => None,
        };
        let same: Vec<usize> = group
            .members
            .iter()
            .copied()
            .filter(|number| own.is_some() && fingerprint(*number) == own)
            .collect();
        let (members, whose) = if same.is_empty() { (&group.members, None) } else { (&same, own.cloned()) };
        let given = group.given.entry(whose).or_default();
        let number = members.get(*given).or_else(|| members.last()).copied();
        *given += 1;
        number
    }

    /// The recorded request that differs least from one that matches none. `read` gives a request by its number.
    pub fn nearest(
        &self,
        request: &Request,
        mut read: impl FnMut(usize) -> Option<Request>,
    ) -> Option<Nearest> {
        let likeness = |known: &Known| {
            (
                known.path == request.path,
                known.method == request.method,
                known.auth.is_like(&request.auth),
                known.model.as_deref() == request.model(),
            )
        };
        let mut numbers: Vec<usize> = (0..self.known.len()).collect();
        numbers.sort_by_key(|number| std::cmp::Reverse(self.known.get(*number).map(likeness)));
        numbers
            .into_iter()
            .take(MOST_COMPARED)
            .filter_map(|number| {
                let differences = differences(&read(number)?, request);
                Some(Nearest { number, differences })
            })
            .min_by_key(|nearest| nearest.differences.len())
    }
}

/// What differs between a recorded request and an incoming one.
fn differences(known: &Request, incoming: &Request) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (place, a, b) in [
        ("method", &known.method, &incoming.method),
        ("path", &known.path, &incoming.path),
        ("query", &known.query, &incoming.query),
        ("credential", &known.auth.to_string(), &incoming.auth.to_string()),
    ] {
        if a != b {
            differences.push(Difference {
                place: place.to_owned(),
                a: Some(a.clone()),
                b: Some(b.clone()),
                counts: true,
            });
        }
    }
    match (&known.canonical, &incoming.canonical) {
        (Some(a), Some(b)) => {
            let (a, b) = (a.to_string(), b.to_string());
            differences.extend(json_differences(a.as_bytes(), b.as_bytes()).unwrap_or_default());
        }
        _ if known.body != incoming.body => differences.push(Difference {
            place: "body".to_owned(),
            a: Some(format!("{} bytes", known.body.len())),
            b: Some(format!("{} bytes", incoming.body.len())),
            counts: true,
        }),
        _ => {}
    }
    differences
}
