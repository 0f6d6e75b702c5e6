//! `gatetap export` and `gatetap import`.

mod carry;
mod curl;
mod formats;
mod har;
mod refusals;

use crate::captures::record;
use crate::cli_recording::gatetap;
use crate::support::binary::{Exit, Home};
use crate::support::capture_names;
use serde_json::Value;

/// A home with a recording of these captures.
fn home_of(names: &[&str]) -> Home {
    let home = Home::new();
    record(&home, names);
    home
}

/// A home with a recording of every capture.
fn home_of_all() -> Home {
    let names = capture_names();
    home_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Runs gatetap; it has to succeed.
#[track_caller]
fn fine(home: &Home, args: &[&str]) -> Exit {
    let exit = gatetap(home, args);
    assert_eq!(exit.code, Some(0), "{args:?}: {exit}");
    exit
}

/// What gatetap prints as lines of JSON.
#[track_caller]
fn json_lines(home: &Home, args: &[&str]) -> Vec<Value> {
    fine(home, args).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// These values, one a line.
fn lines_of(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}
