//! `gatetap show` on captures: what it adds where there is more to say.

use crate::captures::record;
use crate::cli_recording::gatetap;
use crate::support::binary::Home;
use insta::assert_snapshot;
use serde_json::{Value, json};

fn show(name: &str, args: &[&str]) -> String {
    let home = Home::new();
    record(&home, &[name]);
    let exit = gatetap(&home, &[&["show", "1"], args].concat());
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit}");
    exit.stdout
}

/// The lines from the one that is `heading` up to the next heading.
fn section(page: &str, heading: &str) -> String {
    let lines = page.lines().skip_while(|line| *line != heading);
    let lines = lines.take_while(|line| !line.is_empty());
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn top(page: &str) -> String {
    page.split("\n\nTiming").next().unwrap().to_owned()
}

#[test]
fn a_silence_is_marked_and_drawn() {
    let page = show("chat-stream-stall", &[]);
    assert_snapshot!(section(&page, "Rhythm"), @r"
    Rhythm
      13 events in 12 reads, 1.1 to a read, 2 at most
      gaps: half within 20 ms, 99 % within 4.00 s, the longest 4.00 s after event 7
      spread over 95 % of 4.43 s
         < 1.0 ms  ████                             1
         < 5.0 ms                                   0
          < 20 ms  ████                             1
          < 50 ms  ████████████████████████████████ 9
         < 100 ms                                   0
         < 300 ms                                   0
         < 1.00 s                                   0
         < 5.00 s  ████                             1
    ");
    let events: Vec<_> = page.lines().skip_while(|line| *line != "Events").skip(1).collect();
    let columns = |line: &str| line.chars().take(50).collect::<String>().trim_end().to_owned();
    let shown: Vec<_> = events[6..9].iter().chain(&events[11..]).map(|line| columns(line)).collect();
    assert_snapshot!(shown.join("\n"), @r#"
     7     360 ms      +20 ms    181  {"id":"chatcmp
                                    (4.00 s of silen
     8     4.36 s     +4.00 s    185  {"id":"chatcmp
    11     4.42 s      +20 ms    181  {"id":"chatcmp
    12     4.42 s     +5.0 ms    169  {"id":"chatcmp
    13     4.42 s   same read     14  [DONE]
    "#);
}

#[test]
fn an_error_comes_with_what_it_means_and_the_limits() {
    assert_snapshot!(top(&show("error-429-nexorouter", &[])), @r"
    #1  POST /v1/chat/completions  429
    refused: status 429, error `rate_limit_exceeded`; the body ended by its framing at byte 132

    started    2025-03-01 12:00:00.000 +00:00, session 1
    app        OpenAI/Python 3.52.0, gives up after 600 s
    gateway    nexorouter, https://api.nexorouter.com/v1/chat/completions
    model      acme/small
    error      rate_limit_exceeded: Too many requests in the current minute.
    means      The requests of this minute are used up; no provider was asked.
    to do      Wait for retry-after, then go on with fewer requests at once.
    retry      after retry-after
    request id req_fake_01
    limit      0 of 60 left; of requests or of tokens is not said
    limit      asks to wait 17.00 s before the next try
    ");
    let openai = top(&show("chat-plain-http2", &[]));
    let limits: Vec<_> = openai.lines().filter(|line| line.starts_with("  limit")).collect();
    assert_eq!(
        limits,
        [
            "  limit      requests: 59 of 60 left, back in 1.00 s",
            "  limit      tokens: 149984 of 150000 left, back in 6 m 00 s"
        ]
    );
}

#[test]
fn what_openrouter_adds_is_shown() {
    let page = show("chat-stream-reasoning", &[]);
    for line in [
        "  model      deepseek/deepseek-r1, answered by acme/small-0301, through DeepInfra",
        "  finish     stop, in the provider's word eos",
        "  request id gen-fake-1, the answer's chatcmpl-fake1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn sdks_that_are_fooled_are_named() {
    let heading = "SDKs that see something else";
    assert_snapshot!(section(&show("chat-stream-clean-cut", &[]), heading), @r"
    SDKs that see something else
      openai-python (this app's): raises nothing, it ends as if the answer were whole: there is no finish reason
      openai-node: raises nothing, it ends as if the answer were whole: there is no finish reason
    ");
    assert_snapshot!(section(&show("chat-stream-cr-bom", &[]), heading), @r"
    SDKs that see something else
      openai-python (this app's): ends without an error; 1 event, where a reader to the standard gives 2
    ");
    for whole in ["chat-stream", "messages-stream", "responses-stream", "error-401", "chat-stream-open"] {
        assert_eq!(section(&show(whole, &[]), heading), "", "{whole}");
    }
}

#[test]
fn arguments_that_are_no_json_are_said_to_be_none() {
    let calls = section(&show("chat-stream-tool-arguments-cut", &[]), "Tool calls");
    assert!(
        calls.ends_with("(the arguments are not valid JSON: they stop in the middle, after 28 bytes)\n"),
        "{calls}"
    );
    let calls = section(&show("chat-stream-tool-calls", &[]), "Tool calls");
    assert!(!calls.contains("not valid"), "{calls}");
}

#[test]
fn other_choices_and_lists_are_shown() {
    let page = show("chat-stream-three-choices", &[]);
    assert_eq!(section(&page, "Choice 1, no finish reason"), "Choice 1, no finish reason\n  two\n");
    assert_eq!(section(&page, "Choice 2, length"), "Choice 2, length\n  three\n");
    let page = show("models", &[]);
    assert_eq!(section(&page, "List of 2"), "List of 2\n  deepseek-v4-flash\n  gpt-4o-mini\n");
    let page = show("responses-stream-lost-events", &[]);
    assert!(page.contains("some events were lost"), "{page}");
}

#[test]
fn a_stream_is_shown_as_an_sdk_reads_it() {
    assert_snapshot!(show("chat-stream-cr-bom", &["--as", "openai-python"]), @r"
    #1 as openai-python reads it
    ends without an error
    1 event, where a reader to the standard gives 2
    ");
    assert_snapshot!(show("chat-stream-clean-cut", &["--as", "openai-node"]), @r"
    #1 as openai-node reads it
    raises nothing, it ends as if the answer were whole: there is no finish reason
    3 events

    The answer is
    ");
    assert_snapshot!(show("chat-stream-reset", &["--as", "ai-sdk"]), @r"
    #1 as ai-sdk reads it
    raises APICallError
    2 events

    The answer
    ");
    let value: Value =
        serde_json::from_str(&show("messages-stream-clean-cut", &["--as", "anthropic", "--json"])).unwrap();
    assert_eq!(
        value,
        json!({
            "id": 1,
            "as": "anthropic",
            "outcome": "silent",
            "detail": "ends as if the answer were whole: there is no finish reason; in Node only `finalMessage()` raises",
            "events": 3,
            "standard_events": 3,
            "differs": true,
            "text": "Good",
            "notes": []
        })
    );
}

#[test]
fn an_sdk_that_is_not_known_is_refused() {
    let home = Home::new();
    record(&home, &["models"]);
    let exit = gatetap(&home, &["show", "1", "--as", "ruby"]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("openai-python, openai-node, anthropic, ai-sdk"), "{exit}");
}
