//! Answers that are none of the gateway's: from a proxy, an edge, a login page, or simply broken.

use super::WireFault;
use crate::fault::catalogue::DELAY;
use crate::fault::plan::{Answer, Context, Effect};
use crate::fault::value::{Kind, Parameter, With};
use crate::gateway::errors::{self, Confidence};
use serde_json::json;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const EDGE: &str = "what Cloudflare and nginx answer in a gateway's place";
const FIELD: &str = "seen in the field";

/// A fault that answers by itself.
const fn answering(
    name: &'static str,
    summary: &'static str,
    source: &'static str,
    confidence: Confidence,
    make: super::Make,
) -> WireFault {
    WireFault {
        name,
        summary,
        source,
        confidence,
        parameters: &[DELAY],
        is_live: false,
        needs_stream: false,
        make,
    }
}

pub(super) static HTML_502: WireFault = answering(
    "http.html_502",
    "502 with a page, as a proxy whose backend is down answers.",
    EDGE,
    Confidence::Observed,
    |with, context| page(with, context, 502, "nginx", "502 Bad Gateway"),
);

pub(super) static HTML_504_NGINX: WireFault = answering(
    "http.html_504_nginx",
    "504 with nginx's page: its backend was too slow.",
    EDGE,
    Confidence::Observed,
    |with, context| page(with, context, 504, "nginx/1.24.0", "504 Gateway Time-out"),
);

pub(super) static CF_520: WireFault = answering(
    "http.cf_520_html",
    "520 with Cloudflare's page: the gateway answered with something else than HTTP.",
    EDGE,
    Confidence::Observed,
    |with, context| page(with, context, 520, "cloudflare", "520: Web server is returning an unknown error"),
);

pub(super) static CF_522: WireFault = answering(
    "http.cf_522_html",
    "522 with Cloudflare's page: the gateway could not be connected to.",
    EDGE,
    Confidence::Observed,
    |with, context| page(with, context, 522, "cloudflare", "522: Connection timed out"),
);

pub(super) static CF_524: WireFault = answering(
    "http.cf_524_html",
    "524 with Cloudflare's page: the gateway took more than 100 seconds.",
    EDGE,
    Confidence::Observed,
    |with, context| page(with, context, 524, "cloudflare", "524: A timeout occurred"),
);

pub(super) static CF_BLOCK: WireFault = answering(
    "http.cf_block_403",
    "403 with Cloudflare's page: it takes the app for a bot.",
    EDGE,
    Confidence::Assumed,
    |with, context| page(with, context, 403, "cloudflare", "Attention Required! | Cloudflare"),
);

pub(super) static HTML_413: WireFault = answering(
    "http.html_413",
    "413 with a page: an edge found the body too large before the gateway saw it.",
    EDGE,
    Confidence::Assumed,
    |with, context| page(with, context, 413, "cloudflare", "413 Request Entity Too Large"),
);

pub(super) static CAPTIVE: WireFault = answering(
    "http.html_200_captive",
    "200 with a login page, as a captive portal answers.",
    FIELD,
    Confidence::Observed,
    |with, context| page(with, context, 200, "portal", "Please log in to use this network"),
);

pub(super) static PROXY_407: WireFault = answering(
    "http.proxy_407",
    "407: a corporate proxy on the way wants a login.",
    FIELD,
    Confidence::Observed,
    |with, context| {
        let mut answer = html(with, context, 407, "squid", "407 Proxy Authentication Required");
        answer.headers.push(("proxy-authenticate".to_owned(), "Basic realm=\"proxy\"".to_owned()));
        Effect::Answer(answer)
    },
);

pub(super) static REDIRECT_308: WireFault =
    redirecting("http.redirect_308", |with, context| redirect(with, context, 308));
pub(super) static REDIRECT_302: WireFault =
    redirecting("http.redirect_302", |with, context| redirect(with, context, 302));

pub(super) static EMPTY_BODY_200: WireFault =
    answering("http.empty_body_200", "200 without a body.", FIELD, Confidence::Observed, |with, context| {
        plain(with, context, 200, JSON, "")
    });

pub(super) static INVALID_JSON_200: WireFault = answering(
    "http.invalid_json_200",
    "200 with JSON that breaks off.",
    FIELD,
    Confidence::Observed,
    |with, context| {
        plain(with, context, 200, JSON, "{\"id\":\"chatcmpl-broken\",\"choices\":[{\"index\":0,\"mess")
    },
);

pub(super) static GZIP_CORRUPT: WireFault = answering(
    "http.gzip_corrupt",
    "200 with a body that says it is gzip and is not.",
    FIELD,
    Confidence::Observed,
    |with, context| {
        let mut answer =
            context.plain(200, JSON, &b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03not gzip at all"[..]);
        answer.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
        Effect::Answer(delayed(answer, with))
    },
);

pub(super) static RETRY_AFTER_DATE: WireFault = answering(
    "http.retry_after_date",
    "429 whose retry-after is a date, 7 seconds ahead.",
    "https://www.rfc-editor.org/rfc/rfc9110#field.retry-after",
    Confidence::Documented,
    |with, context| {
        let date = http_date(context.asked.now.0 / 1_000_000 + 7);
        limited(with, context, &date)
    },
);

pub(super) static RETRY_AFTER_FLOAT: WireFault =
    hinting("http.retry_after_float", |with, context| limited(with, context, "1.5"));
pub(super) static RETRY_AFTER_NEGATIVE: WireFault =
    hinting("http.retry_after_negative", |with, context| limited(with, context, "-5"));
pub(super) static RETRY_AFTER_GARBAGE: WireFault =
    hinting("http.retry_after_garbage", |with, context| limited(with, context, "soon"));
pub(super) static RETRY_AFTER_HUGE: WireFault =
    hinting("http.retry_after_3600", |with, context| limited(with, context, "3600"));

pub(super) static RETRY_AFTER_MS: WireFault = answering(
    "http.retry_after_ms",
    "429 with retry-after-ms: 750, which OpenAI's SDKs read before retry-after.",
    "https://github.com/openai/openai-python",
    Confidence::Documented,
    |with, context| {
        let mut answer = refusal(with, context, 429, None);
        answer.headers.push(("retry-after-ms".to_owned(), "750".to_owned()));
        Effect::Answer(answer)
    },
);

pub(super) static SHOULD_NOT_RETRY: WireFault = answering(
    "http.should_not_retry",
    "503 with x-should-retry: false, which OpenAI's and Anthropic's SDKs obey.",
    "https://github.com/openai/openai-python",
    Confidence::Documented,
    |with, context| {
        let mut answer = refusal(with, context, 503, None);
        answer.headers.push(("x-should-retry".to_owned(), "false".to_owned()));
        Effect::Answer(answer)
    },
);

pub(super) static JSON_INSTEAD: WireFault = answering(
    "stream.json_instead",
    "200 with a whole JSON answer where a stream was asked for.",
    "measured with the SDKs: no chunks and no error",
    Confidence::Observed,
    |with, context| {
        let text = "This is a whole answer and no stream.";
        let body = match context.dialect() {
            "messages" => json!({
                "id": "msg_fault", "type": "message", "role": "assistant", "model": context.asked.model,
                "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 9, "output_tokens": 8 },
            }),
            "responses" => json!({
                "id": "resp_fault", "object": "response", "status": "completed", "model": context.asked.model,
                "output": [{ "type": "message", "id": "msg_fault", "role": "assistant", "status": "completed",
                    "content": [{ "type": "output_text", "text": text, "annotations": [] }] }],
                "usage": { "input_tokens": 9, "output_tokens": 8, "total_tokens": 17 },
            }),
            _ => json!({
                "id": "chatcmpl-fault", "object": "chat.completion", "created": context.asked.now.0 / 1_000_000,
                "model": context.asked.model,
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": text },
                    "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17 },
            }),
        };
        plain(with, context, 200, JSON, &body.to_string())
    },
);

pub(super) static HTML_INSTEAD: WireFault = answering(
    "stream.html_instead",
    "200 with a page where a stream was asked for.",
    "measured with the SDKs: no chunks and no error",
    Confidence::Observed,
    |with, context| page(with, context, 200, "nginx", "Welcome"),
);

pub(super) static ERROR_JSON_200: WireFault = answering(
    "stream.error_json_200",
    "200 whose body is the gateway's error.",
    "measured with the SDKs: no chunks and no error",
    Confidence::Observed,
    |with, context| {
        let mut answer = refusal(with, context, 500, None);
        answer.status = 200;
        Effect::Answer(answer)
    },
);

const LOCATION: &[Parameter] = &[
    Parameter {
        name: "location",
        kind: Kind::Text,
        default: "https://example.com/",
        meaning: "where it points",
    },
    DELAY,
];

const fn redirecting(name: &'static str, make: super::Make) -> WireFault {
    let summary = "A redirect to another place; the key must not follow.";
    WireFault { parameters: LOCATION, ..answering(name, summary, FIELD, Confidence::Observed, make) }
}

const fn hinting(name: &'static str, make: super::Make) -> WireFault {
    let summary = "429 whose retry-after is another number, or none, than a client may expect.";
    answering(
        name,
        summary,
        "https://www.rfc-editor.org/rfc/rfc9110#field.retry-after",
        Confidence::Assumed,
        make,
    )
}

fn redirect(with: &With, context: &Context<'_>, status: u16) -> Effect {
    let mut answer = html(with, context, status, "nginx", "Moved");
    let location = with.text("location").unwrap_or("https://example.com/").to_owned();
    answer.headers.push(("location".to_owned(), location));
    Effect::Answer(answer)
}

/// The gateway's own 429 with another `retry-after`.
fn limited(with: &With, context: &Context<'_>, retry_after: &str) -> Effect {
    Effect::Answer(refusal(with, context, 429, Some(retry_after)))
}

/// The gateway's own answer of that status, with this `retry-after` or none.
fn refusal(with: &With, context: &Context<'_>, status: u16, retry_after: Option<&str>) -> Answer {
    let error = errors::with_status(context.asked.gateway, status)
        .next()
        .or_else(|| errors::all().iter().find(|error| error.status == status));
    let mut answer = context.answer(status, error, &With::default());
    answer.headers.retain(|(name, _)| name != "retry-after");
    answer.headers.extend(retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())));
    delayed(answer, with)
}

fn page(with: &With, context: &Context<'_>, status: u16, server: &str, title: &str) -> Effect {
    Effect::Answer(html(with, context, status, server, title))
}

fn html(with: &With, context: &Context<'_>, status: u16, server: &str, title: &str) -> Answer {
    let body = format!(
        "<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><center><h1>{title}</h1></center>\
         <hr><center>{server}</center></body>\n</html>\n"
    );
    let mut answer = context.plain(status, HTML, body);
    answer.headers.push(("server".to_owned(), server.to_owned()));
    if server == "cloudflare" {
        answer.headers.push(("cf-ray".to_owned(), "8f0000000000fa17-FRA".to_owned()));
    }
    delayed(answer, with)
}

fn plain(with: &With, context: &Context<'_>, status: u16, kind: &str, body: &str) -> Effect {
    Effect::Answer(delayed(context.plain(status, kind, body.to_owned()), with))
}

fn delayed(mut answer: Answer, with: &With) -> Answer {
    answer.delay = with.time("delay").unwrap_or(answer.delay);
    answer
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn http_date(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .unwrap_or_default()
}
