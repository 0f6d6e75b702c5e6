//! The filter language: what it reads, how it prints, and how it names mistakes.

use gatetap::store::filter::{Filter, KEYS};
use proptest::prelude::*;

#[test]
fn filters_print_as_they_read() {
    for (text, printed) in [
        ("", ""),
        ("   ", ""),
        ("status:429", "status:429"),
        ("status=429", "status:429"),
        ("status>=400", "status>=400"),
        ("STATUS:5XX", "status:5xx"),
        ("model:gpt-*", "model:gpt-*"),
        ("path:/v1/chat*", "path:/v1/chat*"),
        ("verdict:incomplete", "verdict:incomplete"),
        ("verdict:cut-*", "verdict:cut-*"),
        (
            "is:streaming is:error is:injected is:replayed is:open is:cancelled",
            "is:streaming is:error is:injected is:replayed is:open is:cancelled",
        ),
        ("finding:auth-* severity:error", "finding:auth-* severity:error"),
        ("gateway:openrouter key:ab12", "gateway:openrouter key:ab12"),
        ("code:rate_limit_exceeded finish:length", "code:rate_limit_exceeded finish:length"),
        ("ttft>1s duration>2s", "ttft>1s duration>2s"),
        ("ttft>1.5s duration<=90m", "ttft>1500ms duration<=90m"),
        ("ttft<1000us duration>=0s", "ttft<1ms duration>=0s"),
        ("tokens>1000 tokens<1.5k tokens>=2M", "tokens>1000 tokens<1500 tokens>=2000000"),
        ("since:10m session:last session:3", "since:10m session:last session:3"),
        ("since:2025-03-01T12:00:00Z", "since:2025-03-01T12:00:00Z"),
        ("since:2025-03-01T12:00:00.5+01:00", "since:2025-03-01T11:00:00.5Z"),
        ("hello world", "hello world"),
        ("a AND b", "a b"),
        ("a OR b c OR d", "a OR b c OR d"),
        ("(a OR b) c", "(a OR b) c"),
        ("(a b) c", "(a b) c"),
        ("((a))", "a"),
        ("-a -(b OR c)", "-a -(b OR c)"),
        ("NOT a", "-a"),
        ("--a", "--a"),
        ("or and not", "or and not"),
        ("\"OR\"", "\"OR\""),
        ("\"two words\"", "\"two words\""),
        ("\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""),
        ("\"status:429\"", "\"status:429\""),
        ("model:\"a b\"", "model:\"a b\""),
        ("beg* \"two beg\"*", "beg* \"two beg\"*"),
        ("\"literal*\"", "\"literal*\""),
        ("10:30", "10:30"),
        ("well-known", "well-known"),
        ("\"-5\"", "\"-5\""),
        ("日本語", "日本語"),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.to_string(), printed, "{text}");
        assert_eq!(Filter::parse(printed).unwrap(), filter, "{text}");
    }
}

#[test]
fn every_key_shows_a_term_that_works() {
    for key in KEYS {
        let filter = Filter::parse(key.example).unwrap_or_else(|error| panic!("{}: {error}", key.example));
        assert_eq!(filter.to_string(), key.example);
        assert!(key.example.starts_with(key.name), "{}", key.example);
    }
}

#[test]
fn mistakes_are_named_with_their_column() {
    for (text, column, message, hint) in [
        ("staus:429", 1, "unknown key `staus`", "did you mean `status`?"),
        ("a vendor:x", 3, "unknown key `vendor`", "the keys are status, model"),
        ("status:teapot", 8, "`status` wants a number of three digits", "status>=400"),
        ("status:99", 8, "`status` wants a number of three digits", ""),
        ("status>4xx", 8, "`status` wants a number of three digits", ""),
        ("a status!=429", 9, "there is no `!=`", "write `-status:429`"),
        ("model>x", 1, "`model` is not a number to compare", "model:gpt-*"),
        ("model:", 7, "`model` wants a value", "model:gpt-*"),
        ("verdict:incomplet", 9, "`verdict` wants a verdict", "did you mean `incomplete`?"),
        ("is:streaminf", 4, "`is` wants what it is", "did you mean `streaming`?"),
        ("is:zzz", 4, "`is` wants what it is", "it may be streaming, error"),
        ("severity:warn", 10, "`severity` wants a severity", "did you mean `warning`?"),
        ("ttft>500", 6, "`ttft` wants a time with its unit", "ttft>1s"),
        ("ttft>1.s", 6, "`ttft` wants a time with its unit", ""),
        ("tokens>many", 8, "`tokens` wants a count", "tokens>1000"),
        ("tokens>99999999999999999999", 8, "`tokens` wants a count", ""),
        ("since:yesterday", 7, "`since` wants a time with its unit", "since:10m"),
        ("session:lst", 9, "`session` wants a session's number", "did you mean `last`?"),
        ("session:0", 9, "`session` wants a session's number", ""),
        ("a \"b c", 3, "these quotes are not closed", "written \\\""),
        ("(a b", 1, "this bracket is not closed", ""),
        ("a)", 2, "this bracket was never opened", ""),
        ("()", 2, "a term is expected before this bracket", ""),
        ("a OR", 5, "the filter ends where a term is expected", ""),
        ("OR a", 1, "a term is expected here", "in quotes"),
        ("a -", 4, "the filter ends where a term is expected", ""),
        ("\"...\"", 1, "there is no word to search for in this", ""),
        ("日本 staus:1", 4, "unknown key `staus`", ""),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!((error.column(), error.message().starts_with(message)), (column, true), "{text}: {error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint());
        assert!(error.to_string().contains(&format!("column {column}")), "{text}: {error}");
    }
}

#[test]
fn carets_stand_under_the_mistake() {
    let pointed = |text: &str| Filter::parse(text).expect_err(text).pointed();
    assert_eq!(pointed("a staus:429"), "a staus:429\n  ^^^^^");
    assert_eq!(pointed("日本 staus:1"), "日本 staus:1\n     ^^^^^");
    assert_eq!(pointed("\u{1b}[31m staus:1"), "␛[31m staus:1\n      ^^^^^");
    assert_eq!(pointed("a OR"), "a OR\n    ^");
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&deep(50)).is_ok());
    assert!(Filter::parse(&deep(51)).is_err());
    assert!(Filter::parse(&format!("{}a", "-".repeat(100_000))).is_err());
    assert!(Filter::parse(&"a ".repeat(200)).is_ok());
    assert!(Filter::parse(&"a ".repeat(201)).is_err());
}

/// Texts that are likely to mean something.
fn likely() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("OR".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("-".to_owned()),
        Just("\"".to_owned()),
        Just("*".to_owned()),
        "[a-z]{1,3}",
        "(status|ttft|tokens|duration)(:|>|>=|<|<=)[0-9]{1,4}(s|ms|k|xx)?",
        "(model|path|is|verdict|key|code|since|session|finding|nokey):[a-z0-9*/\"-]{0,8}",
        "\"?(status|a)!=[a-z0-9]{0,3}\"?",
        any::<String>(),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_what_it_reads_it_prints(text in likely()) {
        match Filter::parse(&text) {
            Ok(filter) => {
                let printed = filter.to_string();
                prop_assert_eq!(&Filter::parse(&printed).map_err(|error| error.to_string()), &Ok(filter), "{}", printed);
            }
            Err(error) => {
                prop_assert!(text.get(error.span()).is_some(), "{:?} of {:?}", error.span(), text);
                prop_assert!(error.column() <= text.chars().count() + 1);
                prop_assert_eq!(error.pointed().lines().count(), 2);
            }
        }
    }
}
