//! `gatetap check`: what it finds, how it says it, and how it exits.

use crate::check::support::{record, reviewed, stories};
use crate::cli_recording::{gatetap, record_nothing};
use crate::support::binary::{Exit, Gatetap, Home};
use gatetap::check::Engine;
use gatetap::exchange::time::Micros;
use gatetap::store::{Page, Reader};
use gatetap::wire::script::Capture;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// The exchanges of a check's first fixture of that name.
fn captures(id: &str, name: &str) -> Vec<Capture> {
    let story = stories(id).into_iter().find(|story| story.name.starts_with(name)).unwrap();
    story.captures
}

/// One exchange after another: without a key, without a scheme, without a key again, as it should be.
fn traffic() -> Vec<Capture> {
    let mut all = [
        captures("auth-missing", "fires"),
        captures("auth-no-bearer", "fires"),
        captures("auth-missing", "fires"),
        captures("auth-no-bearer", "quiet"),
    ]
    .concat();
    for (nth, capture) in (0_u64..).zip(&mut all) {
        capture.exchange.started_at = capture.exchange.started_at.plus(Micros(nth * 1_000_000));
    }
    all
}

/// A recording whose only checks are those of this test: others may come to find something there.
const ONLY: [&str; 2] = ["--select", "auth-missing,auth-no-bearer"];

fn home() -> Home {
    let home = Home::new();
    record(&home.join("data/gatetap/recording.db"), &[traffic()]);
    home
}

fn check(home: &Home, args: &[&str]) -> Exit {
    gatetap(home, &[&["check"], &ONLY[..], args].concat())
}

fn lines(exit: &Exit) -> Vec<Value> {
    exit.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The exchanges and checks of the JSON that `args` give.
fn found(home: &Home, args: &[&str]) -> Vec<(i64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let exit = gatetap(home, &[&["check", "--json"], args].concat());
    assert_eq!(exit.stderr, "", "{exit}");
    let of =
        |line: Value| (line["exchange"].as_i64().unwrap(), text(&line["check"]), text(&line["severity"]));
    let all = lines(&exit).into_iter().map(of);
    all.filter(|(_, check, _)| ["auth-missing", "auth-no-bearer"].contains(&check.as_str())).collect()
}

fn settings(home: &Home, text: &str) {
    std::fs::write(home.join("gatetap.toml"), text).unwrap();
}

#[test]
fn people_get_it_by_check_with_the_worst_first() {
    let home = home();
    let exit = check(&home, &[]);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(1), ""), "{exit}");
    assert_snapshot!(exit.stdout, @"
    error auth-missing: calls without a credential (2)
      #1 POST /v1/chat/completions, 401 refused
        `POST /v1/chat/completions` carries no credential
        evidence: `Authorization` is there, but no key is in it
        fix: send `authorization: Bearer KEY`, and see that `NEXOROUTER_API_KEY` is set in the app's own process
      #3 POST /v1/chat/completions, 401 refused
        `POST /v1/chat/completions` carries no credential
        evidence: `Authorization` is there, but no key is in it

    error auth-no-bearer: keys without `Bearer` before them (1)
      #2 POST /v1/chat/completions, 401 refused
        `Authorization` has a key but no scheme
        evidence: `Authorization: …ab12`, 34 bytes
        fix: send `Authorization: Bearer …ab12`

    3 errors in 3 of 4 exchanges; `gatetap explain auth-missing` says more
    ");
    settings(&home, "[checks]\nseverity = { auth-missing = \"info\" }\n");
    let exit = check(&home, &[]);
    assert!(exit.stdout.starts_with("error auth-no-bearer: "), "{exit}");
    assert!(exit.stdout.contains("\n1 error, 2 info in 3 of 4 exchanges; "), "{exit}");
}

#[test]
fn pages_come_with_the_findings_where_they_are_asked_for() {
    let exit = check(&home(), &["--explain", "key:ab12"]);
    assert!(exit.stdout.contains("\n  | auth-no-bearer\n"), "{exit}");
    assert!(exit.stdout.contains("\n  |   Write `Bearer`, one space, then the key.\n"), "{exit}");
    let exit = check(&home(), &["--explain", "--format", "sarif"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
}

#[test]
fn where_nothing_is_found_one_line_says_so() {
    let home = Home::new();
    let path = home.join("data/gatetap/recording.db");
    record(&path, &[captures("auth-no-bearer", "quiet")]);
    let exit = check(&home, &[]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), "no findings in 1 exchange\n"), "{exit}");
    record_nothing(&home.join("empty.db"));
    let exit = check(&home, &["--db", "empty.db"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""));
    assert_eq!(exit.stderr, "no exchanges in `empty.db`\n");
    for (format, stdout) in [
        ("json", ""),
        ("github", "no findings in 0 exchanges\n"),
        (
            "junit",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gatetap check\">\n</testsuites>\n",
        ),
    ] {
        let exit = check(&home, &["--db", "empty.db", "--format", format]);
        assert_eq!(
            (exit.code, exit.stdout.as_str(), exit.stderr.as_str()),
            (Some(0), stdout, ""),
            "{format}"
        );
    }
}

#[test]
fn json_is_one_object_a_finding() {
    let exit = check(&home(), &["--json"]);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(1), ""));
    let lines = lines(&exit);
    assert_eq!(lines.len(), 3);
    let keys: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    let mut expected = vec![
        "exchange",
        "check",
        "severity",
        "message",
        "evidence",
        "fix",
        "places",
        "method",
        "path",
        "gateway",
        "status",
        "verdict",
        "started_at",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(
        (&lines[1]["exchange"], &lines[1]["places"], &lines[1]["status"], &lines[1]["verdict"]),
        (&json!(2), &json!(["request header authorization"]), &json!(401), &json!("refused"))
    );
    assert_eq!(lines[0]["started_at"], "2025-03-01T12:00:00.000000Z");
    assert_eq!(check(&home(), &["--format", "json"]).stdout, exit.stdout);
}

#[test]
fn github_gets_one_command_a_check() {
    assert_snapshot!(check(&home(), &["--format", "github"]).stdout, @"
    ::error title=auth-missing%3A calls without a credential (2)::#1 POST /v1/chat/completions, 401 refused%0A`POST /v1/chat/completions` carries no credential%0Aevidence: `Authorization` is there, but no key is in it%0Afix: send `authorization: Bearer KEY`, and see that `NEXOROUTER_API_KEY` is set in the app's own process%0A#3 POST /v1/chat/completions, 401 refused%0A`POST /v1/chat/completions` carries no credential%0Aevidence: `Authorization` is there, but no key is in it%0Afix: send `authorization: Bearer KEY`, and see that `NEXOROUTER_API_KEY` is set in the app's own process
    ::error title=auth-no-bearer%3A keys without `Bearer` before them (1)::#2 POST /v1/chat/completions, 401 refused%0A`Authorization` has a key but no scheme%0Aevidence: `Authorization: …ab12`, 34 bytes%0Afix: send `Authorization: Bearer …ab12`
    3 errors in 3 of 4 exchanges
    ");
}

#[test]
fn what_would_end_a_command_or_drive_a_terminal_does_not() {
    let home = Home::new();
    let mut odd = captures("auth-missing", "fires");
    odd[0].exchange.request.target = "/v1/a%0A::set-output,b:\u{1b}[31m\u{202e}&<\"".to_owned();
    record(&home.join("data/gatetap/recording.db"), &[odd]);
    let github = check(&home, &["--format", "github"]).stdout;
    assert!(github.contains("#1 POST /v1/a%250A::set-output,b:␛[31m<U+202E>&<\", 401"), "{github}");
    assert_eq!(github.lines().filter(|line| line.starts_with("::")).count(), 1, "{github}");
    let text = check(&home, &[]).stdout;
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    let junit = check(&home, &["--format", "junit"]).stdout;
    assert!(
        junit.contains("name=\"#1 POST /v1/a%0A::set-output,b:␛[31m&lt;U+202E&gt;&amp;&lt;&quot;, 401"),
        "{junit}"
    );
}

#[test]
fn junit_has_a_suite_a_session_and_fails_what_the_exit_code_fails() {
    let home = home();
    let exit = check(&home, &["--format", "junit"]);
    assert_eq!(exit.code, Some(1));
    assert_snapshot!(exit.stdout, @r##"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="gatetap check">
      <testsuite name="session 1" tests="4" failures="3" errors="0" skipped="0" timestamp="2025-03-01T12:00:00.000000Z">
        <testcase classname="session-1" name="#1 POST /v1/chat/completions, 401 refused" time="0.041">
          <failure type="auth-missing" message="`POST /v1/chat/completions` carries no credential">error auth-missing: `POST /v1/chat/completions` carries no credential
      evidence: `Authorization` is there, but no key is in it
      fix: send `authorization: Bearer KEY`, and see that `NEXOROUTER_API_KEY` is set in the app's own process
    </failure>
        </testcase>
        <testcase classname="session-1" name="#2 POST /v1/chat/completions, 401 refused" time="0.040">
          <failure type="auth-no-bearer" message="`Authorization` has a key but no scheme">error auth-no-bearer: `Authorization` has a key but no scheme
      evidence: `Authorization: …ab12`, 34 bytes
      fix: send `Authorization: Bearer …ab12`
    </failure>
        </testcase>
        <testcase classname="session-1" name="#3 POST /v1/chat/completions, 401 refused" time="0.041">
          <failure type="auth-missing" message="`POST /v1/chat/completions` carries no credential">error auth-missing: `POST /v1/chat/completions` carries no credential
      evidence: `Authorization` is there, but no key is in it
      fix: send `authorization: Bearer KEY`, and see that `NEXOROUTER_API_KEY` is set in the app's own process
    </failure>
        </testcase>
        <testcase classname="session-1" name="#4 GET /v1/models, 200 complete" time="0.040"/>
      </testsuite>
    </testsuites>
    "##);
    let path = home.join("data/gatetap/recording.db");
    record(&path, &[captures("auth-no-bearer", "quiet")]);
    let exit = check(&home, &["--format", "junit", "--fail-on", "never"]);
    assert_eq!(exit.code, Some(0));
    assert_eq!(exit.stdout.matches("<testsuite ").count(), 2, "{exit}");
    assert_eq!((exit.stdout.matches("<failure").count(), exit.stdout.matches("<system-out").count()), (0, 3));
}

/// The required parts of SARIF 2.1.0: §3.13, §3.18, §3.19, §3.27, §3.49.
#[test]
fn sarif_has_rules_with_pages_and_results_that_point_at_them() {
    let exit = check(&home(), &["--format", "sarif"]);
    let log: Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let driver = &log["runs"][0]["tool"]["driver"];
    assert_eq!(driver["name"], "gatetap");
    let rules = driver["rules"].as_array().unwrap();
    assert_eq!(rules.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(), ["auth-missing", "auth-no-bearer"]);
    for rule in rules {
        assert!(rule["help"]["text"].as_str().unwrap().contains("## What to do"));
        assert!(rule["shortDescription"]["text"].is_string());
        assert_eq!(rule["defaultConfiguration"]["level"], "error");
    }
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["level"], "error");
        assert!(result["message"]["text"].as_str().unwrap().contains("\nfix: "));
    }
    let place = &results[1]["locations"][0];
    assert_eq!(
        place["logicalLocations"],
        json!([
            {"fullyQualifiedName": "#2", "kind": "exchange"},
            {"fullyQualifiedName": "#2 request header authorization", "kind": "place"},
        ])
    );
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "HOME/data/gatetap/recording.db");
    assert_eq!(results[1]["properties"]["exchange"], 2);
    let none = check(&home(), &["--format", "sarif", "status:999"]);
    let log: Value = serde_json::from_str(&none.stdout).unwrap();
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn a_file_gets_the_report_and_people_the_sum() {
    let home = home();
    let exit = check(&home, &["--format", "sarif", "-o", "out.sarif"]);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(1), ""), "{exit}");
    assert_eq!(exit.stderr, "3 errors in 3 of 4 exchanges\n");
    let written = std::fs::read_to_string(home.join("out.sarif")).unwrap();
    assert!(serde_json::from_str::<Value>(&written).is_ok());
    let exit = check(&home, &["-o", "no/such/folder"]);
    assert_eq!(exit.code, Some(3), "{exit}");
    assert!(exit.stderr.starts_with("error: cannot write `no/such/folder`"), "{exit}");
}

#[test]
fn the_exit_code_is_that_of_the_worst_finding_against_fail_on() {
    let home = home();
    for (severity, codes) in [("error", [1, 1, 1, 0]), ("warning", [0, 1, 1, 0]), ("info", [0, 0, 1, 0])] {
        settings(&home, &format!("[checks]\nseverity = {{ \"auth-*\" = \"{severity}\" }}\n"));
        for (fail_on, code) in ["error", "warning", "info", "never"].into_iter().zip(codes) {
            let exit = check(&home, &["--fail-on", fail_on]);
            assert_eq!(exit.code, Some(code), "{severity} against {fail_on}: {exit}");
        }
    }
}

#[test]
fn flags_and_the_file_say_which_checks_run_and_how_bad_they_are() {
    let home = home();
    let missing =
        |severity: &str| [1, 3].map(|id| (id, "auth-missing".to_owned(), severity.to_owned())).to_vec();
    let no_bearer = |severity: &str| (2, "auth-no-bearer".to_owned(), severity.to_owned());
    let both = |severity: &str| {
        let mut all = missing(severity);
        all.insert(1, no_bearer("error"));
        all
    };
    for (file, args, expected) in [
        ("", &[][..], both("error")),
        ("[checks]\nselect = \"auth-missing\"", &[], missing("error")),
        ("[checks]\nignore = [\"auth-no-*\"]", &[], missing("error")),
        // A flag that selects goes before both; one that ignores comes on top.
        ("[checks]\nignore = [\"auth-*\"]", &["--select", "auth-missing"], missing("error")),
        ("[checks]\nselect = \"auth-missing\"", &["--select", "auth-no-bearer"], vec![no_bearer("error")]),
        ("[checks]\nignore = \"auth-missing\"", &["--ignore", "auth-no-bearer"], vec![]),
        ("", &["--ignore", "auth-missing,auth-no-bearer"], vec![]),
        ("[checks]\nseverity = { auth-missing = \"info\" }", &[], both("info")),
        ("", &["--severity", "auth-missing=info"], both("info")),
        // A flag speaks after the file, whose overrides are for fewer exchanges and go before both.
        ("[checks]\nseverity = { auth-missing = \"info\" }", &["--severity", "auth-*=error"], both("error")),
        (
            "[[checks.overrides]]\npath = \"/v1/chat*\"\nseverity = { auth-missing = \"warning\" }",
            &["--severity", "auth-missing=info"],
            both("warning"),
        ),
        // The last that holds counts.
        ("[checks]\nseverity = { \"auth-*\" = \"info\", auth-no-bearer = \"error\" }", &[], both("info")),
        (
            "[[checks.overrides]]\ngateway = \"nexorouter\"\npath = \"/v1/chat*\"\nseverity = { auth-missing = \"warning\" }",
            &[],
            both("warning"),
        ),
        ("[[checks.overrides]]\ngateway = \"openrouter\"\nignore = [\"auth-*\"]", &[], both("error")),
        ("[[checks.overrides]]\npath = \"/v1/chat*\"\nignore = \"auth-*\"", &[], vec![]),
    ] {
        settings(&home, file);
        assert_eq!(found(&home, args), expected, "{file} {args:?}");
    }
}

#[test]
fn a_mistake_in_the_settings_is_named_with_its_place() {
    let home = home();
    for (file, parts) in [
        (
            "seed = 1\n[checks]\nignore = [\"auth-misssing\"]",
            &["`checks.ignore` in `HOME/gatetap.toml`, line 3", "did you mean `auth-missing`?"][..],
        ),
        ("[checks]\nselect = \"zzz-*\"", &["`checks.select`", "`gatetap explain` lists them"]),
        ("[checks]\nselct = \"x\"", &["unknown key `selct`", "line 2", "did you mean `select`?"]),
        (
            "[checks]\nseverity = { auth-missing = \"fatal\" }",
            &["`checks.severity.auth-missing`", "line 2", "error, warning or info"],
        ),
        ("[checks]\nseverity = 3", &["`checks.severity`", "expected a table"]),
        ("[checks.thresholds.auth-missing]\nafter_s = 3", &["no threshold `after_s`", "line 2"]),
        ("[checks.thresholds]\nauth-missing = 3", &["`checks.thresholds.auth-missing`", "expected a table"]),
        ("[[checks.overrides]]\nignor = \"x\"", &["unknown key `ignor`", "did you mean `ignore`?"]),
        ("[checks]\noverrides = 1", &["`checks.overrides`", "[[checks.overrides]]"]),
        ("[[checks.overrides]]\nignore = \"auth-mising\"", &["did you mean `auth-missing`?", "line 2"]),
    ] {
        settings(&home, file);
        let exit = gatetap(&home, &["check"]);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{file}: {exit}");
        for part in parts {
            assert!(exit.stderr.contains(part), "{file} said {}", exit.stderr);
        }
    }
}

#[test]
fn a_threshold_holds_by_flag_as_by_file() {
    let home = Home::new();
    let story = captures("auth-repeated-401", "fires");
    record(&home.join("data/gatetap/recording.db"), &[story]);
    let count = |args: &[&str]| {
        let exit = gatetap(&home, &[&["check", "--json", "--select", "auth-repeated-401"], args].concat());
        assert_eq!(exit.stderr, "", "{exit}");
        lines(&exit).len()
    };
    let usual = count(&[]);
    assert!(usual > 0);
    assert_eq!(count(&["--threshold", "auth-repeated-401.at_least=1000"]), 0);
    settings(&home, "[checks.thresholds.auth-repeated-401]\nat_least = 1000\n");
    assert_eq!(count(&[]), 0);
    assert_eq!(count(&["--threshold", "auth-repeated-401.at_least=3"]), usual);
}

#[test]
fn earlier_exchanges_of_a_session_are_read_and_not_reported() {
    let home = home();
    assert_eq!(found(&home, &["key:ab12", "status:401"]).iter().map(|one| one.0).collect::<Vec<_>>(), [2]);
    let exit = check(&home, &["model:none-such"]);
    assert_eq!(exit.stderr, "no such exchanges in `HOME/data/gatetap/recording.db`\n");
}

/// What `check` finds is what the checks found while the traffic passed; every story of every check, each in a
/// session of its own.
#[test]
fn a_recording_checked_again_gives_the_same_findings() {
    let home = Home::new();
    let path = home.join("data/gatetap/recording.db");
    let whole = |capture: &Capture| capture.request.cut.is_none() && capture.response.cut.is_none();
    // What is made here has its bodies whole.
    let sessions: Vec<Vec<Capture>> = gatetap::check::ALL
        .iter()
        .flat_map(|check| stories(check.id))
        .map(|story| story.captures)
        .filter(|captures| captures.iter().all(whole))
        .collect();
    record(&path, &sessions);
    let told = |check: &str, severity: &str, message: &str| format!("{check} {severity} {message}");
    let expected: Vec<String> = sessions
        .iter()
        .flat_map(|captures| reviewed(Engine::default(), captures))
        .flat_map(|one| one.findings)
        .map(|finding| told(&finding.check, finding.severity.as_str(), &finding.message))
        .collect();
    let again = lines(&gatetap(&home, &["check", "--json"]));
    let again: Vec<String> = again
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap();
            told(text("check"), text("severity"), text("message"))
        })
        .collect();
    assert_eq!(again.len(), expected.len());
    let numbered = |text: &String| text.contains('#') || text.contains("exchange ");
    for (again, expected) in again.iter().zip(&expected) {
        // A message may name another exchange, whose number is another here.
        assert!(again == expected || (numbered(again) && numbered(expected)), "{again}\nagainst\n{expected}");
    }
    let reader = Reader::open(&path).unwrap();
    for summary in reader.summaries(Page::default()).unwrap() {
        let whole = reader.exchange(summary.id).unwrap().unwrap();
        let worst = whole.findings.iter().map(|finding| finding.severity).max();
        assert_eq!(summary.severity, worst);
    }
}

#[test]
fn filters_find_what_was_found() {
    let home = home();
    let ids = |filter: &str| -> Vec<i64> {
        let lines = lines(&gatetap(&home, &["ls", "--json", filter]));
        lines.iter().map(|line| line["id"].as_i64().unwrap()).collect()
    };
    for (filter, expected) in [
        ("finding:auth-missing", &[1, 3][..]),
        ("finding:auth-no-bearer", &[2]),
        ("finding:auth-missing severity:error", &[1, 3]),
        ("finding:auth-no-bearer severity:warning", &[]),
        ("-finding:auth-missing -finding:auth-no-bearer", &[4]),
    ] {
        assert_eq!(ids(filter), expected, "{filter}");
    }
    let shown = gatetap(&home, &["show", "2"]).stdout;
    assert!(shown.contains("  error: `Authorization` has a key but no scheme (auth-no-bearer)\n"), "{shown}");
    assert!(shown.contains("    at: request header authorization\n"), "{shown}");
}

#[test]
fn a_headless_run_says_once_what_a_check_found() {
    let gatetap = Gatetap::run(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "sim"]);
    for _ in 0..2 {
        let mut app = TcpStream::connect(gatetap.addr()).unwrap();
        app.write_all(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        app.read_to_end(&mut Vec::new()).unwrap();
    }
    gatetap.terminate();
    let exit = gatetap.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    let told: Vec<&str> = exit.stderr.lines().filter(|line| line.ends_with(" (auth-missing)")).collect();
    assert_eq!(told, ["#1 error: `GET /v1/models` carries no credential (auth-missing)"], "{exit}");
}
