//! What is derived from answers by dialect, streamed and plain, and from heads.

use gatetap::digest::Digester;
use gatetap::exchange::time::Micros;
use gatetap::wire::dialect::Dialect;

use super::{CHAT, JSON, MESSAGES, RESPONSES, SSE, digest, request_head, response_head, tools};

#[test]
fn a_chat_stream() {
    let (digest, answer) = digest("/v1/chat/completions", &response_head(200, SSE), CHAT.as_bytes(), 64);
    assert_eq!(answer.text, "Héllo 😀");
    assert_eq!(answer.reasoning, "Hm. ");
    assert_eq!(tools(&answer), [("call_a", "f", "{\"x\":1}"), ("call_b", "g", "{}")]);
    assert_eq!(digest.dialect, Dialect::Chat);
    assert!(digest.streaming);
    assert_eq!(digest.model.as_deref(), Some("m-1"));
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.finish_reason.as_deref(), Some("tool_calls"));
    assert_eq!(digest.terminal_event.as_deref(), Some("[DONE]"));
    let usage = digest.usage;
    assert_eq!((usage.input, usage.output, usage.total), (Some(9), Some(4), Some(13)));
    assert_eq!((usage.cached, usage.reasoning, usage.cost), (Some(8), Some(2), Some(0.001_25)));
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
    let (digest, answer) = digest("/v1/responses", &response_head(200, SSE), RESPONSES.as_bytes(), 50);
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
    assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), ("Good day", "Hm."));
    assert_eq!(tools(&answer), [("toolu", "f", "{\"x\":1}")]);
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.finish_reason.as_deref(), Some("end_turn"));
    assert_eq!(digest.terminal_event.as_deref(), Some("message_stop"));
    let usage = digest.usage;
    assert_eq!((usage.input, usage.output, usage.total), (Some(12), Some(6), Some(18)));
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
        (r#"{"messages":[]}"#, &[("anthropic-version", "2023-06-01")][..], "", Dialect::Messages),
        (r#"{"system":"s","messages":[]}"#, &[], "", Dialect::Messages),
        (r#"{"prompt":"p"}"#, &[], "", Dialect::Unknown),
        ("", &[], r#"data: {"choices":[{"delta":{}}]}"#, Dialect::Chat),
        ("", &[], r#"data: {"object":"text_completion"}"#, Dialect::Completions),
        ("", &[], r#"data: {"type":"response.created"}"#, Dialect::Responses),
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
            &[("x-stainless-timeout", "NOT_GIVEN"), ("x-stainless-read-timeout", "600")],
            None,
            None,
            Some(600.0),
        ),
        (&[("x-stainless-timeout", "60"), ("x-stainless-read-timeout", "NOT_GIVEN")], None, None, Some(60.0)),
        (&[("x-stainless-timeout", "NaN"), ("x-stainless-retry-count", "-1")], None, None, None),
    ] {
        let client = Digester::new(&request_head("GET", "/v1/models", headers)).digest().client.clone();
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
