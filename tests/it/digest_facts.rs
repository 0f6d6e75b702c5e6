//! What is derived from bodies: by dialect, streamed and plain, whole and in pieces, coded and not.

use std::io::Write as _;

use bytes::Bytes;
use gatetap::digest::{Answer, Digest, Digester, EventKind, events, examine};
use gatetap::exchange::body::{Body, Cut, Mark};
use gatetap::exchange::end::{BodyEnd, Verdict};
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::exchange::{Exchange, Timing};
use gatetap::wire::dialect::Dialect;
use proptest::prelude::*;

pub(crate) const CHAT: &str = concat!(
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

pub(crate) const RESPONSES: &str = concat!(
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

pub(crate) const MESSAGES: &str = concat!(
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

pub(crate) fn request_head(method: &str, target: &str, headers: &[(&str, &str)]) -> RequestHead {
    RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: to_headers(headers),
        raw: None,
    }
}

pub(crate) fn response_head(status: u16, headers: &[(&str, &str)]) -> ResponseHead {
    ResponseHead {
        status,
        version: "HTTP/1.1".to_owned(),
        headers: to_headers(headers),
        raw: None,
    }
}

fn to_headers(headers: &[(&str, &str)]) -> Headers {
    Headers(
        headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value.as_bytes())))
            .collect(),
    )
}

/// A body in chunks of `step` bytes, read a millisecond apart and taken half of one later.
pub(crate) fn body(bytes: &[u8], step: usize) -> Body {
    Body {
        bytes: bytes.to_vec(),
        marks: bytes
            .chunks(step)
            .enumerate()
            .map(|(at, chunk)| Mark {
                length: chunk.len() as u32,
                read: Micros(1000 * (at as u64 + 1)),
                taken: Some(Micros(1000 * (at as u64 + 1) + 500)),
            })
            .collect(),
        cut: None,
    }
}

pub(crate) fn exchange(request: RequestHead, response: Option<ResponseHead>) -> Exchange {
    Exchange {
        id: 1,
        session: 1,
        started_at: WallTime(0),
        peer: None,
        gateway: "sim".to_owned(),
        url: String::new(),
        request,
        sent: None,
        response,
        own_answer: None,
        timing: Timing::default(),
        request_end: Some(BodyEnd::Whole),
        response_end: Some(BodyEnd::Whole),
        request_bytes: 0,
        response_bytes: 0,
        credentials: Vec::new(),
        fault: None,
        replay_of: None,
    }
}

const SSE: &[(&str, &str)] = &[("Content-Type", "text/event-stream; charset=utf-8")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Digests a stream or a plain body that answers a `POST` to `path`.
fn digest(path: &str, head: &ResponseHead, answer: &[u8], step: usize) -> (Digest, Answer) {
    let exchange = exchange(request_head("POST", path, &[]), Some(head.clone()));
    let request = body(
        br#"{"messages":[{"role":"user","content":"Hi"}],"model":"m-1","stream":true}"#,
        10,
    );
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

#[test]
fn a_chat_stream() {
    let (digest, answer) = digest(
        "/v1/chat/completions",
        &response_head(200, SSE),
        CHAT.as_bytes(),
        64,
    );
    assert_eq!(answer.text, "Héllo 😀");
    assert_eq!(answer.reasoning, "Hm. ");
    assert_eq!(
        tools(&answer),
        [("call_a", "f", "{\"x\":1}"), ("call_b", "g", "{}")]
    );
    assert_eq!(digest.dialect, Dialect::Chat);
    assert!(digest.streaming);
    assert_eq!(digest.model.as_deref(), Some("m-1"));
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.finish_reason.as_deref(), Some("tool_calls"));
    assert_eq!(digest.terminal_event.as_deref(), Some("[DONE]"));
    let usage = digest.usage;
    assert_eq!(
        (usage.input, usage.output, usage.total),
        (Some(9), Some(4), Some(13))
    );
    assert_eq!(
        (usage.cached, usage.reasoning, usage.cost),
        (Some(8), Some(2), Some(0.001_25))
    );
    assert_eq!((digest.events, digest.comments, digest.leftover), (10, 1, 0));
    assert_eq!((digest.error_code, digest.error_message), (None, None));
    let at = |needle: &str| {
        let end = CHAT.find(needle).unwrap() + CHAT.split_once(needle).unwrap().1.find("\n\n").unwrap();
        Some(Micros(1000 * ((end + needle.len() + 1) as u64 / 64 + 1)))
    };
    assert_eq!(digest.first_event, at("\"usage\":null"));
    assert_eq!(digest.first_token, at("reasoning_content"));
    assert_eq!(digest.last_event, at("[DONE]"));
}

#[test]
fn a_responses_stream() {
    let (digest, answer) = digest(
        "/v1/responses",
        &response_head(200, SSE),
        RESPONSES.as_bytes(),
        50,
    );
    assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), ("Hi", "Hm."));
    assert_eq!(answer.refusal, "No.");
    assert_eq!(tools(&answer), [("call_a", "f", "{}")]);
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.finish_reason.as_deref(), Some("completed"));
    assert_eq!(digest.terminal_event.as_deref(), Some("response.completed"));
    assert_eq!((digest.usage.input, digest.usage.total), (Some(3), Some(5)));
    assert_eq!(digest.usage.cached, Some(1));
}

#[test]
fn a_messages_stream() {
    let (digest, answer) = digest("/v1/messages", &response_head(200, SSE), MESSAGES.as_bytes(), 50);
    assert_eq!(
        (answer.text.as_str(), answer.reasoning.as_str()),
        ("Good day", "Hm.")
    );
    assert_eq!(tools(&answer), [("toolu", "f", "{\"x\":1}")]);
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.finish_reason.as_deref(), Some("end_turn"));
    assert_eq!(digest.terminal_event.as_deref(), Some("message_stop"));
    let usage = digest.usage;
    assert_eq!(
        (usage.input, usage.output, usage.total),
        (Some(12), Some(6), Some(18))
    );
    assert_eq!(usage.cached, Some(7));
}

#[test]
fn plain_answers() {
    for (path, text, expected, model, finish, total) in [
        (
            "/v1/chat/completions",
            r#"{"object":"chat.completion","model":"m-2","choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"Hi"}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":8}}"#,
            ("Hi", vec![("c", "f", "{}")]),
            Some("m-2"),
            Some("stop"),
            Some(8),
        ),
        (
            "/v1/completions",
            r#"{"object":"text_completion","model":"m-2","choices":[{"text":"Hi","finish_reason":"length"}]}"#,
            ("Hi", vec![]),
            Some("m-2"),
            Some("length"),
            None,
        ),
        (
            "/v1/responses",
            r#"{"object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"error":null,"model":"m-2","output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"no"}]},{"type":"message","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}],"usage":{"input_tokens":5,"output_tokens":2}}"#,
            ("Hi", vec![("c", "f", "{}")]),
            Some("m-2"),
            Some("max_output_tokens"),
            Some(7),
        ),
        (
            "/v1/messages",
            r#"{"type":"message","model":"m-2","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"c","name":"f","input":{"a": 1}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"output_tokens":2}}"#,
            ("Hi", vec![("c", "f", "{\"a\": 1}")]),
            Some("m-2"),
            Some("tool_use"),
            Some(7),
        ),
        (
            "/v1/embeddings",
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],"model":"m-2","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
            ("", vec![]),
            Some("m-2"),
            None,
            Some(8),
        ),
        (
            "/v1/models",
            r#"{"object":"list","data":[{"id":"m-2","object":"model"}]}"#,
            ("", vec![]),
            None,
            None,
            None,
        ),
        ("/v1/chat/completions", "[1,2]", ("", vec![]), None, None, None),
        (
            "/v1/chat/completions",
            r#"{"model":7,"choices":{"0":1},"usage":"none","error":null}"#,
            ("", vec![]),
            None,
            None,
            None,
        ),
    ] {
        for step in [1, 7, text.len()] {
            let (digest, answer) = digest(path, &response_head(200, JSON), text.as_bytes(), step);
            assert_eq!((answer.text.as_str(), tools(&answer)), expected, "{path}");
            assert_eq!(digest.model_answered.as_deref(), model, "{path}");
            assert_eq!(digest.finish_reason.as_deref(), finish, "{path}");
            assert_eq!(digest.usage.total, total, "{path}");
            assert_eq!((digest.events, digest.leftover), (0, 0), "{path}");
            assert_eq!((digest.first_event, digest.first_token), (None, None), "{path}");
            assert_eq!(digest.error_message, None, "{path}");
        }
    }
}

#[test]
fn errors_of_every_gateway() {
    // path, status, body, code, message
    for (path, status, text, code, message) in [
        (
            "/v1/chat/completions",
            429,
            r#"{"error":{"message":"Too many","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}"#,
            Some("rate_limit_exceeded"),
            Some("Too many"),
        ),
        (
            "/v1/chat/completions",
            401,
            r#"{"error":{"message":"No key","type":"invalid_request_error","code":null}}"#,
            Some("invalid_request_error"),
            Some("No key"),
        ),
        (
            "/v1/chat/completions",
            402,
            r#"{"error":{"code":402,"message":"Insufficient credits"}}"#,
            Some("402"),
            Some("Insufficient credits"),
        ),
        (
            "/v1/chat/completions",
            400,
            r#"{"error":{"message":"no such","error_type":"invalid_request","http_status":400,"availability":{"code":"model_not_found","retryable":false}}}"#,
            Some("model_not_found"),
            Some("no such"),
        ),
        (
            "/v1/chat/completions",
            429,
            r#"{"error":{"message":"slow","metadata":{"error_type":"rate_limit_exceeded"}}}"#,
            Some("rate_limit_exceeded"),
            Some("slow"),
        ),
        (
            "/v1/chat/completions",
            524,
            r#"{"message":"Gateway timeout.","type":"cf_gateway_timeout","param":null,"code":524}"#,
            Some("524"),
            Some("Gateway timeout."),
        ),
        (
            "/v1/chat/completions",
            422,
            r#"{"detail":"bad"}"#,
            None,
            Some("bad"),
        ),
        (
            "/v1/chat/completions",
            502,
            "<html>Bad gateway</html>",
            None,
            None,
        ),
        (
            "/v1/messages",
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req"}"#,
            Some("overloaded_error"),
            Some("Overloaded"),
        ),
        (
            "/v1/models",
            401,
            r#"{"error":{"message":"No","type":"authentication_error","code":"invalid_api_key"}}"#,
            Some("invalid_api_key"),
            Some("No"),
        ),
        (
            "/v1/chat/completions",
            200,
            r#"{"error":"plain words"}"#,
            None,
            Some("plain words"),
        ),
        (
            "/v1/chat/completions",
            200,
            r#"{"choices":[{"message":{"content":"partial"},"finish_reason":"error","error":{"code":502,"message":"gone","metadata":{"error_type":"provider_unavailable"}}}]}"#,
            Some("502"),
            Some("gone"),
        ),
        (
            "/v1/responses",
            200,
            r#"{"id":"r","status":"failed","error":{"code":"server_error","message":"no"},"error_type":"authentication"}"#,
            Some("server_error"),
            Some("no"),
        ),
    ] {
        let (digest, _) = digest(path, &response_head(status, JSON), text.as_bytes(), 16);
        assert_eq!(digest.error_code.as_deref(), code, "{text}");
        assert_eq!(digest.error_message.as_deref(), message, "{text}");
    }
}

#[test]
fn errors_inside_a_stream() {
    for (path, text, code, message) in [
        (
            "/v1/chat/completions",
            r#"data: {"error":{"code":429,"message":"Slow","metadata":{"error_type":"rate_limit_exceeded"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
            Some("429"),
            Some("Slow"),
        ),
        (
            "/v1/chat/completions",
            r#"data: {"error":{"code":"server_error","message":"Gone"},"choices":[]}"#,
            Some("server_error"),
            Some("Gone"),
        ),
        (
            "/v1/chat/completions",
            "event: error\ndata: {\"message\":\"bare\"}",
            None,
            Some("bare"),
        ),
        (
            "/v1/responses",
            r#"data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"no"}}}"#,
            Some("server_error"),
            Some("no"),
        ),
        (
            "/v1/responses",
            r#"data: {"type":"response.error","error":{"code":"rate_limit_exceeded","message":"no"}}"#,
            Some("rate_limit_exceeded"),
            Some("no"),
        ),
        (
            "/v1/responses",
            r#"data: {"type":"error","code":"slow_down","message":"no","param":null,"sequence_number":3}"#,
            Some("slow_down"),
            Some("no"),
        ),
        (
            "/v1/messages",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
            Some("overloaded_error"),
            Some("Overloaded"),
        ),
        // An error as plain JSON under the media type of a stream.
        (
            "/v1/chat/completions",
            r#"{"error":{"message":"no","code":"upstream_error"}}"#,
            Some("upstream_error"),
            Some("no"),
        ),
    ] {
        let stream = format!("{text}\n\n");
        let (digest, _) = digest(path, &response_head(200, SSE), stream.as_bytes(), 9);
        assert_eq!(digest.error_code.as_deref(), code, "{text}");
        assert_eq!(digest.error_message.as_deref(), message, "{text}");
    }
}

#[test]
fn the_dialect_by_path_and_failing_that_by_body() {
    for (path, dialect) in [
        ("/v1/chat/completions", Dialect::Chat),
        ("/openai/deployments/d/chat/completions/", Dialect::Chat),
        ("/v1/completions", Dialect::Completions),
        ("/api/v1/responses", Dialect::Responses),
        ("/v1/messages", Dialect::Messages),
        ("/v1/embeddings", Dialect::Embeddings),
        ("/v1/models", Dialect::Models),
        ("/v1/chat/completion", Dialect::Unknown),
    ] {
        assert_eq!(Dialect::of_path(path), dialect, "{path}");
    }
    for (request, headers, answer, dialect) in [
        (r#"{"messages":[]}"#, &[][..], "", Dialect::Chat),
        (
            r#"{"messages":[]}"#,
            &[("anthropic-version", "2023-06-01")][..],
            "",
            Dialect::Messages,
        ),
        (r#"{"system":"s","messages":[]}"#, &[], "", Dialect::Messages),
        (r#"{"prompt":"p"}"#, &[], "", Dialect::Completions),
        ("", &[], r#"data: {"choices":[{"delta":{}}]}"#, Dialect::Chat),
        (
            "",
            &[],
            r#"data: {"object":"text_completion"}"#,
            Dialect::Completions,
        ),
        (
            "",
            &[],
            r#"data: {"type":"response.created"}"#,
            Dialect::Responses,
        ),
        ("", &[], r#"data: {"type":"message_start"}"#, Dialect::Messages),
        ("", &[], r#"data: {"hello":"world"}"#, Dialect::Unknown),
        ("", &[], "data: hello", Dialect::Unknown),
    ] {
        let mut digester = Digester::new(&request_head("POST", "/proxy?to=x", headers));
        digester.request_chunk(request.as_bytes());
        digester.response_head(&response_head(200, SSE));
        digester.response_chunk(format!("{answer}\n\n").as_bytes(), Micros(1));
        assert_eq!(digester.digest().dialect, dialect, "{request} {answer}");
    }
}

#[test]
fn facts_of_the_client_and_the_gateway() {
    for (headers, agent, retries, timeout) in [
        (&[][..], None, None, None),
        (
            &[
                ("user-agent", "OpenAI/Python 3.52.0"),
                ("X-Stainless-Retry-Count", "2"),
                ("x-stainless-read-timeout", "0.5"),
            ],
            Some("OpenAI/Python 3.52.0"),
            Some(2),
            Some(0.5),
        ),
        (
            &[
                ("x-stainless-timeout", "NOT_GIVEN"),
                ("x-stainless-read-timeout", "600"),
            ],
            None,
            None,
            Some(600.0),
        ),
        (
            &[
                ("x-stainless-timeout", "60"),
                ("x-stainless-read-timeout", "NOT_GIVEN"),
            ],
            None,
            None,
            Some(60.0),
        ),
        (
            &[("x-stainless-timeout", "NaN"), ("x-stainless-retry-count", "-1")],
            None,
            None,
            None,
        ),
    ] {
        let client = Digester::new(&request_head("GET", "/v1/models", headers))
            .digest()
            .client
            .clone();
        assert_eq!(client.agent.as_deref(), agent);
        assert_eq!((client.retry_count, client.timeout_s), (retries, timeout));
    }
    for (headers, id) in [
        (&[("X-Request-Id", "a"), ("request-id", "b")][..], Some("a")),
        (&[("x-generation-id", "gen-1"), ("request-id", "b")], Some("b")),
        (&[("X-Generation-Id", "gen-1")], Some("gen-1")),
        (&[("X-Oneapi-Request-Id", "one")], Some("one")),
        (&[], None),
    ] {
        let (digest, _) = digest("/v1/models", &response_head(200, headers), b"", 1);
        assert_eq!(digest.request_id.as_deref(), id);
    }
}

#[test]
fn it_can_be_asked_at_any_time() {
    let mut digester = Digester::new(&request_head("POST", "/v1/chat/completions", &[]));
    digester.request_chunk(br#"{"model":"m-1","str"#);
    assert!(!digester.digest().streaming);
    digester.request_chunk(br#"eam":true}"#);
    assert!(digester.digest().streaming);
    assert_eq!(digester.digest().model.as_deref(), Some("m-1"));
    digester.response_head(&response_head(200, SSE));
    let first = CHAT.find("llo").unwrap();
    let (start, end) = CHAT.split_at(first);
    digester.response_chunk(start.as_bytes(), Micros(10));
    assert_eq!(digester.answer().text, "Hé");
    assert_eq!(digester.digest().events, 3);
    assert!(digester.digest().leftover > 0);
    assert_eq!(digester.digest().finish_reason, None);
    digester.response_chunk(end.as_bytes(), Micros(20));
    digester.response_end(Micros(20));
    assert_eq!(digester.answer().text, "Héllo 😀");
    assert_eq!(
        (digester.digest().first_token, digester.digest().last_event),
        (Some(Micros(10)), Some(Micros(20)))
    );
}

#[test]
fn a_plain_answer_that_was_cut_is_read_as_far_as_it_goes() {
    let text =
        r#"{"model":"m-2","choices":[{"message":{"content":"a long answer"},"finish_reason":"stop"}]}"#;
    let cut = text.find("answer").unwrap();
    let (digest, answer) = digest(
        "/v1/chat/completions",
        &response_head(200, JSON),
        &text.as_bytes()[..cut],
        5,
    );
    assert_eq!(answer.text, "a long ");
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.leftover, cut as u64);
}

#[test]
fn a_stream_under_another_media_type_is_a_stream() {
    for content_type in ["text/plain", "application/json", "application/octet-stream"] {
        let head = response_head(200, &[("content-type", content_type)]);
        let (digest, _) = digest("/v1/chat/completions", &head, CHAT.as_bytes(), 1);
        assert_eq!(digest.events, 10, "{content_type}");
        assert!(digest.streaming);
    }
}

#[test]
fn a_coded_stream_keeps_the_time_of_each_event() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut coded = Body::default();
    for (at, event) in MESSAGES.split_inclusive("\n\n").enumerate() {
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        let bytes = std::mem::take(encoder.get_mut());
        coded.marks.push(Mark {
            length: bytes.len() as u32,
            read: Micros(at as u64 + 1),
            taken: None,
        });
        coded.bytes.extend(bytes);
    }
    let head = response_head(200, &[SSE[0], ("content-encoding", "gzip")]);
    let exchange = exchange(request_head("POST", "/v1/messages", &[]), Some(head.clone()));
    let examined = examine(&exchange, &Body::default(), &coded);
    assert_eq!(examined.answer.text, "Good day");
    assert_eq!(examined.digest.first_event, Some(Micros(1)));
    assert_eq!(examined.digest.first_token, Some(Micros(3)));
    assert_eq!(examined.digest.last_event, Some(Micros(9)));
    let lines = events(&head, &coded);
    assert_eq!(lines.len(), 9);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!((line.chunk, line.at), (at, Some(Micros(at as u64 + 1))));
        let from = line.offset as usize;
        assert!(MESSAGES.as_bytes()[from..from + line.length as usize].ends_with(b"\n\n"));
    }
}

#[test]
fn events_line_by_line() {
    let stream = b": hi\n\nid: 7\nevent: x\ndata: a\n\nretry: 10\n\nevent: ping\n\ndata: lef";
    let lines = events(&response_head(200, SSE), &body(stream, 8));
    let seen: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line.index,
                line.kind,
                line.event.as_deref(),
                line.id.as_deref(),
                line.data.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (0, EventKind::Comment, None, None, "hi"),
            (1, EventKind::Event, Some("x"), Some("7"), "a"),
            (2, EventKind::Retry, None, None, "10"),
            (3, EventKind::Partial, None, None, "data: lef"),
        ]
    );
    let places: Vec<_> = lines
        .iter()
        .map(|line| (line.chunk, line.at, line.taken, line.offset, line.length))
        .collect();
    let mark = |chunk: usize| {
        (
            Some(Micros(1000 * (chunk as u64 + 1))),
            Some(Micros(1000 * (chunk as u64 + 1) + 500)),
        )
    };
    let place = |chunk, offset, length| (chunk, mark(chunk).0, mark(chunk).1, offset, length);
    assert_eq!(
        places,
        [
            place(0, 0, 5),
            place(3, 6, 24),
            place(4, 30, 10),
            place(7, stream.len() as u64 - 9, 9)
        ]
    );
    assert_eq!(events(&response_head(200, JSON), &body(b"{}", 1)), []);
}

#[test]
fn a_recording_with_a_gap_is_read_around_it() {
    let stream = CHAT.as_bytes();
    let (head, tail) = (300, 400);
    let mut recorded = body(stream, 37);
    recorded.bytes = [&stream[..head], &stream[stream.len() - tail..]].concat();
    recorded.cut = Some(Cut {
        at: head as u64,
        tail: tail as u64,
    });
    let exchange = exchange(
        request_head("POST", "/v1/chat/completions", &[]),
        Some(response_head(200, SSE)),
    );
    let examined = examine(&exchange, &Body::default(), &recorded);
    assert_eq!(examined.digest.finish_reason.as_deref(), Some("tool_calls"));
    assert_eq!(examined.digest.usage.total, Some(13));
    assert_eq!(examined.judgement.verdict, Verdict::Complete);
    let lines = events(&response_head(200, SSE), &recorded);
    let last = lines.last().unwrap();
    assert_eq!(
        (last.data.as_str(), last.offset + last.length),
        ("[DONE]", stream.len() as u64)
    );
}

proptest! {
    #[test]
    fn chunks_do_not_matter(which in 0_usize..3, step in 1_usize..400) {
        let (path, stream) = [
            ("/v1/chat/completions", CHAT),
            ("/v1/responses", RESPONSES),
            ("/v1/messages", MESSAGES),
        ][which];
        let head = response_head(200, SSE);
        let (mut whole, text) = digest(path, &head, stream.as_bytes(), stream.len());
        let (mut parts, parts_text) = digest(path, &head, stream.as_bytes(), step);
        for digest in [&mut whole, &mut parts] {
            (digest.first_event, digest.first_token, digest.last_event) = (None, None, None);
        }
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(text, parts_text);
    }

    #[test]
    fn any_bytes_in_any_head(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        stream in any::<bool>(),
        coding in prop::sample::select(vec!["", "gzip", "br", "zstd", "deflate, gzip", "odd"]),
        step in 1_usize..50,
    ) {
        let media = if stream { SSE[0] } else { JSON[0] };
        let head = response_head(200, &[media, ("content-encoding", coding)]);
        let (digest, _) = digest("/v1/responses", &head, &bytes, step);
        prop_assert!(digest.leftover <= 1 << 26);
        events(&head, &body(&bytes, step));
    }
}
