//! How streams end, by dialect.

use super::{APP, BASE, ERROR, Ending, GATETAP, GATEWAY, check};
use crate::digest::{CHAT, MESSAGES, RESPONSES};
use gatetap::exchange::end::Verdict::{CutByApp, CutByGateway, ErrorInside, Incomplete, Lost};

#[test]
fn chat() {
    let no_usage = up_to(CHAT, "finish_reason\":\"tool_calls");
    let no_done = before(CHAT, "[DONE]");
    let mid_answer = before(CHAT, "call_b");
    let mid_event = CHAT.get(..CHAT.find("call_b").unwrap()).unwrap();
    let done_alone = format!("{mid_answer}data: [DONE]\n\n");
    let in_band = format!(
        "{mid_answer}data: {{\"error\":{{\"code\":502,\"message\":\"Gone\"}},\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"error\"}}]}}\n\n"
    );
    let error_finish = format!(
        "{mid_answer}data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"error\"}}]}}\n\n"
    );
    let error_then_done = format!("{in_band}data: [DONE]\n\n");
    check(&[
        Ending {
            name: "chat, whole",
            body: CHAT,
            evidence: &["`tool_calls`", "`[DONE]`", "event 10", "by its framing at byte"],
            ..BASE
        },
        Ending {
            name: "chat, the app closes after [DONE]",
            body: CHAT,
            by: APP,
            evidence: &["`tool_calls`", "the app closed first"],
            ..BASE
        },
        Ending {
            name: "chat, the gateway resets after [DONE]",
            body: CHAT,
            by: GATEWAY,
            evidence: &["the gateway closed first (connection reset)"],
            ..BASE
        },
        Ending {
            name: "chat, gatetap stops after [DONE]",
            body: CHAT,
            by: GATETAP,
            evidence: &["gatetap broke it off"],
            ..BASE
        },
        Ending { name: "chat, no [DONE]", body: no_done, evidence: &["no `[DONE]`"], ..BASE },
        Ending {
            name: "chat, no usage and no [DONE]",
            body: no_usage,
            evidence: &["`tool_calls`", "event 8"],
            ..BASE
        },
        Ending { name: "chat, the app closes after the finish reason", body: no_usage, by: APP, ..BASE },
        Ending {
            name: "chat, the gateway breaks after the finish reason",
            body: no_usage,
            by: GATEWAY,
            evidence: &["`tool_calls`", "the gateway closed first"],
            ..BASE
        },
        Ending {
            name: "chat, ends cleanly in the middle",
            body: mid_answer,
            verdict: Incomplete,
            evidence: &["by its framing", "event 5", "no finish reason"],
            ..BASE
        },
        Ending {
            name: "chat, [DONE] alone",
            body: &done_alone,
            verdict: Incomplete,
            evidence: &["`[DONE]` but no finish reason"],
            ..BASE
        },
        Ending {
            name: "chat, [DONE] alone, then the app closes",
            body: &done_alone,
            by: APP,
            verdict: CutByApp,
            evidence: &["`[DONE]` but no finish reason"],
            ..BASE
        },
        Ending {
            name: "chat, ends cleanly inside an event",
            body: mid_event,
            verdict: Incomplete,
            evidence: &["bytes of an unfinished event"],
            ..BASE
        },
        Ending {
            name: "chat, the gateway breaks in the middle",
            body: mid_answer,
            by: GATEWAY,
            verdict: CutByGateway,
            evidence: &["the gateway closed first (connection reset) at byte", "event 5", "no finish reason"],
            ..BASE
        },
        Ending {
            name: "chat, the gateway breaks inside an event",
            body: mid_event,
            by: GATEWAY,
            verdict: CutByGateway,
            evidence: &["bytes of an unfinished event"],
            ..BASE
        },
        Ending {
            name: "chat, the app leaves in the middle",
            body: mid_answer,
            by: APP,
            verdict: CutByApp,
            evidence: &["the app closed first", "event 5"],
            ..BASE
        },
        Ending {
            name: "chat, gatetap is stopped in the middle",
            body: mid_answer,
            by: GATETAP,
            verdict: Lost,
            evidence: &["gatetap broke it off"],
            ..BASE
        },
        Ending {
            name: "chat, only comments, then a clean end",
            body: ": wait\n\n: wait\n\n",
            verdict: Incomplete,
            evidence: &["after 2 comments"],
            ..BASE
        },
        Ending {
            name: "chat, only comments, then the app leaves",
            body: ": wait\n\n",
            by: APP,
            verdict: CutByApp,
            ..BASE
        },
        Ending { name: "chat, an empty stream", verdict: Incomplete, evidence: &["byte 0"], ..BASE },
        Ending {
            name: "chat, an empty stream, cut by the gateway",
            by: GATEWAY,
            verdict: CutByGateway,
            ..BASE
        },
        Ending {
            name: "chat, an error in the stream",
            body: &in_band,
            verdict: ErrorInside,
            evidence: &["`502`", "Gone", "event 6"],
            ..BASE
        },
        Ending {
            name: "chat, an error in the stream, then [DONE]",
            body: &error_then_done,
            verdict: ErrorInside,
            ..BASE
        },
        Ending {
            name: "chat, an error in the stream, then a reset",
            body: &in_band,
            by: GATEWAY,
            verdict: ErrorInside,
            evidence: &["the gateway closed first"],
            ..BASE
        },
        Ending {
            name: "chat, an error in the stream, then the app leaves",
            body: &in_band,
            by: APP,
            verdict: ErrorInside,
            ..BASE
        },
        Ending {
            name: "chat, the finish reason is an error",
            body: &error_finish,
            verdict: ErrorInside,
            evidence: &["finish reason `error`"],
            ..BASE
        },
        Ending {
            name: "chat, an error as JSON in a stream's place",
            body: ERROR,
            verdict: ErrorInside,
            evidence: &["`some_code`"],
            ..BASE
        },
        Ending {
            name: "chat, a stream called text/plain",
            head: Some((200, "text/plain")),
            body: CHAT,
            ..BASE
        },
    ]);
}

#[test]
fn completions() {
    let text_stream =
        "data: {\"object\":\"text_completion\",\"choices\":[{\"text\":\"Hi\",\"finish_reason\":null}]}\n\n";
    let text_end =
        format!("{text_stream}data: {{\"choices\":[{{\"text\":\"\",\"finish_reason\":\"length\"}}]}}\n\n");
    check(&[
        Ending {
            name: "completions, whole",
            path: "/v1/completions",
            body: &text_end,
            evidence: &["`length`"],
            ..BASE
        },
        Ending {
            name: "completions, ends in the middle",
            path: "/v1/completions",
            body: text_stream,
            verdict: Incomplete,
            ..BASE
        },
    ]);
}

#[test]
fn responses() {
    let responses_cut = before(RESPONSES, "\"type\":\"response.completed");
    let responses_failed = format!(
        "{responses_cut}event: response.failed\ndata: {{\"type\":\"response.failed\",\"response\":{{\"status\":\"failed\",\"error\":null}}}}\n\n"
    );
    let responses_short = format!(
        "{responses_cut}event: response.incomplete\ndata: {{\"type\":\"response.incomplete\",\"response\":{{\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"max_output_tokens\"}}}}}}\n\n"
    );
    let responses_done = format!("{responses_cut}data: [DONE]\n\n");
    check(&[
        Ending {
            name: "responses, whole",
            path: "/v1/responses",
            body: RESPONSES,
            evidence: &["`response.completed`"],
            ..BASE
        },
        Ending {
            name: "responses, whole, the app closes",
            path: "/v1/responses",
            body: RESPONSES,
            by: APP,
            ..BASE
        },
        Ending {
            name: "responses, no terminal event",
            path: "/v1/responses",
            body: responses_cut,
            verdict: Incomplete,
            evidence: &["no finish reason"],
            ..BASE
        },
        Ending {
            name: "responses, [DONE] is no terminal event",
            path: "/v1/responses",
            body: &responses_done,
            verdict: Incomplete,
            ..BASE
        },
        Ending {
            name: "responses, no terminal event, cut",
            path: "/v1/responses",
            body: responses_cut,
            by: GATEWAY,
            verdict: CutByGateway,
            ..BASE
        },
        Ending {
            name: "responses, failed",
            path: "/v1/responses",
            body: &responses_failed,
            verdict: ErrorInside,
            evidence: &["`response.failed`"],
            ..BASE
        },
        Ending {
            name: "responses, incomplete by its own word",
            path: "/v1/responses",
            body: &responses_short,
            evidence: &["`max_output_tokens`"],
            ..BASE
        },
    ]);
}

#[test]
fn messages() {
    let messages_cut = before(MESSAGES, "\"type\":\"message_delta");
    let messages_error = format!(
        "{messages_cut}event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}}}\n\n"
    );
    let bad_error_event = format!("{messages_cut}event: error\ndata: not JSON\n\n");
    check(&[
        Ending {
            name: "messages, whole",
            path: "/v1/messages",
            body: MESSAGES,
            evidence: &["`end_turn` and `message_stop`"],
            ..BASE
        },
        Ending {
            name: "messages, a stop reason and no message_stop",
            path: "/v1/messages",
            body: before(MESSAGES, "\"type\":\"message_stop"),
            by: GATEWAY,
            evidence: &["`end_turn`"],
            ..BASE
        },
        Ending {
            name: "messages, no terminal event",
            path: "/v1/messages",
            body: messages_cut,
            verdict: Incomplete,
            ..BASE
        },
        Ending {
            name: "messages, the app leaves",
            path: "/v1/messages",
            body: messages_cut,
            by: APP,
            verdict: CutByApp,
            ..BASE
        },
        Ending {
            name: "messages, overloaded in the stream",
            path: "/v1/messages",
            body: &messages_error,
            verdict: ErrorInside,
            evidence: &["`overloaded_error`"],
            ..BASE
        },
        Ending {
            name: "messages, an error event that is not JSON",
            path: "/v1/messages",
            body: &bad_error_event,
            verdict: ErrorInside,
            evidence: &["the event `error`"],
            ..BASE
        },
    ]);
}

#[test]
fn no_known_dialect() {
    check(&[
        Ending {
            name: "an unknown stream, whole",
            path: "/x",
            body: "data: tick\n\n",
            evidence: &["no known dialect"],
            ..BASE
        },
        Ending {
            name: "an unknown stream with [DONE]",
            path: "/x",
            body: "data: tick\n\ndata: [DONE]\n\n",
            verdict: Incomplete,
            ..BASE
        },
        Ending {
            name: "an unknown stream, inside an event",
            path: "/x",
            body: "data: tick\n\ndata: t",
            verdict: Incomplete,
            ..BASE
        },
        Ending {
            name: "an unknown stream, cut",
            path: "/x",
            body: "data: tick\n\n",
            by: GATEWAY,
            verdict: CutByGateway,
            ..BASE
        },
    ]);
}

/// `stream` up to the event that holds `needle`, without it.
fn before<'a>(stream: &'a str, needle: &str) -> &'a str {
    let at = stream.find(needle).unwrap();
    let start = stream.get(..at).unwrap().rfind("\n\n").unwrap() + 2;
    stream.get(..start).unwrap()
}

/// `stream` up to the event that holds `needle`, with it.
fn up_to<'a>(stream: &'a str, needle: &str) -> &'a str {
    let start = before(stream, needle).len();
    let end = stream.get(start..).unwrap().find("\n\n").unwrap() + 2;
    stream.get(..start + end).unwrap()
}
