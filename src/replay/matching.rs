//! Which recorded request an incoming one is.

use super::request::{Auth, Request};
use super::sketch::Sketch;
use crate::digest::compare::{Difference, json_differences};
use std::collections::HashMap;
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
    /// By what has to agree, hashed.
    groups: HashMap<u64, Group>,
    known: Vec<Known>,
    /// The requests of one method and path, hashed.
    places: HashMap<u64, Vec<usize>>,
}

/// What is kept of a request.
#[derive(Debug)]
struct Known {
    group: u64,
    auth: Auth,
    sketch: Sketch,
}

/// A recorded request that is the one that came: whose turn it was when it was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Its number.
    pub number: usize,
    /// Only those with its own credential take turns with it.
    pub own: bool,
}

/// The requests that count as one.
#[derive(Debug, Default)]
struct Group {
    all: Turns,
    /// Those with one credential, by its fingerprint.
    own: HashMap<String, Turns>,
}

/// Requests in the order of adding.
#[derive(Debug, Default)]
struct Turns {
    members: Vec<usize>,
    /// How many of them have been answered with.
    given: usize,
}

/// The recorded request that is nearest to one that matches none.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Its number.
    pub number: usize,
    /// What differs: the recorded value, then the incoming one.
    pub differences: Vec<Difference>,
}

/// So many recorded requests are held against one that matches none, the likeliest.
const MOST_COMPARED: usize = 4;

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

    /// A hash of what has to agree, with that kind of credential.
    fn key(self, request: &Request, auth: &Auth) -> u64 {
        let mut hasher = DefaultHasher::new();
        request.method.hash(&mut hasher);
        request.path.hash(&mut hasher);
        std::mem::discriminant(auth).hash(&mut hasher);
        match self {
            Self::Strict => (&request.query, &request.body).hash(&mut hasher),
            Self::Body => {
                request.query.hash(&mut hasher);
                match &request.canonical {
                    Some(body) => body.hash(&mut hasher),
                    None => request.body.hash(&mut hasher),
                }
            }
            Self::LastMessage => {
                (request.model(), request.streams(), request.last_message()).hash(&mut hasher);
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
        let (key, sketch) = (self.how.key(&request, &request.auth), Sketch::of(&request));
        let group = self.groups.entry(key).or_default();
        group.all.members.push(number);
        if let Auth::WellFormed(fingerprint) = &request.auth {
            group.own.entry(fingerprint.clone()).or_default().members.push(number);
        }
        self.places.entry(place(&request)).or_default().push(number);
        self.known.push(Known { group: key, auth: request.auth, sketch });
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
        let turn = self.look(request)?;
        self.redeem(turn)
    }

    /// Whose turn it is to answer `request`, without its being taken.
    pub fn look(&self, request: &Request) -> Option<Turn> {
        let group = [&request.auth, &Auth::Unasked]
            .into_iter()
            .find_map(|auth| self.groups.get(&self.how.key(request, auth)))?;
        let (turns, own) = group.turns(&request.auth);
        Some(Turn { number: turns.next()?, own })
    }

    /// Takes a turn. Where another has taken it meanwhile, it is the next one's.
    pub fn redeem(&mut self, turn: Turn) -> Option<usize> {
        let known = self.known.get(turn.number)?;
        let group = self.groups.get_mut(&known.group)?;
        let turns = match &known.auth {
            Auth::WellFormed(fingerprint) if turn.own => group.own.get_mut(fingerprint)?,
            _ => &mut group.all,
        };
        let number = turns.next();
        turns.given += 1;
        number
    }

    /// All that count as one with that number, itself among them, in the order of adding.
    pub fn alike(&self, number: usize) -> &[usize] {
        let group = self.known.get(number).and_then(|known| self.groups.get(&known.group));
        group.map_or(&[], |group| &group.all.members)
    }

    /// The recorded request that differs least from one that matches none; of many, the likeliest few are
    /// compared. `read` gives a request by its number.
    pub fn nearest(
        &self,
        request: &Request,
        mut read: impl FnMut(usize) -> Option<Request>,
    ) -> Option<Nearest> {
        let sketch = Sketch::of(request);
        let distance =
            |number: usize| self.known.get(number).map_or(usize::MAX, |known| known.sketch.distance(&sketch));
        let mut likeliest: Vec<(usize, usize)> = match self.places.get(&place(request)) {
            Some(numbers) => numbers.iter().map(|number| (distance(*number), *number)).collect(),
            None => (0..self.known.len()).map(|number| (distance(number), number)).collect(),
        };
        if likeliest.len() > MOST_COMPARED {
            likeliest.select_nth_unstable(MOST_COMPARED);
            likeliest.truncate(MOST_COMPARED);
        }
        likeliest.sort_unstable();
        likeliest
            .into_iter()
            .filter_map(|(_, number)| {
                let differences = differences(&read(number)?, request);
                Some(Nearest { number, differences })
            })
            .min_by_key(|nearest| nearest.differences.len())
    }
}

impl Group {
    /// Those that take turns for a request with this credential; and whether they are only those that have it.
    fn turns(&self, auth: &Auth) -> (&Turns, bool) {
        let own = match auth {
            Auth::WellFormed(fingerprint) => self.own.get(fingerprint),
            Auth::Absent | Auth::Malformed | Auth::Unasked => None,
        };
        own.map_or((&self.all, false), |own| (own, true))
    }
}

impl Turns {
    fn next(&self) -> Option<usize> {
        self.members.get(self.given).or_else(|| self.members.last()).copied()
    }
}

/// A hash of the method and the path.
fn place(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&request.method, &request.path).hash(&mut hasher);
    hasher.finish()
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
        let is_unasked = place == "credential" && known.auth == Auth::Unasked;
        if a != b && !is_unasked {
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
