//! Usage objects of every dialect.

use super::{Meter, Piece};
use crate::wire::json::Reader;

/// Reads the usage object that comes next.
///
/// Chat Completions count `prompt_tokens` and `completion_tokens`; Responses and Messages `input_tokens`
/// and `output_tokens`. OpenRouter adds `cost`.
pub(super) fn read(reader: &mut Reader<'_>, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| {
        let meter = match name {
            "prompt_tokens" | "input_tokens" => Meter::Input,
            "completion_tokens" | "output_tokens" => Meter::Output,
            "total_tokens" => Meter::Total,
            // Messages, and DeepSeek's own name for it.
            "cache_read_input_tokens" | "prompt_cache_hit_tokens" => Meter::Cached,
            "prompt_tokens_details" | "input_tokens_details" => {
                return detail(value, "cached_tokens", Meter::Cached, sink);
            }
            "completion_tokens_details" | "output_tokens_details" => {
                return detail(value, "reasoning_tokens", Meter::Reasoning, sink);
            }
            "cost" => {
                if let Some(cost) = value.number() {
                    sink(Piece::Cost(cost));
                }
                return;
            }
            _ => return,
        };
        if let Some(count) = value.count() {
            sink(Piece::Tokens(meter, count));
        }
    });
}

fn detail(reader: &mut Reader<'_>, wanted: &str, meter: Meter, sink: &mut dyn FnMut(Piece<'_>)) {
    reader.object(|name, value| {
        if name == wanted
            && let Some(count) = value.count()
        {
            sink(Piece::Tokens(meter, count));
        }
    });
}
