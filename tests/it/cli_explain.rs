//! `gatetap explain`: pages, the list, and what is said of a name that nothing has.

use crate::cli_recording::gatetap;
use crate::support::binary::Home;
use gatetap::check::ALL;
use gatetap::cli::{self, Env, Exit, Output};
use gatetap::config::Directories;
use gatetap::exchange::end::Verdict;
use gatetap::exchange::time::{Clock, WallTime};
use gatetap::gateway::errors;
use gatetap::proxy::OwnError;
use insta::assert_snapshot;
use serde_json::Value;

fn explain(args: &[&str]) -> String {
    let exit = gatetap(&Home::new(), &[&["explain"], args].concat());
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{args:?}: {exit}");
    exit.stdout
}

fn json(args: &[&str]) -> Vec<Value> {
    let text = explain(&[args, &["--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs it in this process, as on a terminal of that width.
fn on_terminal(name: &str, width: usize, colour: bool) -> String {
    let mut stdout = Vec::new();
    let mut env = Env {
        stdout: Output::new(&mut stdout, true).with_colour(colour),
        stderr: Output::new(std::io::sink(), true),
        width,
        directories: Directories { working: "/".into(), config: None, data: None },
        clock: Clock::fixed(WallTime(0)),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let exit = cli::run(["gatetap", "explain", name].map(Into::into), &mut env);
    drop(env);
    assert_eq!(exit, Exit::Fine);
    String::from_utf8(stdout).unwrap()
}

#[test]
fn a_pipe_gets_markdown() {
    assert_snapshot!(explain(&["auth-no-bearer"]), @"");
}

#[test]
fn a_terminal_gets_lines_that_fit() {
    assert_snapshot!(on_terminal("auth-missing", 60, false), @"");
    assert!(on_terminal("auth-missing", 60, true).contains("\u{1b}[1mauth-missing\u{1b}[0m"));
    for topic in json(&[]) {
        let name = topic["name"].as_str().unwrap();
        let page = on_terminal(name, 80, false);
        let mut longest = page.lines().filter(|line| !line.starts_with("    ") && !line.contains("://"));
        assert!(longest.all(|line| line.chars().count() <= 80), "{name}:\n{page}");
        assert!(!page.contains("```") && !page.contains("\n#"), "{name}:\n{page}");
    }
}

#[test]
fn a_verdict_comes_with_its_rule() {
    assert_snapshot!(explain(&["incomplete"]), @"");
}

#[test]
fn an_error_comes_from_every_gateway_that_has_it() {
    assert_snapshot!(explain(&["nexorouter.rate_limit_exceeded"]), @"");
    let of = |name: &str| -> Vec<(String, u64)> {
        let lines = json(&[name]);
        let one = |line: &Value| {
            (line["gateway"].as_str().unwrap_or("gatetap").to_owned(), line["status"].as_u64().unwrap())
        };
        lines.iter().map(one).collect()
    };
    let gateways = of("rate_limit_exceeded");
    assert_eq!(gateways.len(), errors::with_code("rate_limit_exceeded").count());
    assert!(gateways.iter().any(|(gateway, _)| gateway == "nexorouter"));
    let limits = of("429");
    assert!(limits.len() > 3 && limits.iter().any(|(_, status)| *status == 429), "{limits:?}");
    assert!(of("502").iter().any(|(gateway, _)| gateway == "gatetap"));
    let line = &json(&["nexorouter.rate_limit_exceeded"])[0];
    assert_eq!(
        (line["retry"].as_str(), line["confidence"].as_str()),
        (Some("after retry-after"), Some("documented"))
    );
    assert_eq!(line["headers"][0], serde_json::json!(["retry-after", "17"]));
}

#[test]
fn gatetaps_own_errors_are_explained_with_what_to_do() {
    assert_snapshot!(explain(&["connection-refused"]), @"");
}

#[test]
fn the_list_names_everything_and_everything_in_it_has_a_page() {
    let listed = explain(&[]);
    for name in ALL
        .iter()
        .map(|check| check.id)
        .chain(Verdict::ALL.map(Verdict::as_str))
        .chain(OwnError::ALL.map(OwnError::as_str))
        .chain(errors::all().iter().map(|error| error.code.as_str()))
    {
        assert!(listed.lines().any(|line| line.trim_start().starts_with(name)), "{name} is not in\n{listed}");
    }
    for topic in json(&[]) {
        let (kind, name) = (&topic["kind"], topic["name"].as_str().unwrap());
        let pages = json(&[name]);
        let page = pages.iter().find(|page| page["kind"] == *kind).unwrap();
        assert!(page["markdown"].as_str().unwrap().starts_with(&format!("# {name}\n\n")), "{name}");
        assert_eq!(page["summary"], topic["summary"], "{name}");
    }
}

#[test]
fn a_name_that_nothing_has_is_answered_with_the_nearest() {
    for (name, hint) in [
        ("auth-no-barer", "did you mean `auth-no-bearer`?"),
        ("incomplet", "did you mean `incomplete`?"),
        ("rate_limit_exceded", "did you mean `rate_limit_exceeded`?"),
        ("zzz", "`gatetap explain` lists what there is"),
        ("\u{1b}[31m", "`gatetap explain` lists what there is"),
    ] {
        let exit = gatetap(&Home::new(), &["explain", name]);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
        assert!(exit.stderr.contains(hint) && !exit.stderr.contains('\u{1b}'), "{exit}");
    }
}
