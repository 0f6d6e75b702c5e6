//! Tool calls and structured answers: chosen from the request, and fitting their schemas.

use gatetap::sim::Simulator;
use serde_json::{Value, json};

use crate::sim_client::{Answer, complete, instant};

fn tool(name: &str, parameters: Value) -> Value {
    let mut tool = json!({"type": "function", "function": {"name": name}});
    tool["function"]["parameters"] = parameters;
    tool
}

fn weather() -> Value {
    tool(
        "get_weather",
        json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 7},
            },
            "required": ["city", "unit"],
        }),
    )
}

fn request(text: &str, more: Value) -> Value {
    let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// The calls of a plain answer: name and arguments.
async fn calls(sim: &Simulator, body: &Value) -> Vec<(String, String)> {
    let answer = complete(sim, body).await.json();
    let message = &answer["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    assert_eq!(message["content"].is_null(), !calls.is_empty());
    calls
        .iter()
        .map(|call| {
            assert_eq!(call["type"], "function");
            assert!(!call["id"].as_str().unwrap().is_empty());
            let text = |field: &str| call["function"][field].as_str().unwrap().to_owned();
            (text("name"), text("arguments"))
        })
        .collect()
}

#[tokio::test]
async fn tools_are_called_when_asked_for_or_demanded() {
    let clock = || tool("read_clock", json!({"type": "object", "properties": {}}));
    let tools = json!([weather(), clock()]);
    let named = json!({"type": "function", "function": {"name": "read_clock"}});
    let after_tool = json!([
        {"role": "user", "content": "What's the weather in Lisbon?"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "19 degrees"},
    ]);
    let table: Vec<(&str, Value, &[&str])> = vec![
        ("What's the weather in Lisbon?", json!({"tools": tools}), &["get_weather"]),
        ("Tell me a story", json!({"tools": tools}), &[]),
        ("The weather, by the clock", json!({"tools": tools}), &["get_weather", "read_clock"]),
        (
            "The weather, by the clock",
            json!({"tools": tools, "parallel_tool_calls": false}),
            &["get_weather"],
        ),
        ("Tell me a story", json!({"tools": tools, "tool_choice": "required"}), &["get_weather"]),
        ("Look at the clock", json!({"tools": tools, "tool_choice": "required"}), &["read_clock"]),
        ("The weather", json!({"tools": tools, "tool_choice": "none"}), &[]),
        ("The weather", json!({"tools": tools, "tool_choice": named}), &["read_clock"]),
        ("", json!({"tools": tools, "messages": after_tool}), &[]),
        ("The weather", json!({}), &[]),
    ];
    let sim = instant(1).await;
    for (text, more, expected) in table {
        let made = calls(&sim, &request(text, more)).await;
        let names: Vec<&str> = made.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, expected, "{text}");
    }
}

#[tokio::test]
async fn a_tools_result_is_reported() {
    let sim = instant(1).await;
    let messages = json!([
        {"role": "user", "content": "What's the weather?"},
        {"role": "tool", "tool_call_id": "c", "content": "19 degrees"},
    ]);
    let body = request("", json!({"messages": messages, "tools": [weather()]}));
    let answer = complete(&sim, &body).await.json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("19 degrees"), "{text}");
}

/// Puts the calls of a stream together from their fragments: id, name, arguments, fragments.
fn assemble(answer: &Answer) -> Vec<(String, String, String, usize)> {
    let mut calls: Vec<(String, String, String, usize)> = Vec::new();
    for chunk in answer.chunks_json() {
        for part in chunk["choices"][0]["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(part["index"].as_u64().unwrap()).unwrap();
            let arguments = part["function"]["arguments"].as_str().unwrap();
            if index == calls.len() {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                calls.push((text(&part["id"]), text(&part["function"]["name"]), String::new(), 0));
            } else {
                assert!(part.get("id").is_none() && part["function"].get("name").is_none());
            }
            let call = calls.last_mut().unwrap();
            call.2.push_str(arguments);
            call.3 += 1;
        }
    }
    calls
}

#[tokio::test]
async fn streamed_calls_come_in_fragments() {
    let sim = instant(1).await;
    let body = request("What's the weather in Lisbon?", json!({"tools": [weather()], "stream": true}));
    let answer = complete(&sim, &body).await;
    assert_eq!(answer.finish_reason().as_deref(), Some("tool_calls"));
    let calls = assemble(&answer);
    let (id, name, arguments, fragments) = calls.first().unwrap();
    assert!(id.starts_with("call_") && name == "get_weather" && *fragments > 3);
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(arguments["city"], "Lisbon");

    let mut short = body;
    short["max_tokens"] = json!(2);
    let answer = complete(&sim, &short).await;
    assert_eq!(answer.finish_reason().as_deref(), Some("length"));
    let calls = assemble(&answer);
    assert_eq!(calls.first().unwrap().2.len(), 8);
}

/// Whether `value` fits `schema`, by the rules of JSON schema; written apart from the simulator's.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return fits(value, target, root);
    }
    let all = |key: &str, check: &dyn Fn(&Value) -> bool| schema.get(key).is_none_or(check);
    let list = |list: &Value| list.as_array().unwrap().clone();
    let types = match schema.get("type") {
        Some(Value::String(kind)) => vec![json!(kind)],
        Some(Value::Array(kinds)) => kinds.clone(),
        _ => Vec::new(),
    };
    let has_type = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        _ => false,
    };
    let number = value.as_f64();
    let compare = |key: &str, holds: fn(f64, f64) -> bool| {
        all(key, &|bound| number.is_none_or(|number| holds(number, bound.as_f64().unwrap())))
    };
    let letters = value.as_str().map(|text| text.chars().count() as f64);
    let count = |key: &str, holds: fn(f64, f64) -> bool| {
        let size = letters.or_else(|| value.as_array().map(|items| items.len() as f64));
        all(key, &|bound| size.is_none_or(|size| holds(size, bound.as_f64().unwrap())))
    };
    (types.is_empty() || types.iter().any(has_type))
        && all("enum", &|choices| list(choices).contains(value))
        && all("const", &|only| only == value)
        && compare("minimum", |number, bound| number >= bound)
        && compare("maximum", |number, bound| number <= bound)
        && compare("exclusiveMinimum", |number, bound| number > bound)
        && compare("exclusiveMaximum", |number, bound| number < bound)
        && compare("multipleOf", |number, step| (number / step).fract().abs() < 1e-9)
        && count("minLength", |size, bound| size >= bound)
        && count("maxLength", |size, bound| size <= bound)
        && count("minItems", |size, bound| size >= bound)
        && count("maxItems", |size, bound| size <= bound)
        && all("required", &|names| {
            list(names).iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        })
        && all("properties", &|properties| {
            let fit = |(name, property): (&String, &Value)| {
                value.get(name).is_none_or(|value| fits(value, property, root))
            };
            properties.as_object().unwrap().iter().all(fit)
        })
        && (schema.get("additionalProperties") != Some(&json!(false))
            || value.as_object().unwrap().keys().all(|name| schema["properties"].get(name).is_some()))
        && all("items", &|item| {
            value.as_array().is_none_or(|values| values.iter().all(|value| fits(value, item, root)))
        })
        && all("anyOf", &|choices| list(choices).iter().any(|choice| fits(value, choice, root)))
        && all("oneOf", &|choices| list(choices).iter().any(|choice| fits(value, choice, root)))
        && all("allOf", &|parts| list(parts).iter().all(|part| fits(value, part, root)))
        && (schema.get("uniqueItems") != Some(&json!(true)) || {
            let values = value.as_array().unwrap();
            values
                .iter()
                .enumerate()
                .all(|(index, value)| !values.iter().skip(index + 1).any(|other| other == value))
        })
}

fn schemas() -> Vec<Value> {
    vec![
        weather()["function"]["parameters"].clone(),
        json!({"type": "object"}),
        json!({"type": "object", "properties": {"a": {"type": "string", "minLength": 40}, "b": {"type": "string", "maxLength": 3}}, "required": ["a", "b"], "additionalProperties": false}),
        json!({"type": "object", "properties": {"n": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, "m": {"type": "integer", "multipleOf": 5, "minimum": 7, "maximum": 23}}, "required": ["n", "m"]}),
        json!({"type": "object", "properties": {"low": {"type": "integer", "maximum": -5}, "edge": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}, "one": {"const": "x"}}, "required": ["low", "edge", "one"]}),
        json!({"type": "object", "properties": {"tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "maxItems": 3, "uniqueItems": true}, "flag": {"type": ["boolean", "null"]}}, "required": ["tags", "flag"]}),
        json!({"type": "object", "properties": {"who": {"$ref": "#/$defs/person"}}, "required": ["who"], "$defs": {"person": {"type": "object", "properties": {"name": {"type": "string"}, "friend": {"anyOf": [{"$ref": "#/$defs/person"}, {"type": "null"}]}}, "required": ["name", "friend"], "additionalProperties": false}}}),
        json!({"type": "object", "properties": {"shape": {"oneOf": [{"type": "object", "properties": {"r": {"type": "number"}}, "required": ["r"]}, {"type": "object", "properties": {"w": {"type": "number"}, "h": {"type": "number"}}, "required": ["w", "h"]}]}}, "required": ["shape"]}),
        json!({"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"type": "string", "format": "date"}}, "required": ["b"]}]}),
        json!({"type": "object", "properties": {"tree": {"$ref": "#/definitions/node"}}, "required": ["tree"], "definitions": {"node": {"type": "object", "properties": {"id": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/definitions/node"}}}, "required": ["id", "children"]}}}),
        json!({"type": "object", "properties": {"none": {"type": "array", "items": {"type": "string"}, "maxItems": 0}}, "required": ["none"]}),
    ]
}

#[tokio::test]
async fn arguments_fit_their_schemas() {
    for seed in 0..12 {
        let sim = instant(seed).await;
        for schema in schemas() {
            let body = request("Go on", json!({"tools": [tool("run", schema)], "tool_choice": "required"}));
            let schema = &body["tools"][0]["function"]["parameters"];
            let made = calls(&sim, &body).await;
            let arguments: Value = serde_json::from_str(&made.first().unwrap().1).unwrap();
            assert!(fits(&arguments, schema, schema), "seed {seed}: {arguments} for {schema}");
        }
    }
}

#[tokio::test]
async fn structured_answers_are_json_that_fits() {
    let sim = instant(4).await;
    let text = async |format: Value| {
        let body = request("Explain tides", json!({"response_format": format, "stream": true}));
        complete(&sim, &body).await.streamed_text()
    };
    let object: Value = serde_json::from_str(&text(json!({"type": "json_object"})).await).unwrap();
    assert!(object.is_object());
    for schema in schemas() {
        let format =
            json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}});
        let value: Value = serde_json::from_str(&text(format).await).unwrap();
        assert!(fits(&value, &schema, &schema), "{value} for {schema}");
    }
}
