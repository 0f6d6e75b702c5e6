//! What is said where no recorded exchange answers a request.

use super::request::Request;
use super::{Among, Nearest, Turn};
use crate::exchange::ExchangeId;
use crate::exchange::text::printable;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The header by which a replay asks the proxy to answer by itself, and the proxy tells a replay which exchange it
/// has looked for already.
pub const OWN_HEADER: &str = "x-gatetap-own";

/// So many differences are told of.
const MOST_DIFFERENCES: usize = 8;

/// So many characters of a value are told.
const VALUE_LIMIT: usize = 160;

/// A request that a replay cannot answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// The status that the app is to get.
    pub status: u16,
    /// Why, in a sentence.
    pub message: String,
    /// The recorded exchange that is nearest.
    pub nearest: Option<NearestExchange>,
}

/// A recorded exchange that is nearly the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearestExchange {
    /// Its number in the recording that is replayed.
    pub exchange: ExchangeId,
    /// What differs; the first few.
    pub differences: Vec<Differs>,
}

/// One place where a request differs from a recorded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    /// Where: `method`, `path`, `credential`, a path in the body.
    pub place: String,
    /// What was recorded there.
    pub recorded: Option<String>,
    /// What came.
    pub incoming: Option<String>,
}

/// The word by which the proxy knows that an answer is a replay's own and not a recorded one, and a replay that it
/// is the proxy who speaks. It is drawn for one run and goes only between the two, so that neither an app nor a
/// recording can say it.
#[derive(Clone)]
pub struct OwnWord(Arc<str>);

impl OwnWord {
    /// Draws one.
    ///
    /// # Errors
    /// Where the system has no randomness.
    pub fn draw() -> std::io::Result<Self> {
        let mut bytes = [0; 16];
        let drawn = SystemRandom::new().fill(&mut bytes);
        drawn.map_err(|_unspecified| std::io::Error::other("the system gives no random numbers"))?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes)).into()))
    }

    /// The header's value that says `miss`.
    pub(super) fn say(&self, miss: &Miss) -> String {
        let text = serde_json::to_vec(miss).unwrap_or_default();
        format!("{} {}", self.0, STANDARD_NO_PAD.encode(text))
    }

    /// The header's value that says `turn`.
    pub(super) fn ticket(&self, turn: Turn) -> String {
        format!("{} {} {}", self.0, turn.number, turn.among.as_str())
    }

    /// The turn that the value of [`OWN_HEADER`] says, if it is this word that it begins with.
    pub(super) fn turn(&self, value: &[u8]) -> Option<Turn> {
        let said = value.strip_prefix(self.0.as_bytes())?.strip_prefix(b" ")?;
        let (number, among) = std::str::from_utf8(said).ok()?.split_once(' ')?;
        Some(Turn { number: number.parse().ok()?, among: Among::parse(among)? })
    }

    /// What the value of [`OWN_HEADER`] says, if it is this word that it begins with.
    pub fn hear(&self, value: &[u8]) -> Option<Miss> {
        let said = value.strip_prefix(self.0.as_bytes())?.strip_prefix(b" ")?;
        serde_json::from_slice(&STANDARD_NO_PAD.decode(said).ok()?).ok()
    }
}

/// Says nothing of the word.
impl fmt::Debug for OwnWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnWord")
    }
}

impl Miss {
    /// The token of gatetap's own answer to it.
    pub const TOKEN: &str = "replay-miss";

    /// The status that it gets where nobody says another.
    pub const STATUS: u16 = 502;

    /// No recorded exchange is this request; `nearest` is the nearest, with its number.
    pub(super) fn unknown(status: u16, request: &Request, nearest: Option<(ExchangeId, Nearest)>) -> Self {
        let asked = format!("{} {}", request.method, request.path);
        let nearest = nearest.map(|(exchange, nearest)| NearestExchange {
            exchange,
            differences: nearest
                .differences
                .into_iter()
                .filter(|difference| difference.counts)
                .take(MOST_DIFFERENCES)
                .map(|difference| Differs {
                    place: difference.place,
                    recorded: difference.a.map(|value| shortened(&value)),
                    incoming: difference.b.map(|value| shortened(&value)),
                })
                .collect(),
        });
        let message = match &nearest {
            None => format!("nothing is recorded that could answer {asked}"),
            Some(nearest) => {
                let differs: Vec<String> = nearest.differences.iter().map(ToString::to_string).collect();
                let differs = differs.join("; ");
                format!(
                    "no recorded exchange is this {asked}; the nearest is #{}: {differs}",
                    nearest.exchange
                )
            }
        };
        Self { status, message, nearest }
    }

    /// The exchange that answers this request cannot be played.
    pub(super) fn unplayable(status: u16, exchange: ExchangeId, why: &str) -> Self {
        Self {
            status,
            message: format!("recorded exchange #{exchange} cannot be replayed: {why}"),
            nearest: None,
        }
    }
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{} was {}, is {}", self.place, word(&self.recorded), word(&self.incoming))
    }
}

fn shortened(value: &str) -> String {
    let short: String = value.chars().take(VALUE_LIMIT).collect();
    let more = if short.len() < value.len() { "…" } else { "" };
    format!("{}{more}", printable(&short))
}
