//! How fast an exchange is digested: streams of the three large dialects, one event a read, and a plain
//! answer.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gatetap::digest::Digester;
use gatetap::exchange::head::{Headers, RequestHead, ResponseHead};
use gatetap::exchange::time::Micros;
use std::hint::black_box;

/// Events of each stream.
const EVENTS: usize = 20_000;

const CHAT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"acme/small\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n";
const RESPONSES: &str = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" word\",\"logprobs\":[]}\n\n";
const MESSAGES: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n";

fn heads(path: &str, content_type: &'static str) -> (RequestHead, ResponseHead) {
    let request = RequestHead {
        method: "POST".to_owned(),
        target: path.to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: Headers::default(),
        raw: None,
    };
    let headers = Headers::from_iter([("content-type", content_type)]);
    (request, ResponseHead { status: 200, version: "HTTP/1.1".to_owned(), headers, raw: None })
}

/// Digests an answer that comes in these reads, a millisecond apart.
fn digest(heads: &(RequestHead, ResponseHead), reads: &[&[u8]]) -> usize {
    let mut digester = Digester::new(&heads.0);
    digester.request_chunk(br#"{"model":"acme/small","messages":[],"stream":true}"#);
    digester.response_head(&heads.1);
    let mut now = Micros(0);
    for read in reads {
        now.0 += 1000;
        digester.response_chunk(read, now);
    }
    digester.response_end(now);
    black_box(digester.digest());
    digester.answer().text.len()
}

fn streams(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("digest");
    for (name, path, event) in [
        ("chat", "/v1/chat/completions", CHAT),
        ("responses", "/v1/responses", RESPONSES),
        ("messages", "/v1/messages", MESSAGES),
    ] {
        let heads = heads(path, "text/event-stream");
        let reads = vec![event.as_bytes(); EVENTS];
        group.throughput(Throughput::Bytes((event.len() * EVENTS) as u64));
        group.bench_function(BenchmarkId::new("stream", name), |bencher| {
            bencher.iter(|| digest(&heads, &reads));
        });
    }
    let text = "word ".repeat(400_000);
    let plain = format!(
        r#"{{"object":"chat.completion","model":"acme/small","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}]}}"#
    );
    let heads = heads("/v1/chat/completions", "application/json");
    let reads: Vec<&[u8]> = plain.as_bytes().chunks(16 * 1024).collect();
    group.throughput(Throughput::Bytes(plain.len() as u64));
    group.bench_function("plain", |bencher| bencher.iter(|| digest(&heads, &reads)));
    group.finish();
}

criterion_group!(benches, streams);
criterion_main!(benches);
