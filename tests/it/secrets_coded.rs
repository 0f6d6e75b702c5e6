//! What is written of a body that says it is coded: no key, whatever the body is and however it comes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use gatetap::exchange::body::Side;
use gatetap::record::redact::Redactor;
use gatetap::wire::coding::{DEFAULT_CAP, decode};
use proptest::prelude::*;

use crate::secrets_bodies::{OWN, headers, leaks, written};

const FOREIGN: &str = "sk-proj-Fake0Zq1Xw2Ve3Cr4Tb5Yn6";

const LABELS: [&str; 9] =
    ["none", "utf-8", "compress", "gzip", "deflate", "br", "zstd", "gzip, br", "none, gzip"];

const FORMS: [&str; 6] = ["text", "gzip", "stored gzip", "zlib", "deflate", "zstd"];

fn redactor(side: Side, label: &str) -> Redactor {
    let own = format!("Bearer {OWN}");
    let coding = ("content-encoding", label);
    if side == Side::Request {
        return Redactor::of_head(&headers(&[("authorization", &own), coding]), "/v1/x", false);
    }
    let mut redactor = Redactor::of_head(&headers(&[("authorization", &own)]), "/v1/x", false);
    redactor.answered(&headers(&[("content-type", "application/json"), coding]));
    redactor
}

fn in_form(form: &str, text: &str) -> Vec<u8> {
    let text = text.as_bytes();
    match form {
        "gzip" | "stored gzip" => {
            let level = if form == "gzip" { Compression::default() } else { Compression::none() };
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        "zlib" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest),
        _ => text.to_vec(),
    }
}

/// Whether the key can be read in what is written, as it is or after undoing what `label` says.
fn shows(state: &[u8], label: &str) -> bool {
    let label = headers(&[("content-encoding", label)]);
    let decoded = decode(&label, state, DEFAULT_CAP).bytes;
    [state, &decoded].iter().any(|text| leaks(text, OWN) || leaks(text, &FOREIGN[8..]))
}

#[test]
fn a_text_that_is_called_coded_is_kept_without_its_keys() {
    let stars = |key: &str, shown: usize| format!("{}{}", &key[..shown], "*".repeat(key.len() - shown));
    let text = format!(r#"{{"model":"x","prompt":"{OWN} and {FOREIGN} in it"}}"#);
    let masked = text.replace(OWN, &stars(OWN, 0)).replace(FOREIGN, &stars(FOREIGN, 8));
    for side in [Side::Request, Side::Response] {
        for label in LABELS {
            for size in [1, 7, text.len()] {
                let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                let mut redactor = redactor(side, label);
                let (states, file) = written(&mut redactor, side, &chunks);
                for state in states {
                    assert!(!shows(&state, label), "{label} by {size}: {}", String::from_utf8_lossy(&state));
                }
                assert_eq!(String::from_utf8_lossy(&file), masked, "{label} by {size}");
                assert_eq!(redactor.hidden(side).count, 2, "{label} by {size}");
            }
        }
    }
}

#[test]
fn what_is_coded_and_clean_is_kept_as_it_came() {
    let text = "nothing to hide; ".repeat(9000);
    for (form, label) in [("gzip", "gzip"), ("zlib", "deflate"), ("deflate", "deflate"), ("zstd", "zstd")] {
        let body = in_form(form, &text);
        for size in [1, 1000, body.len()] {
            let chunks: Vec<&[u8]> = body.chunks(size).collect();
            let (_, file) = written(&mut redactor(Side::Response, label), Side::Response, &chunks);
            assert!(file == body, "{form} by {size}");
        }
    }
    // All of it was read before its checksum turned out to be wrong.
    let mut broken = in_form("gzip", &text);
    let last = broken.len() - 6;
    broken[last] ^= 1;
    let (_, file) = written(&mut redactor(Side::Response, "gzip"), Side::Response, &[&broken]);
    assert!(file == broken);
}

#[test]
fn nothing_is_kept_from_where_decoding_stops() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"fine so far").unwrap();
    encoder.flush().unwrap();
    let first = encoder.get_ref().clone();
    // RFC 1951 §3.2.3: there is no third type of block.
    let corrupt = [&[7; 20], in_form("gzip", OWN).as_slice()].concat();
    let mut redactor = redactor(Side::Response, "gzip");
    let (_, file) = written(&mut redactor, Side::Response, &[&first, &corrupt, OWN.as_bytes()]);
    assert_eq!(file, first);

    // Past the cap, what it holds is not looked at.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![b'0'; 1 << 20];
    (0..64).for_each(|_| encoder.write_all(&zeros).unwrap());
    encoder.flush().unwrap();
    let first = encoder.get_ref().clone();
    encoder.write_all(OWN.as_bytes()).unwrap();
    let second = encoder.finish().unwrap().split_off(first.len());
    let mut redactor = self::redactor(Side::Response, "gzip");
    let (_, file) = written(&mut redactor, Side::Response, &[&first, &second]);
    assert_eq!(file.len(), first.len());
}

#[test]
fn what_is_not_decoded_yet_stands_hidden() {
    // A block of zstd tells nothing before it is whole.
    let body = in_form("zstd", &format!("nothing to hide {}", "x".repeat(500)));
    let (start, rest) = body.split_at(body.len() / 2);
    let (states, file) = written(&mut redactor(Side::Request, "zstd"), Side::Request, &[start, rest]);
    assert_eq!(states[0].len(), start.len());
    assert!(states[0].ends_with(b"****") && !states[0].starts_with(b"*"), "{:?}", states[0]);
    assert!(file == body);
}

proptest! {
    #[test]
    fn no_label_and_no_split_shows_a_key(
        before in "[a-z {\":\\n-]{0,60}", after in "[ \"\\n][a-z0-9 }\"-]{0,60}",
        key in prop::sample::select(vec![OWN, FOREIGN]),
        form in prop::sample::select(&FORMS), label in prop::sample::select(&LABELS),
        lead in prop::collection::vec(any::<u8>(), 0..4),
        damage in prop::option::of((any::<bool>(), any::<u8>())),
        splits in prop::collection::vec(0_usize..300, 0..9),
        side in prop::sample::select(vec![Side::Request, Side::Response]),
    ) {
        let mut body = in_form(form, &format!(" {before} {key}{after}"));
        // Damage to the key itself would make it another.
        if let Some((first, byte)) = damage {
            let at = if first { 0 } else { body.len() - 1 };
            body[at] = byte;
        }
        let body = [lead, body].concat();
        let mut cuts: Vec<usize> = splits.into_iter().map(|cut| cut.min(body.len())).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
        let (mut states, file) = written(&mut redactor(side, label), side, &chunks);
        states.push(file);
        for state in states {
            prop_assert!(!shows(&state, label), "{}", String::from_utf8_lossy(&state));
        }
    }
}
