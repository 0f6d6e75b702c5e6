//! HAR: what the standard asks for, and what comes back.

use super::{fine, home_of, home_of_all, json_lines};
use crate::cli_recording::gatetap;
use crate::support::binary::Home;
use insta::assert_snapshot;
use serde_json::{Value, json};

fn har(args: &[&str], names: &[&str]) -> Value {
    let home = if names.is_empty() { home_of_all() } else { home_of(names) };
    let text = fine(&home, &[&["export", "har"], args].concat()).stdout;
    serde_json::from_str(&text).unwrap()
}

/// Members that HAR 1.2 requires, by where they stand.
const REQUIRED: [(&str, &[&str]); 7] = [
    ("", &["startedDateTime", "time", "request", "response", "cache", "timings"]),
    (
        "/request",
        &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"],
    ),
    ("/request/postData", &["mimeType", "text"]),
    (
        "/response",
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    ),
    ("/response/content", &["size", "mimeType"]),
    ("/timings", &["send", "wait", "receive"]),
    ("/_gatetap", &["id", "verdict", "evidence", "model", "tokens", "findings"]),
];

#[test]
fn every_capture_has_what_the_standard_requires() {
    let har = har(&[], &[]);
    assert_eq!(har["log"]["version"], "1.2");
    assert_eq!(har["log"]["creator"]["name"], "gatetap");
    let entries = har["log"]["entries"].as_array().unwrap();
    assert!(entries.len() >= 70);
    for entry in entries {
        for (place, members) in REQUIRED {
            let Some(object) = entry.pointer(place) else {
                assert_eq!(place, "/request/postData", "{entry}");
                continue;
            };
            for member in members {
                assert!(
                    object
                        .get(member)
                        .is_some_and(|value| *member == "evidence" || *member == "model" || !value.is_null()),
                    "{place}/{member}: {entry}"
                );
            }
        }
        let timings = entry["timings"].as_object().unwrap();
        let sum: f64 = timings
            .iter()
            .filter(|(name, _)| *name != "ssl")
            .map(|(_, time)| time.as_f64().unwrap().max(0.0))
            .sum();
        assert!((sum - entry["time"].as_f64().unwrap()).abs() < 1e-6, "{entry}");
        for phase in ["send", "wait", "receive"] {
            assert!(timings[phase].as_f64().unwrap() >= 0.0, "{entry}");
        }
    }
}

#[test]
fn a_stream_has_its_messages() {
    let har = har(&[], &["chat-stream"]);
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["_resourceType"], "eventsource");
    let messages = entry["_eventSourceMessages"].as_array().unwrap();
    assert_eq!(messages.last().unwrap()["data"], "[DONE]");
    assert!(messages[0]["time"].as_f64().unwrap() > 1_740_830_400.0);
    let mut entry = entry.clone();
    entry["_eventSourceMessages"] = Value::Null;
    entry["response"]["content"]["text"] = Value::Null;
    assert_snapshot!(serde_json::to_string_pretty(&entry).unwrap());
}

#[test]
fn what_a_har_says_comes_back() {
    let home = home_of_all();
    fine(&home, &["export", "har", "-o", "a.har"]);
    let exit = fine(&home, &["import", "a.har", "--db", "b.db"]);
    assert!(exit.stderr.contains("when each chunk was read and taken"), "{exit}");
    assert!(!exit.stderr.contains("how the bodies ended"), "{exit}");
    assert!(exit.stderr.contains("the headers that name its codings are left out"), "{exit}");
    let before = json_lines(&home, &["ls", "--json"]);
    let after = json_lines(&home, &["ls", "--json", "--db", "b.db"]);
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        for member in [
            "id",
            "started_at",
            "method",
            "path",
            "gateway",
            "status",
            "model",
            "request_id",
            "model_answered",
            "finish_reason",
            "tokens",
            "streaming",
            "duration_ms",
            "credential",
        ] {
            assert_eq!(before[member], after[member], "{member}: {before}\n{after}");
        }
        let verdict = if before["verdict"] == "open" { &Value::from("lost") } else { &before["verdict"] };
        assert_eq!(&after["verdict"], verdict, "{before}\n{after}");
    }
    let timed = after.iter().filter(|one| one["ttft_ms"].is_number()).count();
    assert!(timed > 20, "{timed} streams have their times");
    for (before, after) in before.iter().zip(&after).filter(|(_, after)| after["ttft_ms"].is_number()) {
        assert_eq!(before["ttft_ms"], after["ttft_ms"], "{before}\n{after}");
    }
}

/// The checks that find something, of each exchange.
fn found(home: &Home, args: &[&str]) -> Vec<(i64, String)> {
    let exit = gatetap(home, &[&["check", "--json"], args].concat());
    let lines = exit.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| (line["exchange"].as_i64().unwrap(), line["check"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn nothing_new_is_found_in_what_comes_back() {
    let home = home_of_all();
    fine(&home, &["export", "har", "-o", "a.har"]);
    fine(&home, &["import", "a.har", "--db", "b.db"]);
    let before = found(&home, &[]);
    let new: Vec<_> =
        found(&home, &["--db", "b.db"]).into_iter().filter(|one| !before.contains(one)).collect();
    assert_eq!(new, [], "{before:?}");
}

/// What Firefox writes of a stream, with credentials left out or masked.
fn firefox(authorization: &str) -> String {
    let event = |delta: Value, reason: Option<&str>| {
        let choice = json!({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
        format!("data: {choice}\n\n")
    };
    let words = (0..41).map(|n| event(json!({"content": format!("word {n} ")}), None));
    let stream: Vec<String> = words.chain([event(json!({}), Some("stop"))]).collect();
    let stream = stream.concat();
    let mut headers = vec![json!({"name": "Content-Type", "value": "application/json"})];
    if !authorization.is_empty() {
        headers.push(json!({"name": "Authorization", "value": authorization}));
    }
    json!({"log": {"version": "1.2", "creator": {"name": "Firefox", "version": "140.0"}, "pages": [], "entries": [{
        "startedDateTime": "2025-03-01T12:00:00.000+00:00", "time": 2100,
        "request": {
            "method": "POST", "url": "https://api.nexorouter.com/v1/chat/completions", "httpVersion": "HTTP/1.1",
            "headers": headers, "queryString": [], "cookies": [], "headersSize": 300, "bodySize": 40,
            "postData": {"mimeType": "application/json", "params": [],
                "text": "{\"model\":\"nexo-small\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"},
        },
        "response": {
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1",
            "headers": [{"name": "content-type", "value": "text/event-stream"}, {"name": "transfer-encoding", "value": "chunked"}],
            "cookies": [], "content": {"mimeType": "text/event-stream", "size": stream.len(), "text": stream},
            "redirectURL": "", "headersSize": 100, "bodySize": -1,
        },
        "cache": {}, "timings": {"blocked": 0, "dns": 0, "connect": 10, "ssl": 20, "send": 0, "wait": 90, "receive": 2000},
    }]}})
    .to_string()
}

#[test]
fn what_a_file_does_not_say_is_not_made_up() {
    for (authorization, last4) in
        [("", Value::Null), ("Bearer ****0000", "0000".into()), ("[redacted]", Value::Null)]
    {
        let home = Home::new();
        std::fs::write(home.join("firefox.har"), firefox(authorization)).unwrap();
        let exit = fine(&home, &["import", "firefox.har", "--db", "b.db"]);
        assert!(exit.stderr.contains("how the bodies ended is not in a HAR"), "{exit}");
        assert!(exit.stderr.contains("when each event of the stream came is not there"), "{exit}");
        let listed = json_lines(&home, &["ls", "--json", "--db", "b.db"]);
        let one = &listed[0];
        assert_eq!((&one["ttft_ms"], &one["duration_ms"]), (&Value::Null, &json!(2100.0)), "{one}");
        assert_eq!((&one["verdict"], &one["finish_reason"]), (&"complete".into(), &"stop".into()), "{one}");
        assert_eq!(one["credential"].is_null(), authorization.is_empty(), "{one}");
        assert_eq!(one["credential"]["last4"], last4, "{one}");
        let events = json_lines(&home, &["show", "1", "--events", "--json", "--db", "b.db"]);
        assert_eq!(events.len(), 42);
        assert!(events.iter().all(|event| event["at_ms"].is_null()), "{events:?}");
        let found = found(&home, &["--db", "b.db"]);
        let invented =
            found.iter().find(|(_, check)| check.starts_with("auth-") || check.contains("buffered"));
        assert_eq!(invented, None, "{authorization}");
        let page = fine(&home, &["show", "1", "--db", "b.db"]).stdout;
        assert!(page.contains("in chunks that are not known, event by event below"), "{page}");
        assert!(!page.contains("first token"), "{page}");
    }
}

/// What Chrome writes, as far as it matters here.
const CHROME: &str = r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":[
{"_initiator":{"type":"script"},"_priority":"High","_resourceType":"fetch","cache":{},"connection":"443",
"request":{"method":"POST","url":"https://openrouter.ai/api/v1/chat/completions?trace=1","httpVersion":"h2","headers":[
{"name":":method","value":"POST"},{"name":"content-type","value":"application/json"},{"name":"authorization","value":"Bearer KEY"}],
"queryString":[{"name":"trace","value":"1"}],"cookies":[],"headersSize":-1,"bodySize":33,
"postData":{"mimeType":"application/json","text":"{\"model\":\"acme/small\",\"messages\":[]}"}},
"response":{"status":200,"statusText":"","httpVersion":"h2","headers":[{"name":"content-type","value":"application/json"},{"name":"content-encoding","value":"br"},{"name":"content-length","value":"40"}],
"cookies":[],"content":{"size":92,"mimeType":"application/json","text":"eyJtb2RlbCI6ImFjbWUvc21hbGwiLCJjaG9pY2VzIjpbeyJtZXNzYWdlIjp7ImNvbnRlbnQiOiJIaSJ9LCJmaW5pc2hfcmVhc29uIjoic3RvcCJ9XX0=","encoding":"base64"},
"redirectURL":"","headersSize":-1,"bodySize":-1,"_transferSize":140},
"serverIPAddress":"192.0.2.1","startedDateTime":"2025-03-01T13:00:00.250+01:00","time":500.5,
"timings":{"blocked":10,"dns":5,"ssl":20,"connect":30,"send":0.5,"wait":400,"receive":55,"_blocked_queueing":1}},
{"request":{"method":"GET","url":"https://example.test/","httpVersion":"http/1.1","headers":[],"queryString":[],"cookies":[],"headersSize":-1,"bodySize":0},
"response":{"status":0,"statusText":"","httpVersion":"","headers":[],"cookies":[],"content":{"size":0,"mimeType":"x-unknown"},"redirectURL":"","headersSize":-1,"bodySize":-1,"_error":"net::ERR_FAILED"},
"cache":{},"startedDateTime":"2025-03-01T12:00:01Z","time":3,"timings":{"blocked":3,"send":-1,"wait":-1,"receive":-1}},
{"request":{"method":"GET","url":"https://example.test/big","httpVersion":"http/1.1","headers":[],"queryString":[],"cookies":[],"headersSize":-1,"bodySize":0},
"response":{"status":200,"statusText":"OK","httpVersion":"http/1.1","headers":[],"cookies":[],"content":{"size":7000,"mimeType":"text/plain"},"redirectURL":"","headersSize":-1,"bodySize":7000},
"cache":{},"startedDateTime":"2025-03-01T12:00:02Z","time":3,"timings":{"send":1,"wait":1,"receive":1}}]}}"#;

#[test]
fn a_browsers_file_gives_what_it_has() {
    let home = home_of(&["models"]);
    let key = format!("sk-or-v1-{}", "0".repeat(64));
    std::fs::write(home.join("chrome.har"), CHROME.replace("KEY", &key)).unwrap();
    let exit = fine(&home, &["import", "chrome.har", "--db", "b.db"]);
    assert_snapshot!(exit.stderr, @"
    imported 3 exchanges of `chrome.har` into `b.db` as 1 to 3
    secrets were hidden in 1 exchange
    missing, 3 exchanges: how the bodies ended is not in a HAR
    missing, 1 exchange: the answer's body is missing
    missing, 1 exchange: the answer's body is there decoded: the headers that name its codings are left out
    missing, 3 exchanges: when each chunk was read and taken, and what gatetap sent on, are not in a HAR
    ");
    let shown = json_lines(&home, &["show", "1-3", "--json", "--db", "b.db"]);
    let [first, failed, big] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!(first["started_at"], "2025-03-01T12:00:00.250000Z");
    assert_eq!((&first["gateway"], &first["model"]), (&"openrouter".into(), &"acme/small".into()));
    assert_eq!((&first["verdict"], &first["finish_reason"]), (&"complete".into(), &"stop".into()));
    assert_eq!(first["credential"]["vendor"], "openrouter");
    assert!(!first.to_string().contains("000000"), "{first}");
    assert_eq!(first["timing"]["connect_ms"], 10.0);
    assert_eq!(first["timing"]["tls_ms"], 20.0);
    assert_eq!(first["timing"]["sent_ms"], 45.5);
    assert_eq!(first["timing"]["end_ms"], 500.5);
    assert_eq!((&failed["status"], &failed["response"]), (&Value::Null, &Value::Null));
    assert_eq!(big["response"]["body"]["bytes"], 7000);
    assert_eq!(big["response"]["body"]["stored"], 0);
}
