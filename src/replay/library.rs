//! The exchanges that a replay answers with, and finding one.

use super::fresh;
use super::{Index, Miss, Options, Request};
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::exchange::end::{BodyEnd, Hop, Verdict};
use crate::exchange::head::RequestHead;
use crate::exchange::time::Micros;
use crate::store::{Error, Page, Reader};
use crate::wire::script::Capture;
use std::sync::{Mutex, PoisonError};

/// An app that leaves a complete answer so soon did not see the gateway hold it open.
const SOON: Micros = Micros(1_000_000);

/// The recorded exchanges that answer. Their bodies stay in the recording until they are asked for.
#[derive(Debug)]
pub(super) struct Library {
    reader: Mutex<Reader>,
    index: Mutex<Index>,
    /// The exchange of each number in the index.
    ids: Vec<ExchangeId>,
    salt: Vec<u8>,
    options: Options,
}

/// A recorded answer, ready to be played.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) exchange: ExchangeId,
    pub(super) capture: Capture,
}

impl Library {
    /// Reads what requests of the recording are compared by.
    pub(super) fn open(options: Options) -> Result<Self, Error> {
        let reader = Reader::open(&options.recording)?;
        let salt = reader.salt()?;
        let mut index = Index::new(options.matching);
        let mut ids = Vec::new();
        for id in reader.select_ids(&options.filter, Page::default(), options.clock.now().wall)? {
            if let Some(request) = recorded(&reader, id, &options)? {
                index.add(request);
                ids.push(id);
            }
        }
        Ok(Self { reader: Mutex::new(reader), index: Mutex::new(index), ids, salt, options })
    }

    pub(super) fn ids(&self) -> &[ExchangeId] {
        &self.ids
    }

    /// The recorded answer to a request, or what to say where there is none. Reads the recording.
    pub(super) fn find(&self, head: &RequestHead, body: &[u8]) -> Result<Found, Miss> {
        let status = self.options.on_miss;
        let request = Request::new(head, body, &self.options.volatile, &self.salt);
        let taken = self.index.lock().unwrap_or_else(PoisonError::into_inner).take(&request);
        let Some(exchange) = taken.and_then(|number| self.ids.get(number)).copied() else {
            return Err(Miss::unknown(status, &request, self.nearest(&request)));
        };
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let capture = match capture(&reader, exchange) {
            Ok(Some(capture)) => capture,
            Ok(None) => return Err(Miss::unplayable(status, exchange, "it has gone from the recording")),
            Err(error) => return Err(Miss::unplayable(status, exchange, &error.to_string())),
        };
        drop(reader);
        if capture.exchange.response.as_ref().is_some_and(|head| head.status == 101) {
            let why = "it switched to another protocol, of which only one side could be played";
            return Err(Miss::unplayable(status, exchange, why));
        }
        let kept = capture.response.bytes.len() as u64;
        if capture.response.cut.is_some() || kept < capture.exchange.response_bytes {
            let why = "not all of its answer was kept; record it with a larger --max-body";
            return Err(Miss::unplayable(status, exchange, why));
        }
        Ok(Found {
            exchange,
            capture: if self.options.fresh { fresh::renewed(capture, &self.options.clock) } else { capture },
        })
    }

    fn nearest(&self, request: &Request) -> Option<(ExchangeId, super::Nearest)> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |number: usize| recorded(&reader, *self.ids.get(number)?, &self.options).ok().flatten();
        let nearest = index.nearest(request, read)?;
        Some((*self.ids.get(nearest.number)?, nearest))
    }
}

/// A recorded request, as it is compared; `None` of one that can answer nothing.
fn recorded(reader: &Reader, id: ExchangeId, options: &Options) -> Result<Option<Request>, Error> {
    let Some(whole) = reader.exchange(id)? else { return Ok(None) };
    let exchange = &whole.exchange;
    // A miss of an earlier replay is nothing that a gateway did.
    if exchange.own_answer.as_ref().is_some_and(|own| own.token == Miss::TOKEN) {
        return Ok(None);
    }
    let body = reader.body(id, Side::Request)?;
    let request =
        Request::with_credentials(&exchange.request, &body.bytes, &options.volatile, &exchange.credentials);
    Ok(Some(request))
}

/// The answer of a recorded exchange.
fn capture(reader: &Reader, id: ExchangeId) -> Result<Option<Capture>, Error> {
    let Some(whole) = reader.exchange(id)? else { return Ok(None) };
    let mut exchange = whole.exchange;
    let response = reader.body(id, Side::Response)?;
    if exchange.own_answer.as_ref().is_some_and(|own| own.token == "connection-reset") {
        exchange.response_end = Some(BodyEnd::broken(Hop::Gateway, "connection reset"));
    }
    let last = response.marks.last().map(|mark| mark.read).or(exchange.timing.head).unwrap_or_default();
    let left = matches!(&exchange.response_end, Some(BodyEnd::Broken { by: Hop::App, .. }));
    let stayed = exchange.timing.end.unwrap_or_default().since(last);
    if left && stayed < SOON && whole.summary.verdict == Verdict::Complete {
        // The app had all it wanted and left, as SDKs do: to whoever stays, the answer ends here.
        exchange.response_end = Some(BodyEnd::Whole);
        exchange.timing.end = Some(last);
    }
    Ok(Some(Capture { about: String::new(), exchange, request: Body::default(), response }))
}
