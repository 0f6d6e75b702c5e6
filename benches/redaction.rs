//! How fast bodies are looked through for secrets, by what is in them and how they come.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gatetap::exchange::body::Side;
use gatetap::exchange::head::Headers;
use gatetap::record::redact::Redactor;
use std::hint::black_box;

/// A body and the reads it comes in.
struct Case {
    name: &'static str,
    side: Side,
    content_type: &'static str,
    chunks: Vec<Bytes>,
}

fn headers(name: &str, value: &str) -> Headers {
    Headers::from_iter([(name.to_owned(), Bytes::from(value.to_owned()))])
}

/// Looks through a body of an exchange whose request carries a key or none, and counts what is kept.
fn redact(case: &Case, has_key: bool) -> usize {
    let key = "Bearer sk-proj-fake0000Fake0000fake0000Fake0000fake0000";
    let head = if has_key { headers("authorization", key) } else { Headers::default() };
    let mut redactor = Redactor::of_head(&head, "/v1/chat/completions", false);
    if case.side == Side::Response {
        redactor.answered(&headers("content-type", case.content_type));
    }
    let kept =
        case.chunks.iter().map(|chunk| redactor.chunk(case.side, chunk).kept.map_or(0, |kept| kept.len()));
    let kept = kept.sum();
    black_box(redactor.end(case.side));
    kept
}

fn cut(text: &[u8], size: usize) -> Vec<Bytes> {
    text.chunks(size).map(Bytes::copy_from_slice).collect()
}

fn cases() -> Vec<Case> {
    let mut draw = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = std::iter::repeat_with(|| draw.u8(..)).take(4 << 20).collect();
    let digits: String = std::iter::repeat_with(|| draw.alphanumeric()).take(4 << 20).collect();
    let image = format!(
        r#"{{"messages":[{{"content":[{{"image_url":{{"url":"data:image/png;base64,{digits}"}}}}]}}]}}"#
    );
    let prose =
        r#"A well-known text, with a line end\nand \"quotes\", as prompts have it; 100% of it. "#.repeat(250);
    let prompt = format!(r#"{{"messages":[{{"role":"user","content":"{prose}"}}]}}"#);
    let nested = format!(r#"{{"arguments":"{}"}}"#, prose.replace('\\', r"\\").repeat(4));
    let event = "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" some words\"},\"finish_reason\":null}]}\n\n";
    let json = "application/json";
    vec![
        Case {
            name: "image",
            side: Side::Request,
            content_type: json,
            chunks: cut(image.as_bytes(), 64 << 10),
        },
        Case {
            name: "prompt",
            side: Side::Request,
            content_type: json,
            chunks: cut(prompt.as_bytes(), 64 << 10),
        },
        Case {
            name: "JSON in JSON",
            side: Side::Request,
            content_type: json,
            chunks: cut(nested.as_bytes(), 64 << 10),
        },
        Case {
            name: "download",
            side: Side::Response,
            content_type: "application/octet-stream",
            chunks: cut(&noise, 64 << 10),
        },
        Case {
            name: "stream",
            side: Side::Response,
            content_type: "text/event-stream",
            chunks: vec![Bytes::from(event); 1000],
        },
        Case { name: "no body", side: Side::Request, content_type: json, chunks: Vec::new() },
    ]
}

fn redaction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redaction");
    for case in cases() {
        let bytes: usize = case.chunks.iter().map(Bytes::len).sum();
        group.throughput(Throughput::Bytes(bytes.max(1) as u64));
        for (name, has_key) in [("a key", true), ("no key", false)] {
            group.bench_with_input(BenchmarkId::new(case.name, name), &case, |bencher, case| {
                bencher.iter(|| redact(case, has_key));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, redaction);
criterion_main!(benches);
