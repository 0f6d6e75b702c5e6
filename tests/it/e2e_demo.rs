//! `gatetap demo` without a terminal: it tells its stories and goes.

use crate::e2e_support::{json, words};
use crate::support::binary::{Exit, Home, Launch};
use serde_json::Value;
use std::path::Path;

/// What the stories' exchanges end as, one a line of `PATH STATUS VERDICT CODE`.
const TOLD: [&str; 17] = [
    "/@anthropic/v1/messages 200 complete -",
    "/@openai/v1/chat/completions 429 refused insufficient_quota",
    "/@openai/v1/responses 200 complete -",
    "/@openrouter/v1/chat/completions 200 complete -",
    "/@openrouter/v1/chat/completions 200 error-inside 502",
    "/v1/chat/completions 200 complete -",
    "/v1/chat/completions 200 complete -",
    "/v1/chat/completions 200 complete -",
    "/v1/chat/completions 200 complete -",
    "/v1/chat/completions 200 complete -",
    "/v1/chat/completions 200 complete -",
    "/v1/chat/completions 200 cut-by-app -",
    "/v1/chat/completions 200 cut-by-gateway -",
    "/v1/chat/completions 401 refused invalid_api_key",
    "/v1/chat/completions 404 refused model_not_found",
    "/v1/chat/completions 429 refused rate_limit_exceeded",
    "/v1/models 200 complete -",
];

fn demo(home: &Home, args: &[&str]) -> Exit {
    // It lays its recording where such files go.
    let temporary = home.join("cache").into_os_string();
    let exit = Launch::gatetap(&[&["demo"], args].concat()).home(home).env("TMPDIR", temporary).run_to_end();
    assert_eq!((exit.code, exit.signal), (Some(0), None), "{exit}");
    exit
}

/// The exchanges that were printed, as in [`TOLD`].
fn printed(exit: &Exit) -> Vec<String> {
    let exchanges = exit.lines().into_iter().filter(|line| line.starts_with('#'));
    let mut told: Vec<String> = exchanges
        .map(|line| {
            let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
            let status = words.iter().position(|word| word.parse::<u16>().is_ok()).expect(line);
            let code = words.iter().find_map(|word| word.strip_prefix('(')?.strip_suffix(')'));
            format!("{} {} {} {}", words[2], words[status], words[status + 1], code.unwrap_or("-"))
        })
        .collect();
    told.sort_unstable();
    told
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn it_prints_every_exchange_and_leaves_nothing() {
    let home = Home::new();
    let exit = demo(&home, &[]);
    assert_eq!(printed(&exit), TOLD);
    assert!(exit.stdout.contains(
        "\n17 exchanges: 10 complete, 4 refused, 1 error-inside, 1 cut-by-gateway, 1 cut-by-app\n"
    ));
    assert!(
        exit.stderr.starts_with("recorded 17 exchanges\n99 % of chunks were passed on within "),
        "{exit}"
    );
    assert_eq!(files(&home.join("cache")), Vec::<String>::new());
    assert_eq!(files(&home.join("data")), Vec::<String>::new());
}

#[test]
fn it_keeps_the_recording_where_it_is_told_to() {
    let home = Home::new();
    let exit = demo(&home, &["--db", "kept.db"]);
    assert_eq!(printed(&exit), TOLD);
    assert!(exit.stderr.contains("gatetap ls --db kept.db\n"), "{exit}");
    assert_eq!(files(&home.join("cache")), Vec::<String>::new());
    let beside: Vec<String> = files(home.path()).into_iter().filter(|name| name.contains("kept")).collect();
    assert_eq!(beside, words("kept.db"));
    let all = json(&home, &["ls", "--json", "--db", "kept.db"]);
    let text = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), str::to_owned);
    let mut told: Vec<String> = all
        .iter()
        .map(|one| {
            let (path, verdict, code) = (text(&one["path"]), text(&one["verdict"]), text(&one["error_code"]));
            format!("{path} {} {verdict} {code}", one["status"])
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, TOLD);
    // The refused request came again after it had waited, as the SDKs do it.
    let retries = |one: &&Value| one["client"]["retry_count"].is_u64();
    let attempts: Vec<(&Value, &Value)> =
        all.iter().filter(retries).map(|one| (&one["client"]["retry_count"], &one["status"])).collect();
    assert_eq!(attempts, [(&0.into(), &429.into()), (&1.into(), &200.into())]);
    let tools = all.iter().filter(|one| one["finish_reason"] == "tool_calls").count();
    assert_eq!(tools, 1);
}
