//! Models that are no longer there.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// OpenRouter's `model_deprecated`, `free_variant_ended` or `model_unavailable_upstream`.
    ///
    /// ## Why it matters
    ///
    /// The model will not come back: every request from now on fails until the app asks another. Source:
    /// <https://openrouter.ai/docs/api_reference/errors-and-debugging>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"error":{"code":404,"availability":{"code":"model_deprecated"}}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Change the model; send several with `models` so that the next one answers.
    pub static CHECK = {
        id: "resp-model-retired",
        severity: Error,
        summary: "requests to models that are no longer there",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    const RETIRED: [&str; 3] = ["model_deprecated", "free_variant_ended", "model_unavailable_upstream"];
    if !subject.is_gateway("openrouter") {
        return;
    }
    let codes = [subject.digest.error_code.as_deref(), subject.digest.error_kind.as_deref()];
    let json: Option<Value> = serde_json::from_slice(subject.plain).ok();
    let availability = json.as_ref().and_then(|json| {
        json.pointer("/error/availability").or_else(|| json.pointer("/error/metadata/availability"))
    });
    let inner = availability.and_then(|availability| availability.get("code")?.as_str());
    let Some(code) = codes.into_iter().chain([inner]).flatten().find(|code| RETIRED.contains(code)) else {
        return;
    };
    let model = subject.digest.model.as_deref().unwrap_or("the model");
    let text: String =
        subject.digest.error_message.as_deref().unwrap_or_default().chars().take(160).collect();
    let others = availability.and_then(|availability| availability.get("fallback_models")?.as_array());
    let named: Vec<&str> = others.into_iter().flatten().filter_map(Value::as_str).take(3).collect();
    let fix = if named.is_empty() {
        format!("ask another model than `{model}`; send several with `models`")
    } else {
        format!("ask one that the gateway names instead: {}", named.join(", "))
    };
    found.push(
        Says::new(
            format!("`{model}` is no longer there (`{code}`)"),
            format!("status {}: {text}", subject.status()),
            fix,
        ),
        [Place::Json(Side::Request, "/model".to_owned())],
    );
}
