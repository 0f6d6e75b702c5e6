//! Bodies that are too large, or nearly.

use super::{at, is_call};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A body beyond the 32 MB that Anthropic takes, or a text of more than 1 MB of base64 in any body: a
    /// picture or a file in the prompt.
    ///
    /// ## Why it matters
    ///
    /// Beyond the limit the answer is 413, by Anthropic's edge and not in JSON. A large picture is billed
    /// with every turn that sends it again. Sources: <https://platform.claude.com/docs/en/api/errors>,
    /// <https://nexorouter.com/en/docs/faq/request-too-large>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"image_url":{"url":"data:image/png;base64,…4 MB…"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Make the picture smaller before you send it: models scale it down anyway. Send a URL or a file's id
    /// where the API takes one.
    pub static CHECK = {
        id: "body-oversize",
        severity: Warning,
        summary: "bodies that are too large, or nearly",
        thresholds: [("anthropic_bytes", 32_000_000.0, "the bytes that Anthropic takes"), ("base64_bytes", 1_000_000.0, "more bytes of base64 than this are many")],
        run: Request(run),
    }
}

/// What looks like base64 has so many such characters at its start.
const LOOKED_AT: usize = 64;

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let bytes = subject.own.request_bytes;
    let limit = found.threshold("anthropic_bytes");
    if subject.is_gateway("anthropic") && (bytes as f64) > limit && is_call(subject) {
        found.push(
            Says {
                message: format!("the body has {bytes} bytes; Anthropic takes {limit}"),
                evidence: format!("{bytes} bytes of request body"),
                fix: "send less at once; upload files and name them by their ids".to_owned(),
            },
            [Place::Target],
        );
        return;
    }
    let base64 = found.threshold("base64_bytes");
    // Walking a small body would find nothing.
    if (subject.body.len() as f64) <= base64 {
        return;
    }
    let Some(json) = subject.json.filter(|_| is_call(subject)) else { return };
    let mut stack = vec![(String::new(), json)];
    while let Some((pointer, value)) = stack.pop() {
        match value {
            Value::String(text) if (text.len() as f64) > base64 && is_base64(text) => {
                found.push(
                    Says {
                        message: format!("a text of {} bytes of base64 is sent", text.len()),
                        evidence: format!("`{pointer}`, of {bytes} bytes in all"),
                        fix: "make the picture or file smaller, or send a URL or a file's id".to_owned(),
                    },
                    [at(pointer)],
                );
                return;
            }
            Value::Array(items) => stack.extend(
                items
                    .iter()
                    .enumerate()
                    .filter(|(_, item)| may_hold(item))
                    .map(|(index, item)| (format!("{pointer}/{index}"), item)),
            ),
            Value::Object(members) => stack.extend(
                members
                    .iter()
                    .filter(|(_, item)| may_hold(item))
                    .map(|(name, item)| (format!("{pointer}/{name}"), item)),
            ),
            _ => {}
        }
    }
}

const fn may_hold(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_))
}

fn is_base64(text: &str) -> bool {
    let data = text.split_once(";base64,").map_or(text, |(_, data)| data);
    data.bytes()
        .take(LOOKED_AT)
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'='))
}
