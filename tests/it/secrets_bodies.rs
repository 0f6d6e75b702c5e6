//! The copy of a body that is written: nothing secret survives any split, nothing else changes.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use gatetap::exchange::body::{Hidden, Side};
use gatetap::exchange::head::Headers;
use gatetap::record::redact::Redactor;
use proptest::prelude::*;

pub(crate) const OWN: &str = "Plain/own+secret=fake0001";

pub(crate) fn headers(lines: &[(&str, &str)]) -> Headers {
    let line = |(name, value): &(&str, &str)| ((*name).to_owned(), Bytes::from((*value).to_owned()));
    lines.iter().map(line).collect()
}

fn redactor(content_type: &str) -> Redactor {
    let mut redactor =
        Redactor::of_head(&headers(&[("authorization", &format!("Bearer {OWN}"))]), "/v1/x", false);
    redactor.answered(&headers(&[("content-type", content_type)]));
    redactor
}

/// What is in the file after each chunk, and at the end.
pub(crate) fn written(redactor: &mut Redactor, side: Side, chunks: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut file = Vec::new();
    let mut states = Vec::new();
    let correct = |file: &mut Vec<u8>, corrections: Vec<gatetap::record::redact::Correction>| {
        for correction in corrections {
            let at = usize::try_from(correction.at).unwrap();
            file[at..at + correction.bytes.len()].copy_from_slice(&correction.bytes);
        }
    };
    for chunk in chunks {
        let redacted = redactor.chunk(side, &Bytes::copy_from_slice(chunk));
        correct(&mut file, redacted.corrections);
        let kept = redacted.kept.unwrap_or_default();
        assert!(kept.is_empty() || kept.len() == chunk.len());
        file.extend_from_slice(&kept);
        states.push(file.clone());
    }
    let corrections = redactor.end(side);
    correct(&mut file, corrections);
    (states, file)
}

fn whole(text: &str, side: Side, content_type: &str) -> String {
    let (_, file) = written(&mut redactor(content_type), side, &[text.as_bytes()]);
    String::from_utf8(file).unwrap()
}

#[test]
fn keys_are_hidden_behind_their_prefix() {
    let stars = |count: usize| "*".repeat(count);
    let table = [
        ("key: sk-proj-fake0000fake0000.", format!("key: sk-proj-{}.", stars(16))),
        (r#"{"k":"sk-ant-api03-fake0000"}"#, format!(r#"{{"k":"sk-ant-{}"}}"#, stars(14))),
        (r"line\nsk-or-v1-fake0000fake0000", format!(r"line\nsk-or-v1-{}", stars(16))),
        ("gsk_fake0000fake0000fake0000", format!("gsk_{}", stars(24))),
        ("xai-fake0000fake0000fake0000", format!("xai-{}", stars(24))),
        ("hf_fake0000fake0000fake0000", format!("hf_{}", stars(24))),
        ("AIzafake0000fake0000fake0000", format!("AIza{}", stars(24))),
        ("AKIAFAKE0000FAKE0000", format!("AKIA{}", stars(16))),
        ("(sk-fake0000fake0000)", format!("(sk-{})", stars(16))),
        (r"sk\u002dproj\u002dfake0000fake", format!(r"sk\u002dproj\u002d{}", stars(12))),
        ("k=sk%2Dproj%2Dfake0000fake&x", format!("k=sk%2Dproj%2D{}&x", stars(12))),
        (r"\u0073k-proj-fake\u0030000", format!(r"\u0073k-proj-{}", stars(13))),
        ("eyJhbGciOiJub25lIn0.eyJmYWtlIjowfQ.fakefakefakefake0000", format!("eyJhbGciOi{}", stars(45))),
        (OWN, stars(OWN.len())),
        ("xPlain/own+secret=fake0001x", format!("x{}x", stars(OWN.len()))),
        (r"Plain\/own+secret=fake0001", stars(OWN.len() + 1)),
        ("Plain%2Fown%2bsecret%3Dfake0001", stars(OWN.len() + 6)),
        (r"\u0050lain/own+secret\u003dfake0001", stars(OWN.len() + 10)),
        (r"\\u0050lain\\/own+secret=fake0001", stars(OWN.len() + 8)),
        (r"\u005cu0050lain/own+secret=fake0001", stars(OWN.len() + 10)),
        (r"k: \\u0073k-proj-fake0000fake", format!(r"k: \\u0073k-proj-{}", stars(12))),
        (r"C:\\users\\new\\under", r"C:\\users\\new\\under".to_owned()),
    ];
    for side in [Side::Request, Side::Response] {
        for content_type in ["application/json", "text/plain", "text/event-stream"] {
            for (text, masked) in &table {
                assert_eq!(whole(text, side, content_type), *masked, "{side:?} {content_type}");
            }
        }
    }
}

#[test]
fn every_shape_of_the_table_is_found_in_the_middle_of_a_body() {
    let filling = "a well-known text_of words, ".repeat(20);
    for shape in gatetap::gateway::keys::table().shapes_in_text() {
        let key = "Fake0000".repeat(9);
        let text = format!("{filling}{}{key} {filling}", shape.prefix);
        let masked = whole(&text, Side::Request, "application/json");
        assert_eq!(masked.len(), text.len());
        assert!(!masked.contains("Fake0000"), "{}", shape.prefix);
        // What is known by a shorter prefix may be hidden from there on.
        assert!(masked.matches('*').count() >= key.len(), "{}", shape.prefix);
    }
}

#[test]
fn a_secret_is_found_however_its_first_characters_are_spelled() {
    let filling = "a well-known text_of words, ".repeat(80);
    for secret in ["a/b+c=d/fake-0001", "/+/+/+/+/+/+1", "%41%42%43%44fake1"] {
        let head = headers(&[("authorization", &format!("Bearer {secret}"))]);
        let spellings = [
            secret.to_owned(),
            secret.replace('/', "\\/"),
            secret.replace('/', "%2F").replace('+', "\\u002b"),
        ];
        for spelling in spellings {
            for before in ["", &filling] {
                let text = format!("{before}{spelling} {before}");
                let mut redactor = Redactor::of_head(&head, "/", false);
                let (_, file) = written(&mut redactor, Side::Request, &[text.as_bytes()]);
                let masked = format!("{before}{} {before}", "*".repeat(spelling.len()));
                assert!(file == masked.as_bytes(), "{spelling} after {}", before.len());
            }
        }
    }
}

/// A text in Base64 that holds the request's own secret, and the same with its digits hidden.
fn in_base64(before: &str, after: &str, engine: &GeneralPurpose) -> (String, String) {
    let plain = engine.encode(format!("{before}{OWN}{after}"));
    let (first, end) = ((before.len() * 8).div_ceil(6), (before.len() + OWN.len()) * 8 / 6);
    let masked = [&plain[..first], &"*".repeat(end - first), &plain[end..]].concat();
    (plain, masked)
}

#[test]
fn the_requests_own_secret_is_hidden_in_base64_wherever_it_begins() {
    for engine in [STANDARD, URL_SAFE_NO_PAD] {
        for before in ["", "?", "me:", "{\"a\":", "a longer text before it"] {
            for after in ["", "~", "\"}", " and a longer text after it"] {
                let (plain, masked) = in_base64(before, after, &engine);
                let body =
                    |text: &str| format!(r#"{{"url":"data:text/plain;base64,{text}","detail":"low"}}"#);
                for (spelled, hidden) in
                    [(plain.clone(), masked.clone()), (plain.replace('/', "\\/"), masked.replace('/', "\\/"))]
                {
                    let spelled_out = body(&spelled);
                    for split in [0, 30, 40, 55, spelled_out.len()] {
                        let (start, rest) = spelled_out.as_bytes().split_at(split.min(spelled_out.len()));
                        let mut redactor = redactor("application/json");
                        let (states, file) = written(&mut redactor, Side::Request, &[start, rest]);
                        // An escaped digit is hidden with its backslash.
                        let file = String::from_utf8(file).unwrap();
                        assert_eq!(file.len(), spelled_out.len());
                        if spelled == plain {
                            assert_eq!(file, body(&hidden), "{before} {after} {split}");
                        }
                        let secret = &plain[masked.find('*').unwrap()..masked.rfind('*').unwrap()];
                        assert!(states.iter().all(|state| !leaks(state, secret)), "{before} {after} {split}");
                        assert!(!leaks(file.as_bytes(), secret), "{before} {after} {split}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_requests_own_secret_is_hidden_in_base64_whatever_lines_it_is_broken_into() {
    for width in [40, 64, 76] {
        for line_end in ["\n", "\r\n", "\\n", "\\r\\n", "\\\\n"] {
            for (before, after) in (0..width).map(|before| (before, 200)).chain([(3000, 3000), (3011, 3000)])
            {
                let (before, after) = ("x".repeat(before), "y".repeat(after));
                let (plain, masked) = in_base64(&before, &after, &STANDARD);
                let secret = &plain[masked.find('*').unwrap()..masked.rfind('*').unwrap()];
                let broken: Vec<&str> =
                    plain.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
                let text = format!(r#"{{"url":"data:text/plain;base64,{}"}}"#, broken.join(line_end));
                for split in [text.len() / 2, before.len() + 60, text.len()] {
                    let (start, rest) = text.as_bytes().split_at(split.min(text.len()));
                    let mut redactor = redactor("application/json");
                    let (mut states, file) = written(&mut redactor, Side::Request, &[start, rest]);
                    states.push(file);
                    for state in states {
                        let said = String::from_utf8(state).unwrap().replace(line_end, "");
                        assert!(!leaks(said.as_bytes(), secret), "{width} {line_end:?} {split}: {said}");
                        assert!(said.matches('*').count() < secret.len() + 24, "{said}");
                    }
                }
            }
        }
    }
}

#[test]
fn ordinary_text_stays_as_it_is() {
    let base64 = "iVBORw0KGgoAAAANSUhEUgAAAAUA+AKIA/skAAAAFCAYAAACNbyblAAAAHElEQVQI12P4/8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";
    let table = [
        "A key begins with sk- and goes on; set `sk-...` or sk-<your key>.",
        "task-force-0000000000000000, risk-assessment-0123456789abcdef, disk-0000000000000001",
        "sk-learn, sk-SK, sk-estimator-checks, sk-toy-problem",
        "hf_hub_download_with_progress_bar(repo_id='x')  fw_update_firmware_version",
        "xai-grok-4-fast-reasoning-latest gsk_pharmaceuticals_annual_report",
        "pplx-7b-online-and-some-more-words csk-something-or-other-entirely",
        "550e8400-e29b-41d4-a716-446655440000 chatcmpl-0123456789abcdefghijklmn req_0123456789abcdef",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        base64,
        "data:image/png;base64,AKIAfakefake",
        "base64url: AAAA_sk-AAAFCAYAAACNbyblAAAAHElEQVQI12P4-hf_AAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
        "100% of %s, %2F and %5B are fine; \\u00e9 and \\u0041lpha too",
        "C:\\sk-dir\\fw_x  a_b-c_d-e_f  --- ___ -_-",
        "Plain/own+secret, Plain/own, Plai",
        "",
    ];
    for text in table {
        for content_type in ["application/json", "text/plain", "text/event-stream"] {
            assert_eq!(whole(text, Side::Response, content_type), text);
            for width in [1, 2, 3, 7] {
                let chunks: Vec<&[u8]> = text.as_bytes().chunks(width).collect();
                let (_, file) = written(&mut redactor(content_type), Side::Response, &chunks);
                assert_eq!(String::from_utf8(file).unwrap(), text, "by {width}");
            }
        }
    }
}

/// A stream that writes `pieces` out, one an event, in the member that `frame` leaves open.
fn stream(frame: [&str; 2], pieces: &[&str]) -> String {
    let [before, after] = frame;
    pieces.iter().map(|piece| ["data: ", before, piece, after, "\n\n"].concat()).collect()
}

const FRAMES: [[&str; 2]; 6] = [
    [r#"{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":""#, r#""}}]}"#],
    [r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":""#, r#""}}]}}]}"#],
    [r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""#, r#""}}"#],
    [
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""#,
        r#""}}"#,
    ],
    [r#"{"type":"response.output_text.delta","output_index":0,"content_index":1,"delta":""#, r#""}"#],
    [r#"{"choices":[{"delta":{"reasoning_content": ""#, r#""},"finish_reason":null}]}"#],
];

#[test]
fn a_key_that_is_written_out_in_pieces_is_hidden() {
    for frame in FRAMES {
        for key in ["sk-proj-fake0000fake0001", OWN] {
            let text = format!("it is {key} so");
            let pieces: Vec<String> = text.chars().map(String::from).collect();
            for size in [1, 2, 5, 11] {
                let pieces: Vec<String> = pieces.chunks(size).map(<[String]>::concat).collect();
                let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
                let plain = stream(frame, &pieces);
                let masked = whole(&plain, Side::Response, "text/event-stream");
                assert_eq!(masked.len(), plain.len());
                let join = |stream: &str| {
                    let events = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
                    events
                        .map(|event| event.strip_prefix(frame[0]).unwrap().strip_suffix(frame[1]).unwrap())
                        .collect::<String>()
                };
                let hidden =
                    if key == OWN { "*".repeat(OWN.len()) } else { format!("sk-proj-{}", "*".repeat(16)) };
                assert_eq!(join(&masked), format!("it is {hidden} so"), "{size} {frame:?}");
            }
        }
    }
}

#[test]
fn an_escape_of_json_in_json_that_is_cut_into_pieces_is_undone() {
    for (text, secret) in [
        (r#"{"k":"\u0073k-proj-fake0000fake0001"}"#, "fake0000fake0001"),
        (r#"{"k":"Plain\u002fown+secret\u003dfake0001"}"#, "Plain"),
        (r#"{"k":"Plain\/own%2Bsecret=fake0001"}"#, "Plain"),
    ] {
        for size in 1..text.len() {
            let pieces: Vec<String> = text
                .as_bytes()
                .chunks(size)
                .map(|piece| serde_json::to_string(std::str::from_utf8(piece).unwrap()).unwrap())
                .collect();
            let pieces: Vec<&str> = pieces.iter().map(|piece| &piece[1..piece.len() - 1]).collect();
            let plain = stream(FRAMES[1], &pieces);
            let masked = whole(&plain, Side::Response, "text/event-stream");
            assert_eq!(masked.len(), plain.len());
            let said: String = masked
                .split("\n\n")
                .filter_map(|event| {
                    event.strip_prefix("data: ")?.strip_prefix(FRAMES[1][0])?.strip_suffix(FRAMES[1][1])
                })
                .collect();
            assert!(!leaks(said.as_bytes(), OWN) && !said.contains("fake"), "{size}: {said}");
            assert!(!said.contains(secret) && said.contains("***"), "{size}: {said}");
        }
    }
}

#[test]
fn texts_that_alternate_are_told_apart() {
    let event = |index: usize, piece: &str| {
        format!(r#"data: {{"choices":[{{"index":{index},"delta":{{"content":"{piece}"}}}}]}}"#) + "\n\n"
    };
    let plain = [
        event(0, "sk-pr"),
        event(1, "nothing"),
        event(0, "oj-fake"),
        event(1, " to see"),
        event(0, "0000fake"),
    ]
    .concat();
    let masked = whole(&plain, Side::Response, "text/event-stream");
    let expected = [
        event(0, "sk-pr"),
        event(1, "nothing"),
        event(0, "oj-****"),
        event(1, " to see"),
        event(0, "********"),
    ]
    .concat();
    assert_eq!(masked, expected);
}

#[test]
fn a_coded_body_is_kept_up_to_its_secret() {
    let coded = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        encoder
    };
    for (text, is_kept) in [("nothing at all", true), ("sk-proj-fake0000fake", false), (OWN, false)] {
        let mut redactor = redactor("application/json");
        redactor.answered(&headers(&[("content-encoding", "gzip"), ("content-type", "application/json")]));
        let mut encoder = coded("first, ");
        let first = Bytes::from(encoder.get_ref().clone());
        encoder.write_all(text.as_bytes()).unwrap();
        let second = Bytes::from(encoder.finish().unwrap().split_off(first.len()));
        assert_eq!(redactor.chunk(Side::Response, &first).kept, Some(first));
        assert_eq!(redactor.chunk(Side::Response, &second).kept.is_some(), is_kept, "{text}");
    }
}

#[test]
fn what_was_hidden_is_counted_however_it_is_cut() {
    let text = format!("a sk-proj-fake0000fake0000, {OWN} and sk-learn-models; sk-proj-fake0001fake0001");
    let first = text.find("fake0000").map(|at| at as u64);
    for side in [Side::Request, Side::Response] {
        for split in 0..=text.len() {
            let (start, rest) = text.as_bytes().split_at(split);
            let mut redactor = redactor("text/plain");
            written(&mut redactor, side, &[start, rest]);
            assert_eq!(redactor.hidden(side), Hidden { count: 3, own: 1, first }, "{side:?} at {split}");
        }
    }
}

#[test]
fn what_a_stream_hides_is_counted_across_its_events() {
    let piece = |text: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let stream = piece("use sk-proj-") + &piece("fake0000") + &piece("fake0000 now");
    let mut redactor = redactor("text/event-stream");
    written(&mut redactor, Side::Response, &[stream.as_bytes()]);
    let hidden = redactor.hidden(Side::Response);
    assert_eq!((hidden.count, hidden.own), (1, 0));
    assert_eq!(hidden.first, stream.find("fake0000").map(|at| at as u64));
    assert_eq!(redactor.hidden(Side::Request), Hidden::default());
}

#[test]
fn a_placeholder_and_a_short_key_are_not_sought() {
    for key in ["YOUR_API_KEY", "undefined", "test", "ollama"] {
        let head = headers(&[("authorization", &format!("Bearer {key}"))]);
        let mut redactor = Redactor::of_head(&head, "/v1/x", false);
        let text = format!("use {key} here");
        let (_, file) = written(&mut redactor, Side::Request, &[text.as_bytes()]);
        assert_eq!(String::from_utf8(file).unwrap(), text);
    }
}

#[test]
fn every_credential_of_the_request_is_sought() {
    let secret = "carried-secret-fake-0001";
    let password = "ZmFrZTpjYXJyaWVkLXNlY3JldC1mYWtlLTAwMDE=";
    let table = [
        ("authorization", format!("Bearer \"{secret}\" "), "/"),
        ("AUTHORIZATION", secret.to_owned(), "/"),
        ("X_Api_Key", format!("\t{secret}"), "/"),
        ("proxy-authorization", format!("Basic {password}"), "/"),
        ("cookie", format!("a=b; session={secret}"), "/"),
        ("sec-websocket-protocol", format!("realtime, openai-insecure-api-key.{secret}"), "/"),
        ("x-amz-security-token", secret.to_owned(), "/"),
        ("accept", "*/*".to_owned(), "/v1/models?key=carried%2Dsecret-fake-0001"),
        ("accept", "*/*".to_owned(), "http://me:carried-secret-fake-0001@h/v1"),
    ];
    for (name, value, target) in table {
        let mut redactor = Redactor::of_head(&headers(&[(name, &value)]), target, false);
        let text = format!("you sent {secret}!");
        let (_, file) = written(&mut redactor, Side::Response, &[text.as_bytes()]);
        let masked = format!("you sent {}!", "*".repeat(secret.len()));
        assert_eq!(String::from_utf8(file).unwrap(), masked, "{name}: {value} {target}");
    }
}

#[test]
fn the_structure_stays_where_texts_may_not() {
    let table = [
        (
            r#"{"model":"gpt-x","messages":[{"role":"user","content":"Hi \"you\" é"}],"stream":true,"n":1,"temperature":0.5}"#,
            r#"{"model":"gpt-x","messages":[{"role":"user","content":"*************"}],"stream":true,"n":1,"temperature":0.5}"#,
        ),
        (
            r#"{"input":[101,2043],"tools":[{"type":"function","function":{"name":"find","parameters":{"type":"object","n":7}}}]}"#,
            r#"{"input":[111,1111],"tools":[{"type":"function","function":{"name":"****","parameters":{"****":"******","*":1}}}]}"#,
        ),
        (
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"usage\":{\"input_tokens\":25}}}\n\n: thinking hard\ndata: [DONE]\n\n",
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"usage\":{\"input_tokens\":25}}}\n\n: ******** ****\ndata: [DONE]\n\n",
        ),
        ("plain words\nand more", "***** *****\n*** ****"),
        (r#"{"type":"a sentence, not a kind"}"#, r#"{"type":"a*********************"}"#),
    ];
    for (plain, redacted) in table {
        for width in [1, 3, usize::MAX] {
            let mut redactor = Redactor::of_head(&Headers::default(), "/", true);
            let chunks: Vec<&[u8]> = plain.as_bytes().chunks(width.min(plain.len())).collect();
            let (_, file) = written(&mut redactor, Side::Request, &chunks);
            assert_eq!(String::from_utf8(file).unwrap(), redacted, "by {width}");
        }
    }
}

/// What no state of a file may hold: eight characters of the secret part.
pub(crate) fn leaks(state: &[u8], secret: &str) -> bool {
    let state = String::from_utf8_lossy(state);
    secret.as_bytes().windows(8).any(|part| state.contains(std::str::from_utf8(part).unwrap()))
}

proptest! {
    #[test]
    fn no_split_shows_anything(
        before in "[a-z .%\\\\\"-]{0,40}", after in "[ .\"\\n][a-z0-9 .%\\\\\"/_-]{0,40}",
        key in prop::sample::select(vec!["sk-proj-Fake0Zq1Xw2Ve3Cr4", "gsk_Fake0Zq1Xw2Ve3Cr4Tb5Yn6Um7", OWN]),
        splits in prop::collection::vec(0_usize..140, 0..9),
        content_type in prop::sample::select(vec!["application/json", "text/event-stream"]),
    ) {
        let text = format!("{before} {key}{after}");
        let expected = whole(&text, Side::Response, content_type);
        let mut cuts: Vec<usize> = splits.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        let (states, file) = written(&mut redactor(content_type), Side::Response, &chunks);
        let secret = if key == OWN { OWN } else { &key[key.len() - 17..] };
        for state in states {
            prop_assert!(!leaks(&state, secret), "{}", String::from_utf8_lossy(&state));
        }
        prop_assert_eq!(String::from_utf8_lossy(&file), expected);
    }

    #[test]
    fn any_bytes_keep_their_length(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8),
        telling in prop::collection::vec("(data: ?|\\{\"content\":\"|sk-|sk-proj-|\\\\u00|%|\"|\\}|\\n|:|,|\\[|[a-z0-9]{1,9}){0,20}", 0..8),
        redacts in any::<bool>(),
    ) {
        for chunks in [chunks, telling.into_iter().map(String::into_bytes).collect()] {
            let mut redactor = Redactor::of_head(&headers(&[("x-api-key", OWN)]), "/", redacts);
            redactor.answered(&headers(&[("content-type", "text/event-stream")]));
            let pieces: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let (_, file) = written(&mut redactor, Side::Response, &pieces);
            prop_assert_eq!(file.len(), chunks.concat().len());
        }
    }
}
