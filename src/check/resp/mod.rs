//! Answers: whether they hold what was asked for, and whether the gateway is well.

pub(super) mod all_models_failing;
pub(super) mod coding_broken;
pub(super) mod coding_unknown;
pub(super) mod content_filter;
pub(super) mod edge_page;
pub(super) mod empty;
pub(super) mod error_in_200;
pub(super) mod model_retired;
pub(super) mod model_substituted;
pub(super) mod no_request_id;
pub(super) mod not_json;
pub(super) mod one_model_failing;
pub(super) mod scope_suspect;
pub(super) mod tool_call_as_text;
pub(super) mod truncated_length;
pub(super) mod unknown_error_code;
pub(super) mod usage_missing;

use crate::check::{Past, Subject};
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::wire::media;

/// One of the last exchanges with a model, which has ended.
struct Recent<'a> {
    id: ExchangeId,
    model: &'a str,
    failed: bool,
    unreached: bool,
}

/// Whether the gateway accepted the request.
fn is_good(subject: &Subject<'_>) -> bool {
    (200..300).contains(&subject.status())
}

/// Whether the answer is a web page.
fn is_page(subject: &Subject<'_>) -> bool {
    let declared = subject
        .head()
        .and_then(|head| head.headers.text("content-type"))
        .is_some_and(|kind| media::is(kind, "text/html"));
    let start = subject.plain.trim_ascii_start();
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    declared || begins(b"<!doctype html") || begins(b"<html")
}

/// Whether it failed by the doing of the gateway, the provider or the network, and not of the request.
fn failed(verdict: Verdict, status: Option<u16>) -> bool {
    match verdict {
        Verdict::Refused => status.is_some_and(|status| status >= 500),
        Verdict::ErrorInside | Verdict::Incomplete | Verdict::CutByGateway | Verdict::Failed => true,
        Verdict::Open | Verdict::Complete | Verdict::CutByApp | Verdict::Lost => false,
    }
}

/// Whether nothing of the gateway was reached, or it did not answer in time.
fn unreached(verdict: Verdict, status: u16) -> bool {
    match verdict {
        Verdict::Failed => true,
        Verdict::Refused => matches!(status, 408 | 504 | 522 | 523 | 524),
        Verdict::CutByGateway => status == 0,
        _ => false,
    }
}

/// The exchanges with a model of the same gateway that ended in the last `window`, newest first; this one
/// is among them. Those that the app left tell nothing.
fn recent<'a>(subject: &Subject<'a>, window: Micros) -> Vec<Recent<'a>> {
    let context = subject.context;
    let now = context.exchange.started_at.plus(subject.took());
    let since = WallTime(now.0.saturating_sub_unsigned(window.0));
    let recent = |past: &'a Past| {
        let ended = past.ended_by(now).filter(|ended| ended.at >= since)?;
        let model = past.model.as_deref().filter(|_| past.gateway == context.exchange.gateway)?;
        let left = matches!(ended.verdict, Verdict::CutByApp | Verdict::Open | Verdict::Lost);
        (!left).then(|| Recent {
            id: past.id,
            model,
            failed: failed(ended.verdict, ended.status),
            unreached: unreached(ended.verdict, ended.status.unwrap_or_default()),
        })
    };
    let all = context.history.until(now).rev();
    all.take_while(|past| past.started_at >= since).filter_map(recent).collect()
}
