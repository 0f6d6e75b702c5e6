//! What SDKs raise at an error status, and whether they ask again.

use super::{Outcome, ReadAs, View};
use crate::exchange::head::{Headers, ResponseHead};

impl View {
    /// Takes an error status: which class it becomes, and whether it is tried again.
    pub(super) fn refused(&mut self, head: &ResponseHead) {
        let class = match (self.read_as, head.status) {
            (ReadAs::AiSdk, _) => "APICallError",
            (_, 400) => "BadRequestError",
            (_, 401) => "AuthenticationError",
            (_, 403) => "PermissionDeniedError",
            (_, 404) => "NotFoundError",
            (_, 409) => "ConflictError",
            (_, 422) => "UnprocessableEntityError",
            (_, 429) => "RateLimitError",
            (ReadAs::Anthropic, 413) => "RequestTooLargeError",
            (ReadAs::Anthropic, 529) => "OverloadedError",
            (ReadAs::OpenAiNode, status) if status < 500 => "APIError",
            (_, status) if status >= 500 => "InternalServerError",
            _ => "APIStatusError",
        };
        let said = head.headers.text("x-should-retry").map(str::trim);
        let by_status = matches!(head.status, 408 | 409 | 429 | 500..);
        let retries = match said {
            Some("true") if self.read_as != ReadAs::AiSdk => true,
            Some("false") if self.read_as != ReadAs::AiSdk => false,
            _ => by_status,
        };
        let attempts = if retries { "up to 3 attempts" } else { "1 attempt" };
        self.outcome = Outcome::Raises(format!("{class} ({}); {attempts}", head.status));
        if retries {
            self.notes.extend(retry_note(self.read_as, &head.headers));
        }
    }
}

/// How the SDK takes the `retry-after` of these headers, where it does not simply wait.
fn retry_note(read_as: ReadAs, headers: &Headers) -> Option<String> {
    let after: f64 = headers.text("retry-after")?.trim().parse().ok()?;
    let what = match read_as {
        ReadAs::OpenAiPython if after > 120.0 => "does not try again at all from 2.52 on, ignores it before",
        ReadAs::OpenAiPython if after > 60.0 => "waits from 2.52 on, before it tries again within 8 s",
        ReadAs::OpenAiNode if after > 60.0 => {
            "from 7.5 on ignores it and tries again within 8 s, before it waits"
        }
        ReadAs::AiSdk if after >= 60.0 => "ignores it and tries again after 2 s and 4 s",
        _ => return None,
    };
    Some(format!("with `retry-after: {after}` it {what}"))
}
