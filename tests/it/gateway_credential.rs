//! What is kept of a credential.

use bytes::Bytes;
use gatetap::exchange::credential::CredentialFacts;
use gatetap::exchange::head::Headers;
use gatetap::gateway::credential::credential_facts;
use gatetap::gateway::keys;

fn headers(lines: &[(&str, &str)]) -> Headers {
    let line = |(name, value): &(&str, &str)| ((*name).to_owned(), Bytes::from((*value).to_owned()));
    lines.iter().map(line).collect()
}

fn one(name: &str, value: &str) -> CredentialFacts {
    let mut facts = credential_facts(&headers(&[(name, value)]), None, b"salt");
    assert_eq!(facts.len(), 1, "{name}: {value}");
    facts.remove(0)
}

fn words(facts: &CredentialFacts) -> Vec<&'static str> {
    facts.defects.iter().map(|defect| defect.as_str()).collect()
}

#[test]
fn a_good_key_has_no_defect() {
    let facts = one("Authorization", "Bearer fake-gateway-key-0001");
    assert_eq!(facts.place, "authorization");
    assert_eq!(facts.scheme.as_deref(), Some("Bearer"));
    assert_eq!(facts.vendor, None);
    assert_eq!(facts.length, 21);
    assert_eq!(facts.last4.as_deref(), Some("0001"));
    assert_eq!(facts.fingerprint.len(), 16);
    assert_eq!(words(&facts), [""; 0]);
}

#[test]
fn every_defect_is_seen() {
    let table: &[(&str, &str, &[&str])] = &[
        ("authorization", "fake-key-00000001", &["no-scheme"]),
        ("authorization", "Bearerfake-key-00000001", &["glued-scheme"]),
        ("authorization", "bearer:fake-key-00000001", &["glued-scheme"]),
        ("authorization", "Bearer  fake-key-00000001", &["two-spaces"]),
        ("authorization", "Bearer\tfake-key-00000001", &["tab"]),
        ("authorization", "Bearer \"fake-key-00000001\"", &["quoted"]),
        ("authorization", "Bearer 'fake-key-00000001", &["quoted"]),
        ("authorization", "\"Bearer fake-key-00000001\"", &["quoted"]),
        ("authorization", "Bearer YOUR_API_KEY", &["placeholder"]),
        ("authorization", "Bearer $NEXOROUTER_API_KEY", &["placeholder"]),
        ("authorization", "Bearer ${KEY}", &["placeholder"]),
        ("authorization", "Bearer undefined", &["placeholder"]),
        ("authorization", "Bearer None", &["placeholder"]),
        ("authorization", "Bearer null", &["placeholder"]),
        ("authorization", "Bearer <key>", &["placeholder"]),
        ("authorization", "Bearer fake-key-00000001 ", &["whitespace"]),
        ("authorization", "Bearer fake-key-00000001\r", &["whitespace"]),
        ("authorization", "Bearer fake-key 00000001", &["whitespace"]),
        ("authorization", "Bearer fake-key\u{1}00000001", &["whitespace"]),
        ("authorization", "Bearer\r\n fake-key-00000001", &["whitespace"]),
        ("authorization", " Bearer fake-key-00000001", &[]),
        ("authorization", "Bearer fake-kéy-00000001", &["non-ascii"]),
        ("authorization", "Bearer sk-or-v1-fake", &["wrong-length"]),
        ("authorization", "Bearer sk-ant-api03-fake", &["wrong-length"]),
        ("authorization", "Bearer", &["empty"]),
        ("authorization", "Bearer ", &["empty"]),
        ("authorization", "", &["empty"]),
        ("authorization", "Basic ZmFrZTpmYWtl", &[]),
        ("x-api-key", "fake-key-00000001", &[]),
        ("X-API-Key", "'fake-key-00000001'", &["quoted"]),
        ("x-api-key", "undefined", &["placeholder"]),
        ("api-key", "", &["empty"]),
    ];
    for (name, value, defects) in table {
        assert_eq!(words(&one(name, value)), *defects, "{name}: {value:?}");
    }
}

#[test]
fn vendors_are_known_by_the_most_exact_prefix() {
    let table = [
        ("sk-ant-api03-fake", Some("anthropic")),
        ("sk-ant-oat01-fake", Some("anthropic")),
        ("sk-or-v1-fake", Some("openrouter")),
        ("sk-proj-fake", Some("openai")),
        ("sk-svcacct-fake", Some("openai")),
        ("sk-fakeT3BlbkFJfake", Some("openai")),
        ("sk-fake", None),
        ("gsk_fake", Some("groq")),
        ("AIzaFake", Some("google")),
        ("hf_fake", Some("huggingface")),
        ("xai-fake", Some("xai")),
        ("fake", None),
        ("", None),
    ];
    for (key, vendor) in table {
        assert_eq!(keys::table().vendor_of(key.as_bytes()), vendor, "{key}");
    }
    let whole = format!("Bearer sk-or-v1-{}", "0".repeat(64));
    let facts = one("authorization", &whole);
    assert_eq!(facts.vendor.as_deref(), Some("openrouter"));
    assert_eq!(words(&facts), [""; 0]);
}

#[test]
fn two_credentials_that_differ_are_marked() {
    let differ = headers(&[("authorization", "Bearer fake-one"), ("x-api-key", "fake-two")]);
    for facts in credential_facts(&differ, None, b"s") {
        assert_eq!(words(&facts), ["differs"], "{}", facts.place);
    }
    let same = headers(&[("authorization", "Bearer fake-one"), ("x-api-key", "fake-one")]);
    let facts = credential_facts(&same, None, b"s");
    assert!(facts.iter().all(|facts| facts.defects.is_empty()));
    let empty = headers(&[("authorization", "Bearer fake-one"), ("x-api-key", "")]);
    let facts = credential_facts(&empty, None, b"s");
    assert_eq!(facts.iter().map(words).collect::<Vec<_>>(), [vec![], vec!["empty"]]);
    let proxy = headers(&[("authorization", "Bearer fake-one"), ("proxy-authorization", "Basic ZmFrZQ==")]);
    let facts = credential_facts(&proxy, None, b"s");
    assert!(facts.iter().all(|facts| facts.defects.is_empty()));
}

#[test]
fn credentials_in_the_query_and_in_websocket_protocols_count() {
    let query = "model=x&key=fake-key%20000001%0A&Api_Key=fake&max_tokens=3";
    let facts = credential_facts(&Headers::default(), Some(query), b"s");
    let places: Vec<&str> = facts.iter().map(|facts| facts.place.as_str()).collect();
    assert_eq!(places, ["?key", "?Api_Key"]);
    assert_eq!(words(facts.first().unwrap()), ["whitespace", "differs"]);

    let socket = headers(&[(
        "Sec-WebSocket-Protocol",
        "realtime, openai-insecure-api-key.sk-proj-fake, openai-beta.realtime-v1",
    )]);
    let facts = credential_facts(&socket, None, b"s");
    assert_eq!(facts.len(), 1);
    assert_eq!(facts.first().unwrap().vendor.as_deref(), Some("openai"));
    assert_eq!(facts.first().unwrap().length, 12);
}

#[test]
fn the_fingerprint_depends_on_key_and_salt_alone() {
    let print = |name: &str, value: &str, salt: &[u8]| {
        credential_facts(&headers(&[(name, value)]), None, salt).remove(0).fingerprint
    };
    let first = print("authorization", "Bearer fake-one", b"a");
    assert_eq!(first, print("x-api-key", "fake-one", b"a"));
    assert_ne!(first, print("authorization", "Bearer fake-one", b"b"));
    assert_ne!(first, print("authorization", "Bearer fake-two", b"a"));
}

#[test]
fn short_secrets_and_passwords_show_nothing() {
    assert_eq!(one("x-api-key", "fake-key-01").last4, None);
    assert_eq!(one("x-api-key", "fake-key-012").last4.as_deref(), Some("-012"));
    assert_eq!(one("authorization", "Basic ZmFrZTpmYWtlZmFrZWZha2U=").last4, None);
}

#[test]
fn cookies_are_not_the_gateways_key() {
    let cookies = headers(&[("cookie", "a=b"), ("accept", "*/*"), ("x-request-id", "1")]);
    assert_eq!(credential_facts(&cookies, Some("x=1"), b"s"), []);
}
