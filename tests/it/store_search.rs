//! Full text: which exchanges are found, in which order, and what is shown of them.

use crate::support::binary::Launch;
use crate::support::made::{Made, START, die, recording};
use gatetap::exchange::ExchangeId;
use gatetap::exchange::time::WallTime;
use gatetap::store::filter::Filter;
use gatetap::store::{Hit, MOST_RATED, Reader};
use std::path::Path;

const NOW: WallTime = START;

/// An exchange whose bodies say what its full text was made from.
fn asked(prompt: &str, answer: &str) -> Made {
    let request = serde_json::json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": prompt}]},
        ],
    });
    let response = serde_json::json!({
        "object": "chat.completion",
        "choices": [{"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
    });
    Made {
        prompt: format!("be brief\n{prompt}"),
        answer: answer.to_owned(),
        request: request.to_string().into(),
        response: response.to_string().into(),
        ..Made::default()
    }
}

fn search(path: &Path, words: &str) -> Vec<Hit> {
    let reader = Reader::open(path).unwrap();
    reader.search(&Filter::parse(words).unwrap(), 20, NOW).unwrap().hits
}

fn ids(hits: &[Hit]) -> Vec<ExchangeId> {
    hits.iter().map(|hit| hit.summary.id).collect()
}

/// The snippets with what matches in brackets.
fn shown(hit: &Hit) -> Vec<String> {
    hit.snippets
        .iter()
        .map(|snippet| {
            let mut text = snippet.text.clone();
            for mark in snippet.marks.iter().rev() {
                text.insert(mark.end, ']');
                text.insert(mark.start, '[');
            }
            let [before, after] =
                [snippet.cut_before, snippet.cut_after].map(|cut| if cut { "…" } else { "" });
            format!("{}: {before}{text}{after}", snippet.source.as_str())
        })
        .collect()
}

#[test]
fn the_best_match_comes_first_with_its_words_marked() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let long = "lorem ipsum dolor sit amet ".repeat(40);
    recording(
        &path,
        &[
            asked(&format!("{long} zebra {long}"), "no such animal"),
            asked("a zebra, a Zebra!", "zebras are striped; the zebra-crossing is too"),
            asked("nothing of the kind", "really"),
        ],
    );
    let hits = search(&path, "zebra");
    assert_eq!(ids(&hits), [2, 1]);
    assert_eq!(
        shown(&hits[0]),
        ["prompt: be brief\na [zebra], a [Zebra]", "answer: zebras are striped; the [zebra]-crossing is too"]
    );
    assert_eq!(
        shown(&hits[1]),
        ["prompt: …ipsum dolor sit amet lorem ipsum dolor sit amet  [zebra] lorem ipsum dolor sit amet lorem ipsum \
          dolor sit amet lorem ipsum dolor sit amet lorem ipsum…"
            .replace("…ipsum dolor sit amet lorem", "…amet lorem")
            .as_str()]
    );
    assert_eq!(ids(&search(&path, "zebra* -lorem")), [2]);
    assert_eq!(ids(&search(&path, "\"zebra crossing\"")), [2]);
    assert_eq!(ids(&search(&path, "zebra OR kind")), [3, 2, 1]);
    assert_eq!(ids(&search(&path, "zebra status:500")), [0; 0]);
    assert_eq!(ids(&search(&path, "quagga")), [0; 0]);
    assert_eq!(ids(&search(&path, "status:200")), [0; 0], "without words there is no best match");
}

#[test]
fn what_was_indexed_is_what_the_bodies_say() {
    let home = tempfile::tempdir().unwrap();
    for (name, request, response, words, missing) in [
        (
            "messages",
            r#"{"system":"sysword","messages":[{"role":"user","content":[{"type":"text","text":"userword"},
               {"type":"image","source":{"type":"base64","data":"imageword"}},
               {"type":"tool_result","tool_use_id":"idword","content":"toolword"}]},
               {"role":"assistant","content":[{"type":"tool_use","id":"idword","name":"n","input":{"deep":["argword"]}}]}]}"#,
            r#"{"type":"message","content":[{"type":"text","text":"answerword"}],"stop_reason":"end_turn"}"#,
            &["sysword", "userword", "toolword", "argword", "answerword"][..],
            &["imageword", "idword", "role", "base64", "tool_result"][..],
        ),
        (
            "responses",
            r#"{"instructions":"sysword","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"userword"}]},
               {"type":"function_call_output","call_id":"idword","output":"{\"k\":\"toolword\"}"}]}"#,
            r#"{"object":"response","output":[{"type":"message","content":[{"type":"output_text","text":"answerword"}]}]}"#,
            &["sysword", "userword", "toolword", "answerword"],
            &["idword", "input_text"],
        ),
        (
            "chat",
            r#"{"messages":[{"role":"user","content":"userword"},{"role":"assistant","content":null,"tool_calls":
               [{"id":"idword","type":"function","function":{"name":"n","arguments":"{\"q\":\"argword\"}"}}]}]}"#,
            r#"{"object":"chat.completion","choices":[{"message":{"content":"answerword","tool_calls":[{"id":"idword",
               "function":{"name":"callname","arguments":"{\"z\":\"callarg\"}"}}]}}]}"#,
            &["userword", "argword", "answerword", "callname", "callarg"],
            &["idword"],
        ),
        (
            "broken",
            r#"{"messages":[{"role":"user","content":"userword and more of it that breaks o"#,
            r#"{"error":{"message":"errorword happened","code":"x"}}"#,
            &["userword", "errorword"],
            &["role"],
        ),
        (
            "secret",
            r#"{"messages":[{"role":"user","content":"my key is sk-or-v1-0000000000000000000000000000000000000000000000000000000000000000 userword"}]}"#,
            r#"{"object":"chat.completion","choices":[{"message":{"content":"answerword"}}]}"#,
            &["userword", "answerword"],
            &["0000000000000000000000000000000000000000000000000000000000000000"],
        ),
    ] {
        let path = home.path().join(format!("{name}.db"));
        let writer = crate::support::made::session(&path);
        // Left open by a session that dies: the next reader settles it from the bodies alone.
        let made = Made {
            path: match name {
                "messages" => "/v1/messages".to_owned(),
                "responses" => "/v1/responses".to_owned(),
                _ => "/v1/chat/completions".to_owned(),
            },
            verdict: gatetap::exchange::end::Verdict::Open,
            request: request.into(),
            response: response.into(),
            ..Made::default()
        };
        made.write(&writer);
        die(writer, &path);
        for word in words {
            assert_eq!(ids(&search(&path, word)), [1], "{name}: {word}");
        }
        for word in missing {
            assert_eq!(ids(&search(&path, word)), [0; 0], "{name}: {word}");
        }
    }
}

#[test]
fn a_long_prompt_is_known_by_its_start_and_its_end() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let prompt = format!("firstword {} middleword {} lastword", "ä ".repeat(60_000), "ö ".repeat(60_000));
    let writer = crate::support::made::session(&path);
    let made = Made { verdict: gatetap::exchange::end::Verdict::Open, ..asked(&prompt, "answerword") };
    made.write(&writer);
    die(writer, &path);
    for (word, found) in [("firstword", 1), ("middleword", 0), ("lastword", 1), ("answerword", 1)] {
        assert_eq!(search(&path, word).len(), found, "{word}");
    }
}

#[test]
fn of_more_matches_than_are_rated_the_newest_are() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let many = MOST_RATED as usize + 2;
    let made: Vec<Made> = (0..many)
        .map(|n| Made {
            // The best match is the oldest, the next best one that is still among the newest.
            prompt: if [0, 5].contains(&n) { "common".to_owned() } else { format!("common and more {n}") },
            status: Some(if n < 4 || n == 9 { 500 } else { 200 }),
            ..Made::default()
        })
        .collect();
    recording(&path, &made);
    let reader = Reader::open(&path).unwrap();
    let found = |words: &str, limit: u32| {
        let found = reader.search(&Filter::parse(words).unwrap(), limit, NOW).unwrap();
        (ids(&found.hits), found.is_whole)
    };
    assert_eq!(found("common", 1), (vec![6], false));
    assert_eq!(found("common status:200", 1), (vec![6], true), "others are not asked for");
    assert_eq!(found("common status:500", 9), (vec![1, 10, 4, 3, 2], true));
    assert_eq!(found("common -more", 9), (vec![6, 1], true));
    assert_eq!(found("common OR nothing", 1), (vec![6], false));
    let db = path.display().to_string();
    let exit = Launch::gatetap(&["search", "common", "--limit", "1", "--db", &db]).run_to_end();
    assert!(exit.stderr.contains("the best of the newest 10000 matches"), "{exit}");
}
