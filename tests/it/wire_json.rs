//! The tolerant JSON reader.

use std::borrow::Cow;

use gatetap::wire::json::{End, Reader, Shape};
use proptest::prelude::*;

use crate::wire_property::config;

#[test]
fn members_of_any_shape() {
    let mut model = None;
    let mut count = None;
    let mut list = Vec::new();
    let mut reader = Reader::new(
        br#" {"a":{"model":"no"},"model":"m\u00e9\ud83d\ude00\n","n":12,"deep":[[{"x":["]}"]}]],"list":[1,"b",null,2]} "#,
    );
    reader.object(|name, value| match name {
        "model" => model = value.text().map(Cow::into_owned),
        "n" => count = value.count(),
        "list" => value.array(|_, item| list.push(item.count())),
        _ => {}
    });
    assert_eq!(model.as_deref(), Some("mé😀\n"));
    assert_eq!(count, Some(12));
    assert_eq!(list, [Some(1), None, None, Some(2)]);
    assert_eq!(reader.end(), End::Fine);
    assert!(reader.is_at_end());
}

#[test]
fn a_value_of_another_shape_is_skipped() {
    let mut reader = Reader::new(br#"["text",{"a":1},true,1.5,-3,"7",null]"#);
    let mut counts = Vec::new();
    reader.array(|_, value| counts.push(value.count()));
    assert_eq!(counts, [None; 7]);
    assert_eq!(reader.end(), End::Fine);
}

#[test]
fn a_text_that_stops_gives_what_stood_before() {
    let whole = r#"{"model":"m","choices":[{"text":"abc"}]}"#;
    for at in 1..whole.len() {
        let mut reader = Reader::new(&whole.as_bytes()[..at]);
        let mut model = None;
        reader.object(|name, value| {
            if name == "model" {
                model = value.text().map(Cow::into_owned);
            }
        });
        assert_eq!(reader.end(), End::Unfinished, "cut at {at}");
        assert_eq!(model.as_deref() == Some("m"), at >= 11, "cut at {at}");
    }
}

#[test]
fn what_is_not_json_is_broken() {
    for text in ["<html>", "{\"a\" 1}", "{a:1}", "{\"a\":}", "[1,2}"] {
        let mut reader = Reader::new(text.as_bytes());
        let shape = reader.shape();
        match shape {
            Shape::Array => reader.array(|_, _| {}),
            _ => reader.object(|_, _| {}),
        }
        assert_eq!(reader.end(), End::Broken, "{text}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = "[".repeat(1_000_000);
    let mut reader = Reader::new(deep.as_bytes());
    reader.object(|_, _| {});
    assert_eq!(reader.end(), End::Unfinished);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<u32>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn reads_what_another_writes(value in json()) {
        let text = value.to_string();
        prop_assert_eq!(Reader::new(text.as_bytes()).raw(), text.as_bytes());
        let mut reader = Reader::new(text.as_bytes());
        match &value {
            serde_json::Value::String(expected) => {
                prop_assert_eq!(&*reader.text().unwrap(), expected.as_str());
            }
            serde_json::Value::Object(members) => {
                let mut seen = Vec::new();
                reader.object(|name, value| {
                    let raw: serde_json::Value = serde_json::from_slice(value.raw()).unwrap();
                    seen.push((name.to_owned(), raw));
                });
                prop_assert!(seen.iter().map(|(name, value)| (name, value)).eq(members.iter()));
            }
            _ => reader.skip(),
        }
        prop_assert_eq!(reader.end(), End::Fine);
        prop_assert!(reader.is_at_end());
    }

    #[test]
    fn takes_any_bytes(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\u0aeE-.tn \xff".to_vec()), 0..60)) {
        let mut reader = Reader::new(&bytes);
        reader.object(|_, value| value.array(|_, item| { item.text(); }));
        Reader::new(&bytes).array(|_, item| { item.number(); });
    }
}
