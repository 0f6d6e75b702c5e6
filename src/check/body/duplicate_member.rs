//! JSON members that stand twice.

use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::json::{Reader, Shape};

check! {
    /// ## What it looks for
    ///
    /// A member that stands twice in the body or in one of its messages or tools. Bodies of more than 1 MB
    /// are not looked through.
    ///
    /// ## Why it matters
    ///
    /// Which of the two counts is left open by the standard: most readers take the last, some the first, a
    /// few refuse. What you see in the code may not be what the model gets. Source:
    /// <https://www.rfc-editor.org/rfc/rfc8259#section-4>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"a","temperature":0,"temperature":1}
    /// ```
    ///
    /// ## What to do
    ///
    /// Write it once. It comes from texts put together by hand, and from libraries that merge settings by
    /// appending them.
    pub static CHECK = {
        id: "body-duplicate-member",
        severity: Warning,
        summary: "JSON members that stand twice",
        run: Request(run),
    }
}

/// A larger body is not looked through.
const MOST: usize = 1_000_000;

/// So many members of one object are compared.
const MEMBERS: usize = 64;

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if members(subject).is_none() || subject.body.len() > MOST {
        return;
    }
    let mut reader = Reader::new(subject.body);
    let twice = twice_in(&mut reader, |name, value| {
        let lists = matches!(name, "messages" | "tools" | "input") && value.shape() == Shape::Array;
        if !lists {
            return None;
        }
        let mut inside = None;
        value.array(|index, item| {
            if inside.is_none() && item.shape() == Shape::Object {
                inside = twice_in(item, |_, _| None).map(|member| format!("/{name}/{index}{member}"));
            }
        });
        inside
    });
    let Some(pointer) = twice else { return };
    let name = pointer.rsplit('/').next().unwrap_or_default();
    found.push(
        Says {
            message: format!("`{name}` stands twice in one object"),
            evidence: format!("`{pointer}`; which of the two counts is up to the reader"),
            fix: format!("write `{name}` once"),
        },
        [at(pointer.as_str())],
    );
}

/// The pointer of the first member that stands twice in the object that comes next, or of what `inside`
/// finds in one of its values.
fn twice_in(
    reader: &mut Reader<'_>,
    mut inside: impl FnMut(&str, &mut Reader<'_>) -> Option<String>,
) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    let mut twice = None;
    reader.object(|name, value| {
        if twice.is_some() {
            return;
        }
        // A name that is masked may be any.
        if names.iter().any(|known| known == name) && !name.contains('*') {
            twice = Some(format!("/{name}"));
            return;
        }
        if names.len() < MEMBERS {
            names.push(name.to_owned());
        }
        twice = inside(name, value);
    });
    twice
}
