//! `gatetap show`: pages, events, bodies, and its JSON.

use crate::cli_recording::{MODELS, gatetap, record, record_with_a_hole};
use crate::support::binary::{Home, Launch};
use insta::assert_snapshot;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value, json};

fn show(args: &[&str]) -> String {
    let home = Home::new();
    record(&home);
    let exit = gatetap(&home, &[&["show"], args].concat());
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit}");
    exit.stdout
}

fn show_json(args: &[&str]) -> Vec<Value> {
    show(args).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The keys of an object as they stand in its text; `Value` sorts them.
fn keys_in_order(line: &str) -> Vec<String> {
    struct Keys;
    impl<'de> Visitor<'de> for Keys {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut keys = Vec::new();
            while let Some((key, IgnoredAny)) = map.next_entry()? {
                keys.push(key);
            }
            Ok(keys)
        }
    }
    serde_json::Deserializer::from_str(line).deserialize_map(Keys).unwrap()
}

#[test]
fn a_plain_answer_is_a_page() {
    assert_snapshot!(show(&["1"]), @r#"
      #1  POST /v1/chat/completions  200
      complete: a plain body (application/json) of 244 bytes arrived whole

      started    2025-03-01 12:00:00.000 +00:00, session 1
      app        OpenAI/Python 1.99.0, from 127.0.0.1:50123, attempt 2
      gateway    nexorouter, https://api.nexorouter.com/v1/chat/completions?beta=1
      model      acme/small, answered by acme/small-0301
      key        in authorization after Bearer, looks like openai, 8 bytes, fingerprint f1a2b3c4, defects: wrong-length
      tokens     12 in, 4 out, 16 in all
      finish     stop
      request id req_200, the answer's chatcmpl-1

    Timing
          34 ms  request sent, after connecting for 12 ms and TLS for 21 ms
         140 ms  response head
         1.25 s  end
         0.4 ms  added by gatetap to half the chunks at most, 0.4 ms to 99 %

    Request
      POST /v1/chat/completions?beta=1 HTTP/1.1
      Host: localhost:7117
      Authorization: Bearer ********
      User-Agent: OpenAI/Python 1.99.0
      x-stainless-retry-count: 1
      Content-Type: application/json

      {
        "model": "acme/small",
        "stream": false,
        "temperature": 1.0,
        "messages": [
          {
            "role": "user",
            "content": "Say \u00e4 and stop."
          }
        ],
        "tools": []
      }

    Response
      HTTP/1.1 200 OK
      Content-Type: application/json
      X-Request-Id: req_200

      {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "acme/small-0301",
        "choices": [
          {
            "index": 0,
            "message": {
              "role": "assistant",
              "content": "Hello.\nBye."
            },
            "finish_reason": "stop"
          }
        ],
        "usage": {
          "prompt_tokens": 12,
          "completion_tokens": 4,
          "total_tokens": 16
        }
      }

    Answer
      Hello.
      Bye.
    "#);
}

#[test]
fn a_stream_is_a_page_with_its_answer_and_its_events() {
    assert_snapshot!(show(&["2"]), @r#"
      #2  POST /v1/chat/completions  200
      complete: finish reason `stop`, after event 4 at 1.25 s, then `[DONE]`; the body ended by its framing at byte 323

      started    2025-03-01 12:00:01.500 +00:00, session 1
      app        OpenAI/Python 1.99.0, from 127.0.0.1:50123, attempt 2
      gateway    nexorouter, https://api.nexorouter.com/v1/chat/completions
      model      acme/small
      key        in authorization after Bearer, looks like openai, 8 bytes, fingerprint f1a2b3c4, defects: wrong-length
      finish     stop
      request id req_200, the answer's c

    Findings
      warning: the stream stood still for 900 ms (stream-gap)
        evidence: events 1 and 2
        fix: ask the gateway
        at: event 1

    Timing
          34 ms  request sent, after connecting for 12 ms and TLS for 21 ms
         140 ms  response head
         300 ms  first event
         300 ms  first token
         1.25 s  last event
         1.25 s  end
         0.1 ms  added by gatetap to half the chunks at most, 0.2 ms to 99 %

    Request
      POST /v1/chat/completions HTTP/1.1
      Host: localhost:7117
      Authorization: Bearer ********
      User-Agent: OpenAI/Python 1.99.0
      x-stainless-retry-count: 1
      Content-Type: application/json

      {
        "model": "acme/small",
        "stream": true,
        "temperature": 1.0,
        "messages": [
          {
            "role": "user",
            "content": "Say \u00e4 and stop."
          }
        ],
        "tools": []
      }

    Response
      HTTP/1.1 200 OK
      Content-Type: text/event-stream
      X-Request-Id: req_200

      (323 bytes in 4 chunks, event by event below)

    Answer
      Hello

    Rhythm
      4 events in 3 reads, 1.3 to a read, 2 at most
      gaps: half within 50 ms, 99 % within 900 ms, the longest 900 ms after event 1
      spread over 78 % of 1.22 s

    Events
             145 ms                 13  : PROCESSING
       1     300 ms     +155 ms    110  {"id":"c","model":"acme/small","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}
       2     1.20 s     +900 ms    109  {"id":"c","model":"acme/small","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}
       3     1.25 s      +50 ms     76  {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
       4     1.25 s   same read     14  [DONE]
    "#);
}

#[test]
fn a_stream_that_broke_off_says_who_broke_it_and_cannot_drive_the_terminal() {
    let page = show(&["4"]);
    let hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!page.contains(hostile), "{page:?}");
    assert_snapshot!(page, @r#"
      #4  POST /v1/chat/␛]0;owned␇  200
      cut-by-gateway: the gateway closed first (connection reset) at byte 78, after event 1 at 200 ms; no finish reason, 11 bytes of an unfinished event

      started    2025-03-01 12:00:04.500 +00:00, session 1
      app        OpenAI/Python 1.99.0, from 127.0.0.1:50123, attempt 2
      gateway    nexorouter, https://api.nexorouter.com/v1/chat/␛]0;owned␇
      model      ␛[31mred
      key        in authorization after Bearer, looks like openai, 8 bytes, fingerprint f1a2b3c4, defects: wrong-length
      request id req_200
      replay of  #2

    Timing
          34 ms  request sent, after connecting for 12 ms and TLS for 21 ms
         140 ms  response head
         200 ms  first event
         200 ms  first token
         200 ms  last event
         1.25 s  end
         0.1 ms  added by gatetap to half the chunks at most, 0.1 ms to 99 %

    Request
      POST /v1/chat/␛]0;owned␇ HTTP/1.1
      Host: localhost:7117
      Authorization: Bearer ********
      User-Agent: OpenAI/Python 1.99.0
      x-stainless-retry-count: 1
      Content-Type: application/json

      {
        "model": "\u001b[31mred",
        "stream": true,
        "temperature": 1.0,
        "messages": [
          {
            "role": "user",
            "content": "Say \u00e4 and stop."
          }
        ],
        "tools": []
      }

    Response
      HTTP/1.1 200 OK
      Content-Type: text/event-stream
      X-Request-Id: req_200

      (78 bytes in 2 chunks, event by event below)
      (broken off by the gateway: connection reset)

    Answer
      ␛[2Jgone<U+202E>

    Events
       1     200 ms                 67  {"choices":[{"index":0,"delta":{"content":"␛[2Jgone<U+202E>"}}]}
             900 ms     +700 ms     11  (never ended)  data: {"cho
    "#);
}

#[test]
fn an_answer_of_gatetap_itself_says_so() {
    assert_snapshot!(show(&["5"]), @r#"
      #5  POST /v1/chat/completions  502
      failed: gatetap answered by itself: dns-not-found: there is no host api.nexorouter.com

      started    2025-03-01 12:00:06.001 +00:00, session 1
      app        OpenAI/Python 1.99.0, from 127.0.0.1:50123, attempt 2
      gateway    nexorouter, https://api.nexorouter.com/v1/chat/completions
      model      acme/small
      request id req_502
      gatetap    answered by itself, dns-not-found: there is no host api.nexorouter.com

    Timing
         3.1 ms  end

    Request
      POST /v1/chat/completions HTTP/1.1
      Host: localhost:7117
      Authorization: Bearer ********
      User-Agent: OpenAI/Python 1.99.0
      x-stainless-retry-count: 1
      Content-Type: application/json

      {
        "model": "acme/small",
        "stream": false,
        "temperature": 1.0,
        "messages": [
          {
            "role": "user",
            "content": "Say \u00e4 and stop."
          }
        ],
        "tools": []
      }

    Response
      HTTP/1.1 502 Bad Gateway
      Content-Type: application/json
      X-Request-Id: req_502

      {}
    "#);
}

#[test]
fn a_coded_body_is_shown_decoded() {
    assert_snapshot!(show(&["6"]), @r#"
      #6  GET /v1/models  200
      complete: a plain body (application/json) of 38 bytes arrived whole

      started    2025-03-01 13:00:00.000 +00:00, session 2
      app        OpenAI/Python 1.99.0, from 127.0.0.1:50123, attempt 2
      gateway    nexorouter, https://api.nexorouter.com/v1/models
      key        in authorization after Bearer, looks like openai, 8 bytes, fingerprint f1a2b3c4, defects: wrong-length
      request id req_200

    Timing
          34 ms  request sent, after connecting for 12 ms and TLS for 21 ms
         140 ms  response head
         1.25 s  end
         0.0 ms  added by gatetap to half the chunks at most, 0.0 ms to 99 %

    Request
      GET /v1/models HTTP/2
      Host: localhost:7117
      Authorization: Bearer ********
      User-Agent: OpenAI/Python 1.99.0
      x-stainless-retry-count: 1
      Content-Type: application/json

      (no body)

    Response
      HTTP/2 200
      Content-Type: application/json
      X-Request-Id: req_200
      content-encoding: deflate

      (27 bytes decoded from 38 bytes of deflate)
      {
        "object": "list",
        "data": []
      }
    "#);
}

#[test]
fn several_exchanges_follow_each_other() {
    let pages = show(&["-2", "last"]);
    let titles: Vec<&str> = pages.lines().filter(|line| line.starts_with("  #")).collect();
    assert_eq!(titles, ["  #5  POST /v1/chat/completions  502", "  #6  GET /v1/models  200"]);
}

#[test]
fn a_range_is_every_exchange_in_it() {
    let home = Home::new();
    record(&home);
    let ids = |args: &[&str]| -> Vec<i64> {
        let exit = gatetap(&home, &[&["show", "--json"], args].concat());
        assert_eq!(exit.code, Some(0), "{exit}");
        exit.stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(ids(&["2-4"]), [2, 3, 4]);
    assert_eq!(ids(&["5-99", "1", "-1", "last"]), [5, 6, 1, 6, 6]);
    for (range, code, said) in [
        ("7-9", 2, "there are no exchanges 7 to 9"),
        ("4-2", 2, "the smaller first"),
        ("2-x", 2, "the smaller first"),
        ("0-3", 2, "the smaller first"),
    ] {
        let exit = gatetap(&home, &["show", range]);
        assert_eq!(exit.code, Some(code), "{exit}");
        assert!(exit.stderr.contains(said), "{exit}");
    }
}

#[test]
fn events_are_lines() {
    assert_snapshot!(show(&["2", "--events"]), @r#"
          145 ms                 13  : PROCESSING
    1     300 ms     +155 ms    110  {"id":"c","model":"acme/small","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}
    2     1.20 s     +900 ms    109  {"id":"c","model":"acme/small","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}
    3     1.25 s      +50 ms     76  {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
    4     1.25 s   same read     14  [DONE]
    "#);
    assert_snapshot!(show(&["4", "--events"]), @r#"
    1     200 ms                 67  {"choices":[{"index":0,"delta":{"content":"␛[2Jgone<U+202E>"}}]}
          900 ms     +700 ms     11  (never ended)  data: {"cho
    "#);
}

#[test]
fn the_json_of_events_has_every_key_in_order() {
    let order = ["index", "kind", "event", "id", "data", "at_ms", "taken_ms", "chunk", "offset", "length"];
    for id in ["2", "4"] {
        for line in show(&[id, "--events", "--json"]).lines() {
            assert_eq!(keys_in_order(line), order, "{line}");
        }
    }
    let events = show_json(&["2", "--events", "--json"]);
    let comment = json!({
        "index": 0, "kind": "comment", "event": null, "id": null, "data": "PROCESSING", "at_ms": 145.0,
        "taken_ms": 145.05, "chunk": 0, "offset": 0, "length": 13,
    });
    assert_eq!(events[0], comment);
    assert_eq!((&events[4]["data"], &events[4]["taken_ms"]), (&json!("[DONE]"), &Value::Null));
    let broken = show_json(&["4", "--events", "--json"]);
    assert_eq!(
        (&broken[1]["kind"], &broken[1]["data"], &broken[1]["event"]),
        (&json!("partial"), &json!("data: {\"cho"), &Value::Null)
    );
}

#[test]
fn the_json_of_an_exchange_has_every_key() {
    let line = show(&["2", "--json"]);
    let order = [
        "id",
        "started_at",
        "method",
        "path",
        "query",
        "gateway",
        "url",
        "status",
        "verdict",
        "streaming",
        "model",
        "model_answered",
        "request_id",
        "error_code",
        "finish_reason",
        "duration_ms",
        "ttft_ms",
        "tokens",
        "fault",
        "replay_of",
        "credential",
        "client",
        "request_bytes",
        "response_bytes",
        "session",
        "request",
        "response",
        "timing",
        "findings",
        "note",
        "interim",
    ];
    assert_eq!(keys_in_order(&line), order);
    let shown: Value = serde_json::from_str(&line).unwrap();
    for side in ["request", "response"] {
        assert_eq!(keys(&shown[side]), ["body", "headers", "raw_head", "trailers"], "{side}");
        assert_eq!(keys(&shown[side]["body"]), ["bytes", "cut", "sha256", "stored", "text"], "{side}");
    }
    assert_eq!(
        shown["response"]["headers"],
        json!([["Content-Type", "text/event-stream"], ["X-Request-Id", "req_200"]])
    );
    assert_eq!(
        shown["response"]["raw_head"],
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Request-Id: req_200\r\n\r\n"
    );
    assert_eq!(shown["response"]["body"]["bytes"], 323);
    assert_eq!(
        shown["timing"],
        json!({
            "connect_ms": 12.0, "tls_ms": 21.0, "sent_ms": 34.0, "head_ms": 140.0, "first_event_ms": 300.0,
            "last_event_ms": 1250.0, "end_ms": 1250.5, "held_ms": null, "added_p50_us": 100, "added_p99_us": 200,
        })
    );
    assert_eq!(
        shown["findings"],
        json!([{
            "check": "stream-gap", "severity": "warning", "message": "the stream stood still for 900 ms",
            "evidence": "events 1 and 2", "fix": "ask the gateway",
            "places": ["event index 1"],
        }])
    );
}

#[test]
fn what_is_not_known_is_null() {
    let failed = &show_json(&["5", "--json"])[0];
    let timing = &failed["timing"];
    for key in [
        "connect_ms",
        "tls_ms",
        "sent_ms",
        "head_ms",
        "first_event_ms",
        "last_event_ms",
        "added_p50_us",
        "added_p99_us",
    ] {
        assert_eq!(timing[key], Value::Null, "{key}");
    }
    assert_eq!(timing["end_ms"], 3.1);
    assert_eq!(failed["findings"], json!([]));
    let coded = &show_json(&["6", "--json"])[0];
    assert_eq!(coded["request"]["raw_head"], Value::Null);
    assert_eq!(keys(&coded["response"]["body"]), ["base64", "bytes", "cut", "sha256", "stored"]);
}

#[test]
fn bodies_come_out_byte_for_byte() {
    let home = Home::new();
    record(&home);
    let bytes = |args: &[&str]| {
        let output = Launch::gatetap(&[&["show"], args].concat()).home(&home).command().output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    assert_eq!(bytes(&["6", "--body", "response", "--decoded"]), MODELS);
    let coded = bytes(&["6", "--body", "response"]);
    assert_eq!((&coded[..3], coded.len()), (&[0x78, 0x01, 0x01][..], MODELS.len() + 11));
    assert_eq!(bytes(&["6", "--body", "request"]), b"");
    assert!(bytes(&["4", "--body=response"]).ends_with(b"\n\ndata: {\"cho"));
}

#[test]
fn what_the_recording_does_not_hold_is_said() {
    let home = Home::new();
    record_with_a_hole(&home.join("hole.db"));
    let page = gatetap(&home, &["show", "1", "--db", "hole.db"]);
    assert_eq!(page.code, Some(0), "{page}");
    assert!(
        page.stdout.contains("(the recording does not hold all of it: 8 bytes of 252 are missing)"),
        "{page}"
    );
    let json = gatetap(&home, &["show", "1", "--json", "--db", "hole.db"]);
    let shown: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(
        (&shown["response"]["body"]["bytes"], &shown["response"]["body"]["stored"]),
        (&json!(252), &json!(244))
    );
    // The bytes that are there come out, and nobody takes them for all.
    let body = gatetap(&home, &["show", "1", "--body", "response", "--db", "hole.db"]);
    assert_eq!((body.code, body.stdout.len()), (Some(3), 244), "{body}");
    assert_eq!(body.stderr, "error: the recording does not hold all of it: 8 bytes of 252 are missing\n");
}
