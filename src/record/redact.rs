//! From what was seen to what may be kept. Everything that reaches the store comes through here.

use super::seen::{Answered, Asked};
use crate::exchange::head::{Headers, RequestHead, ResponseHead, split_target};
use crate::exchange::time::WallTime;
use crate::exchange::{Exchange, SessionId, Timing};
use crate::gateway::credential::credential_facts;
use crate::gateway::mask;
use bytes::Bytes;
use http::{HeaderMap, Version};

/// The exchange that `asked` begins, without its secrets. Its id is 0 until the recording gives it one.
pub fn exchange(asked: Asked, at: WallTime, session: SessionId, salt: &[u8]) -> Exchange {
    let headers = match &asked.raw {
        Some(raw) => Headers::from_raw_head(raw),
        None => lines(&asked.headers),
    };
    let credentials =
        credential_facts(&untrimmed(asked.raw.as_ref(), &headers), split_target(&asked.target).1, salt);
    Exchange {
        id: 0,
        session,
        started_at: at,
        peer: Some(asked.peer.to_string()),
        gateway: asked.gateway.as_ref().to_owned(),
        url: mask::mask_target(&asked.url),
        request: RequestHead {
            method: asked.method.as_str().to_owned(),
            target: mask::mask_target(&asked.target),
            version: version(asked.version),
            headers: mask::mask_headers(&headers),
            raw: asked.raw.map(|raw| mask::mask_raw_head(&raw).into()),
        },
        sent: asked.sent.map(|sent| mask::mask_headers(&sent)),
        response: None,
        own_answer: None,
        timing: Timing::default(),
        request_end: None,
        response_end: None,
        request_sha256: None,
        response_sha256: None,
        request_bytes: 0,
        response_bytes: 0,
        credentials,
        fault: asked.fault,
        replay_of: asked.replay_of,
    }
}

/// The head of the answer without its secrets.
pub fn response_head(answered: &Answered) -> ResponseHead {
    let headers = match &answered.raw {
        Some(raw) => Headers::from_raw_head(raw),
        None => lines(&answered.headers),
    };
    ResponseHead {
        status: answered.status.as_u16(),
        version: version(answered.version),
        headers: mask::mask_headers(&headers),
        raw: answered.raw.as_ref().map(|raw| mask::mask_raw_head(raw).into()),
    }
}

/// The header lines of a map.
pub fn lines(headers: &HeaderMap) -> Headers {
    Headers(
        headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())))
            .collect(),
    )
}

/// The header lines with the white space that a parser trims: it is a defect of a credential.
fn untrimmed(raw: Option<&Bytes>, parsed: &Headers) -> Headers {
    raw.map_or_else(|| parsed.clone(), |raw| Headers::from_raw_head_untrimmed(raw))
}

fn version(version: Version) -> String {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
    .to_owned()
}
