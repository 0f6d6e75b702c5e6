//! Pieces of an answer, put together.

use super::stream_facts::{Seen, StreamFacts};
use super::{Answer, Digest, OtherChoice, ToolCall};
use crate::exchange::time::Micros;
use crate::wire::dialect::Dialect;
use crate::wire::event_stream::Item;
use crate::wire::json::End;
use crate::wire::piece::{self, Meter, Piece, ToolPiece};

/// How many choices beside the first are put together; more are only counted.
const MOST_CHOICES: u64 = 128;

/// A digest and an answer in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Gather {
    pub(super) digest: Digest,
    pub(super) answer: Answer,
    pub(super) stream: StreamFacts,
    /// What the pieces of the current event were.
    seen: Seen,
    /// What the end of the stream repeats of the answer.
    repeated: Answer,
    /// Where the pieces belong that come now.
    place: Place,
    /// Each tool call begun: whose it is, and the dialect's own index of it.
    tools: Vec<(Place, u64)>,
    /// Events that the current read has completed.
    in_this_read: u64,
    total_reported: bool,
}

/// Where a piece belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    First,
    Other(u64),
    Repeated,
}

impl Gather {
    /// One that starts from what the heads and the request have told.
    pub(super) fn from_base(base: &Digest) -> Self {
        Self { digest: base.clone(), ..Self::default() }
    }

    /// Tells that what comes is from another read, of `length` bytes at `at`; where `at` is not known, nothing is
    /// known of reads either.
    pub(super) fn read_begins(&mut self, length: usize, at: Option<Micros>) {
        self.in_this_read = 0;
        if let Some(at) = at {
            self.stream.read(length, at);
        }
    }

    /// Takes an item of a stream that was complete at `at`.
    pub(super) fn item(&mut self, item: &Item<'_>, at: Option<Micros>) {
        let event = match item {
            Item::Event(event) => event,
            Item::Comment(comment) => {
                self.digest.comments += 1;
                self.stream.no_event(at, comment.span);
                return;
            }
            Item::Retry(retry) => {
                self.stream.no_event(at, retry.span);
                return;
            }
            Item::Undispatched(block) => {
                self.stream.undispatched(block);
                return;
            }
            Item::Ignored(field) => {
                self.stream.ignored(field.span);
                return;
            }
        };
        if let Some(at) = at {
            self.pace(at);
        }
        self.digest.streaming = true;
        self.digest.events += 1;
        self.digest.first_event = self.digest.first_event.or(at);
        self.digest.last_event = at.or(self.digest.last_event);
        if self.digest.dialect == Dialect::Unknown {
            self.digest.dialect = Dialect::of_answer(event.data.as_bytes());
        }
        let dialect = self.digest.dialect;
        self.seen = Seen::default();
        piece::read_event(dialect, &event.kind, &event.data, &mut |piece| {
            self.piece(&piece, at);
        });
        self.stream.event(event, at, &self.digest, self.seen);
        self.sum();
    }

    /// Takes a plain body, as far as it is there.
    pub(super) fn body(&mut self, body: &[u8], refused: bool) -> End {
        if self.digest.dialect == Dialect::Unknown {
            self.digest.dialect = Dialect::of_answer(body);
        }
        let dialect = self.digest.dialect;
        let end = piece::read_body(dialect, refused, body, &mut |piece| self.piece(&piece, None));
        self.sum();
        end
    }

    fn pace(&mut self, at: Micros) {
        let digest = &mut self.digest;
        if let Some(last) = digest.last_event {
            let gap = at.since(last);
            if digest.pace.longest_gap.is_none_or(|longest| gap > longest) {
                digest.pace.longest_gap = Some(gap);
                digest.pace.longest_gap_after = digest.events;
            }
        }
        if self.in_this_read == 0 {
            digest.pace.reads += 1;
        }
        self.in_this_read += 1;
        digest.pace.most_in_a_read = digest.pace.most_in_a_read.max(self.in_this_read);
    }

    fn piece(&mut self, piece: &Piece<'_>, at: Option<Micros>) {
        match piece {
            Piece::Choice(0) => self.place = Place::First,
            Piece::Choice(index) => self.place = Place::Other(*index),
            Piece::Repeats(true) => {
                self.place = Place::Repeated;
                self.repeated = Answer::default();
                self.tools.retain(|(place, _)| *place != Place::Repeated);
            }
            Piece::Repeats(false) => {
                self.place = Place::First;
                self.compare_repeated(at);
            }
            Piece::Finish(reason) => self.finish(reason),
            Piece::Text(text) => self.says(at, |answer| answer.text.push_str(text)),
            Piece::Reasoning(text) => self.says(at, |answer| answer.reasoning.push_str(text)),
            Piece::Refusal(text) => self.says(at, |answer| answer.refusal.push_str(text)),
            Piece::Tool(tool) => self.tool(tool, at),
            Piece::Listed(name) => self.answer.listed.push((*name).to_owned()),
            fact => self.fact(fact),
        }
    }

    /// Takes a piece that is no part of the answer itself.
    fn fact(&mut self, piece: &Piece<'_>) {
        let digest = &mut self.digest;
        let usage = &mut digest.usage;
        let first = |place: &mut Option<String>, text: &str| {
            place.get_or_insert_with(|| text.to_owned());
        };
        match piece {
            Piece::Model(model) => first(&mut digest.model_answered, model),
            Piece::Id(id) => first(&mut digest.answer_id, id),
            Piece::RequestId(id) => first(&mut digest.request_id, id),
            Piece::Provider(provider) => first(&mut digest.provider, provider),
            Piece::NativeFinish(reason) => {
                if self.place == Place::First {
                    digest.native_finish_reason = Some((*reason).to_owned());
                }
            }
            Piece::Terminal(event) => {
                // `[DONE]` ends nothing where a terminal event of the dialect has been seen.
                if *event != "[DONE]" || digest.terminal_event.is_none() {
                    digest.terminal_event = Some((*event).to_owned());
                }
            }
            Piece::Tokens(meter, count) => {
                let place = match meter {
                    Meter::Input => &mut usage.input,
                    Meter::Output => &mut usage.output,
                    Meter::Cached => &mut usage.cached,
                    Meter::Reasoning => &mut usage.reasoning,
                    Meter::Total => {
                        self.total_reported = true;
                        &mut usage.total
                    }
                };
                *place = Some(*count);
            }
            Piece::Cost(cost) => usage.cost = Some(*cost),
            Piece::Error(error) => {
                self.seen.error = true;
                // The first error is the one that ended it.
                if digest.error_code.is_none() && digest.error_message.is_none() {
                    digest.error_code.clone_from(&error.code);
                    digest.error_kind.clone_from(&error.kind);
                    digest.error_message.clone_from(&error.message);
                }
            }
            Piece::Choice(_)
            | Piece::Repeats(_)
            | Piece::Finish(_)
            | Piece::Text(_)
            | Piece::Reasoning(_)
            | Piece::Refusal(_)
            | Piece::Tool(_)
            | Piece::Listed(_) => {}
        }
    }

    /// Lets `says` add to the answer that the pieces belong to now.
    fn says(&mut self, at: Option<Micros>, says: impl FnOnce(&mut Answer)) {
        let place = self.place;
        if let Some(answer) = self.answer_at(place) {
            says(answer);
        }
        if place != Place::Repeated {
            self.seen.content = true;
            self.token(at);
        }
    }

    fn token(&mut self, at: Option<Micros>) {
        if let Some(at) = at {
            self.digest.first_token.get_or_insert(at);
        }
    }

    fn answer_at(&mut self, place: Place) -> Option<&mut Answer> {
        match place {
            Place::First => {
                self.digest.choices = self.digest.choices.max(1);
                Some(&mut self.answer)
            }
            Place::Repeated => Some(&mut self.repeated),
            Place::Other(index) => self.other(index).map(|other| &mut other.answer),
        }
    }

    fn other(&mut self, index: u64) -> Option<&mut OtherChoice> {
        let others = &mut self.answer.others;
        let at = match others.binary_search_by_key(&index, |other| other.index) {
            Ok(at) => at,
            Err(_) if others.len() as u64 >= MOST_CHOICES => return None,
            Err(at) => {
                others.insert(at, OtherChoice { index, ..OtherChoice::default() });
                self.digest.choices = self.digest.choices.max(1) + 1;
                self.digest.open_choices += 1;
                at
            }
        };
        others.get_mut(at)
    }

    fn finish(&mut self, reason: &str) {
        let Place::Other(index) = self.place else {
            self.digest.choices = self.digest.choices.max(1);
            self.digest.finish_reason = Some(reason.to_owned());
            return;
        };
        if let Some(other) = self.other(index)
            && other.finish_reason.replace(reason.to_owned()).is_none()
        {
            self.digest.open_choices = self.digest.open_choices.saturating_sub(1);
        }
    }

    fn tool(&mut self, piece: &ToolPiece<'_>, at: Option<Micros>) {
        let place = self.place;
        let key = (place, piece.index);
        let mine = self.tools.iter().filter(|(owner, _)| *owner == place);
        let nth = mine.clone().position(|known| *known == key).unwrap_or_else(|| mine.count());
        if !self.tools.contains(&key) {
            self.tools.push(key);
        }
        self.says(at, |answer| {
            if answer.tool_calls.len() <= nth {
                answer.tool_calls.push(ToolCall::default());
            }
            let Some(call) = answer.tool_calls.get_mut(nth) else {
                return;
            };
            // Some gateways repeat the id and the name in every piece.
            if let Some(id) = piece.id
                && call.id.is_empty()
            {
                id.clone_into(&mut call.id);
            }
            if let Some(name) = piece.name
                && call.name.is_empty()
            {
                name.clone_into(&mut call.name);
            }
            if let Some(arguments) = piece.arguments {
                call.arguments.push_str(arguments);
            }
        });
    }

    /// The end of the stream has repeated the answer: where the events gave none, this is it; where they
    /// gave another, that is worth knowing.
    fn compare_repeated(&mut self, at: Option<Micros>) {
        let repeated = std::mem::take(&mut self.repeated);
        let said = |answer: &Answer| {
            !(answer.text.is_empty() && answer.refusal.is_empty() && answer.tool_calls.is_empty())
        };
        if !said(&repeated) {
            return;
        }
        if !said(&self.answer) {
            let reasoning = std::mem::take(&mut self.answer.reasoning);
            self.answer.text = repeated.text;
            self.answer.refusal = repeated.refusal;
            self.answer.tool_calls = repeated.tool_calls;
            self.answer.reasoning = if reasoning.is_empty() { repeated.reasoning } else { reasoning };
            self.digest.choices = self.digest.choices.max(1);
            self.token(at);
            return;
        }
        let arguments = |answer: &Answer| -> Vec<String> {
            answer.tool_calls.iter().map(|call| call.arguments.clone()).collect()
        };
        self.answer.disagrees = repeated.text != self.answer.text
            || repeated.refusal != self.answer.refusal
            || arguments(&repeated) != arguments(&self.answer);
    }

    fn sum(&mut self) {
        let usage = &mut self.digest.usage;
        if !self.total_reported
            && let (Some(input), Some(output)) = (usage.input, usage.output)
        {
            usage.total = Some(input.saturating_add(output));
        }
    }
}
