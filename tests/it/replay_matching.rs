//! Which recorded request an incoming one is.

use gatetap::exchange::head::RequestHead;
use gatetap::replay::{Index, Match, Request, Volatile};

const GOOD: &str = "Bearer sk-fake-aaaaaaaaaaaaaaaaaaaa";

fn request(target: &str, key: Option<&str>, body: &str) -> Request {
    let headers = key.map(|key| ("Authorization", key.to_owned()));
    let head = RequestHead {
        method: "POST".to_owned(),
        target: target.to_owned(),
        version: "HTTP/1.1".to_owned(),
        headers: headers.into_iter().collect(),
        raw: None,
    };
    Request::new(&head, body.as_bytes(), &Volatile::default(), b"salt")
}

fn chat(body: &str) -> Request {
    request("/v1/chat/completions", Some(GOOD), body)
}

fn index(how: Match, requests: impl IntoIterator<Item = Request>) -> Index {
    let mut index = Index::new(how);
    requests.into_iter().for_each(|request| index.add(request));
    index
}

const BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":"one"}],"user":"u1","seed":1}"#;

#[test]
fn what_has_to_agree_depends_on_how_it_is_matched() {
    for (incoming, matched) in [
        (BODY, "strict body last-message model-only path"),
        (
            r#"{"messages":[{"role":"user","content":"one"}],"model":"m","seed":2,"metadata":{"a":1}}"#,
            "body last-message model-only path",
        ),
        (
            r#"{"model":"m","messages":[{"role":"system","content":"new"},{"role":"user","content":"one"}]}"#,
            "last-message model-only path",
        ),
        (r#"{"model":"m","messages":[{"role":"user","content":"two"}]}"#, "model-only path"),
        (r#"{"model":"m","stream":true,"messages":[]}"#, "path"),
        ("not JSON", "path"),
    ] {
        let found: Vec<&str> = Match::ALL
            .into_iter()
            .filter(|(_, how)| index(*how, [chat(BODY)]).take(&chat(incoming)).is_some())
            .map(|(word, _)| word)
            .collect();
        assert_eq!(found.join(" "), matched, "{incoming}");
    }
}

#[test]
fn another_path_method_or_query_never_matches() {
    let mut index = index(Match::Path, [chat(BODY)]);
    assert_eq!(index.take(&request("/v1/responses", Some(GOOD), BODY)), None);
    let mut strict = self::index(Match::Body, [request("/v1/models?limit=1", Some(GOOD), "")]);
    assert_eq!(strict.take(&request("/v1/models?limit=2", Some(GOOD), "")), None);
    assert_eq!(strict.take(&request("/@here/v1/models?limit=1", Some(GOOD), "")), Some(0));
}

#[test]
fn a_bad_credential_never_gets_what_a_good_one_got() {
    for how in Match::ALL.map(|(_, how)| how) {
        for bad in [
            None,
            Some("sk-fake-aaaaaaaaaaaaaaaaaaaa"),
            Some("Bearer YOUR_API_KEY"),
            Some("Bearer undefined"),
        ] {
            let mut index = index(how, [chat(BODY)]);
            assert_eq!(index.take(&request("/v1/chat/completions", bad, BODY)), None, "{bad:?}");
            assert!(
                index.nearest(&request("/v1/chat/completions", bad, BODY), |_| Some(chat(BODY))).is_some()
            );
        }
    }
}

#[test]
fn identical_requests_are_answered_in_recorded_order_then_with_the_last() {
    let mut index = index(Match::Body, [chat(BODY), chat("{}"), chat(BODY)]);
    let given: Vec<_> = (0..4).map(|_| index.take(&chat(BODY))).collect();
    assert_eq!(given, [Some(0), Some(2), Some(2), Some(2)]);
}

#[test]
fn the_same_key_comes_before_another_one() {
    let with = |key| request("/v1/chat/completions", Some(key), BODY);
    let other = "Bearer sk-fake-bbbbbbbbbbbbbbbbbbbb";
    let mut index = index(Match::Body, [with(GOOD), with(other)]);
    assert_eq!(index.take(&with(other)), Some(1));
    assert_eq!(index.take(&with(GOOD)), Some(0));
    assert_eq!(index.take(&with("Bearer sk-fake-cccccccccccccccccccc")), Some(0));
    assert_eq!(index.take(&with("Bearer sk-fake-cccccccccccccccccccc")), Some(1));
}

#[test]
fn the_nearest_says_what_differs() {
    let known = [chat("{}"), chat(BODY), request("/v1/responses", Some(GOOD), BODY)];
    let index = index(Match::Body, known.clone());
    let read = |number: usize| known.get(number).cloned();
    let nearest = index.nearest(&chat(&BODY.replace("one", "two")), read).unwrap();
    assert_eq!(nearest.number, 1);
    let told: Vec<_> = nearest
        .differences
        .iter()
        .map(|one| (one.place.as_str(), one.a.as_deref(), one.b.as_deref()))
        .collect();
    assert_eq!(told, [("messages[0].content", Some("\"one\""), Some("\"two\""))]);
}

#[test]
fn a_volatile_member_is_named_by_a_pointer() {
    let mut volatile = Volatile::none();
    volatile.add("/messages/*/id");
    volatile.add("/a~1b");
    let canonical = |body: &str| volatile.canonical(body.as_bytes());
    assert_eq!(
        canonical(r#"{"messages":[{"id":"1","x":1.0},{"id":"2"}],"a/b":1,"user":"u"}"#),
        canonical(r#"{"user":"u","messages":[{"x":1},{"id":"3"}]}"#)
    );
    assert_ne!(canonical(r#"{"user":"u"}"#), canonical(r#"{"user":"v"}"#));
    assert_eq!(canonical("{"), None);
}

#[test]
fn requests_of_one_route_take_turns_and_stand_in_for_others() {
    let (plain, routed) = ("/v1/chat/completions", "/@or/v1/chat/completions");
    let ask = |target, key| request(target, Some(key), BODY);
    let other = "Bearer sk-fake-bbbbbbbbbbbbbbbbbbbb";
    let mut index =
        index(Match::Body, [ask(plain, GOOD), ask(routed, GOOD), ask(routed, other), ask(plain, other)]);
    for (target, key, number) in [
        (routed, GOOD, 1),
        (plain, other, 3),
        (routed, "Bearer sk-fake-cccccccccccccccccccc", 1),
        (routed, "Bearer sk-fake-cccccccccccccccccccc", 2),
        ("/@new/v1/chat/completions", other, 2),
        ("/@new/v1/chat/completions", "Bearer sk-fake-cccccccccccccccccccc", 0),
    ] {
        assert_eq!(index.take(&ask(target, key)), Some(number), "{target} {key}");
    }
    assert_eq!(index.alike(1).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_turn_is_taken_only_when_it_is_redeemed() {
    let mut index = index(Match::Body, [chat(BODY), chat(BODY), chat(BODY)]);
    let first = index.look(&chat(BODY)).unwrap();
    assert_eq!(index.look(&chat(BODY)), Some(first));
    assert_eq!(index.redeem(first), Some(0));
    let second = index.look(&chat(BODY)).unwrap();
    // Two that looked at the same time get one answer each.
    assert_eq!((index.redeem(second), index.redeem(second)), (Some(1), Some(2)));
    assert_eq!(index.take(&chat(BODY)), Some(2));
}

#[test]
fn of_many_the_nearest_is_the_one_that_differs_least() {
    let ask = |system: usize, question: &str| {
        chat(&format!(
            r#"{{"model":"m{}","messages":[{{"role":"system","content":"s{system}"}},{{"role":"user","content":"{question}"}}]}}"#,
            system % 3
        ))
    };
    let known: Vec<Request> = (0..500).map(|n| ask(n, &format!("q{}", n / 2))).collect();
    let index = index(Match::Body, known.clone());
    for n in [0, 77, 499] {
        let mut read = 0;
        let nearest = index
            .nearest(&ask(n, "another"), |number| {
                read += 1;
                known.get(number).cloned()
            })
            .unwrap();
        assert_eq!(nearest.number, n);
        assert_eq!(nearest.differences.len(), 1, "{:?}", nearest.differences);
        assert!(read < 10, "{read}");
    }
}
