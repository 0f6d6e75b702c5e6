//! What is written of the frames of a WebSocket: no key, and all else as it passed.

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use gatetap::exchange::body::Side;
use gatetap::record::redact::Redactor;
use proptest::prelude::*;

use crate::secrets_bodies::{OWN, headers, leaks, written};

const FOREIGN: &str = "sk-proj-Fake0Zq1Xw2Ve3Cr4Tb5Yn6Um7Ik8Ol9";

const TEXT: u8 = 1;
const CONTINUED: u8 = 0;
const PING: u8 = 9;
const LAST: u8 = 0x80;
const COMPRESSED: u8 = 0x40;

fn redactor(extensions: &str) -> Redactor {
    let own = format!("Bearer {OWN}");
    let mut redactor = Redactor::of_head(&headers(&[("authorization", &own)]), "/v1/realtime", false);
    let answer = headers(&[("upgrade", "websocket"), ("sec-websocket-extensions", extensions)]);
    redactor.answered(&answer);
    redactor.becomes_frames(&answer);
    redactor
}

fn frame(side: Side, first: u8, payload: &[u8]) -> Vec<u8> {
    let masks = side == Side::Request;
    let bit = if masks { 0x80 } else { 0 };
    let mut frame = match payload.len() {
        short @ 0..126 => vec![first, bit | short as u8],
        long => vec![first, bit | 0x7e, (long >> 8) as u8, long as u8],
    };
    let key = if masks { [0x37, 0xfa, payload.len() as u8, 0x3d] } else { [0; 4] };
    frame.extend(key.iter().take(if masks { 4 } else { 0 }));
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// The frames of one message, a ping between any two.
fn message(side: Side, payloads: &[&[u8]], bits: u8) -> Vec<u8> {
    let mut frames = Vec::new();
    for (at, payload) in payloads.iter().enumerate() {
        let opcode = if at == 0 { TEXT | bits } else { CONTINUED };
        let last = if at + 1 == payloads.len() { LAST } else { 0 };
        frames.extend(frame(side, opcode | last, payload));
        if last == 0 {
            frames.extend(frame(side, PING | LAST, b"there?"));
        }
    }
    frames
}

/// The payloads of what is written, without masks.
fn payloads(bytes: &[u8]) -> Vec<u8> {
    gatetap::wire::websocket::frames(bytes)
        .into_iter()
        .filter(|frame| frame.kind.as_str() != "ping")
        .flat_map(|frame| frame.payload)
        .collect()
}

fn shows(state: &[u8]) -> bool {
    [state, &payloads(state)].iter().any(|text| leaks(text, OWN) || leaks(text, &FOREIGN[8..]))
}

struct Deflater(Compress);

impl Deflater {
    fn new() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    fn message(&mut self, text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 100);
        self.0.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
        out.truncate(out.len() - 4);
        out
    }
}

#[test]
fn a_key_is_hidden_in_place_however_it_is_cut_into_frames() {
    for side in [Side::Request, Side::Response] {
        for key in [OWN, FOREIGN] {
            let text = format!(r#"{{"type":"x","key":"{key}","more":"fine"}}"#);
            let shown = if key == OWN { 0 } else { 8 };
            let hidden = format!("{}{}", &key[..shown], "*".repeat(key.len() - shown));
            let masked = text.replace(key, &hidden);
            for cut in 0..text.len() {
                let (first, rest) = text.as_bytes().split_at(cut);
                let wire = [message(side, &[first, rest], 0), message(side, &[b"later"], 0)].concat();
                for size in [1, 5, wire.len()] {
                    let chunks: Vec<&[u8]> = wire.chunks(size).collect();
                    let mut redactor = redactor("");
                    let (states, file) = written(&mut redactor, side, &chunks);
                    assert!(states.iter().all(|state| !shows(state)), "{side:?} {cut} by {size}");
                    let found = String::from_utf8(payloads(&file)).unwrap();
                    assert_eq!(found, format!("{masked}later"), "{side:?} {cut} by {size}");
                    assert_eq!(redactor.hidden(side).count, 1);
                }
            }
        }
    }
}

#[test]
fn a_key_that_is_written_out_in_messages_is_hidden() {
    for side in [Side::Request, Side::Response] {
        let wire: Vec<u8> = FOREIGN
            .as_bytes()
            .chunks(3)
            .flat_map(|piece| {
                let piece = std::str::from_utf8(piece).unwrap();
                message(
                    side,
                    &[format!(r#"{{"type":"response.text.delta","delta":"{piece}"}}"#).as_bytes()],
                    0,
                )
            })
            .collect();
        let (_, file) = written(&mut redactor(""), side, &[&wire]);
        let spelled: String = serde_json::Deserializer::from_slice(&payloads(&file))
            .into_iter::<serde_json::Value>()
            .map(|delta| delta.unwrap()["delta"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(spelled, format!("sk-proj-{}", "*".repeat(FOREIGN.len() - 8)), "{side:?}");
    }
}

#[test]
fn compressed_messages_are_kept_up_to_a_key() {
    for side in [Side::Request, Side::Response] {
        for extension in ["permessage-deflate", "Permessage-Deflate; client_max_window_bits=15"] {
            let mut deflater = Deflater::new();
            let fine = deflater.message(&"nothing to hide ".repeat(20));
            let (start, rest) = fine.split_at(5);
            let first = message(side, &[start, rest], COMPRESSED);
            let plain = message(side, &[b"as it is"], 0);
            let again = message(side, &[&deflater.message("nothing to hide, nothing")], COMPRESSED);
            let leaky = message(side, &[&deflater.message(&format!("it is {FOREIGN}"))], COMPRESSED);
            let more = message(side, &[&deflater.message("more")], COMPRESSED);
            let chunks = [&first[..], &plain, &again, &leaky, &more];
            let mut redactor = redactor(extension);
            let (_, file) = written(&mut redactor, side, &chunks);
            assert!(file == [&first[..], &plain, &again].concat(), "{side:?} {extension}");
            assert_eq!(redactor.hidden(side).count, 1);
        }
    }
}

#[test]
fn what_cannot_be_read_is_not_kept() {
    let side = Side::Response;
    let fine = message(side, &[b"fine"], 0);
    let cases: [(&str, Vec<u8>); 5] = [
        ("x-unknown", fine.clone()),
        ("permessage-deflate", frame(side, TEXT | LAST | COMPRESSED, b"\x07 no block")),
        ("", frame(side, TEXT | LAST | COMPRESSED, b"not agreed on")),
        ("", frame(side, CONTINUED | LAST, b"of nothing")),
        ("", frame(side, 3 | LAST, b"no known kind")),
    ];
    for (extension, bytes) in cases {
        let before = if extension == "x-unknown" { Vec::new() } else { fine.clone() };
        let (_, file) = written(&mut redactor(extension), side, &[&before, &bytes, &fine]);
        assert_eq!(file, before, "{extension} {bytes:x?}");
    }
    // What begins with no frame is none: it is a text.
    let text = format!("early {FOREIGN} and late");
    let (_, file) = written(&mut redactor(""), side, &[text.as_bytes()]);
    assert_eq!(file, format!("early sk-proj-{} and late", "*".repeat(FOREIGN.len() - 8)).as_bytes());
}

proptest! {
    #[test]
    fn no_split_of_frames_shows_a_key(
        before in "[a-z {\":-]{0,200}", after in "[ \"][a-z0-9 }\"-]{0,40}",
        key in prop::sample::select(vec![OWN, FOREIGN]),
        fragments in prop::collection::vec(0_usize..300, 0..5),
        splits in prop::collection::vec(0_usize..400, 0..9),
        is_compressed in any::<bool>(),
        side in prop::sample::select(vec![Side::Request, Side::Response]),
    ) {
        let text = format!("{before} {key}{after}");
        let mut payload = text.clone().into_bytes();
        if is_compressed {
            payload = Deflater::new().message(&text);
        }
        let parts = cut(&payload, fragments);
        let wire = message(side, &parts, if is_compressed { COMPRESSED } else { 0 });
        let mut redactor = redactor("permessage-deflate");
        let (mut states, file) = written(&mut redactor, side, &cut(&wire, splits));
        states.push(file);
        for state in states {
            prop_assert!(!shows(&state), "{}", String::from_utf8_lossy(&state));
        }
    }

    #[test]
    fn any_bytes_are_taken(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8),
        side in prop::sample::select(vec![Side::Request, Side::Response]),
    ) {
        let mut redactor = redactor("permessage-deflate");
        for chunk in &chunks {
            let redacted = redactor.chunk(side, &Bytes::copy_from_slice(chunk));
            prop_assert!(redacted.kept.is_none_or(|kept| kept.len() == chunk.len()));
        }
        redactor.end(side);
    }
}

/// `bytes`, cut at these places.
fn cut(bytes: &[u8], places: Vec<usize>) -> Vec<&[u8]> {
    let mut cuts: Vec<usize> = places.into_iter().map(|cut| cut.min(bytes.len())).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}
