//! The lines, as serde writes and reads them.

use crate::digest::Digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine {
    /// What the file is: `recording`.
    pub(super) gatetap: String,
    pub(super) version: u32,
    pub(super) program: String,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Session(SessionLine),
    Exchange(Box<ExchangeLine>),
    Tunnel(TunnelLine),
    End(EndOfFile),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndOfFile {}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionLine {
    pub(super) id: i64,
    pub(super) started_at: String,
    pub(super) ended_at: Option<String>,
    pub(super) program: String,
    pub(super) command: String,
    pub(super) upstream: String,
    pub(super) seed: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeLine {
    pub(super) id: i64,
    pub(super) session: i64,
    pub(super) started_at: String,
    pub(super) peer: Option<String>,
    pub(super) gateway: String,
    pub(super) url: String,
    pub(super) request: RequestLine,
    pub(super) sent: Option<Vec<(String, Octets)>>,
    pub(super) response: ResponseLine,
    pub(super) own_answer: Option<OwnAnswerLine>,
    pub(super) timing: TimingLine,
    pub(super) credentials: Vec<CredentialLine>,
    pub(super) fault: Option<String>,
    pub(super) replay_of: Option<i64>,
    #[serde(default)]
    pub(super) note: Option<String>,
    /// What the origin had sent, where a fault altered it.
    pub(super) origin: Option<OriginLine>,
    pub(super) digest: Option<Digest>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OriginLine {
    pub(super) raw_head: Octets,
    pub(super) body: BodyLine,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestLine {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: String,
    pub(super) headers: Vec<(String, Octets)>,
    pub(super) raw_head: Option<Octets>,
    pub(super) body: BodyLine,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseLine {
    #[serde(default)]
    pub(super) interim: Vec<InterimLine>,
    pub(super) head: Option<HeadLine>,
    pub(super) body: BodyLine,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterimLine {
    pub(super) at_us: u64,
    pub(super) raw_head: Octets,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadLine {
    pub(super) status: u16,
    pub(super) version: String,
    pub(super) headers: Vec<(String, Octets)>,
    pub(super) raw_head: Option<Octets>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyLine {
    /// How many passed.
    pub(super) bytes: u64,
    pub(super) content: Octets,
    pub(super) cut: Option<CutLine>,
    pub(super) marks: Vec<MarkLine>,
    pub(super) trailers: Vec<(String, Octets)>,
    pub(super) end: Option<EndLine>,
    /// Of the whole body, where not all of it is kept.
    pub(super) sha256: Option<String>,
    /// Null where nothing was hidden in it.
    pub(super) hidden: Option<HiddenLine>,
}

/// A chunk: its length, when it was read and when it was taken.
#[derive(Debug, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a mark is [length, read_us, taken_us] or [length, read_us, taken_us, rest, capitals]"
)]
pub(super) enum MarkLine {
    /// It ends its HTTP/1 chunk, or there are none.
    End(u32, u64, Option<u64>),
    /// Its HTTP/1 chunk goes on for so many bytes; the size of that is written in capitals.
    Part(u32, u64, Option<u64>, u32, bool),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HiddenLine {
    pub(super) count: u64,
    pub(super) own: u64,
    pub(super) first: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CutLine {
    pub(super) at: u64,
    pub(super) tail: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(in crate::export) enum EndLine {
    Whole,
    Broken { by: String, detail: String },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::export) struct OwnAnswerLine {
    pub(super) token: String,
    pub(super) message: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::export) struct TimingLine {
    pub(super) connect_us: Option<u64>,
    pub(super) tls_us: Option<u64>,
    pub(super) reused: Option<bool>,
    pub(super) sent_us: Option<u64>,
    pub(super) head_us: Option<u64>,
    pub(super) end_us: Option<u64>,
    pub(super) held_us: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::export) struct CredentialLine {
    pub(super) place: String,
    pub(super) scheme: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) length: u64,
    pub(super) last4: Option<String>,
    pub(super) fingerprint: String,
    pub(super) defects: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TunnelLine {
    pub(super) id: i64,
    pub(super) session: i64,
    pub(super) started_at: String,
    pub(super) peer: Option<String>,
    pub(super) host: String,
    pub(super) connect_us: Option<u64>,
    pub(super) end_us: Option<u64>,
    pub(super) sent_bytes: u64,
    pub(super) received_bytes: u64,
    pub(super) end: Option<EndLine>,
    pub(super) failure: Option<OwnAnswerLine>,
}

/// Bytes: a string where they are UTF-8, else Base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Octets(pub(super) Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64 {
    base64: String,
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Base64 { base64: BASE64.encode(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "bytes are a string or {\"base64\": \"…\"}")]
        enum Either {
            Text(String),
            Coded(Base64),
        }
        match Either::deserialize(deserializer)? {
            Either::Text(text) => Ok(Self(text.into_bytes())),
            Either::Coded(coded) => BASE64
                .decode(coded.base64)
                .map(Self)
                .map_err(|error| D::Error::custom(format_args!("this is not Base64: {error}"))),
        }
    }
}
