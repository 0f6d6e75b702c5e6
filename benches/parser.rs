//! How fast the event-stream parser reads: the events of a chat, as short as tokens and as long as pages,
//! whole and in the pieces that sockets give.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gatetap::wire::event_stream::Parser;
use std::hint::black_box;

/// How long each stream is.
const LENGTH: usize = 8 * 1024 * 1024;

fn stream(event: &str) -> Vec<u8> {
    event.as_bytes().iter().copied().cycle().take(LENGTH / event.len() * event.len()).collect()
}

/// Reads a stream in pieces, and counts its items so that none is left out.
fn read(stream: &[u8], piece: usize) -> usize {
    let mut parser = Parser::new();
    let mut items = 0;
    for piece in stream.chunks(piece) {
        parser.push(piece, |item| {
            black_box(&item);
            items += 1;
        });
    }
    items
}

fn parser(criterion: &mut Criterion) {
    let token = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"acme/small","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}"#;
    let shapes = [
        ("token", format!("{token}\n\n")),
        ("named", format!("event: response.output_text.delta\n{token}\n\n")),
        ("crlf", format!("{token}\r\n\r\n")),
        ("page", format!("data: {}\n\n", "word ".repeat(800))),
        ("comment", ": OPENROUTER PROCESSING\n\n".to_owned()),
    ];
    let mut group = criterion.benchmark_group("parser");
    for (name, event) in &shapes {
        let stream = stream(event);
        group.throughput(Throughput::Bytes(stream.len() as u64));
        group.bench_with_input(BenchmarkId::new("whole", name), &stream, |bencher, stream| {
            bencher.iter(|| read(stream, LENGTH));
        });
        group.bench_with_input(BenchmarkId::new("by 1400", name), &stream, |bencher, stream| {
            bencher.iter(|| read(stream, 1400));
        });
    }
    group.finish();
}

criterion_group!(benches, parser);
criterion_main!(benches);
