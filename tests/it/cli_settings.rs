//! `gatetap config`, its example, and the JSON Schema for editors.

use crate::support::binary::{Exit, Home, Launch};
use gatetap::config::{EXAMPLE, KNOWN};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../../fixtures/docs/gatetap.schema.json");

fn config(home: &Home, args: &[&str]) -> Launch {
    let program = env!("CARGO_BIN_EXE_gatetap");
    let mut all = vec!["-c", "cd \"$HOME\" && exec \"$@\"", "sh", program, "config"];
    all.extend(args);
    Launch::program("sh", &all).home(home)
}

fn row(exit: &Exit, key: &str) -> Value {
    let rows = exit.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.into_iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key}: {exit}"))
}

#[test]
fn every_value_says_where_it_comes_from() {
    let home = Home::new();
    let file = home.join("gatetap.toml");
    std::fs::write(&file, "upstream = \"openai\"\nseed = 7\n[retention]\nmax_age = \"30d\"\n").unwrap();
    let given = ["--json", "--listen", "9000", "--match", "path", "--severity", "auth-missing=info", "-vv"];
    let exit = config(&home, &given)
        .env("GATETAP_SEED", "8")
        .env("GATETAP_LOG", "warn")
        .env("GATETAP_CHECK_THRESHOLD", "body-oversize.base64_bytes=7")
        .run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    let source = |kind: &str, name: Option<&str>, line: Option<u64>| {
        let file = line.map(|_| file.display().to_string());
        json!({ "kind": kind, "name": name, "file": file, "line": line })
    };
    for (key, value, source) in [
        ("listen", "9000", source("flag", Some("--listen"), None)),
        ("log", "debug", source("flag", Some("--verbose"), None)),
        ("seed", "8", source("environment", Some("GATETAP_SEED"), None)),
        ("upstream", "\"openai\"", source("file", None, Some(1))),
        ("retention.max_age", "\"30d\"", source("file", None, Some(4))),
        ("max_body", "64MiB", source("default", None, None)),
        ("connect_timeout", "10s", source("default", None, None)),
        ("replay.match", "path", source("flag", Some("--match"), None)),
        ("checks.severity", "auth-missing=info", source("flag", Some("--severity"), None)),
        (
            "checks.thresholds",
            "body-oversize.base64_bytes=7",
            source("environment", Some("GATETAP_CHECK_THRESHOLD"), None),
        ),
    ] {
        assert_eq!(row(&exit, key), json!({ "key": key, "value": value, "source": source }));
    }
    // What is ignored adds up, unless a flag selects.
    std::fs::write(&file, "[checks]\nignore = [\"auth-*\"]\n").unwrap();
    let both = config(&home, &["--ignore", "url-*"]).run_to_end();
    assert!(both.stdout.contains("url-*") && both.stdout.contains("auth-*"), "{both}");
    let selected = config(&home, &["--select", "url-*", "--json"]).run_to_end();
    assert_eq!(row(&selected, "checks.ignore")["source"]["kind"], "default", "{selected}");
    std::fs::write(&file, "upstream = \"openai\"\n").unwrap();
    let shown = config(&home, &[]).run_to_end();
    assert!(shown.stdout.contains("gatetap.toml:1"), "{shown}");
    std::fs::write(&file, "upstraem = \"openai\"\n").unwrap();
    let wrong = config(&home, &[]).run_to_end();
    assert_eq!(wrong.code, Some(2), "{wrong}");
    assert!(wrong.stderr.contains("did you mean `upstream`?"), "{wrong}");
}

#[test]
fn init_writes_an_example_and_never_over_a_file() {
    let home = Home::new();
    assert_eq!(config(&home, &["init"]).run_to_end().code, Some(0));
    assert_eq!(std::fs::read_to_string(home.join("gatetap.toml")).unwrap(), EXAMPLE);
    // It says nothing by itself.
    let exit = config(&home, &["--json"]).run_to_end();
    assert!(!exit.stdout.contains("\"kind\":\"file\""), "{exit}");
    let again = config(&home, &["init"]).run_to_end();
    assert_eq!(again.code, Some(2), "{again}");
    assert!(again.stderr.contains("is there already"), "{again}");
}

/// The example with every value in force.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let lines =
        EXAMPLE.lines().map(|line| line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_has_every_key_and_means_something() {
    let home = Home::new();
    std::fs::write(home.join("gatetap.toml"), uncommented()).unwrap();
    let exit = config(&home, &["--json"]).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    for known in KNOWN {
        let from_file = exit
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .any(|row| row["source"]["kind"] == "file" && known.holds(row["key"].as_str().unwrap()));
        assert!(from_file, "{} is not in the example: {exit}", known.key);
    }
}

/// The keys of a schema's object, with those of its tables below `sim`, `replay`, `retention` and `checks`.
fn keys(schema: &Value) -> BTreeSet<String> {
    let properties = schema["properties"].as_object().unwrap();
    let mut keys = BTreeSet::new();
    for (key, value) in properties {
        if ["sim", "replay", "retention", "checks"].contains(&key.as_str()) {
            keys.extend(
                value["properties"].as_object().unwrap().keys().map(|inner| format!("{key}.{inner}")),
            );
        } else {
            keys.insert(key.clone());
        }
    }
    keys
}

#[test]
fn the_schema_has_the_keys_that_are_read_and_refuses_others() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert_eq!(keys(&schema), KNOWN.iter().map(|known| known.key.to_owned()).collect());
    assert_eq!(schema["additionalProperties"], false);
    // The program knows the same ones.
    let home = Home::new();
    for (table, prefix) in [
        ("", ""),
        ("[sim]\n", "sim."),
        ("[replay]\n", "replay."),
        ("[retention]\n", "retention."),
        ("[checks]\n", "checks."),
    ] {
        std::fs::write(home.join("gatetap.toml"), format!("{table}qqqqqqqqqqqq = 1\n")).unwrap();
        let wrong = config(&home, &[]).run_to_end();
        let hint = wrong.stderr.split("the keys are ").nth(1).unwrap_or_else(|| panic!("{wrong}"));
        let read: BTreeSet<String> = hint
            .split([',', '\n', ' '])
            .filter(|word| !word.is_empty())
            .map(|key| format!("{prefix}{key}"))
            .collect();
        let of_schema = keys(&schema);
        let expected: BTreeSet<String> = match prefix {
            "" => schema["properties"].as_object().unwrap().keys().cloned().collect(),
            prefix => of_schema.into_iter().filter(|key| key.starts_with(prefix)).collect(),
        };
        assert_eq!(read, expected, "{table}");
    }
}

#[test]
fn what_the_schema_gives_as_examples_is_read() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let home = Home::new();
    let mut tables = vec![(String::new(), &schema)];
    for table in ["sim", "replay", "retention"] {
        tables.push((format!("[{table}]\n"), &schema["properties"][table]));
    }
    let gateway = &schema["properties"]["gateways"]["additionalProperties"];
    // A gateway that is built in needs nothing else.
    tables.push(("[gateways.openai]\n".to_owned(), gateway));
    let mut tried = 0;
    for (table, schema) in tables {
        for (key, value) in schema["properties"].as_object().unwrap() {
            for example in value["examples"].as_array().into_iter().flatten() {
                let example = match example.as_object() {
                    None => example.to_string(),
                    Some(table) => {
                        let members: Vec<String> =
                            table.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                        format!("{{ {} }}", members.join(", "))
                    }
                };
                let text = format!("{table}{key} = {example}\n");
                std::fs::write(home.join("gatetap.toml"), &text).unwrap();
                let exit = config(&home, &[]).run_to_end();
                assert_eq!(exit.code, Some(0), "{text}: {exit}");
                tried += 1;
            }
        }
    }
    assert!(tried > 15, "{tried} examples");
}
