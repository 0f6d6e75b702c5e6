//! Tool calls written as text.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A request that offers tools, and an answer without a tool call whose text is one: `<tool_call>`,
    /// `[TOOL_CALLS]`, `<function=`, or a JSON object with the name of an offered tool and arguments.
    ///
    /// ## Why it matters
    ///
    /// Chat works and the agent fails: nothing calls the tool. The model was not trained for tools, or the
    /// gateway does not translate its way of calling them. Source:
    /// <https://nexorouter.com/en/docs/api-capabilities/tool-calling>.
    ///
    /// ## Example
    ///
    /// ```text
    /// "content": "<tool_call>{\"name\":\"get_weather\",\"arguments\":{}}</tool_call>", "finish_reason": "stop"
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask a model, or a provider of the same model, that supports tools.
    pub static CHECK = {
        id: "resp-tool-call-as-text",
        severity: Warning,
        summary: "tool calls that the model wrote as text",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let tools = &subject.request.tools;
    let reason = subject.digest.finish_reason.as_deref().unwrap_or_default();
    let ended = matches!(reason, "stop" | "end_turn" | "completed");
    if tools.is_empty() || !ended || !subject.answer.tool_calls.is_empty() {
        return;
    }
    let text = subject.answer.text.trim();
    let Some(sign) = sign(text, tools) else { return };
    let model = subject.digest.model.as_deref().unwrap_or("this model");
    found.push(
        Says::new(
            "the model wrote a tool call as text, so no tool is called",
            format!(
                "the request offers {}; the text has {sign}; finish reason `{reason}`",
                counted(tools.len(), "tool")
            ),
            format!("ask a model or a provider that supports tools, instead of `{model}`"),
        ),
        [Place::Json(Side::Request, "/tools".to_owned())],
    );
}

/// What shows that a text is a tool call.
fn sign(text: &str, tools: &[String]) -> Option<String> {
    const MARKS: [&str; 5] = ["<tool_call>", "<function_call>", "[TOOL_CALLS]", "<|tool_call", "<function="];
    // Near the start; an answer may speak of such marks further on.
    const NEAR: usize = 200;
    const LONGEST: usize = 100_000;
    let start: String = text.chars().take(NEAR).collect();
    if let Some(mark) = MARKS.into_iter().find(|mark| start.contains(mark)) {
        return Some(format!("`{mark}`"));
    }
    let inner = text.strip_prefix("```").map_or(text, |fenced| {
        let fenced = fenced.strip_prefix("json").unwrap_or(fenced);
        fenced.strip_suffix("```").unwrap_or(fenced)
    });
    let inner = inner.trim();
    if !inner.starts_with('{') || inner.len() > LONGEST {
        return None;
    }
    let value: Value = serde_json::from_str(inner).ok()?;
    let name = value.get("name").or_else(|| value.get("function")).or_else(|| value.get("tool"))?.as_str()?;
    let arguments = ["arguments", "parameters", "args", "input"].iter().any(|key| value.get(key).is_some());
    (arguments && tools.iter().any(|tool| tool == name))
        .then(|| format!("a JSON object that names the tool `{name}` and its arguments"))
}
