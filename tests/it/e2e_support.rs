//! What the end-to-end tests share: a gatetap in front of something, and what its commands say afterwards.

use crate::support::binary::{Exit, Gatetap, Home, Launch};
use crate::support::eventually;
use serde_json::Value;
use std::path::PathBuf;

/// A key that the simulator takes. It is nobody's.
pub const KEY: &str = "sk-sim-e2e-0000000000000000";

/// A chat completion.
pub const ASK: &str =
    r#"{"model":"deepseek-v4-flash","messages":[{"role":"user","content":"Hi"}],"max_tokens":12}"#;

/// The same as a stream.
pub const ASK_STREAM: &str = r#"{"model":"deepseek-v4-flash","messages":[{"role":"user","content":"Hi"}],"max_tokens":12,"stream":true,"stream_options":{"include_usage":true}}"#;

/// A headless gatetap on a free port, in `home`, in front of `upstream`.
#[track_caller]
pub fn serve(home: &Home, upstream: &str) -> Gatetap {
    Launch::gatetap(&["run", "--headless", "--listen", "127.0.0.1:0", "--seed", "7", "--upstream", upstream])
        .home(home)
        .serve()
}

/// The recording that it writes where nobody names another.
pub fn recording(home: &Home) -> PathBuf {
    home.join("data/gatetap/recording.db")
}

/// Runs gatetap in `home`; it has to end well.
#[track_caller]
pub fn said(home: &Home, args: &[&str]) -> Exit {
    let exit = Launch::gatetap(args).home(home).run_to_end();
    assert_eq!(exit.code, Some(0), "{args:?}: {exit}");
    exit
}

/// What gatetap prints as JSON, a value a line.
#[track_caller]
pub fn json(home: &Home, args: &[&str]) -> Vec<Value> {
    let exit = said(home, args);
    exit.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every exchange of the recording, once `count` have ended.
#[track_caller]
pub fn ended(home: &Home, count: usize) -> Vec<Value> {
    eventually(&format!("{count} exchanges to have ended"), || {
        let all = json(home, &["ls", "--json"]);
        let open = all.iter().any(|one| one["verdict"] == "open");
        (all.len() >= count && !open).then_some(all)
    })
}

/// One exchange, whole.
#[track_caller]
pub fn show(home: &Home, id: &Value) -> Value {
    json(home, &["show", "--json", &id.to_string()]).remove(0)
}

/// The names in an object, sorted.
#[track_caller]
pub fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// The words of a list, sorted as [`names`] are.
pub fn words(list: &str) -> Vec<&str> {
    let mut words: Vec<&str> = list.split_whitespace().collect();
    words.sort_unstable();
    words
}
