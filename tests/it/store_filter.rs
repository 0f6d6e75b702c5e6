//! Filters on a recording: what they find, held against the plainest possible reading of them.

use crate::support::made::{Made, START, recording, session};
use gatetap::digest::{Digest, Usage};
use gatetap::exchange::ExchangeId;
use gatetap::exchange::end::Verdict;
use gatetap::exchange::finding::Severity;
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::store::filter::{Compare, Expr, Filter, Instant, Name, Quantity, SessionName, State, Term};
use gatetap::store::{Editor, Page, Pruner, Reader, Retention, Spare};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Ten minutes after the sessions begin.
const NOW: WallTime = WallTime(START.0 + 600_000_000);

fn ids(reader: &Reader, filter: &str) -> Vec<ExchangeId> {
    reader.select_ids(&Filter::parse(filter).unwrap(), Page::default(), NOW).unwrap()
}

fn digest(model: &str) -> Digest {
    Digest { model: Some(model.to_owned()), ..Digest::default() }
}

#[test]
fn every_key_finds_what_it_names() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let made = [
        Made {
            digest: Digest { streaming: true, first_token: Some(Micros(2_000_000)), ..digest("gpt-4o") },
            ..Made::default()
        },
        Made {
            status: Some(429),
            verdict: Verdict::Refused,
            path: "/v1/responses".to_owned(),
            duration: Some(3_000_000),
            digest: Digest { error_code: Some("rate_limit_exceeded".to_owned()), ..digest("GPT-4o-mini") },
            ..Made::default()
        },
        Made {
            at: 400_000_000,
            gateway: "openrouter".to_owned(),
            credentials: vec![
                ("ab12cdef".to_owned(), Some("wxyz".to_owned())),
                ("cd34".to_owned(), Some("1234".to_owned())),
            ],
            digest: Digest {
                model_answered: Some("gpt-4o-2024".to_owned()),
                finish_reason: Some("length".to_owned()),
                usage: Usage { total: Some(1_500), ..Usage::default() },
                ..Digest::default()
            },
            ..Made::default()
        },
        Made {
            verdict: Verdict::CutByApp,
            fault: Some("stream.cut".to_owned()),
            replay_of: Some(1),
            findings: vec![("auth-two-keys".to_owned(), Severity::Error), ("x".to_owned(), Severity::Info)],
            digest: Digest::default(),
            ..Made::default()
        },
        Made {
            status: Some(502),
            verdict: Verdict::Failed,
            own_error: Some("connection-refused".to_owned()),
            prompt: "Tell me about the Rate Limit of naïve apps".to_owned(),
            answer: "東京の天気".to_owned(),
            ..Made::default()
        },
    ];
    recording(&path, &made);
    let reader = Reader::open(&path).unwrap();
    for (filter, found) in [
        ("", &[1, 2, 3, 4, 5][..]),
        ("status:429", &[2]),
        ("status>=400", &[2, 5]),
        ("status:2xx", &[1, 3, 4]),
        ("-status:2xx", &[2, 5]),
        ("model:gpt-4o", &[1]),
        ("model:gpt-*", &[1, 2, 3]),
        ("-model:gpt-*", &[4, 5]),
        ("path:/v1/chat*", &[1, 3, 4, 5]),
        ("verdict:refused", &[2]),
        ("verdict:cut-*", &[4]),
        ("is:streaming", &[1]),
        ("is:error", &[2, 5]),
        ("is:injected", &[4]),
        ("is:replayed", &[4]),
        ("is:open", &[]),
        ("is:cancelled", &[4]),
        ("finding:auth-*", &[4]),
        ("finding:*", &[4]),
        ("severity:error", &[4]),
        ("severity:info", &[4]),
        ("severity:warning", &[]),
        ("gateway:openrouter", &[3]),
        ("key:AB12", &[3]),
        ("key:wxyz", &[3]),
        ("key:cd", &[3]),
        ("key:1234", &[3]),
        ("key:xyz", &[]),
        ("code:rate_limit_exceeded", &[2]),
        ("code:connection-*", &[5]),
        ("finish:length", &[3]),
        ("ttft>1s", &[1]),
        ("-ttft>1s", &[2, 3, 4, 5]),
        ("ttft<1s", &[]),
        ("duration>2s", &[2]),
        ("duration<=1s", &[1, 3, 4, 5]),
        ("tokens>1000", &[3]),
        ("tokens:1500", &[3]),
        ("since:5m", &[3]),
        ("since:2025-03-01T12:06:40Z", &[3]),
        ("session:last", &[1, 2, 3, 4, 5]),
        ("session:2", &[]),
        ("\"rate limit\"", &[5]),
        ("\"limit rate\"", &[]),
        ("RATE", &[5]),
        ("lim*", &[5]),
        ("NAÏVE", &[5]),
        ("天気", &[5]),
        ("京天", &[]),
        ("-rate", &[1, 2, 3, 4]),
        ("rate status:429", &[]),
        ("rate status:502", &[5]),
        ("rate OR status:429", &[2, 5]),
        ("(is:error OR is:cancelled) -status:429", &[4, 5]),
        ("(-(is:error) OR status:429) -path:*chat*", &[2]),
    ] {
        assert_eq!(ids(&reader, filter), found, "{filter}");
    }
}

#[test]
fn notes_are_found_by_what_is_in_them() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    recording(&path, &[Made::default(), Made::default(), Made::default(), Made::default()]);
    let editor = Editor::open(&path).unwrap();
    editor.put_note(&[1, 4], Some("Looks flaky, asked support")).unwrap();
    editor.put_note(&[2], Some("the slow one")).unwrap();
    let reader = Reader::open(&path).unwrap();
    for (filter, found) in [
        ("note:flaky", &[1, 4][..]),
        ("note:looks*support", &[1, 4]),
        ("note:\"slow one\"", &[2]),
        ("note:*", &[1, 2, 4]),
        ("-note:*", &[3]),
        ("note:flaky OR note:slow", &[1, 2, 4]),
        ("note:flaky -status:200", &[]),
        ("note:nothing", &[]),
    ] {
        assert_eq!(ids(&reader, filter), found, "{filter}");
    }
    let completion = reader.complete("note:", 5).unwrap();
    let offered: Vec<&str> = completion.candidates.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(offered, ["\"Looks flaky, asked support\"", "\"the slow one\""]);
}

#[test]
fn pages_go_both_ways() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let made: Vec<Made> = (0..10)
        .map(|n| Made {
            status: Some(if n % 2 == 0 { 200 } else { 500 }),
            prompt: "word".to_owned(),
            ..Made::default()
        })
        .collect();
    recording(&path, &made);
    let reader = Reader::open(&path).unwrap();
    for (before, after, limit, found) in [
        (None, None, Some(2), &[8, 10][..]),
        (Some(8), None, Some(2), &[4, 6]),
        (None, Some(4), Some(2), &[6, 8]),
        (Some(8), Some(2), None, &[4, 6]),
        (None, None, Some(0), &[]),
    ] {
        let page = Page { before, after, limit };
        for filter in ["status:500", "status:500 word", "status:500 -nothing"] {
            let filter = Filter::parse(filter).unwrap();
            assert_eq!(reader.select_ids(&filter, page, NOW).unwrap(), found, "{filter} {page:?}");
        }
    }
    let of: Vec<i64> = reader
        .select_of(&Filter::parse("status:500 word").unwrap(), &[1, 2, 3, 4, 99], NOW)
        .unwrap()
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(of, [2, 4]);
}

#[test]
fn a_common_word_is_found_beside_what_is_rare() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let writer = session(&path);
    let rare = Made { status: Some(418), prompt: "common".to_owned(), ..Made::default() };
    let teapot = rare.write(&writer);
    let plain = Made { prompt: "common".to_owned(), ..Made::default() };
    // More than are listed one by one.
    for _ in 0..5_100 {
        plain.write(&writer);
    }
    let last = rare.write(&writer);
    writer.end_session(START).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!(ids(&reader, "common status:418"), [teapot, last]);
    assert_eq!(ids(&reader, "common status>200"), [teapot, last]);
    let one = |page| reader.select_ids(&Filter::parse("common status:418").unwrap(), page, NOW).unwrap();
    assert_eq!(one(Page { limit: Some(1), ..Page::default() }), [last]);
    assert_eq!(one(Page { limit: Some(1), after: Some(0), before: None }), [teapot]);
    assert_eq!(ids(&reader, "common status:200").len(), 5_100);
}

#[test]
fn an_open_exchange_is_found_as_far_as_it_has_come() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let writer = session(&path);
    let made = Made {
        verdict: Verdict::Open,
        status: None,
        duration: None,
        digest: digest("gpt-4o"),
        ..Made::default()
    };
    made.write(&writer);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(ids(&reader, "is:open model:gpt-4o"), [1]);
    assert_eq!(ids(&reader, "status:200"), [0; 0]);
    assert_eq!(reader.open_exchanges().unwrap(), [1]);
    // What is undone was never there, and what follows is written all the same.
    writer.begin().unwrap();
    let streaming = Digest { streaming: true, ..digest("another-model") };
    let open = gatetap::digest::verdict::Judgement { verdict: Verdict::Open, evidence: String::new() };
    writer.put_digest(1, &streaming, &open).unwrap();
    writer.roll_back();
    assert_eq!(ids(&reader, "is:streaming OR model:another-model"), [0; 0]);
    writer.begin().unwrap();
    writer.put_digest(1, &streaming, &open).unwrap();
    writer.commit().unwrap();
    assert_eq!(ids(&reader, "is:streaming model:another-model is:open"), [1]);
}

#[test]
fn completions_are_keys_and_then_what_was_recorded() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let made = ["gpt-4o", "gpt-5", "o 3"].map(|model| Made {
        digest: digest(model),
        credentials: vec![("ffff".to_owned(), Some("wxyz".to_owned()))],
        findings: vec![("auth-a".to_owned(), Severity::Error), ("stream-b".to_owned(), Severity::Info)],
        ..Made::default()
    });
    recording(&path, &made);
    let reader = Reader::open(&path).unwrap();
    for (input, cursor, replace, texts) in [
        ("st", 2, 0..2, &["status"][..]),
        ("a -mo", 5, 3..5, &["model:"]),
        ("(ver", 4, 1..4, &["verdict:"]),
        ("model:gp", 8, 6..8, &["gpt-4o", "gpt-5"]),
        ("model:O", 7, 6..7, &["\"o 3\""]),
        ("model:\"o", 8, 6..8, &["\"o 3\""]),
        ("model:gpt-5 is:", 9, 6..9, &["gpt-4o", "gpt-5"]),
        ("is:inj", 6, 3..6, &["injected"]),
        ("verdict:cut", 11, 8..11, &["cut-by-gateway", "cut-by-app"]),
        ("finding:", 8, 8..8, &["auth-a", "stream-b"]),
        ("key:w", 5, 4..5, &["wxyz"]),
        ("session:", 8, 8..8, &["last"]),
        ("zzz", 3, 0..3, &[]),
        ("\"st", 3, 0..3, &[]),
        ("ä st", 99, 3..5, &["status"]),
    ] {
        let completion = reader.complete(input, cursor).unwrap();
        let found: Vec<&str> = completion.candidates.iter().map(|one| one.text.as_str()).collect();
        assert_eq!((completion.replace, found.as_slice()), (replace, texts), "{input}");
    }
    assert_eq!(reader.complete("", 0).unwrap().candidates.len(), gatetap::store::filter::KEYS.len());
}

/// The plainest reading of a filter.
fn matches(expr: &Expr, made: &Made) -> bool {
    match expr {
        Expr::All(several) => several.iter().all(|one| matches(one, made)),
        Expr::Any(several) => several.iter().any(|one| matches(one, made)),
        Expr::Not(inner) => !matches(inner, made),
        Expr::Term(term) => asks(term, made),
    }
}

fn asks(term: &Term, made: &Made) -> bool {
    let digest = &made.digest;
    match term {
        Term::Words(words) => {
            let holds = |text: &str| {
                let there: Vec<&str> = text.split(' ').collect();
                let wanted: Vec<&str> = words.text.split(' ').collect();
                there.windows(wanted.len()).any(|window| {
                    let last = wanted.len() - 1;
                    window[..last] == wanted[..last]
                        && if words.is_prefix {
                            window[last].starts_with(wanted[last])
                        } else {
                            window[last] == wanted[last]
                        }
                })
            };
            holds(&made.prompt) || holds(&made.answer)
        }
        Term::Name(name, pattern) => {
            let names: Vec<&str> = match name {
                Name::Model => [&digest.model, &digest.model_answered]
                    .into_iter()
                    .flatten()
                    .map(String::as_str)
                    .collect(),
                Name::Path => vec![&made.path],
                Name::Gateway => vec![&made.gateway],
                Name::Code => {
                    digest.error_code.as_deref().or(made.own_error.as_deref()).into_iter().collect()
                }
                Name::Finish => digest.finish_reason.as_deref().into_iter().collect(),
                Name::Finding => made.findings.iter().map(|(check, _)| check.as_str()).collect(),
            };
            names.into_iter().any(|name| like(&pattern.0, name))
        }
        Term::Credential(key) => made.credentials.iter().any(|(fingerprint, last4)| {
            fingerprint.starts_with(key.as_str()) || last4.as_deref() == Some(key)
        }),
        Term::Verdict(pattern) => like(&pattern.0, made.verdict.as_str()),
        Term::Is(state) => match state {
            State::Streaming => digest.streaming,
            State::Error => ["refused", "error-inside", "incomplete", "cut-by-gateway", "failed"]
                .contains(&made.verdict.as_str()),
            State::Injected => made.fault.is_some(),
            State::Replayed => made.replay_of.is_some(),
            State::Open => made.verdict == Verdict::Open,
            State::Cancelled => made.verdict == Verdict::CutByApp,
        },
        Term::Severity(severity) => made.findings.iter().any(|(_, one)| one == severity),
        Term::StatusClass(class) => made.status.is_some_and(|status| status / 100 == u16::from(*class)),
        Term::Quantity(quantity, how, number) => {
            let there = match quantity {
                Quantity::Status => made.status.map(u64::from),
                Quantity::Ttft => digest.first_token.map(|at| at.0),
                Quantity::Duration => made.duration,
                Quantity::Tokens => digest.usage.total,
            };
            there.is_some_and(|there| match how {
                Compare::Equal => there == *number,
                Compare::Less => there < *number,
                Compare::AtMost => there <= *number,
                Compare::More => there > *number,
                Compare::AtLeast => there >= *number,
            })
        }
        Term::Since(Instant::Ago(span)) => START.plus(Micros(made.at)).0 >= NOW.0 - span.0 as i64,
        Term::Since(Instant::At(moment)) => START.plus(Micros(made.at)) >= *moment,
        // The samples have no notes.
        Term::Note(_) => false,
        Term::Session(SessionName::Number(number)) => *number == 1,
        Term::Session(SessionName::Last) => true,
    }
}

fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern.eq_ignore_ascii_case(text),
        Some((start, rest)) => {
            let (start, text) = (start.to_lowercase(), text.to_lowercase());
            text.strip_prefix(&start).is_some_and(|tail| (0..=tail.len()).any(|at| like(rest, &tail[at..])))
        }
    }
}

fn some_made() -> impl Strategy<Value = Made> {
    let word = || prop_oneof![Just("a"), Just("ab"), Just("b"), Just("ba")].prop_map(str::to_owned);
    let words = || proptest::collection::vec(word(), 0..4).prop_map(|words| words.join(" "));
    let maybe = || proptest::option::of(word());
    let severity = prop_oneof![Just(Severity::Info), Just(Severity::Warning), Just(Severity::Error)];
    let number = || proptest::option::of(0_u64..4);
    let names = (word(), word(), maybe(), maybe(), maybe(), maybe(), maybe());
    let facts = (
        proptest::option::of(prop_oneof![Just(200_u16), Just(299), Just(300), Just(429)]),
        proptest::sample::select(Verdict::ALL.to_vec()),
        any::<bool>(),
        maybe(),
        proptest::option::of(1_i64..3),
        proptest::collection::vec((word(), maybe()), 0..3),
        proptest::collection::vec((word(), severity), 0..3),
    );
    let numbers = (number(), number(), number(), 0_u64..4, words(), words());
    (names, facts, numbers).prop_map(|(names, facts, numbers)| {
        let (path, gateway, model, model_answered, error_code, finish_reason, own_error) = names;
        let (status, verdict, streaming, fault, replay_of, credentials, findings) = facts;
        let (ttft, duration, total, at, prompt, answer) = numbers;
        Made {
            at: at * 100_000_000,
            path,
            gateway,
            status,
            verdict,
            own_error: own_error.filter(|_| status.is_some()),
            duration,
            fault,
            replay_of,
            credentials,
            digest: Digest {
                streaming,
                model,
                model_answered,
                error_code,
                finish_reason,
                first_token: ttft.map(Micros),
                usage: Usage { total, ..Usage::default() },
                ..Digest::default()
            },
            findings,
            prompt,
            answer,
            ..Made::default()
        }
    })
}

fn some_filter() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        "(model|path|gateway|code|finish|finding):(a|ab|b\\*|\\*a|\\*|a\\*b|z)",
        "key:(a|ab|b|ba)",
        "verdict:(open|lost|cut-\\*|re\\*|\\*e\\*)",
        "is:(streaming|error|injected|replayed|open|cancelled)",
        "severity:(info|warning|error)",
        "status(:2xx|:429|>200|>=300|<300|<=200)",
        "(ttft|duration)(>|>=|<|<=)[0-3]us",
        "tokens(:|>|>=|<|<=)[0-3]",
        "since:(5m|10m|1s|2025-03-01T12:03:20Z)",
        "session:(1|2|last)",
        "(a|ab|b|ba|a\\*|b\\*|\"a b\"|\"ba a\"|\"a b\"\\*)",
    ];
    term.prop_recursive(4, 16, 4, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|several| format!("({})", several.join(" "))),
            several.prop_map(|several| format!("({})", several.join(" OR "))),
            inner.prop_map(|one| format!("-{one}")),
        ]
    })
}

#[test]
fn what_the_recording_finds_is_what_the_filter_says() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let mut runner = TestRunner::deterministic();
    let made: Vec<Made> = (0..120).map(|_| some_made().new_tree(&mut runner).unwrap().current()).collect();
    let writer = session(&path);
    for made in &made {
        made.write(&writer);
    }
    let reader = Reader::open(&path).unwrap();
    let mut hits = 0;
    for _ in 0..1_500 {
        let text = some_filter().new_tree(&mut runner).unwrap().current();
        let filter = Filter::parse(&text).unwrap();
        let expected: Vec<ExchangeId> = made
            .iter()
            .zip(1..)
            .filter(|(made, _)| filter.expr().is_none_or(|expr| matches(expr, made)))
            .map(|(_, id)| id)
            .collect();
        assert_eq!(reader.select_ids(&filter, Page::default(), NOW).unwrap(), expected, "{text}");
        hits += usize::from(!expected.is_empty() && expected.len() < made.len());
    }
    assert!(hits > 500, "most filters choose some and leave some: {hits}");
    writer.end_session(NOW).unwrap();
}

#[test]
fn those_few_that_lack_a_common_word_are_found() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let lacks = |id: ExchangeId| [1, 2, 300, 301, 1200, 1500].contains(&id);
    let made: Vec<Made> = (1..=1500)
        .map(|id| Made {
            prompt: if lacks(id) { "rare".to_owned() } else { "common".to_owned() },
            status: Some(if id % 2 == 0 { 200 } else { 500 }),
            ..Made::default()
        })
        .collect();
    recording(&path, &made);
    let everything = Retention { count: Some(1499), ..Retention::default() };
    let pruner = Pruner::open(&path).unwrap();
    pruner.run(&everything, &Filter::default(), Spare::Open, NOW, |_| true).unwrap();
    let reader = Reader::open(&path).unwrap();
    let find = |filter: &str, page: Page| -> Vec<ExchangeId> {
        reader.select_ids(&Filter::parse(filter).unwrap(), page, NOW).unwrap()
    };
    let newest = |limit| Page { limit: Some(limit), ..Page::default() };
    let oldest = |after| Page { after: Some(after), limit: Some(2), ..Page::default() };
    for (filter, page, expected) in [
        ("-common", Page::default(), &[2, 300, 301, 1200, 1500][..]),
        ("-common", newest(3), &[301, 1200, 1500]),
        ("-common", Page { before: Some(1200), ..newest(2) }, &[300, 301]),
        ("-common", oldest(0), &[2, 300]),
        ("-common", oldest(1199), &[1200, 1500]),
        ("-common status:500", Page::default(), &[301]),
        ("-(common OR status:500)", newest(2), &[1200, 1500]),
        ("-common -rare", newest(9), &[]),
        ("rare -common", newest(2), &[1200, 1500]),
        ("common -common", newest(9), &[]),
        ("-nothing -common status:200", newest(9), &[2, 300, 1200, 1500]),
    ] {
        assert_eq!(find(filter, page), expected, "{filter} {page:?}");
    }
}
