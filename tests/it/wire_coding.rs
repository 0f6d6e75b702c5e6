//! Content codings, undone as far as a body goes.

use std::fmt::Write as _;
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use gatetap::exchange::head::Headers;
use gatetap::wire::coding::{Coding, Decoder, Problem, decode, unknown};
use proptest::prelude::*;

use crate::wire_property::config;

/// Three events and `[DONE]`.
const STREAM: &str = "data: {\"a\":1}\n\ndata: {\"a\":1}\n\ndata: {\"a\":1}\n\ndata: [DONE]\n\n";
/// [`STREAM`], written by Node's zlib.
const BROTLI: &str =
    "1b3a00f82d0e78932f44f1723508cdfeae5abc0c13210b85dada2b1dba0689e9ea938a68d2540990d27961e208e102";
/// One event and `[DONE]`, written by Node's zlib with a flush between.
const BROTLI_FLUSHED: [&str; 2] =
    ["0b0780646174613a207b2261223a317d0a0a", "d100805f5261ab2b095144931260252a831f"];
/// [`STREAM`], written by the zstd command, with a checksum.
const ZSTD: &str = "28b52ffd0468ed0000b8646174613a207b2261223a317d0a0a5b444f4e455d0a0a0100859c75662cad00";

fn headers(values: &[&str]) -> Headers {
    values.iter().map(|value| ("Content-Encoding", Bytes::copy_from_slice(value.as_bytes()))).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A zstd frame of stored blocks, one for each of `parts`, with a window of 2 MiB.
fn zstd_blocks(parts: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut pieces = vec![vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]];
    for (at, part) in parts.iter().enumerate() {
        let last = u32::from(at + 1 == parts.len());
        let header = ((part.len() as u32) << 3 | last).to_le_bytes();
        pieces.push([&header[..3], part].concat());
    }
    pieces
}

fn pushed<'a>(name: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<Problem>) {
    let mut decoder = Decoder::for_headers(&headers(&[name]));
    let mut out = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut out);
    }
    decoder.finish(&mut out);
    (out, decoder.problem().cloned())
}

#[test]
fn every_coding_whole_and_byte_by_byte() {
    let text = STREAM.as_bytes();
    let two_members = [gzip(&text[..20]), gzip(&text[20..])].concat();
    let two_frames = [zstd(&text[..20]), zstd(&text[20..])].concat();
    let skippable = [&[0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &hex(ZSTD)].concat();
    for (name, coded) in [
        ("gzip", gzip(text)),
        ("X-GZip", gzip(text)),
        ("gzip", two_members),
        ("deflate", zlib(text)),
        ("deflate", raw_deflate(text)),
        ("br", hex(BROTLI)),
        ("zstd", hex(ZSTD)),
        ("zstd", zstd(text)),
        ("zstd", two_frames),
        ("zstd", skippable),
        ("identity", text.to_vec()),
    ] {
        let whole = decode(&headers(&[name]), &coded, usize::MAX);
        assert_eq!(String::from_utf8_lossy(&whole.bytes), STREAM, "{name}");
        assert_eq!(whole.problem, None, "{name}");
        let (parts, problem) = pushed(name, coded.chunks(1));
        assert_eq!(String::from_utf8_lossy(&parts), STREAM, "{name} byte by byte");
        assert_eq!(problem, None, "{name} byte by byte");
    }
}

#[test]
fn stacked_codings_are_undone_from_the_last() {
    let coded = zlib(&gzip(&zstd(STREAM.as_bytes())));
    for values in [&["zstd, gzip, deflate"][..], &["zstd,GZIP", "identity , deflate"]] {
        let whole = decode(&headers(values), &coded, usize::MAX);
        assert_eq!(String::from_utf8_lossy(&whole.bytes), STREAM, "{values:?}");
        assert_eq!(whole.problem, None, "{values:?}");
    }
}

#[test]
fn a_flushed_event_is_there_at_once() {
    let events: [&[u8]; 3] = [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut gzip = Vec::new();
    for event in events {
        encoder.write_all(event).unwrap();
        encoder.flush().unwrap();
        gzip.push(std::mem::take(encoder.get_mut()));
    }
    let brotli = BROTLI_FLUSHED.map(hex).to_vec();
    let zstd = zstd_blocks(&events);
    for (name, pieces, expected) in [
        ("gzip", gzip, events.to_vec()),
        ("br", brotli, vec![&b"data: {\"a\":1}\n\n"[..], b"data: [DONE]\n\n"]),
        ("zstd", zstd, [&[&b""[..]][..], &events].concat()),
    ] {
        let mut decoder = Decoder::for_headers(&headers(&[name]));
        for (piece, expected) in pieces.iter().zip(expected) {
            let mut out = Vec::new();
            decoder.push(piece, &mut out);
            assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{name}");
        }
        assert_eq!(decoder.problem(), None, "{name}");
    }
}

#[test]
fn a_large_zstd_stream_is_read_in_steps_and_whole_at_its_end() {
    let event = [b'x'; 1000];
    let parts: Vec<&[u8]> = vec![&event; 300];
    let pieces = zstd_blocks(&parts);
    let (out, problem) = pushed("zstd", pieces.iter().map(Vec::as_slice));
    assert_eq!((out.len(), problem), (300_000, None));
}

#[test]
fn a_cut_body_is_read_as_far_as_it_goes() {
    let text = numbers();
    for (name, coded) in
        [("gzip", gzip(text.as_bytes())), ("deflate", zlib(text.as_bytes())), ("zstd", zstd(text.as_bytes()))]
    {
        // zstd gives whole blocks only, of up to 128 KiB.
        let cut = coded.len() - 16;
        let part = decode(&headers(&[name]), &coded[..cut], usize::MAX);
        assert_eq!(part.problem, None, "{name}");
        assert!(part.bytes.len() > text.len() / 4, "{name}: {} of {}", part.bytes.len(), text.len());
        assert!(text.as_bytes().starts_with(&part.bytes), "{name}");
    }
    let brotli = hex(BROTLI);
    let part = decode(&headers(&["br"]), &brotli[..brotli.len() - 4], usize::MAX);
    assert!(part.bytes.len() > 5 && STREAM.as_bytes().starts_with(&part.bytes));
}

#[test]
fn the_cap_bounds_what_a_bomb_gives() {
    let bomb = vec![0_u8; 20_000_000];
    for (name, coded) in [("gzip", gzip(&bomb)), ("deflate", raw_deflate(&bomb)), ("zstd", zstd(&bomb))] {
        let part = decode(&headers(&[name]), &coded, 1_000_000);
        assert_eq!((part.bytes.len(), part.problem), (1_000_000, Some(Problem::Capped)), "{name}");
    }
    let twice = gzip(&gzip(&bomb));
    let part = decode(&headers(&["gzip, gzip"]), &twice, 1000);
    assert_eq!((part.bytes.len(), part.problem), (1000, Some(Problem::Capped)));
}

#[test]
fn a_name_that_is_no_known_coding_is_passed_over() {
    for (names, body) in [
        (&["none"][..], b"x".to_vec()),
        (&["utf-8"], b"x".to_vec()),
        (&["snappy", "identity"], b"x".to_vec()),
        (&["gzip, snappy"], gzip(b"x")),
        (&["none", "gzip"], gzip(b"x")),
    ] {
        let headers = headers(names);
        let decoded = decode(&headers, &body, 100);
        assert_eq!((decoded.bytes.as_slice(), decoded.problem), (&b"x"[..], None), "{names:?}");
        assert_eq!(Decoder::for_headers(&headers).is_coded(), body != b"x", "{names:?}");
        assert_eq!(unknown(&headers).len(), 1, "{names:?}");
    }
    assert!(unknown(&headers(&["identity", "gzip, br", ""])).is_empty());
    assert!(Coding::is_in(b"none, GZip") && !Coding::is_in(b"none, identity"));
}

#[test]
fn what_has_been_read_is_told_where_bytes_are_held_back() {
    // A block of zstd gives nothing before it is whole.
    let pieces = zstd_blocks(&[b"first ", b"second"]);
    let [head, first, second] = &pieces[..] else { panic!("{pieces:?}") };
    let before = (head.len() + first.len()) as u64;
    let mut decoder = Decoder::for_headers(&headers(&["zstd"]));
    for (piece, read) in [
        (&head[..], head.len() as u64),
        (&first[..], before),
        (&second[..1], before),
        (&second[1..4], before),
        (&second[4..], before + second.len() as u64),
    ] {
        decoder.push(piece, &mut Vec::new());
        assert_eq!(decoder.read(), read);
    }
    let mut checksum = gzip(STREAM.as_bytes());
    let last = checksum.len() - 6;
    checksum[last] ^= 1;
    for (body, read) in [(&checksum[..], checksum.len()), (b"plain", 0)] {
        let mut decoder = Decoder::for_headers(&headers(&["gzip"]));
        decoder.push(body, &mut Vec::new());
        assert!(matches!(decoder.problem(), Some(Problem::Corrupt { .. })));
        assert_eq!(decoder.read(), read as u64);
    }
}

#[test]
fn what_cannot_be_undone_is_told() {
    for (name, coding) in
        [("gzip", Coding::Gzip), ("deflate", Coding::Deflate), ("br", Coding::Brotli), ("zstd", Coding::Zstd)]
    {
        let body = b"{\"error\":\"this is no coded body at all\"}";
        let decoded = decode(&headers(&[name]), body, 100_000);
        assert!(
            matches!(decoded.problem, Some(Problem::Corrupt { coding: found, .. }) if found == coding),
            "{name}: {:?}",
            decoded.problem
        );
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(STREAM.as_bytes()).unwrap();
    encoder.flush().unwrap();
    // RFC 1951 §3.2.3: there is no third type of block.
    let reserved = [&encoder.get_ref()[..], &[7; 20]].concat();
    let mut checksum = gzip(STREAM.as_bytes());
    let last = checksum.len() - 6;
    checksum[last] ^= 1;
    for broken in [reserved, checksum] {
        for step in [1, 7, broken.len()] {
            let (decoded, problem) = pushed("gzip", broken.chunks(step));
            assert!(matches!(problem, Some(Problem::Corrupt { .. })), "{problem:?}");
            let text = String::from_utf8_lossy(&decoded);
            assert_eq!(text, STREAM, "what stood before is given");
        }
    }
}

#[test]
fn gzip_headers_with_everything_and_what_follows_a_member() {
    let mut plain = gzip(STREAM.as_bytes());
    let deflated = plain.split_off(10);
    let full = [
        &[0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 3][..],
        b"\x03\x00ext",
        b"name\0",
        b"comment\0",
        b"hc",
        &deflated,
    ]
    .concat();
    let garbage = [&full[..], b"padding"].concat();
    for coded in [full, garbage] {
        for step in [1, 3, coded.len()] {
            let (decoded, problem) = pushed("gzip", coded.chunks(step));
            assert_eq!(String::from_utf8_lossy(&decoded), STREAM);
            assert_eq!(problem, None);
        }
    }
}

/// Text that does not shrink to nothing.
fn numbers() -> String {
    let mut text = String::new();
    for at in 0..20_000_u32 {
        write!(text, "{:x}", at.wrapping_mul(2_654_435_761)).unwrap();
    }
    text
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_in_any_coding(
        name in prop::sample::select(vec!["gzip", "deflate", "br", "zstd", "gzip, zstd"]),
        start in prop::sample::select(vec![&b""[..], b"\x1f\x8b\x08\x00", b"\x78\x9c", b"\x28\xb5\x2f\xfd\x00\x58"]),
        rest in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let body = [start, &rest].concat();
        prop_assert!(decode(&headers(&[name]), &body, 1 << 16).bytes.len() <= 1 << 16);
    }

    #[test]
    fn pieces_do_not_matter(text in prop::collection::vec(any::<u8>(), 0..3000), step in 1_usize..200) {
        for (name, coded) in [("gzip", gzip(&text)), ("deflate", zlib(&text)), ("zstd", zstd(&text))] {
            let (out, problem) = pushed(name, coded.chunks(step));
            prop_assert_eq!(&out, &text);
            prop_assert_eq!(problem, None);
        }
    }
}
