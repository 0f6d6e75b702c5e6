//! Streams and plain answers: their form, their seed, their limits.

use gatetap::sim::{Options, Pace};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

use crate::sim_client::{KEY, complete, instant, simulator};

fn question(text: &str, stream: bool) -> Value {
    json!({"model": "deepseek-v4-flash", "stream": stream, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test]
async fn a_stream_is_well_formed() {
    let sim = instant(1).await;
    let answer = complete(&sim, &question("Explain proxy buffering", true)).await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
        ("transfer-encoding", "chunked"),
        ("access-control-allow-origin", "*"),
        ("x-ratelimit-limit", "60"),
        ("x-ratelimit-remaining", "59"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.whole);
    let events = answer.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    assert_eq!(events.len(), answer.chunks.len(), "one write an event");
    let chunks = answer.chunks_json();
    let first = chunks.first().unwrap();
    assert_eq!(first["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["delta"], json!({}));
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    for chunk in &chunks {
        assert_eq!(chunk["id"], first["id"]);
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["created"], 1_760_000_000);
        assert_eq!(chunk["model"], "deepseek-v4-flash");
        assert!(chunk.get("usage").is_none());
    }
    assert!(answer.streamed_text().to_lowercase().contains("proxy buffering"));
}

#[tokio::test]
async fn usage_comes_last_where_it_is_asked_for() {
    let sim = instant(1).await;
    let mut body = question("Explain proxy buffering", true);
    body["stream_options"] = json!({"include_usage": true});
    let answer = complete(&sim, &body).await;
    let chunks = answer.chunks_json();
    let (last, others) = chunks.split_last().unwrap();
    assert!(others.iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
    assert_eq!(last["choices"], json!([]));
    let output = answer.streamed_text().len().div_ceil(4);
    assert_eq!(
        last["usage"],
        json!({"prompt_tokens": 6, "completion_tokens": output, "total_tokens": 6 + output})
    );
}

#[tokio::test]
async fn streamed_or_not_the_text_is_the_same() {
    let sim = instant(1).await;
    let answer = complete(&sim, &question("Explain tides", false)).await;
    let whole = answer.json();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert_eq!(whole["choices"][0]["message"]["role"], "assistant");
    let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(whole["usage"]["completion_tokens"], text.len().div_ceil(4));
    assert_eq!(whole["usage"]["prompt_tokens"], "Explain tides".len().div_ceil(4));
    let streamed = complete(&sim, &question("Explain tides", true)).await;
    assert_eq!(streamed.streamed_text(), text);
}

#[tokio::test]
async fn the_seed_decides_everything() {
    let ask = async |seed: u64| {
        let sim = instant(seed).await;
        let mut answers = Vec::new();
        for text in ["Explain tides", "Explain sand", "Explain tides"] {
            let answer = complete(&sim, &question(text, true)).await;
            answers.push((answer.header("x-request-id").unwrap().to_owned(), answer.body));
        }
        answers
    };
    let first = ask(1).await;
    assert_eq!(first, ask(1).await);
    let other = ask(2).await;
    for ((id, body), (other_id, other_body)) in first.iter().zip(&other) {
        assert_ne!(id, other_id);
        assert_ne!(body, other_body);
    }
    let ids: std::collections::BTreeSet<&String> = first.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn max_tokens_cuts_the_answer() {
    let sim = instant(3).await;
    for limit in [1_u64, 2, 5, 20] {
        for field in ["max_tokens", "max_completion_tokens"] {
            let mut body = question("Explain tides", true);
            body[field] = json!(limit);
            body["stream_options"] = json!({"include_usage": true});
            let answer = complete(&sim, &body).await;
            assert_eq!(answer.finish_reason().as_deref(), Some("length"), "{limit}");
            let length = answer.streamed_text().len() as u64;
            assert!(length <= limit * 4 && length + 4 > limit * 4, "{limit}: {length}");
            let chunks = answer.chunks_json();
            assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], length.div_ceil(4));

            body["stream"] = json!(false);
            let whole = complete(&sim, &body).await.json();
            assert_eq!(whole["choices"][0]["finish_reason"], "length");
            let text = whole["choices"][0]["message"]["content"].as_str().unwrap();
            assert!(text.len() as u64 <= limit * 4, "{limit}: {text}");
        }
    }
    let mut body = question("Explain tides", true);
    body["max_tokens"] = json!(100_000);
    assert_eq!(complete(&sim, &body).await.finish_reason().as_deref(), Some("stop"));
}

#[tokio::test(start_paused = true)]
async fn a_lifelike_answer_takes_its_time() {
    let sim = simulator(Options::default()).await;
    for stream in [true, false] {
        let begun = Instant::now();
        complete(&sim, &question("Explain tides", stream)).await;
        let taken = begun.elapsed().as_secs_f64();
        assert!((0.5..30.0).contains(&taken), "{taken}");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_times_the_speed_takes_a_tenth_of_the_time() {
    let taken = async |speed: f64| {
        let sim = simulator(Options { speed, ..Options::default() }).await;
        let begun = Instant::now();
        complete(&sim, &question("Explain tides", false)).await;
        begun.elapsed().as_secs_f64()
    };
    let ratio = taken(1.0).await / taken(10.0).await;
    assert!((9.0..11.0).contains(&ratio), "{ratio}");
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_stream_comes_before_its_first_token() {
    let sim = simulator(Options::default()).await;
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    let body = question("Explain tides", true).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\nauthorization: {KEY}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut bytes = Vec::with_capacity(4096);
    stream.read_buf(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n") && !text.contains("data:"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_offset_model_says_when_it_sends() {
    let body =
        json!({"model": "sim-offset", "stream": true, "messages": [{"role": "user", "content": "go"}]});
    for (speed, first, last, seconds) in [(1.0, "t+0.25 ", "t+5.00 ", 5.0), (5.0, "t+0.05 ", "t+1.00 ", 1.0)]
    {
        let sim = simulator(Options { speed, ..Options::default() }).await;
        let begun = Instant::now();
        let answer = complete(&sim, &body).await;
        let taken = begun.elapsed().as_secs_f64();
        let text = answer.streamed_text();
        assert!(text.starts_with(first) && text.ends_with(last), "{text}");
        assert_eq!(text.matches("t+").count(), 20);
        assert!((seconds..seconds + 0.3).contains(&taken), "{taken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pace_that_is_set_is_kept() {
    let pace =
        Pace { first_token: Some(Duration::from_secs(2)), tokens_per_second: Some(4.0), jitter: Some(0.0) };
    let sim = simulator(Options { pace, ..Options::default() }).await;
    let begun = Instant::now();
    let answer = complete(&sim, &question("Explain tides", true)).await;
    // The first event brings the role, and comes with the first token.
    let tokens = answer.chunks_json().len() - 2;
    let expected = 2.0 + (tokens - 1) as f64 / 4.0;
    let taken = begun.elapsed().as_secs_f64();
    assert!((expected - 0.05..expected + 0.05).contains(&taken), "{taken}, not {expected}");
    // Jitter moves the gaps and leaves the average where it is.
    let shaken = simulator(Options { pace: Pace { jitter: Some(1.0), ..pace }, ..Options::default() }).await;
    let begun = Instant::now();
    complete(&shaken, &question("Explain tides", true)).await;
    let shaken = begun.elapsed().as_secs_f64();
    assert!((shaken - taken).abs() > 0.05 && (shaken / taken - 1.0).abs() < 0.3, "{shaken}, {taken}");
}
