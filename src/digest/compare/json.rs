//! Two JSON documents, path by path.

use super::Difference;
use crate::wire::json::{End, Reader, Shape};
use std::collections::BTreeMap;

/// Deeper values are compared as they are written.
const DEEPEST: usize = 64;

/// The values of a document by their paths: `messages[0].content`. `None` if it is no JSON document.
pub(super) fn leaves(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut reader = Reader::new(text);
    let mut leaves = BTreeMap::new();
    if !matches!(reader.shape(), Shape::Object | Shape::Array) {
        return None;
    }
    collect(&mut reader, &mut String::new(), 0, &mut leaves);
    (reader.end() == End::Fine && reader.is_at_end()).then_some(leaves)
}

/// Where two documents differ, in the order of the paths.
pub(super) fn differences(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> Vec<Difference> {
    let paths: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    paths
        .into_iter()
        .filter(|path| a.get(*path) != b.get(*path))
        .map(|path| Difference {
            place: path.clone(),
            a: a.get(path).cloned(),
            b: b.get(path).cloned(),
            counts: true,
        })
        .collect()
}

fn collect(reader: &mut Reader<'_>, path: &mut String, depth: usize, leaves: &mut BTreeMap<String, String>) {
    let length = path.len();
    let before = leaves.len();
    match reader.shape() {
        Shape::Object if depth < DEEPEST => reader.object(|name, value| {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            collect(value, path, depth + 1, leaves);
            path.truncate(length);
        }),
        Shape::Array if depth < DEEPEST => reader.array(|index, value| {
            let piece = format!("[{index}]");
            path.push_str(&piece);
            collect(value, path, depth + 1, leaves);
            path.truncate(length);
        }),
        Shape::Text => {
            // As the text it is, so that `\u00e4` equals `ä`; written anew, so that it is told from a number.
            let text = reader.text().unwrap_or_default();
            leaves.insert(path.clone(), serde_json::Value::from(text.as_ref()).to_string());
            return;
        }
        _ => {
            leaves.insert(path.clone(), String::from_utf8_lossy(reader.raw()).into_owned());
            return;
        }
    }
    if leaves.len() == before {
        leaves.insert(path.clone(), "empty".to_owned());
    }
}
