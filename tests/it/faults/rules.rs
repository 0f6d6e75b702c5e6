//! The grammar of rules: one for every place where they are written.

use gatetap::fault::{Facts, Glob, preset, spec};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_rule_reads_and_writes_itself() {
    for (written, shown) in [
        ("429", "429"),
        (" rate_limit_exceeded , first=2 ", "rate_limit_exceeded,first=2"),
        ("openrouter.capacity_exhausted,retry_after=7", "openrouter.capacity_exhausted,retry_after=7"),
        ("insufficient_quota,status=403", "insufficient_quota,status=403"),
        ("stream.cut_clean,after=3,nth=2+5,model=gpt-*", "stream.cut_clean,nth=2+5,model=gpt-*,after=3"),
        ("503,chance=20%,for=30s,stream=yes", "503,chance=0.2,for=30s,stream=true"),
        ("500,message=\"a, \\\"b\\\"\",delay=1.5s", "500,delay=1500ms,message=\"a, \\\"b\\\"\""),
        ("stream.slab,size=4k", "stream.slab,size=4096"),
        ("net.reset,delay=1s", "net.reset,delay=1s"),
        ("429,message=42,retry_after=007", "429,message=42,retry_after=007"),
        ("limit,rpm=3,tpm=1000", "limit,rpm=3,tpm=1000"),
        ("stream.slow,every=3,path=/v1/chat*,key=ab12", "stream.slow,every=3,path=/v1/chat*,key=ab12"),
    ] {
        let rule = spec::parse(written).unwrap();
        assert_eq!(rule.to_string(), shown);
        assert_eq!(spec::parse(shown).unwrap(), rule, "{shown}");
        assert_eq!(spec::from_table(&spec::to_table(&rule)).unwrap(), [rule], "{shown}");
    }
}

#[test]
fn a_mistake_is_named_with_its_column_and_what_was_meant() {
    for (written, message, hint) in [
        ("", "column 1: the name of a fault is missing", Some("`gatetap faults list` lists them")),
        ("net.rest", "column 1: there is no fault `net.rest`", Some("did you mean `net.refused`?")),
        (
            "rate_limit_exceded",
            "column 1: there is no fault `rate_limit_exceded`",
            Some("did you mean `rate_limit_exceeded`?"),
        ),
        ("429,frist=2", "column 5: `429` takes no `frist`", Some("did you mean `first`?")),
        ("429,first=two", "column 11: `first` takes a whole number from 1, not `two`", None),
        ("429,first=0", "column 11: `first` takes a whole number from 1, not `0`", None),
        ("429, nth=2+x", "column 10: `nth` takes numbers from 1, such as 2+5, not `2+x`", None),
        ("429,chance=1.2", "column 12: `chance` takes 0 to 1, or a percentage, not `1.2`", None),
        ("429,delay=soon", "column 11: `delay` takes a time, such as 250ms or 2s, not `soon`", None),
        ("429,status=42", "column 12: `status` takes a status from 100 to 999, not `42`", None),
        ("429,first", "column 5: `first` has no value: write first=…", None),
        ("429,message=\"a", "column 13: the quote is not closed", None),
        ("stream.crlf,after=1", "column 13: `stream.crlf` takes no `after`", None),
        (
            "preset:flaky",
            "column 8: there is no preset `flaky`",
            Some("did you mean `preset:flaky-provider`?"),
        ),
        ("600", "column 1: there is no fault `600`", Some("`gatetap faults list` lists them")),
    ] {
        let bad = spec::parse_all(written).unwrap_err();
        assert_eq!(bad.message, message);
        if hint.is_some() {
            assert_eq!(bad.hint.as_deref(), hint, "{written}");
        }
    }
}

#[test]
fn several_rules_stand_in_one_text() {
    for (written, shown) in [
        ("429", &["429"][..]),
        ("429 503", &["429", "503"]),
        (" rate_limit_exceeded , first = 2 ", &["rate_limit_exceeded,first=2"]),
        ("429,first=1\n503,nth=2\n", &["429,first=1", "503,nth=2"]),
        ("500,path=/v1/a b&c*,first=1", &["500,first=1,path=/v1/a b&c*"]),
        ("500,path=/v1/a b&c* 503", &["500,path=/v1/a b&c*", "503"]),
        ("500,message=\"two words\" 503", &["500,message=two words", "503"]),
    ] {
        let rules: Vec<String> = spec::parse_list(written).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(rules, shown, "{written:?}");
    }
    let preset = preset::all().first().unwrap();
    let rules = spec::parse_list(&format!("preset:{} 429", preset.name)).unwrap();
    assert_eq!(rules.len(), preset.rules.len() + 1);
    for (written, message) in [
        ("", "column 1: the name of a fault is missing"),
        ("429 net.rest", "column 5: there is no fault `net.rest`"),
        ("429 503,frist=2", "column 9: `503` takes no `frist`"),
        ("429 first=2", "column 5: a comma is missing before `first=2`"),
    ] {
        assert_eq!(spec::parse_list(written).unwrap_err().message, message, "{written:?}");
    }
}

#[test]
fn a_status_in_a_table_may_be_a_number() {
    let rules = spec::from_table(&json!({ "fault": 429, "when": { "first": 1 } })).unwrap();
    assert_eq!(rules, [spec::parse("429,first=1").unwrap()]);
    for (table, message) in [
        (json!({ "when": {} }), "`fault` is missing: the name of a fault, or a status"),
        (json!({ "fault": true }), "`fault` is the name of a fault, as text, or a status"),
    ] {
        assert_eq!(spec::from_table(&table).unwrap_err().message, message);
    }
}

#[test]
fn a_table_says_the_same() {
    let table = json!({
        "fault": "rate_limit_exceeded", "when": { "first": 2, "model": "gpt-*", "nth": [2, 5] },
        "with": { "retry_after": 7 },
    });
    let rules = spec::from_table(&table).unwrap();
    assert_eq!(rules[0].to_string(), "rate_limit_exceeded,first=2,nth=2+5,model=gpt-*,retry_after=7");
    assert_eq!(spec::to_table(&rules[0]), table);
    for (table, message) in [
        (json!(3), "a rule is a table, or a text"),
        (json!({}), "`fault` is missing: the name of a fault, or a status"),
        (json!({ "fault": "429", "wen": {} }), "a rule has no key `wen`"),
        (json!({ "fault": "429", "when": { "delay": 1 } }), "`when` has no key `delay`"),
        (json!({ "fault": "429", "with": { "first": 1 } }), "`with` has no key `first`"),
        (
            json!({ "fault": "429", "when": { "first": {} } }),
            "`when.first` is text, a number, or true or false",
        ),
        (json!({ "fault": "429", "when": 3 }), "`when` is a table"),
    ] {
        assert_eq!(spec::from_table(&table).unwrap_err().message, message);
    }
}

#[test]
fn every_preset_reads() {
    assert!(preset::all().len() >= 5);
    for preset in preset::all() {
        let rules = spec::parse_all(&format!("preset:{}", preset.name)).unwrap();
        assert_eq!(rules.len(), preset.rules.len(), "{}", preset.name);
    }
}

#[test]
fn a_rule_means_what_it_says() {
    let facts = Facts {
        gateway: "nexorouter",
        method: "POST",
        path: "/v1/chat/completions",
        model: Some("gpt-4o"),
        stream: true,
        key: Some("ab12"),
        ..Facts::default()
    };
    for (rule, means) in [
        ("429", true),
        ("429,model=gpt-*", true),
        ("429,model=GPT-4?", true),
        ("429,model=claude*", false),
        ("429,path=*/completions,stream=true,key=ab*", true),
        ("429,stream=false", false),
        ("429,key=zz99", false),
    ] {
        assert_eq!(spec::parse(rule).unwrap().when.matches(&facts), means, "{rule}");
        let unknown = Facts { model: None, key: None, ..facts };
        let asks = rule.contains("model=") || rule.contains("key=");
        assert_eq!(spec::parse(rule).unwrap().when.matches(&unknown), means && !asks, "{rule}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,60}") {
        if let Ok(rule) = spec::parse(&text) {
            prop_assert_eq!(spec::parse(&rule.to_string()).unwrap(), rule);
        }
    }

    #[test]
    fn a_pattern_of_stars_matches_what_it_was_made_of(parts in proptest::collection::vec("[a-c]{0,3}", 1..5)) {
        prop_assert!(Glob::new(&parts.join("*")).matches(&parts.join("abc")));
    }
}
