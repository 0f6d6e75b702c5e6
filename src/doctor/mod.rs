//! Triage: is it the key, the network, the base URL, the model, the gateway or the stream?
//!
//! | file | holds |
//! |---|---|
//! | `settings` | what is looked at, with which key, how patiently |
//! | `step` | what one step has found, as words and as facts |
//! | `network` | names, both families of addresses, TLS |
//! | `ask` | one request and what came back |
//! | `examine` | the steps in their order |
//! | `facts` | all that the conclusion rests on |
//! | `conclusion` | the conclusions: what each says, what it does not say, what to do next |
//! | `decide` | the decision table, from facts to a conclusion |
//! | `note` | what support wants to know, without a key |
//!
//! The order and the table follow the gateway's own pages: <https://nexorouter.com/en/status>,
//! <https://nexorouter.com/en/docs/troubleshooting>.
//!
//! Invariants: a step takes no longer than its patience; the key goes to the gateway that configuration
//! names and nowhere else, and into no text; what costs tokens is asked at most four times.

mod ask;
mod conclusion;
mod decide;
mod examine;
mod facts;
mod network;
mod note;
mod settings;
mod step;

pub use conclusion::{Conclusion, Weight};
pub use examine::{Diagnosis, examine};
pub use settings::{Key, Settings};
pub use step::{State, Step, StepName};

/// The model that is asked where nobody names another.
pub const DEFAULT_MODEL: &str = "deepseek-v4-flash";

/// How many tokens an answer may have.
pub const MAX_TOKENS: u32 = 16;
