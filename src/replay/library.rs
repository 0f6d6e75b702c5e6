//! The exchanges that a replay answers with, and finding one.

use super::fresh;
use super::request::hides_its_text;
use super::{Auth, Index, Miss, Nearest, Options, Request, Turn};
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::exchange::end::{BodyEnd, Hop, Verdict};
use crate::exchange::head::RequestHead;
use crate::exchange::time::Micros;
use crate::gateway::profile::{Profile, profile};
use crate::store::{Error, Page, Reader, RecordedRequest};
use crate::wire::script::Capture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// An app that leaves a complete answer so soon did not see the gateway hold it open.
const SOON: Micros = Micros(1_000_000);

/// The recorded exchanges that answer. Their bodies stay in the recording until they are asked for.
#[derive(Debug)]
pub(super) struct Library {
    reader: Mutex<Reader>,
    index: Mutex<Index>,
    /// What each number in the index is.
    entries: Vec<Entry>,
    /// So many exchanges answer nothing because they were recorded without the text of their bodies.
    hidden: u64,
    salt: Vec<u8>,
    options: Options,
}

/// A recorded exchange that can answer.
#[derive(Debug)]
struct Entry {
    id: ExchangeId,
    /// The gateway that answered.
    gateway: Arc<str>,
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
        let (mut entries, mut hidden) = (Vec::new(), 0);
        let mut gateways: BTreeMap<String, Arc<str>> = BTreeMap::new();
        for id in reader.select_ids(&options.filter, Page::default(), options.clock.now().wall)? {
            let Some(recorded) = reader.request(id)?.filter(can_answer) else { continue };
            let request = compared(&recorded, &options);
            if hides_its_text(&request) {
                hidden += 1;
                continue;
            }
            index.add(request);
            let name = recorded.gateway;
            let gateway = gateways.entry(name).or_insert_with_key(|name| name.as_str().into());
            entries.push(Entry { id, gateway: Arc::clone(gateway) });
        }
        Ok(Self { reader: Mutex::new(reader), index: Mutex::new(index), entries, hidden, salt, options })
    }

    /// The exchanges that can answer.
    pub(super) fn ids(&self) -> impl Iterator<Item = ExchangeId> {
        self.entries.iter().map(|entry| entry.id)
    }

    /// So many exchanges answer nothing because they were recorded without the text of their bodies.
    pub(super) const fn hidden(&self) -> u64 {
        self.hidden
    }

    /// Whether the recording has exchanges, and none of them is among those that are to answer.
    pub(super) fn is_without_choice(&self) -> bool {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let is_chosen = !self.options.filter.is_everything();
        is_chosen
            && self.entries.is_empty()
            && self.hidden == 0
            && reader.count().is_ok_and(|count| count > 0)
    }

    /// Whose turn it is to answer a request, and the gateway that had answered it.
    pub(super) fn look(&self, head: &RequestHead, body: &[u8]) -> Option<(Turn, &str)> {
        let request = self.request(head, body);
        let turn = self.index.lock().unwrap_or_else(PoisonError::into_inner).look(&request)?;
        Some((turn, self.entries.get(turn.number)?.gateway.as_ref()))
    }

    /// The recorded answer to a request, or what to say where there is none. `turn` is what the proxy has looked
    /// for already. Reads the recording.
    pub(super) fn find(&self, head: &RequestHead, body: &[u8], turn: Option<Turn>) -> Result<Found, Miss> {
        let status = self.options.on_miss;
        let looked =
            turn.and_then(|turn| self.index.lock().unwrap_or_else(PoisonError::into_inner).redeem(turn));
        let taken = looked.map_or_else(|| self.take(head, body), Ok)?;
        let Some(exchange) = self.entries.get(taken).map(|entry| entry.id) else {
            return Err(Miss::unknown(status, &self.request(head, body), None));
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

    /// Takes the turn of the request that this one is.
    fn take(&self, head: &RequestHead, body: &[u8]) -> Result<usize, Miss> {
        let request = self.request(head, body);
        let taken = self.index.lock().unwrap_or_else(PoisonError::into_inner).take(&request);
        taken.ok_or_else(|| Miss::unknown(self.options.on_miss, &request, self.nearest(&request)))
    }

    fn request(&self, head: &RequestHead, body: &[u8]) -> Request {
        Request::new(head, body, &self.options.volatile, &self.salt)
    }

    fn nearest(&self, request: &Request) -> Option<(ExchangeId, Nearest)> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |number: usize| {
            let recorded = reader.request(self.entries.get(number)?.id).ok().flatten()?;
            Some(compared(&recorded, &self.options))
        };
        let nearest = index.nearest(request, read)?;
        Some((self.entries.get(nearest.number)?.id, nearest))
    }
}

/// The exchanges of a recording that `new` take the place of: those that a replay with these options takes for the
/// same request.
///
/// # Errors
/// Where the recording cannot be read.
pub fn replaced(options: Options, new: &BTreeSet<ExchangeId>) -> Result<Vec<ExchangeId>, Error> {
    let library = Library::open(options)?;
    let index = library.index.lock().unwrap_or_else(PoisonError::into_inner);
    let id = |number: usize| library.entries.get(number).map(|entry| entry.id);
    let is_new = |number: usize| id(number).is_some_and(|id| new.contains(&id));
    let alike: BTreeSet<usize> = (0..library.entries.len())
        .filter(|number| is_new(*number))
        .flat_map(|number| index.alike(number))
        .collect();
    Ok(alike.into_iter().filter(|number| !is_new(*number)).filter_map(id).collect())
}

/// Whether there is something that can be played: a miss of an earlier replay is nothing that a gateway did.
fn can_answer(recorded: &RecordedRequest) -> bool {
    recorded.own_error.as_deref() != Some(Miss::TOKEN)
}

/// A recorded request, as it is compared.
fn compared(recorded: &RecordedRequest, options: &Options) -> Request {
    let RecordedRequest { head, body, credentials, status, gateway, .. } = recorded;
    let mut request = Request::with_credentials(head, &body.bytes, &options.volatile, credentials);
    // An answer that is not about the key says that there was a good one, or that none was asked for.
    if request.auth == Auth::Absent && status.is_some_and(|status| !matches!(status, 401 | 403 | 407)) {
        request.auth = Auth::Unasked;
    }
    let base_path = profile(gateway).map(Profile::base_path).filter(|_| recorded.foreign);
    if let Some(rest) = base_path.and_then(|base| request.path.strip_prefix(base))
        && rest.starts_with('/')
    {
        request.path = format!("/v1{rest}");
    }
    request
}

/// The answer of a recorded exchange.
fn capture(reader: &Reader, id: ExchangeId) -> Result<Option<Capture>, Error> {
    let Some(whole) = reader.exchange(id)? else { return Ok(None) };
    let mut exchange = whole.exchange;
    let mut response = reader.body(id, Side::Response)?;
    // What came at times that are not known comes at the end.
    response.marks =
        response.marks_or_one(exchange.timing.end.or(exchange.timing.head).unwrap_or_default()).into_owned();
    if exchange.own_answer.as_ref().is_some_and(|own| own.token == "connection-reset") {
        exchange.response_end = Some(BodyEnd::reset(Hop::Gateway));
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
