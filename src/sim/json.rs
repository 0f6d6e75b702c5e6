//! JSON text whose fields stand in the order in which gateways send them.

use serde::Serialize;

/// A piece of JSON text; empty stands for a field that is not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Json(String);

/// `object! { "id": id, "usage": Json::ABSENT }`: fields in order, absent ones left out.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {
        $crate::sim::json::Json::object(&[$(($name, $crate::sim::json::Json::from($value))),*])
    };
}

/// `array![a, b]`.
macro_rules! array {
    ($($value:expr),* $(,)?) => {
        $crate::sim::json::Json::array([$($crate::sim::json::Json::from($value)),*])
    };
}

pub(super) use {array, object};

impl Json {
    /// No field at all.
    pub(super) const ABSENT: Self = Self(String::new());

    /// `null`.
    pub(super) fn null() -> Self {
        Self("null".to_owned())
    }

    /// What `value` serializes to.
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Self {
        // Strings, numbers and JSON values always serialize.
        Self(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
    }

    /// The value, where `there` holds; else no field.
    pub(super) fn only_if(there: bool, value: impl FnOnce() -> Self) -> Self {
        if there { value() } else { Self::ABSENT }
    }

    pub(super) fn object(fields: &[(&str, Self)]) -> Self {
        let mut text = String::from("{");
        for (name, Self(value)) in fields.iter().filter(|(_, value)| *value != Self::ABSENT) {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&Self::of(*name).0);
            text.push(':');
            text.push_str(value);
        }
        text.push('}');
        Self(text)
    }

    pub(super) fn array(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<String> = items.into_iter().map(|Self(item)| item).collect();
        Self(format!("[{}]", items.join(",")))
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

macro_rules! from_values {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Json {
            fn from(value: $kind) -> Self {
                Self::of(&value)
            }
        }
    )*};
}

from_values!(
    &str,
    &String,
    String,
    bool,
    u64,
    i64,
    usize,
    f64,
    &serde_json::Value,
    Option<&str>,
    Option<&String>
);
