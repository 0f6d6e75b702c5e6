//! What the state is told, and what it wants done.

use super::{Answer, Deed, Failure, Interest, Loaded, Measures, Order, Paged, Weight};
use crate::exchange::ExchangeId;
use crate::exchange::time::WallTime;
use crate::fault::{Listed, Rule};
use crate::store::Deleted;
use crate::tui::keymap::Key;

/// What happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The terminal has another size.
    Resize,
    /// Time passed.
    Tick(WallTime),
    /// Something was read.
    Loaded(Box<Loaded>),
    /// A question was answered.
    Answered(Answer),
    /// The recording could not be read.
    Failed(Failure),
    /// Something was done; a sentence says what.
    Done(String),
    /// What sending this would mean, or why it cannot be sent.
    Weighed(Order, Result<Weight, Failure>),
    /// The answer to what was sent again has ended, or nothing could be sent.
    Sent(ExchangeId, Result<(), Failure>),
    /// The request of that exchange as text.
    Drafted(ExchangeId, Result<String, Failure>),
    /// The editor was left: what the draft was and what it is; or what went wrong.
    Edited(ExchangeId, String, Result<String, String>),
    /// A note was put to so many exchanges.
    Noted(Result<usize, Failure>),
    /// Exchanges were taken out of the recording.
    Deleted(Result<Deleted, Failure>),
    /// Something happened that must not be overlooked.
    Warning(String),
    /// What is wrong at present with what is being watched, if anything.
    Trouble(Option<String>),
    /// The faults that are armed; `None` where no request passes.
    Faults(Option<Vec<Listed>>),
    /// Something was drawn; this is how large it came out.
    Measured(Measures),
}

/// What the mouse did, at a column and a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the deed of its name")]
pub enum Mouse {
    Click(u16, u16),
    WheelUp(u16, u16),
    WheelDown(u16, u16),
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Cmd {
    /// Read this from now on.
    Watch(Interest),
    /// Put this text where people paste from: a name for it, and the text.
    Copy(&'static str, String),
    /// Do this, and tell what came of it.
    Do(Deed),
    /// Open the draft of this order in an editor, and answer with [`Msg::Edited`].
    Edit(ExchangeId, String),
    /// Show this in a pager.
    Page(Paged),
    /// Give the terminal back, and stop until the shell says otherwise.
    Suspend,
    /// Arm these faults beside the others.
    Arm(Vec<Rule>),
    /// Disarm this one.
    Disarm(String),
    /// Arm these in the place of this one.
    Rearm(String, Vec<Rule>),
    /// Remember the theme and the columns for the next time.
    Remember,
    /// End.
    Quit,
}
