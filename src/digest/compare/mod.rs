//! Two exchanges side by side: what was asked, what came back, and when.

mod json;
mod words;

use crate::exchange::text::counted;
pub use words::{Edit, words};

use super::summary::Whole;
use super::{Answer, examine};
use crate::exchange::body::Body;
use crate::exchange::head::Headers;
use crate::exchange::time::Micros;
use crate::wire::coding;
use std::collections::BTreeSet;

/// Headers that differ between any two exchanges and mean nothing by it.
const VOLATILE: [&str; 25] = [
    "age",
    "alt-svc",
    "anthropic-ratelimit-requests-remaining",
    "cf-ray",
    "connection",
    "content-length",
    "date",
    "etag",
    "expires",
    "host",
    "idempotency-key",
    "keep-alive",
    "openai-processing-ms",
    "request-id",
    "server-timing",
    "set-cookie",
    "traceparent",
    "via",
    "x-envoy-upstream-service-time",
    "x-generation-id",
    "x-oneapi-request-id",
    "x-request-id",
    "x-session-id",
    "x-stainless-retry-count",
    "x-trace-id",
];

/// One exchange with its bodies, to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The exchange.
    pub whole: &'a Whole,
    /// Its request body.
    pub request: &'a Body,
    /// Its response body.
    pub response: &'a Body,
}

/// Where two exchanges differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Where it was sent: gateway, method, target; and with which key.
    pub request: Vec<Difference>,
    /// The request's headers.
    pub request_headers: Vec<Difference>,
    /// The request's body, by path if both are JSON.
    pub request_body: Vec<Difference>,
    /// What came of it: status, verdict, model, finish reason, error, tokens.
    pub outcome: Vec<Difference>,
    /// The answer's headers.
    pub response_headers: Vec<Difference>,
    /// The answer's body, where it is no model's words.
    pub response_body: Vec<Difference>,
    /// The model's words.
    pub answer: Vec<TextDifference>,
    /// When things happened. Never counts.
    pub timing: Vec<Difference>,
}

/// One place where two exchanges differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: a header's name in lower case, a path in a document, the name of a fact.
    pub place: String,
    /// What the first has there.
    pub a: Option<String>,
    /// What the second has there.
    pub b: Option<String>,
    /// Whether the two count as different for it. Dates, ids and times do not.
    pub counts: bool,
}

/// One text of an answer that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDifference {
    /// Which: `text`, `reasoning`, `refusal`, `tool call 1`, `choice 1`.
    pub part: String,
    /// The words.
    pub edits: Vec<Edit>,
}

impl Comparison {
    /// Compares two exchanges.
    pub fn of(a: Compared<'_>, b: Compared<'_>) -> Self {
        let (answers, outcome) = outcome(a, b);
        let generates = [a, b].iter().all(|one| one.whole.summary.digest.dialect.generates());
        let refused = [a, b].iter().any(|one| one.whole.summary.status.is_some_and(|status| status >= 400));
        let response_headers = |one: Compared<'_>| -> Headers {
            let head = one.whole.exchange.response.as_ref();
            head.map(|head| head.headers.clone()).unwrap_or_default()
        };
        Self {
            request: target(a, b),
            request_headers: headers(&a.whole.exchange.request.headers, &b.whole.exchange.request.headers),
            request_body: bodies(
                (&a.whole.exchange.request.headers, a.request),
                (&b.whole.exchange.request.headers, b.request),
            ),
            outcome,
            response_body: if generates && !refused {
                Vec::new()
            } else {
                bodies((&response_headers(a), a.response), (&response_headers(b), b.response))
            },
            response_headers: headers(&response_headers(a), &response_headers(b)),
            answer: texts(&answers.0, &answers.1),
            timing: timing(a, b),
        }
    }

    /// Whether nothing that counts differs.
    pub fn is_same(&self) -> bool {
        let lists = [
            &self.request,
            &self.request_headers,
            &self.request_body,
            &self.outcome,
            &self.response_headers,
            &self.response_body,
        ];
        self.answer.is_empty() && lists.into_iter().flatten().all(|difference| !difference.counts)
    }
}

/// The facts that differ, of rows of a name and two values.
/// Where two JSON documents differ, in the order of their paths; `None` if one is no JSON document.
pub fn json_differences(a: &[u8], b: &[u8]) -> Option<Vec<Difference>> {
    Some(json::differences(&json::leaves(a)?, &json::leaves(b)?))
}

fn facts(rows: Vec<(&str, Option<String>, Option<String>)>, counts: bool) -> Vec<Difference> {
    rows.into_iter()
        .filter(|(_, a, b)| a != b)
        .map(|(place, a, b)| Difference { place: place.to_owned(), a, b, counts })
        .collect()
}

fn target(a: Compared<'_>, b: Compared<'_>) -> Vec<Difference> {
    let key = |one: Compared<'_>| {
        let facts = one.whole.exchange.credentials.first()?;
        let last = facts.last4.as_ref().map(|last| format!(", ends in {last}"));
        Some(format!("fingerprint {}{}", facts.fingerprint, last.unwrap_or_default()))
    };
    let of = |one: Compared<'_>| {
        let summary = &one.whole.summary;
        (summary.gateway.clone(), summary.method.clone(), one.whole.exchange.request.target.clone())
    };
    let (a_gateway, a_method, a_target) = of(a);
    let (b_gateway, b_method, b_target) = of(b);
    facts(
        vec![
            ("gateway", Some(a_gateway), Some(b_gateway)),
            ("method", Some(a_method), Some(b_method)),
            ("target", Some(a_target), Some(b_target)),
            ("key", key(a), key(b)),
        ],
        true,
    )
}

fn headers(a: &Headers, b: &Headers) -> Vec<Difference> {
    let names: BTreeSet<String> =
        a.iter().chain(b).map(|(name, _)| name.as_str().to_ascii_lowercase()).collect();
    let values = |headers: &Headers, name: &str| {
        let values: Vec<_> = headers.all(name).map(|value| String::from_utf8_lossy(value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    names
        .into_iter()
        .map(|name| Difference {
            a: values(a, &name),
            b: values(b, &name),
            counts: !VOLATILE.contains(&name.as_str()) && !name.contains("ratelimit-"),
            place: name,
        })
        .filter(|difference| difference.a != difference.b)
        .collect()
}

fn bodies(a: (&Headers, &Body), b: (&Headers, &Body)) -> Vec<Difference> {
    let decoded =
        |(headers, body): (&Headers, &Body)| coding::decode(headers, &body.bytes, coding::DEFAULT_CAP).bytes;
    let (a, b) = (decoded(a), decoded(b));
    if a == b {
        return Vec::new();
    }
    if let (Some(a), Some(b)) = (json::leaves(&a), json::leaves(&b)) {
        return json::differences(&a, &b);
    }
    let at = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let size = |bytes: &[u8]| Some(counted(bytes.len(), "byte"));
    vec![Difference { place: format!("from byte {at} on"), a: size(&a), b: size(&b), counts: true }]
}

fn outcome(a: Compared<'_>, b: Compared<'_>) -> ((Answer, Answer), Vec<Difference>) {
    let examined = |one: Compared<'_>| examine(&one.whole.exchange, one.request, one.response);
    let (mine, theirs) = (examined(a), examined(b));
    let rows = |one: Compared<'_>| {
        let summary = &one.whole.summary;
        let digest = &summary.digest;
        [
            ("status", summary.status.map(|status| status.to_string())),
            ("verdict", Some(summary.verdict.as_str().to_owned())),
            ("model answered", digest.model_answered.clone()),
            ("provider", digest.provider.clone()),
            ("finish reason", digest.finish_reason.clone()),
            ("error code", digest.error_code.clone()),
            ("error message", digest.error_message.clone()),
        ]
    };
    let tokens = |one: Compared<'_>| {
        let usage = &one.whole.summary.digest.usage;
        [
            ("tokens in", usage.input.map(|count| count.to_string())),
            ("tokens out", usage.output.map(|count| count.to_string())),
            ("cost", usage.cost.map(|cost| cost.to_string())),
        ]
    };
    let joined = rows(a).into_iter().zip(rows(b)).map(|((name, a), (_, b))| (name, a, b)).collect();
    let mut differences = facts(joined, true);
    let joined = tokens(a).into_iter().zip(tokens(b)).map(|((name, a), (_, b))| (name, a, b)).collect();
    differences.extend(facts(joined, false));
    ((mine.answer, theirs.answer), differences)
}

fn texts(a: &Answer, b: &Answer) -> Vec<TextDifference> {
    let parts = |answer: &Answer| {
        let mut parts = vec![
            ("reasoning".to_owned(), answer.reasoning.clone()),
            ("text".to_owned(), answer.text.clone()),
            ("refusal".to_owned(), answer.refusal.clone()),
        ];
        for (index, call) in answer.tool_calls.iter().enumerate() {
            parts.push((format!("tool call {}", index + 1), format!("{} {}", call.name, call.arguments)));
        }
        for other in &answer.others {
            parts.push((format!("choice {}", other.index), other.answer.text.clone()));
        }
        parts
    };
    let (a, b) = (parts(a), parts(b));
    let names: Vec<&String> = a.iter().map(|(name, _)| name).collect();
    let more = b.iter().map(|(name, _)| name).filter(|name| !names.contains(name));
    let text = |parts: &[(String, String)], name: &str| {
        parts.iter().find(|(part, _)| part == name).map(|(_, text)| text.clone()).unwrap_or_default()
    };
    names
        .iter()
        .copied()
        .chain(more)
        .filter_map(|name| {
            let (a, b) = (text(&a, name), text(&b, name));
            (a != b).then(|| TextDifference { part: name.clone(), edits: words(&a, &b) })
        })
        .collect()
}

fn timing(a: Compared<'_>, b: Compared<'_>) -> Vec<Difference> {
    let of = |one: Compared<'_>| {
        let (digest, timing) = (&one.whole.summary.digest, &one.whole.exchange.timing);
        [
            ("response head", timing.head),
            ("first event", digest.first_event),
            ("first token", digest.first_token),
            ("last event", digest.last_event),
            ("longest gap", digest.pace.longest_gap),
            ("end", timing.end),
        ]
    };
    let text = |at: Option<Micros>| at.map(|at| at.to_string());
    let rows = of(a).into_iter().zip(of(b)).map(|((name, a), (_, b))| (name, text(a), text(b))).collect();
    facts(rows, false)
}
