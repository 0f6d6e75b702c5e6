//! What the screen does beyond reading, and what it asks before.

use super::Failure;
use crate::exchange::ExchangeId;

/// Something that changes the recording, or asks a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Finds out what sending would mean.
    Weigh(Order),
    /// Sends.
    Send(Order),
    /// Writes a request as text, to be edited.
    Draft(ExchangeId),
    /// Puts this note to these exchanges; an empty one takes theirs away.
    Note(Vec<ExchangeId>, String),
    /// Takes these exchanges out of the recording.
    Delete(Vec<ExchangeId>),
}

/// A request that is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The exchange.
    pub id: ExchangeId,
    /// Its request as it was edited; `None` sends it as it was.
    pub draft: Option<String>,
}

/// What sending a request again means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// Method and target.
    pub request: String,
    /// Where it goes.
    pub to: String,
    /// Whether that is the simulator, which takes no money.
    pub is_simulated: bool,
    /// How many tokens the prompt has, by a rule of thumb.
    pub input: u64,
    /// How many the answer has at most, where the request says so.
    pub output: Option<u64>,
    /// What is strange about it.
    pub doubt: Option<String>,
}

/// What is asked before something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialog {
    /// Whether to send this; or why it cannot be sent.
    Send(Order, Result<Weight, Failure>),
    /// Whether to take these out of the recording.
    Delete(Vec<ExchangeId>),
    /// Whether to end though so many exchanges are open, which ends them.
    Quit(usize),
}

impl Dialog {
    /// Whether there is something to say yes to.
    pub const fn is_question(&self) -> bool {
        match self {
            Self::Send(_, weighed) => weighed.is_ok(),
            Self::Delete(_) | Self::Quit(_) => true,
        }
    }

    /// Whether there is a request that can be edited, or edited further.
    pub const fn is_editable(&self) -> bool {
        match self {
            Self::Send(order, weighed) => weighed.is_ok() || order.draft.is_some(),
            Self::Delete(_) | Self::Quit(_) => false,
        }
    }
}
