//! Pieces of an answer, put together.

use super::{Answer, Digest, ToolCall};
use crate::exchange::time::Micros;
use crate::wire::dialect::Dialect;
use crate::wire::event_stream::Item;
use crate::wire::json::End;
use crate::wire::piece::{self, Meter, Piece, ToolPiece};

/// A digest and an answer in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct Gather {
    pub(super) digest: Digest,
    pub(super) answer: Answer,
    /// The dialect's own index of each tool call of the answer.
    tools: Vec<u64>,
    total_reported: bool,
}

impl Gather {
    /// One that starts from what the heads and the request have told.
    pub(super) fn from_base(base: &Digest) -> Self {
        Self { digest: base.clone(), ..Self::default() }
    }

    /// Takes an item of a stream that was complete at `at`.
    pub(super) fn item(&mut self, item: &Item<'_>, at: Micros) {
        let event = match item {
            Item::Event(event) => event,
            Item::Comment(_) => {
                self.digest.comments += 1;
                return;
            }
            Item::Retry(_) | Item::Undispatched(_) | Item::Ignored(_) => return,
        };
        self.digest.streaming = true;
        self.digest.events += 1;
        self.digest.first_event.get_or_insert(at);
        self.digest.last_event = Some(at);
        if self.digest.dialect == Dialect::Unknown {
            self.digest.dialect = Dialect::of_answer(event.data.as_bytes());
        }
        let dialect = self.digest.dialect;
        piece::read_event(dialect, &event.kind, &event.data, &mut |piece| {
            self.piece(&piece, Some(at));
        });
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

    fn piece(&mut self, piece: &Piece<'_>, at: Option<Micros>) {
        let digest = &mut self.digest;
        let usage = &mut digest.usage;
        match piece {
            Piece::Text(text) => self.answer.text.push_str(text),
            Piece::Reasoning(text) => self.answer.reasoning.push_str(text),
            Piece::Refusal(text) => self.answer.refusal.push_str(text),
            Piece::Tool(tool) => self.tool(tool),
            Piece::Model(model) => {
                digest.model_answered.get_or_insert_with(|| (*model).to_owned());
                return;
            }
            Piece::Finish(reason) => {
                digest.finish_reason = Some((*reason).to_owned());
                return;
            }
            Piece::Terminal(event) => {
                // `[DONE]` ends nothing where a terminal event of the dialect has been seen.
                if *event != "[DONE]" || digest.terminal_event.is_none() {
                    digest.terminal_event = Some((*event).to_owned());
                }
                return;
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
                return;
            }
            Piece::Cost(cost) => {
                usage.cost = Some(*cost);
                return;
            }
            Piece::Error(error) => {
                // The first error is the one that ended it.
                if digest.error_code.is_none() && digest.error_message.is_none() {
                    digest.error_code.clone_from(&error.code);
                    digest.error_message.clone_from(&error.message);
                }
                return;
            }
        }
        if let Some(at) = at {
            self.digest.first_token.get_or_insert(at);
        }
    }

    fn tool(&mut self, piece: &ToolPiece<'_>) {
        let known = self.tools.iter().position(|index| *index == piece.index);
        let place = known.unwrap_or_else(|| {
            self.tools.push(piece.index);
            self.answer.tool_calls.push(ToolCall::default());
            self.tools.len() - 1
        });
        let Some(call) = self.answer.tool_calls.get_mut(place) else {
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
