//! The ways in which the simulator goes wrong on request.

use gatetap::sim::{Counts, Options, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

use crate::sim_client::{KEY, complete, complete_with, instant, simulator};

fn question(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "Explain tides"}]})
}

#[tokio::test]
async fn rate_limited_counts_attempts_with_the_same_body() {
    let sim = instant(1).await;
    let body = question("gpt-4o", true);
    let other = question("gpt-4o", false);
    let behavior = "rate-limited,times=3,retry_after=9";
    for attempt in 1..=3 {
        for body in [&body, &other] {
            let answer = complete_with(&sim, body, behavior).await;
            assert_eq!(answer.status, 429, "{attempt}");
            assert_eq!(answer.header("retry-after"), Some("9"));
            assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
            assert_eq!(answer.json()["error"]["code"], "rate_limit_exceeded");
        }
    }
    for body in [&body, &other] {
        assert_eq!(complete_with(&sim, body, behavior).await.status, 200);
    }
    let by_model = question("sim-rate-limited", true);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(complete(&sim, &by_model).await.status);
    }
    assert_eq!(statuses, [429, 429, 200]);
}

#[tokio::test]
async fn cut_ends_without_the_last_chunk() {
    let sim = instant(1).await;
    for after in [0, 1, 5] {
        let answer = complete_with(&sim, &question("gpt-4o", true), &format!("cut,after={after}")).await;
        assert_eq!((answer.status, answer.whole), (200, false));
        assert_eq!(answer.events().len(), after);
    }
    let answer = complete(&sim, &question("sim-cut", true)).await;
    assert_eq!((answer.whole, answer.events().len()), (false, 8));
    let answer = complete_with(&sim, &question("gpt-4o", true), "cut,after=100000").await;
    assert!(!answer.whole && answer.finish_reason().is_none());
    let plain = complete_with(&sim, &question("gpt-4o", false), "cut").await;
    assert!(!plain.whole && serde_json::from_slice::<Value>(&plain.body).is_err());
}

#[tokio::test(start_paused = true)]
async fn buffered_sends_everything_at_the_end() {
    let sim = simulator(Options::default()).await;
    let begun = Instant::now();
    let usual = complete(&sim, &question("gpt-4o", true)).await;
    let usual_time = begun.elapsed();
    let begun = Instant::now();
    let buffered = complete_with(&sim, &question("gpt-4o", true), "buffered").await;
    assert_eq!(buffered.chunks.len(), 1);
    assert!(buffered.whole);
    assert_eq!(buffered.streamed_text(), usual.streamed_text());
    let difference = begun.elapsed().abs_diff(usual_time);
    assert!(difference < Duration::from_millis(200), "{difference:?}");
}

#[tokio::test(start_paused = true)]
async fn stall_is_silent_and_goes_on() {
    let sim = simulator(Options::default()).await;
    let begun = Instant::now();
    let answer = complete_with(&sim, &question("gpt-4o", true), "stall,after=2,seconds=120").await;
    assert!(begun.elapsed() > Duration::from_secs(120));
    assert_eq!(answer.finish_reason().as_deref(), Some("stop"));
    let begun = Instant::now();
    complete_with(&sim, &question("gpt-4o", false), "stall,seconds=120").await;
    assert!(begun.elapsed() > Duration::from_secs(120));
}

#[tokio::test]
async fn no_finish_ends_cleanly_without_a_reason() {
    let sim = instant(1).await;
    let answer = complete(&sim, &question("sim-no-finish", true)).await;
    assert!(answer.whole && answer.finish_reason().is_none());
    assert!(!answer.text().contains("[DONE]") && !answer.streamed_text().is_empty());
    let plain = complete(&sim, &question("sim-no-finish", false)).await.json();
    assert!(plain["choices"][0]["finish_reason"].is_null());
}

#[tokio::test]
async fn error_inside_comes_with_status_200() {
    let sim = instant(1).await;
    let behavior = "error-inside,after=3,code=upstream_request_timeout";
    let answer = complete_with(&sim, &question("gpt-4o", true), behavior).await;
    assert_eq!((answer.status, answer.whole, answer.events().len()), (200, true, 4));
    let chunks = answer.chunks_json();
    assert_eq!(chunks.last().unwrap()["error"]["code"], "upstream_request_timeout");
    let plain = complete(&sim, &question("sim-error-inside", false)).await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.json()["error"]["code"], "upstream_error");
}

#[tokio::test]
async fn a_wrong_behavior_is_refused_by_name() {
    let sim = instant(1).await;
    for (behavior, named) in [
        ("cutt", "'cutt'"),
        ("cut,after", "'after'"),
        ("cut,after=x", "after=x"),
        ("cut,before=1", "'before'"),
        ("stall,seconds=-1", "seconds=-1"),
        ("error-inside,code=nope", "code=nope"),
    ] {
        let answer = complete_with(&sim, &question("gpt-4o", true), behavior).await;
        assert_eq!(answer.status, 400, "{behavior}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["param"], "x-sim-behavior");
        assert!(error["message"].as_str().unwrap().contains(named), "{error}");
    }
}

/// Sends a request, reads the first bytes of the answer if `until` is not empty, and leaves.
async fn leave(sim: &Simulator, body: &Value, behavior: &str, until: &str) {
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    let body = body.to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\nauthorization: {KEY}\r\nx-sim-behavior: {behavior}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(until) {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
    }
    assert!(reaches(sim, |counts| counts.requests == 1).await);
}

/// Whether the counts become, in virtual time, as they should be.
async fn reaches(sim: &Simulator, reached: impl Fn(Counts) -> bool) -> bool {
    for _ in 0..100_000 {
        if reached(sim.counts()) {
            return true;
        }
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn generating_stops_when_the_client_leaves() {
    for (stream, behavior, until) in [
        (true, "stall,after=3,seconds=forever", "data: "),
        (true, "stall,after=3,seconds=9000", "data: "),
        (true, "stall,after=0,seconds=forever", "200 OK"),
        (false, "stall,seconds=forever", ""),
        (false, "stall,seconds=9000", ""),
    ] {
        let sim = simulator(Options::default()).await;
        leave(&sim, &question("gpt-4o", stream), behavior, until).await;
        assert!(reaches(&sim, |counts| counts.abandoned == 1).await, "{behavior}");
        assert_eq!(sim.counts().finished, 0, "{behavior}");
    }
}

#[tokio::test]
async fn finished_answers_are_counted_as_such() {
    let sim = instant(1).await;
    complete(&sim, &question("gpt-4o", true)).await;
    complete(&sim, &question("gpt-4o", false)).await;
    complete(&sim, &json!({})).await;
    let expected = Counts { requests: 3, finished: 2, abandoned: 0 };
    assert_eq!(sim.counts(), expected);
}
