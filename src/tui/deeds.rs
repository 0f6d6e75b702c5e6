//! What the screen does beyond reading: notes, deleting, sending again. On a thread of its own, because all of it
//! waits for a disk or a network.

use super::bell::Outbox;
use super::draft;
use super::state::{Deed, Failure, Msg, Order, Weight};
use crate::config::Upstream;
use crate::digest::summary::Whole;
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::gateway::mask::mask_string;
use crate::live::ready::{Key, Ready, Unready, origin};
use crate::replay::{Changes, Obstacle};
use crate::store::{self, Editor, Reader};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Sends a request again to where it had gone, given the name of that as it was recorded, and is back when the
/// answer has ended. What comes of it is in the recording by then. Fails with a sentence.
#[derive(Clone)]
pub struct Sending(pub Arc<SendAgain>);

/// See [`Sending`].
pub type SendAgain = dyn Fn(&str, Ready) -> Result<(), String> + Send + Sync;

/// Gives the value of a variable of the environment.
pub type Environment = fn(&str) -> Option<String>;

/// Does deeds, on one recording.
#[derive(Clone)]
pub struct Doer {
    recording: PathBuf,
    sending: Option<Sending>,
    environment: Environment,
}

impl Doer {
    /// For a recording; where nothing can be sent there is no `sending`.
    pub fn new(recording: PathBuf, sending: Option<Sending>, environment: Environment) -> Self {
        Self { recording, sending, environment }
    }

    /// Does it, and says what came of it.
    pub fn carry_out(&self, deed: Deed) -> Msg {
        match deed {
            Deed::Weigh(order) => {
                let weighed = self.weigh(&order);
                Msg::Weighed(order, weighed)
            }
            Deed::Send(order) => {
                let sent = self.send(&order);
                Msg::Sent(order.id, sent)
            }
            Deed::Draft(id) => Msg::Drafted(id, self.draft(id)),
            Deed::Note(ids, note) => Msg::Noted(self.note(&ids, &note)),
            Deed::Delete(ids) => {
                let deleted = Editor::open(&self.recording).and_then(|editor| editor.delete(&ids));
                Msg::Deleted(deleted.map_err(|error| Failure::of(&error)))
            }
        }
    }

    fn note(&self, ids: &[ExchangeId], note: &str) -> Result<usize, Failure> {
        let note = Some(mask_string(note.trim().to_owned())).filter(|note| !note.is_empty());
        let put = Editor::open(&self.recording).and_then(|editor| editor.put_note(ids, note.as_deref()));
        put.map_err(|error| Failure::of(&error))
    }

    fn draft(&self, id: ExchangeId) -> Result<String, Failure> {
        let (whole, body) = self.read(id)?;
        // What cannot be sent need not be edited.
        self.ready(&Order { id, draft: None }, &whole, &body)?;
        Ok(draft::text(&whole.exchange, &body))
    }

    fn weigh(&self, order: &Order) -> Result<Weight, Failure> {
        let (whole, body) = self.read(order.id)?;
        let ready = self.ready(order, &whole, &body)?;
        let (input, output) = ready.again.estimated_tokens();
        let target = String::from_utf8_lossy(&ready.again.shown("")).into_owned();
        let start = target.lines().next().unwrap_or_default();
        Ok(Weight {
            request: start.trim_end_matches(" HTTP/1.1").to_owned(),
            to: ready.to.to_string(),
            is_simulated: matches!(ready.to, Upstream::Sim(_)),
            input,
            output,
            doubt: (was_json(&body) && !ready.again.is_json())
                .then(|| "its body is no JSON any more".to_owned()),
        })
    }

    fn send(&self, order: &Order) -> Result<(), Failure> {
        let (whole, body) = self.read(order.id)?;
        let ready = self.ready(order, &whole, &body)?;
        let Some(Sending(send)) = &self.sending else { return Err(nowhere()) };
        send(&whole.summary.gateway, ready).map_err(|message| Failure { message, hint: String::new() })
    }

    fn ready(&self, order: &Order, whole: &Whole, body: &Body) -> Result<Ready, Failure> {
        if self.sending.is_none() {
            return Err(nowhere());
        }
        let to = origin(whole).map_err(|unready| explain(&unready))?;
        let key = Key::look_up(&to, None, self.environment);
        let edited = match &order.draft {
            Some(text) => Some(draft::apply(text, &whole.exchange, body).map_err(|bad| Failure {
                message: bad.to_string(),
                hint: "press e to mend it".to_owned(),
            })?),
            None => None,
        };
        let (exchange, body) =
            edited.as_ref().map_or((&whole.exchange, body), |(exchange, body)| (exchange, body));
        Ready::new(exchange, body, &Changes::default(), to, &key).map_err(|unready| explain(&unready))
    }

    fn read(&self, id: ExchangeId) -> Result<(Whole, Body), Failure> {
        let read = || -> Result<_, store::Error> {
            let reader = Reader::open(&self.recording)?;
            let Some(whole) = reader.exchange(id)? else { return Ok(None) };
            Ok(Some((whole, reader.body(id, Side::Request)?)))
        };
        read().map_err(|error| Failure::of(&error))?.ok_or_else(|| Failure {
            message: format!("#{id} is not in the recording any more"),
            hint: String::new(),
        })
    }
}

impl fmt::Debug for Doer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doer").field("recording", &self.recording).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}

/// Does one deed after the other, until nobody asks for one any more. A sending takes as long as its answer: it
/// holds nothing up, and is left behind at the end.
pub(super) fn run(doer: &Doer, deeds: &Receiver<Deed>, msgs: &Outbox) {
    for deed in deeds {
        if let Deed::Send(Order { id, .. }) = &deed {
            let (doer, msgs, id) = (doer.clone(), msgs.clone(), *id);
            let failed = msgs.clone();
            // Whoever would hear of it may be gone.
            let sending = move || {
                msgs.send(doer.carry_out(deed));
            };
            let started = std::thread::Builder::new().name("gatetap-sending".to_owned()).spawn(sending);
            if let Err(error) = started {
                let failure = Failure { message: error.to_string(), hint: String::new() };
                failed.send(Msg::Sent(id, Err(failure)));
            }
        } else if !msgs.send(doer.carry_out(deed)) {
            return;
        }
    }
}

fn nowhere() -> Failure {
    Failure { message: "nothing can be sent from here".to_owned(), hint: String::new() }
}

/// Whether a body is a JSON document.
fn was_json(body: &Body) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(&body.bytes).is_ok()
}

fn explain(unready: &Unready) -> Failure {
    let hint = match unready {
        Unready::Gone { id, .. } => format!("`gatetap replay send {id} --to …` sends it elsewhere"),
        Unready::Obstacle { obstacle: Obstacle::NoKey, variable: Some(variable), .. } => {
            format!("start gatetap with the key in `{variable}`")
        }
        Unready::Obstacle { obstacle: Obstacle::NoKey, id, .. } => {
            format!("`gatetap replay send {id} --key-env NAME` takes the key from the variable of that name")
        }
        other => other.hint(),
    };
    Failure { message: unready.to_string(), hint }
}
