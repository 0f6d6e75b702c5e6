//! What is kept of a request to see how near another one is, in little memory.

use super::request::Request;
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// So many parts of a request are kept. Of more, those with the smallest hashes: a sample in which what two
/// requests have in common is as frequent as in the whole (Broder's bottom-k sketch).
const MOST_PARTS: usize = 48;

/// The parts of a request, hashed, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sketch(Box<[u32]>);

impl Sketch {
    /// Of its method, path, query, kind of credential, and of the members of its body; of a list among them
    /// each element.
    pub(super) fn of(request: &Request) -> Self {
        let mut parts = vec![
            hash(("method", &request.method)),
            hash(("path", &request.path)),
            hash(("query", &request.query)),
            hash(("credential", std::mem::discriminant(&request.auth))),
        ];
        match &request.canonical {
            Some(Value::Object(members)) => {
                for (name, value) in members {
                    match value {
                        Value::Array(elements) => {
                            parts.extend(elements.iter().enumerate().map(|element| hash((name, element))));
                        }
                        value => parts.push(hash((name, value))),
                    }
                }
            }
            _ => parts.push(hash(&request.body)),
        }
        parts.sort_unstable();
        parts.dedup();
        parts.truncate(MOST_PARTS);
        Self(parts.into())
    }

    /// How many parts only one of the two has.
    pub(super) fn distance(&self, other: &Self) -> usize {
        let (mut a, mut b, mut common) = (self.0.iter().peekable(), other.0.iter().peekable(), 0);
        while let (Some(one), Some(two)) = (a.peek(), b.peek()) {
            match one.cmp(two) {
                std::cmp::Ordering::Less => drop(a.next()),
                std::cmp::Ordering::Greater => drop(b.next()),
                std::cmp::Ordering::Equal => {
                    common += 1;
                    a.next();
                    b.next();
                }
            }
        }
        self.0.len() + other.0.len() - 2 * common
    }
}

fn hash(part: impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    hasher.finish() as u32
}
