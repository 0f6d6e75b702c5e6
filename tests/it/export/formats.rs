//! The formats that people and spreadsheets read.

use super::{fine, home_of, home_of_all};
use crate::cli_recording::{gatetap, record};
use crate::support::binary::Home;
use crate::support::made::{Made, recording};
use gatetap::digest::Digest;
use insta::assert_snapshot;

/// A text that tries what it can: markup, Markdown, a formula, a terminal, a reading direction.
const HOSTILE: &str = "=1+1\"><script>alert(1)</script>`|\u{1b}[2J\u{202e}';--";

#[test]
fn a_stream_is_written_as_it_passed() {
    let home = home_of(&["chat-stream-gzip", "models", "chat-stream-cut-mid-event"]);
    let body = |id: &str| fine(&home, &["show", id, "--body", "response", "--decoded"]).stdout;
    assert_eq!(fine(&home, &["export", "sse", "1"]).stdout, body("1"));
    let both = fine(&home, &["export", "sse"]);
    assert_eq!(both.stderr, "left out 1 exchange: no stream\n");
    let comment = ": exchange 3, 2025-03-01T12:00:00.000000Z, POST /v1/chat/completions\n\n";
    assert_eq!(both.stdout, format!("{}{comment}{}", body("1"), body("3")));
    let other = home_of(&["chat-stream-cut-mid-event", "chat-stream"]);
    let both = fine(&other, &["export", "sse"]).stdout;
    assert!(both.contains("\n\n: exchange 2, "), "{both}");
}

#[test]
fn usage_is_a_table() {
    let home = Home::new();
    record(&home);
    assert_snapshot!(fine(&home, &["export", "csv"]).stdout.replace('\r', ""), @"
    id,started_at,session,gateway,method,path,model,model_answered,status,verdict,error_code,finish_reason,request_id,input_tokens,cached_tokens,output_tokens,reasoning_tokens,total_tokens,cost,ttft_ms,duration_ms,key_last4,note
    1,2025-03-01T12:00:00.000000Z,1,nexorouter,POST,/v1/chat/completions,acme/small,acme/small-0301,200,complete,,stop,req_200,12,,4,,16,,,1250.5,,
    2,2025-03-01T12:00:01.500250Z,1,nexorouter,POST,/v1/chat/completions,acme/small,acme/small,200,complete,,stop,req_200,,,,,,,300,1250.5,,
    3,2025-03-01T12:00:03.000500Z,1,nexorouter,POST,/v1/chat/completions,acme/a-model-with-a-very-long-name-that-does-not-fit-2025-03-01,,429,refused,rate_limit_exceeded,,req_429,,,,,,,,150,,
    4,2025-03-01T12:00:04.500750Z,1,nexorouter,POST,/v1/chat/␛]0;owned␇,␛[31mred,,200,cut-by-gateway,,,req_200,,,,,,,200,1250.5,,
    5,2025-03-01T12:00:06.001000Z,1,nexorouter,POST,/v1/chat/completions,acme/small,,502,failed,dns-not-found,,req_502,,,,,,,,3.1,,
    6,2025-03-01T13:00:00.000000Z,2,nexorouter,GET,/v1/models,,,200,complete,,,req_200,,,,,,,,1250.5,,
    ");
}

#[test]
fn a_cell_is_no_formula() {
    let home = Home::new();
    let digest = Digest { model: Some(HOSTILE.to_owned()), ..Digest::default() };
    recording(&home.join("a.db"), &[Made { digest, ..Made::default() }]);
    let text = fine(&home, &["export", "csv", "--db", "a.db"]).stdout;
    let row = text.lines().nth(1).unwrap();
    assert!(row.contains(",\"'=1+1\"\"><script>"), "{row}");
}

#[test]
fn a_note_has_what_support_asks_for() {
    let home = home_of(&["models", "chat-plain", "error-429-nexorouter"]);
    let program = format!("gatetap {}", env!("CARGO_PKG_VERSION"));
    let note = fine(&home, &["export", "support", "last"]).stdout.replace(&program, "gatetap VERSION");
    assert_snapshot!(note);
    let plain = fine(&home, &["export", "support", "last", "--plain"]).stdout;
    assert!(plain.contains("\nRequest ID             req_fake_01\n"), "{plain}");
    for shown in ["#", "`rate", "Too many requests"] {
        assert!(!plain.contains(&format!("\n{shown}")), "{plain}");
    }
}

#[test]
fn a_note_has_texts_only_if_asked() {
    let home = Home::new();
    record(&home);
    let note = fine(&home, &["export", "support", "1"]).stdout;
    assert!(note.contains("It holds no key, prompt or answer."), "{note}");
    assert!(!note.contains("Hello"), "{note}");
    let note = fine(&home, &["export", "support", "1", "--with-text"]).stdout;
    assert!(note.contains("### Answer\n\n    Hello"), "{note}");
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let home = home_of_all();
    let page = fine(&home, &["export", "html", "--with-text"]).stdout;
    for word in ["<script", "src=", "href=", "url(", "@import", "javascript:", "<img", "<link", "<iframe"] {
        let found =
            page.find(word).map(|at| page[at.saturating_sub(60)..].chars().take(120).collect::<String>());
        assert_eq!(found, None, "{word}");
    }
    for tag in ["details", "table", "svg", "main", "body", "html", "ul", "dl", "pre", "code", "p"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
}

#[test]
fn what_is_hostile_stands_for_itself() {
    let home = Home::new();
    let digest =
        Digest { model: Some(HOSTILE.to_owned()), request_id: Some(HOSTILE.to_owned()), ..Digest::default() };
    let made = Made { digest, path: format!("/v1/{HOSTILE}"), request: HOSTILE.into(), ..Made::default() };
    recording(&home.join("a.db"), &[made]);
    for format in ["html", "support", "curl"] {
        let text = fine(&home, &["export", format, "--db", "a.db", "--with-text"]).stdout;
        assert!(!text.contains(['\u{1b}', '\u{202e}']) || format == "curl", "{format}: {text}");
        if format == "html" {
            assert!(!text.contains("<script"), "{text}");
            assert!(text.contains("=1+1&quot;&gt;&lt;script&gt;"), "{text}");
        }
    }
}

#[test]
fn a_key_that_the_recording_holds_is_not_exported() {
    let home = Home::new();
    let key = format!("sk-or-v1-{}", "0".repeat(64));
    let request = format!("{{\"messages\":[{{\"content\":\"{key}\"}}]}}").into_bytes();
    recording(&home.join("a.db"), &[Made { request, ..Made::default() }]);
    for format in ["jsonl", "har", "curl"] {
        let exit = gatetap(&home, &["export", format, "--db", "a.db"]);
        assert_eq!(exit.code, Some(0), "{exit}");
        assert!(!exit.stdout.contains("v1-0000"), "{exit}");
        assert!(exit.stderr.contains("warning: the recording holds 1 text with the look of a key"), "{exit}");
    }
}
