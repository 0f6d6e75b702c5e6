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
        directories: Directories { working: "/".into(), config: None, data: None, state: None },
        clock: Clock::fixed(WallTime(0)),
        time_zone: jiff::tz::TimeZone::UTC,
    };
    let exit = cli::run(["gatetap", "explain", name].map(Into::into), &mut env);
    drop(env);
    assert_eq!(exit, Exit::Fine);
    String::from_utf8(stdout).unwrap()
}

#[test]
fn a_status_begins_with_what_is_documented_to_have_it() {
    for status in [400, 401, 402, 403, 404, 429, 500, 502, 503] {
        let found = json(&[&status.to_string()]);
        let errors: Vec<&Value> = found.iter().filter(|one| one["kind"] == "error").collect();
        let rank = |one: &Value| {
            let sure = ["documented", "observed", "assumed"].map(Value::from);
            let sure = sure.iter().position(|sure| *sure == one["status_confidence"]).unwrap();
            (one["status"] != status, sure)
        };
        assert!(!errors.is_empty(), "{status}");
        assert!(errors.is_sorted_by_key(|one| rank(one)), "{status}");
    }
    let page = explain(&["429"]);
    assert!(page.find("HTTP/1.1 429") < page.find("HTTP/1.1 402"), "{page}");
}

#[test]
fn a_pipe_gets_markdown() {
    assert_snapshot!(explain(&["auth-no-bearer"]), @"
    # auth-no-bearer

    Finds keys without `Bearer` before them.

    - severity: error
    - speaks: when the request is there

    ## What it looks for

    An `Authorization` header whose value is a key alone, without a scheme before it.

    ## Why it matters

    The key is not read, and the answer is 401 `invalid_api_key`, though the key may be good.
    Source: <https://nexorouter.com/en/docs/troubleshooting>, which names it first.

    ## Example

    ```text
    Authorization: sk-…ab12
    ```

    ## What to do

    Write `Bearer`, one space, then the key.
    ");
}

#[test]
fn a_terminal_gets_lines_that_fit() {
    assert_snapshot!(on_terminal("auth-missing", 60, false), @"
    auth-missing

      Finds calls without a credential.

      - severity: error
      - speaks: when the request is there

    What it looks for

      A call of an API that carries no credential: no
      `Authorization`, `x-api-key`, `api-key` or
      `x-goog-api-key` header, and none in the query. A header
      with nothing behind its scheme is none. What gatetap did
      not see itself is left alone: browsers leave credentials
      out of a HAR.

    Why it matters

      Every documented gateway answers 401 before a model is
      asked. Source:
      https://nexorouter.com/en/docs/troubleshooting.

    Example

        POST /v1/chat/completions HTTP/1.1
        Content-Type: application/json

    What to do

      Send `Authorization: Bearer KEY`. If the code does, the
      variable that holds the key is not set in *this* process:
      a shell, an editor, a container and a service each have an
      environment of their own.
    ");
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
    assert_snapshot!(explain(&["incomplete"]), @"
    # incomplete

    A verdict. How the exchange ended: it ended cleanly, but nothing said that the answer was over.

    ## The rule

    Everything arrived by its framing, but a stream of a model's words has neither finish reason nor terminal event, or a JSON body stops in its middle. The usual causes are a proxy that closed a stream politely and a provider that died behind the gateway. SDKs give such an answer to the app as if it were whole.

    ## What to do

    `gatetap ls verdict:incomplete` lists such exchanges; `gatetap show ID` names the evidence.
    ");
}

#[test]
fn an_error_comes_from_every_gateway_that_has_it() {
    assert_snapshot!(explain(&["nexorouter.rate_limit_exceeded"]), @r#"
    # rate_limit_exceeded

    An error of nexorouter. The requests of this minute are used up; no provider was asked.

    - status: 429, documented
    - code and meaning: documented

    ## What comes

    The message is gatetap's wording.

    ```text
    HTTP/1.1 429
    retry-after: 17
    x-ratelimit-limit: 60
    x-ratelimit-remaining: 0

    {"error":{"message":"Too many requests in this minute.","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}
    ```

    ## What to do

    Wait for retry-after, then go on with fewer requests at once.

    Try again after retry-after.

    Source: <https://nexorouter.com/en/docs/api-capabilities/rate-limits>
    "#);
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
    assert!(limits.len() > 3 && limits[0].1 == 429, "{limits:?}");
    assert!(
        limits.is_sorted_by_key(|(_, status)| *status != 429),
        "what usually has it comes first: {limits:?}"
    );
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
    assert_snapshot!(explain(&["connection-refused"]), @"
    # connection-refused

    One of gatetap's own answers, given because there was none to pass on: status 502, `x-gatetap-error: connection-refused`.

    ## What it means

    Nothing listens at the gateway's address, a firewall refused, or the outgoing proxy let nobody through.

    ## What to do

    See that the gateway runs where `--upstream` points, port included, and look at `HTTPS_PROXY`.
    ");
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
        let same = |page: &&Value| page["kind"] == *kind && page["gateway"] == topic["gateway"];
        let page = pages.iter().find(same).unwrap();
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

#[test]
fn a_short_name_of_a_fault_has_the_page_of_the_long_one() {
    assert_eq!(explain(&["net.reset"]), explain(&["net.reset_before_headers"]));
}

#[test]
fn what_is_promised_and_hardly_ever_sent_has_its_page() {
    let page = explain(&["recording-failed"]);
    assert!(page.contains("never sent while requests can be passed on"), "{page}");
    assert!(explain(&[]).contains("recording-failed"));
}
