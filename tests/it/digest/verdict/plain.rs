//! How plain answers end, and exchanges without a body or a head.

use super::{APP, BASE, ERROR, Ending, GATETAP, GATEWAY, HTML, JSON, PLAIN_CHAT, SSE, check};
use crate::digest::CHAT;
use gatetap::exchange::end::Verdict::{CutByApp, CutByGateway, ErrorInside, Failed, Incomplete, Refused};

#[test]
fn plain_answers() {
    let half_json = PLAIN_CHAT.get(..60).unwrap();
    let embeddings = r#"{"object":"list","data":[{"embedding":[0.5]}],"model":"m"}"#;
    let models = r#"{"object":"list","data":[{"id":"m"}]}"#;

    check(&[
        Ending {
            name: "plain chat, whole",
            stream: false,
            head: Some((200, JSON)),
            body: PLAIN_CHAT,
            evidence: &["a plain body (application/json)", "arrived whole"],
            ..BASE
        },
        Ending {
            name: "a stream asked for, JSON answered",
            head: Some((200, JSON)),
            body: PLAIN_CHAT,
            evidence: &["a stream was asked for"],
            ..BASE
        },
        Ending {
            name: "a stream asked for, HTML answered",
            head: Some((200, HTML)),
            body: "<html>log in</html>",
            evidence: &["(text/html)", "a stream was asked for"],
            ..BASE
        },
        Ending {
            name: "plain chat, the gateway breaks",
            stream: false,
            head: Some((200, JSON)),
            body: half_json,
            by: GATEWAY,
            verdict: CutByGateway,
            evidence: &["at byte 60", "unfinished JSON document"],
            ..BASE
        },
        Ending {
            name: "plain chat, the app leaves",
            stream: false,
            head: Some((200, JSON)),
            body: half_json,
            by: APP,
            verdict: CutByApp,
            ..BASE
        },
        Ending {
            name: "plain chat, a finish reason does not save a broken document",
            stream: false,
            head: Some((200, JSON)),
            body: PLAIN_CHAT.get(..PLAIN_CHAT.len() - 5).unwrap(),
            by: GATEWAY,
            verdict: CutByGateway,
            ..BASE
        },
        Ending {
            name: "plain chat, JSON stops in its middle under a clean end",
            stream: false,
            head: Some((200, JSON)),
            body: half_json,
            verdict: Incomplete,
            evidence: &["60 bytes of an unfinished JSON document"],
            ..BASE
        },
        Ending {
            name: "plain chat, not JSON at all",
            stream: false,
            head: Some((200, JSON)),
            body: "{oops}",
            ..BASE
        },
        Ending {
            name: "plain chat, empty at 200",
            stream: false,
            head: Some((200, JSON)),
            verdict: Incomplete,
            evidence: &["without a byte"],
            ..BASE
        },
        Ending {
            name: "plain chat, an error at 200",
            stream: false,
            head: Some((200, JSON)),
            body: ERROR,
            verdict: ErrorInside,
            evidence: &["status 200", "`some_code`: No"],
            ..BASE
        },
        Ending {
            name: "plain chat, an error at 200, cut",
            stream: false,
            head: Some((200, JSON)),
            body: ERROR.get(..ERROR.len() - 1).unwrap(),
            by: GATEWAY,
            verdict: ErrorInside,
            ..BASE
        },
        Ending {
            name: "embeddings, whole",
            path: "/v1/embeddings",
            head: Some((200, JSON)),
            body: embeddings,
            stream: false,
            ..BASE
        },
        Ending {
            name: "embeddings, cut",
            path: "/v1/embeddings",
            head: Some((200, JSON)),
            body: embeddings.get(..30).unwrap(),
            stream: false,
            by: GATEWAY,
            verdict: CutByGateway,
            ..BASE
        },
        Ending {
            name: "models, whole",
            method: "GET",
            path: "/v1/models",
            head: Some((200, JSON)),
            body: models,
            ..BASE
        },
        Ending { name: "models, empty", method: "GET", path: "/v1/models", head: Some((200, JSON)), ..BASE },
        Ending {
            name: "models, the app leaves",
            method: "GET",
            path: "/v1/models",
            head: Some((200, JSON)),
            body: models.get(..9).unwrap(),
            by: APP,
            verdict: CutByApp,
            ..BASE
        },
    ]);
}

#[test]
fn no_body_by_the_rules_of_http() {
    check(&[
        Ending { name: "204", head: Some((204, JSON)), evidence: &["has no body"], ..BASE },
        Ending {
            name: "304",
            method: "GET",
            path: "/v1/models",
            head: Some((304, JSON)),
            evidence: &["has no body"],
            ..BASE
        },
        Ending {
            name: "HEAD",
            method: "HEAD",
            path: "/v1/models",
            head: Some((200, JSON)),
            evidence: &["has no body"],
            ..BASE
        },
        Ending {
            name: "204, then the app closes",
            head: Some((204, JSON)),
            by: APP,
            evidence: &["has no body"],
            ..BASE
        },
        Ending {
            name: "101, cut",
            method: "GET",
            path: "/v1/realtime",
            head: Some((101, "")),
            by: GATEWAY,
            verdict: CutByGateway,
            ..BASE
        },
        Ending { name: "HEAD of a stream", method: "HEAD", evidence: &["has no body"], ..BASE },
        Ending { name: "a redirect", head: Some((308, "")), ..BASE },
    ]);
}

#[test]
fn refusals() {
    check(&[
        Ending {
            name: "401",
            head: Some((401, JSON)),
            body: ERROR,
            verdict: Refused,
            evidence: &["status 401", "`some_code`"],
            ..BASE
        },
        Ending {
            name: "502 in HTML",
            head: Some((502, HTML)),
            body: "<html>",
            verdict: Refused,
            evidence: &["status 502; "],
            ..BASE
        },
        Ending {
            name: "429, its body broken by the gateway",
            head: Some((429, JSON)),
            body: "{\"err",
            by: GATEWAY,
            verdict: Refused,
            evidence: &["status 429", "the gateway closed first"],
            ..BASE
        },
        Ending {
            name: "429, the app leaves",
            head: Some((429, JSON)),
            body: "{\"err",
            by: APP,
            verdict: Refused,
            ..BASE
        },
        Ending {
            name: "404 to HEAD",
            method: "HEAD",
            path: "/v1/models",
            head: Some((404, JSON)),
            verdict: Refused,
            ..BASE
        },
        Ending { name: "503 as a stream", head: Some((503, SSE)), body: CHAT, verdict: Refused, ..BASE },
    ]);
}

#[test]
fn no_answer() {
    check(&[
        Ending {
            name: "the app leaves before any head",
            head: None,
            by: APP,
            verdict: CutByApp,
            evidence: &["there was no answer", "the app closed first"],
            ..BASE
        },
        Ending {
            name: "the gateway resets before any head",
            head: None,
            by: GATEWAY,
            verdict: CutByGateway,
            evidence: &["the gateway closed first"],
            ..BASE
        },
        Ending {
            name: "gatetap stops before any head",
            head: None,
            by: GATETAP,
            verdict: Failed,
            evidence: &["gatetap broke it off"],
            ..BASE
        },
        Ending {
            name: "the head is cut off, and nothing more",
            head: Some((200, SSE)),
            by: APP,
            verdict: CutByApp,
            evidence: &["byte 0"],
            ..BASE
        },
    ]);
}
