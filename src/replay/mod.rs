//! A recording as a gateway: which recorded exchange answers a request, and playing it.
//!
//! [`Replay`] is the local server that the proxy talks to. [`Request`] is what a request is compared by,
//! [`Volatile`] what is left out of its body, [`Index`] finds the recorded one that it is, or the nearest. Where
//! there is none, a [`Miss`] says so. The proxy asks a [`Chooser`] ahead. [`Again`] is a recorded request, ready to be sent again.
//!
//! Invariants: no key is compared or known, only what kind of credential there is and its fingerprint; a bad
//! credential never gets what a good one got; identical requests get their answers in recorded order; what
//! was recorded is played as it was, its end among it; answers are read when they are asked for, never all at
//! once, and never on a thread that others wait for.

mod again;
mod canonical;
mod chooser;
mod fresh;
mod library;
mod matching;
mod miss;
mod origin;
mod request;
mod sketch;
mod tally;

pub use again::{Again, Changes, Obstacle};
pub use canonical::{VOLATILE, Volatile};
pub use chooser::{Choice, Chooser};
pub use library::replaced;
pub use matching::{Among, Index, Match, Nearest, Turn};
pub use miss::{Differs, Miss, NearestExchange, OWN_HEADER, OwnWord};
pub use origin::{LONGEST_BODY, Options, Replay, StartError};
pub use request::{Auth, Request};
pub use tally::{Summary, Tally};
