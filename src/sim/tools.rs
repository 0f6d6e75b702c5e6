//! Tool calls: when to make one, of which tool, and with which arguments.

use fastrand::Rng;

use super::ask::{Ask, Choice, Tool};
use super::schema;

/// One call of a tool.
#[derive(Debug)]
pub(super) struct Call {
    /// What its id is made of.
    pub(super) id: u64,
    pub(super) name: String,
    /// JSON text that fits the tool's parameters, unless `max_tokens` cuts it.
    pub(super) arguments: String,
}

/// The calls that answer the request; none where it is answered with text.
///
/// A tool is called where the request demands it, or where the user's words touch its name. After a
/// tool's result only a demand brings another call.
pub(super) fn calls(rng: &mut Rng, ask: &Ask) -> Vec<Call> {
    let fitting = || ask.tools.iter().filter(|tool| is_touched(tool, &ask.question));
    let chosen: Vec<&Tool> = match &ask.choice {
        Choice::Named(name) => ask.tools.iter().filter(|tool| tool.name == *name).take(1).collect(),
        Choice::None => Vec::new(),
        Choice::Required => fitting().chain(&ask.tools).take(1).collect(),
        Choice::Auto if ask.tool_result.is_some() => Vec::new(),
        Choice::Auto => fitting().take(if ask.parallel { 2 } else { 1 }).collect(),
    };
    let call = |tool: &Tool| Call {
        id: rng.u64(..),
        name: tool.name.clone(),
        arguments: schema::value(rng, &tool.parameters, &ask.question).to_string(),
    };
    chosen.into_iter().map(call).collect()
}

/// Whether the question has a word of the tool's name in it, verbs such as `get` aside.
fn is_touched(tool: &Tool, question: &str) -> bool {
    let question = question.to_lowercase();
    words_of(&tool.name)
        .into_iter()
        .filter(|word| {
            word.len() >= 4 && !matches!(word.as_str(), "make" | "fetch" | "tool" | "with" | "from")
        })
        .any(|word| question.contains(&word))
}

/// The words of `get_weather`, `getWeather` or `get-weather`, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}
