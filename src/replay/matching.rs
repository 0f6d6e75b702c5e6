//! Which recorded request an incoming one is.

use super::request::{Auth, Request};
use super::sketch::Sketch;
use crate::digest::compare::{Difference, json_differences};
use crate::exchange::text::counted;
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
    route: Option<String>,
    sketch: Sketch,
}

/// A recorded request that is the one that came: whose turn it was when it was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Its number.
    pub number: usize,
    /// Those that take turns with it.
    pub among: Among,
}

/// Which of the requests that count as one take turns: those with the same credential, those of the same route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Among {
    /// Those that agree in both.
    Same,
    /// Those of the route.
    Route,
    /// Those with the credential.
    Credential,
    /// All.
    All,
}

/// The requests that count as one.
#[derive(Debug, Default)]
struct Group {
    all: Turns,
    /// Parts of them, each by the hash of what its requests agree in.
    parts: HashMap<u64, Turns>,
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
        for part in
            Among::PARTS.into_iter().filter_map(|among| among.part(&request.auth, request.route.as_deref()))
        {
            group.parts.entry(part).or_default().members.push(number);
        }
        self.places.entry(place(&request)).or_default().push(number);
        self.known.push(Known { group: key, auth: request.auth, route: request.route, sketch });
    }

    /// The recorded request that `request` is: of several, those of the same route and with the same credential if
    /// there are such, in the order in which they were recorded, then the last of them again and again.
    pub fn take(&mut self, request: &Request) -> Option<usize> {
        let turn = self.look(request)?;
        self.redeem(turn)
    }

    /// Whose turn it is to answer `request`, without its being taken.
    pub fn look(&self, request: &Request) -> Option<Turn> {
        let group = [&request.auth, &Auth::Unasked]
            .into_iter()
            .find_map(|auth| self.groups.get(&self.how.key(request, auth)))?;
        let own = Among::PARTS.into_iter().find_map(|among| {
            let part = among.part(&request.auth, request.route.as_deref())?;
            Some((group.parts.get(&part)?, among))
        });
        let (turns, among) = own.unwrap_or((&group.all, Among::All));
        Some(Turn { number: turns.next()?, among })
    }

    /// Takes a turn. Where another has taken it meanwhile, it is the next one's.
    pub fn redeem(&mut self, turn: Turn) -> Option<usize> {
        let known = self.known.get(turn.number)?;
        let group = self.groups.get_mut(&known.group)?;
        let turns = match turn.among.part(&known.auth, known.route.as_deref()) {
            Some(part) => group.parts.get_mut(&part)?,
            None => &mut group.all,
        };
        let number = turns.next();
        turns.given += 1;
        number
    }

    /// All of the same route that count as one with that number, itself among them, in the order of adding.
    pub fn alike(&self, number: usize) -> impl Iterator<Item = usize> {
        let known = self.known.get(number);
        let group = known.and_then(|known| self.groups.get(&known.group));
        let members = group.into_iter().flat_map(|group| group.all.members.iter().copied());
        members.filter(move |member| {
            self.known.get(*member).map(|one| &one.route) == known.map(|one| &one.route)
        })
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

impl Among {
    /// All that are less than all, those first that agree in most.
    const PARTS: [Self; 3] = [Self::Same, Self::Route, Self::Credential];

    /// All, with the words for them.
    const WORDS: [(&'static str, Self); 4] =
        [("same", Self::Same), ("route", Self::Route), ("credential", Self::Credential), ("all", Self::All)];

    /// The word.
    pub(super) fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, among)| *among == self).map_or("", |(word, _)| word)
    }

    /// What the word means.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, among)| *among)
    }

    /// A hash of what those agree in that take turns with a request of this credential and route; `None` where it is
    /// nothing. A credential that is not well-formed is like every other of its kind.
    fn part(self, auth: &Auth, route: Option<&str>) -> Option<u64> {
        let fingerprint = match auth {
            Auth::WellFormed(fingerprint) => Some(fingerprint.as_str()),
            Auth::Absent | Auth::Malformed | Auth::Unasked => None,
        };
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        match self {
            Self::Same => (fingerprint?, route).hash(&mut hasher),
            Self::Route => route.hash(&mut hasher),
            Self::Credential => fingerprint?.hash(&mut hasher),
            Self::All => return None,
        }
        Some(hasher.finish())
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
            a: Some(counted(known.body.len(), "byte")),
            b: Some(counted(incoming.body.len(), "byte")),
            counts: true,
        }),
        _ => {}
    }
    differences
}
