//! Reading a request: what the gateway would check before it asks any model, and what is asked of it.
//!
//! Every dialect is read into one [`Ask`]; what it answers is written by [`super::tell`].

mod chat;
pub(super) mod key;
mod messages;
mod responses;

use serde_json::Value;

use super::estimated_tokens;
use super::profile::{Model, Profile};
use super::refusal::{Reason, Refusal};
use key::Key;

/// The API by which text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Chat Completions.
    Chat,
    /// Completions, the older one.
    Completions,
    Responses,
    /// Anthropic's.
    Messages,
}

/// A request that passed every check.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) form: Form,
    pub(super) model: Model,
    /// The model as it was named.
    pub(super) named: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    /// Random padding on the events of a stream.
    pub(super) obfuscation: bool,
    pub(super) max_tokens: Option<u64>,
    pub(super) stops: Vec<String>,
    /// How many answers are wanted.
    pub(super) count: usize,
    /// Whether the model is to show that it thinks.
    pub(super) reasoning: bool,
    /// How many likely tokens are listed beside each one; `None` for no probabilities at all.
    pub(super) logprobs: Option<u64>,
    pub(super) format: Format,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
    pub(super) parallel: bool,
    pub(super) prompt_tokens: u64,
    /// The text of the last message by the user.
    pub(super) question: String,
    /// The text of the last message, if a tool wrote it.
    pub(super) tool_result: Option<String>,
    /// The conversation as JSON text: what an answer is drawn from.
    pub(super) conversation: String,
    /// The request as JSON, for what is rarely asked of it.
    pub(super) body: Value,
}

/// What an answer's text has to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Format {
    Text,
    /// Any JSON object.
    Json,
    /// JSON that fits a schema.
    Schema(Value),
}

/// A function that the model may call.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) parameters: Value,
}

/// Which tool is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Auto,
    None,
    Required,
    Named(String),
}

/// What the checks need to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) profile: &'a Profile,
    pub(super) key: Key,
    pub(super) max_input_tokens: u64,
}

/// Checks a request for text, in the order of the room's documentation, up to its size.
pub(super) fn check(rules: Rules<'_>, form: Form, bytes: &[u8]) -> Result<Ask, Refusal> {
    let body = json(bytes)?;
    let (model, named) = rules.model(&body)?;
    if model.dimensions.is_some() {
        let message = format!("The model '{named}' makes embeddings and does not write.");
        return Err(Refusal::invalid("model", &message));
    }
    let ask = match form {
        Form::Chat => chat::chat(rules.profile, &body)?,
        Form::Completions => chat::completions(&body)?,
        Form::Responses => responses::responses(rules.profile, &body)?,
        Form::Messages => messages::messages(&body)?,
    };
    if ask.prompt_tokens > rules.max_input_tokens {
        return Err(Refusal::new(Reason::Tokens));
    }
    Ok(Ask { form, model, named, body, ..ask })
}

/// The body as a JSON object.
pub(super) fn json(bytes: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::body(&format!("The body is not valid JSON: {error}.")))?;
    if body.is_object() { Ok(body) } else { Err(Refusal::body("The body must be a JSON object.")) }
}

/// The estimated tokens of a conversation that is only to be counted.
pub(super) fn count_tokens(rules: Rules<'_>, bytes: &[u8]) -> Result<u64, Refusal> {
    let mut body = json(bytes)?;
    rules.model(&body)?;
    if let Some(fields) = body.as_object_mut() {
        fields.entry("max_tokens").or_insert_with(|| 1.into());
    }
    Ok(messages::messages(&body)?.prompt_tokens)
}

impl Rules<'_> {
    /// The model that a body names, and how.
    pub(super) fn model(&self, body: &Value) -> Result<(Model, String), Refusal> {
        use super::profile::Vendor;
        let may_choose = self.profile.vendor == Vendor::OpenRouter;
        // OpenRouter goes on to the next of `models` where one cannot be had.
        let others = body.get("models").and_then(Value::as_array).filter(|_| may_choose);
        let others: Vec<&str> = others.into_iter().flatten().filter_map(Value::as_str).collect();
        let id = match body.get("model") {
            Some(Value::String(id)) if !id.is_empty() => id.as_str(),
            None | Some(Value::Null) if may_choose => match others.first() {
                Some(first) => first,
                None => {
                    self.profile.default_model(self.key).map(|model| model.id.as_str()).unwrap_or_default()
                }
            },
            Some(Value::String(_) | Value::Null) | None => {
                return Err(Refusal::invalid("model", "model is required."));
            }
            Some(_) => return Err(Refusal::invalid("model", "model must be a string.")),
        };
        let found = std::iter::once(id)
            .chain(others)
            .find_map(|id| self.profile.model(id, self.key).map(|model| (model.clone(), id.to_owned())));
        found.ok_or_else(|| Refusal::model(id))
    }
}

impl Ask {
    /// An ask of nothing, with the body's general fields.
    fn of(body: &Value) -> Result<Self, Refusal> {
        let stream = match body.get("stream") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(stream)) => *stream,
            Some(_) => return Err(Refusal::invalid("stream", "stream must be true or false.")),
        };
        Ok(Self {
            form: Form::Chat,
            model: Model {
                id: String::new(),
                title: None,
                provider: None,
                first_token: (0, 0),
                token: (0, 0),
                dimensions: None,
            },
            named: String::new(),
            stream,
            include_usage: body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true)),
            obfuscation: body.pointer("/stream_options/include_obfuscation") != Some(&Value::Bool(false)),
            max_tokens: None,
            stops: Vec::new(),
            count: 1,
            reasoning: false,
            logprobs: None,
            format: Format::Text,
            tools: Vec::new(),
            choice: Choice::Auto,
            parallel: body.get("parallel_tool_calls") != Some(&Value::Bool(false)),
            prompt_tokens: 0,
            question: String::new(),
            tool_result: None,
            conversation: String::new(),
            body: Value::Null,
        })
    }

    /// Takes over the tools, each with its name and its parameters at those places.
    fn take_tools(&mut self, tools: &[Value], name: &str, parameters: &str) {
        let nothing = || serde_json::json!({"type": "object"});
        let named = tools.iter().filter_map(|tool| Some((tool.pointer(name)?.as_str()?, tool)));
        self.tools = named
            .map(|(name, tool)| Tool {
                name: name.to_owned(),
                parameters: tool.pointer(parameters).cloned().unwrap_or_else(nothing),
            })
            .collect();
    }

    /// Refuses a choice of a tool that there is not.
    fn check_choice(&self) -> Result<(), Refusal> {
        match &self.choice {
            Choice::Named(name) if self.tools.iter().all(|tool| tool.name != *name) => {
                let message = "tool_choice names a function that tools does not hold.";
                Err(Refusal::invalid("tool_choice", message))
            }
            _ => Ok(()),
        }
    }
}

impl Choice {
    /// The words that mean the same everywhere.
    fn of_word(word: &str) -> Self {
        match word {
            "none" => Self::None,
            "required" | "any" => Self::Required,
            _ => Self::Auto,
        }
    }
}

/// Checks that a number is at least zero and at most `most`.
fn check_number(body: &Value, field: &str, most: f64) -> Result<(), Refusal> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value.as_f64().is_some_and(|number| (0.0..=most).contains(&number)) => Ok(()),
        Some(_) => Err(Refusal::invalid(field, &format!("{field} must be a number from 0 to {most}."))),
    }
}

/// Reads a positive whole number.
fn check_count(body: &Value, field: &str) -> Result<Option<u64>, Refusal> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) if count > 0 => Ok(Some(count)),
            _ => Err(Refusal::invalid(field, &format!("{field} must be a positive integer."))),
        },
    }
}

/// One text, or a row of them.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The text of a content that is a string or a row of parts.
fn content_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text").and_then(Value::as_str))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn tokens_of(texts: impl IntoIterator<Item = String>) -> u64 {
    estimated_tokens(texts.into_iter().map(|text| text.len() as u64).sum())
}
