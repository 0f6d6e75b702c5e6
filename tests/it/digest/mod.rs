//! The digest and the verdict: what all their tests share.

mod as_sdk;
mod compare;
mod errors;
mod facts;
mod facts_on_demand;
mod pieces;
mod verdict;

use bytes::Bytes;
use gatetap::digest::{Answer, Digest, examine};
use gatetap::exchange::Exchange;
use gatetap::exchange::body::{Body, Mark, Rest};
use gatetap::exchange::end::BodyEnd;
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::Micros;

const CHAT: &str = concat!(
    ": OPENROUTER PROCESSING\n\n",
    r#"data: {"id":"1","object":"chat.completion.chunk","model":"m-2","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
    "\n\n",
    r#"data: {"choices":[{"delta":{"reasoning":"Hm. ","reasoning_content":"Hm. "},"index":0}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"Hé"}},{"index":1,"delta":{"content":"other"}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"llo \ud83d\ude00"}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_a","function":{"name":"f","arguments":""}}]}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_b","function":{"name":"g","arguments":"{}"}},{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    "\n\n",
    r#"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2},"cost":0.00125}}"#,
    "\n\n",
    "data: [DONE]\n\n",
);

const RESPONSES: &str = concat!(
    "event: response.created\n",
    r#"data: {"type":"response.created","response":{"id":"r","status":"in_progress","model":"m-2","output":[]}}"#,
    "\n\nevent: response.output_item.added\n",
    r#"data: {"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"fc","call_id":"call_a","name":"f","arguments":""}}"#,
    "\n\nevent: response.reasoning_summary_text.delta\n",
    r#"data: {"type":"response.reasoning_summary_text.delta","delta":"Hm."}"#,
    "\n\nevent: response.output_text.delta\n",
    r#"data: {"type":"response.output_text.delta","output_index":0,"delta":"Hi"}"#,
    "\n\nevent: response.refusal.delta\n",
    r#"data: {"type":"response.refusal.delta","delta":"No."}"#,
    "\n\nevent: response.function_call_arguments.delta\n",
    r#"data: {"type":"response.function_call_arguments.delta","output_index":1,"delta":"{}"}"#,
    "\n\nevent: response.completed\n",
    r#"data: {"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":1},"output_tokens":2,"total_tokens":5}}}"#,
    "\n\n",
);

const MESSAGES: &str = concat!(
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"msg","type":"message","role":"assistant","content":[],"model":"m-2","stop_reason":null,"usage":{"input_tokens":12,"cache_read_input_tokens":7,"output_tokens":1}}}"#,
    "\n\nevent: content_block_start\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}"#,
    "\n\nevent: ping\n",
    r#"data: {"type":"ping"}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Good day"}}"#,
    "\n\nevent: content_block_start\n",
    r#"data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu","name":"f","input":{}}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\":1}"}}"#,
    "\n\nevent: message_delta\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":6}}"#,
    "\n\nevent: message_stop\n",
    r#"data: {"type":"message_stop"}"#,
    "\n\n",
);

fn request_head(method: &str, target: &str, headers: &[(&str, &str)]) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: to_headers(headers),
        raw: None,
    }
}

fn response_head(status: u16, headers: &[(&str, &str)]) -> ResponseHead {
    ResponseHead { status, version: "HTTP/1.1".to_owned(), headers: to_headers(headers), raw: None }
}

fn to_headers(headers: &[(&str, &str)]) -> Headers {
    headers.iter().map(|(name, value)| (*name, Bytes::copy_from_slice(value.as_bytes()))).collect()
}

/// A body in chunks of `step` bytes, read a millisecond apart and taken half of one later.
fn body(bytes: &[u8], step: usize) -> Body {
    Body {
        bytes: bytes.to_vec(),
        marks: bytes
            .chunks(step)
            .enumerate()
            .map(|(at, chunk)| Mark {
                length: chunk.len() as u32,
                read: Micros(1000 * (at as u64 + 1)),
                taken: Some(Micros(1000 * (at as u64 + 1) + 500)),
                rest: Rest::default(),
            })
            .collect(),
        cut: None,
    }
}

fn exchange(request: RequestHead, response: Option<ResponseHead>) -> Exchange {
    Exchange {
        id: 1,
        session: 1,
        gateway: "sim".to_owned(),
        response,
        request_end: Some(BodyEnd::Whole),
        response_end: Some(BodyEnd::Whole),
        ..Exchange::of(request)
    }
}

const SSE: &[(&str, &str)] = &[("Content-Type", "text/event-stream; charset=utf-8")];

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Digests a stream or a plain body that answers a `POST` to `path`.
fn digest(path: &str, head: &ResponseHead, answer: &[u8], step: usize) -> (Digest, Answer) {
    let exchange = exchange(request_head("POST", path, &[]), Some(head.clone()));
    let request = body(br#"{"messages":[{"role":"user","content":"Hi"}],"model":"m-1","stream":true}"#, 10);
    let examined = examine(&exchange, &request, &body(answer, step));
    (examined.digest, examined.answer)
}

fn tools(answer: &Answer) -> Vec<(&str, &str, &str)> {
    answer
        .tool_calls
        .iter()
        .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str()))
        .collect()
}
