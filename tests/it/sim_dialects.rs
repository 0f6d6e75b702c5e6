//! The dialects beside plain chat: Messages, Responses, embeddings, Completions, and OpenRouter's additions.

use gatetap::digest::examine;
use gatetap::exchange::body::{Body, Mark, Rest};
use gatetap::exchange::end::Verdict;
use gatetap::exchange::time::Micros;
use gatetap::sim::Simulator;
use gatetap::wire::script;
use serde_json::{Value, json};

use crate::sim_client::Answer;
use crate::sim_profiles::{ask, profile};

const HEADERS: &str = "authorization: Bearer sk-sim-good\r\nanthropic-version: 2023-06-01";

/// A named event of a stream: its name and its data.
type Event = (String, Value);

/// The named events of a stream; comments are left out.
fn named(answer: &Answer) -> Vec<Event> {
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"), "{}", answer.text());
    let blocks = answer.text().split_terminator("\n\n").filter(|block| !block.starts_with(':'));
    blocks
        .map(|block| {
            let (name, data) = block.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
            let data: Value = serde_json::from_str(data).unwrap();
            assert_eq!(data["type"], name, "{block}");
            (name.to_owned(), data)
        })
        .collect()
}

/// The names in their order, each row of the same one once.
fn order(events: &[Event]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names
}

/// What all events with that name have at `pointer`, joined.
fn joined(events: &[Event], name: &str, pointer: &str) -> String {
    let those = events.iter().filter(|(event, _)| event == name);
    those.filter_map(|(_, data)| data.pointer(pointer)?.as_str()).collect()
}

fn weather(schema: &str) -> Value {
    let parameters =
        json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!({"name": "get_weather", schema: parameters})
}

async fn messages(sim: &Simulator, text: &str, more: Value) -> Answer {
    let mut body = json!({"model": "claude-haiku-4-5", "max_tokens": 4000, "messages": [{"role": "user", "content": text}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(sim, "POST /v1/messages", HEADERS, &body).await
}

async fn responses(sim: &Simulator, text: &str, more: Value) -> Answer {
    let mut body = json!({"model": "gpt-4o", "input": text});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(sim, "POST /v1/responses", HEADERS, &body).await
}

#[tokio::test]
async fn a_stream_of_messages_has_its_events_in_order() {
    let sim = profile("anthropic").await;
    let answer = messages(&sim, "Explain tides", json!({"stream": true})).await;
    let events = named(&answer);
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(order(&events), expected);
    let start = &events[0].1["message"];
    assert_eq!(
        (&start["content"], &start["stop_reason"], &start["role"]),
        (&json!([]), &Value::Null, &json!("assistant"))
    );
    assert_eq!((&start["usage"]["input_tokens"], &start["usage"]["output_tokens"]), (&json!(4), &json!(1)));
    let text = joined(&events, "content_block_delta", "/delta/text");
    let last = &events[events.len() - 2].1;
    assert_eq!(last["delta"], json!({"stop_reason": "end_turn", "stop_sequence": null}));
    assert_eq!(last["usage"]["output_tokens"], text.len().div_ceil(4));
    let whole = messages(&sim, "Explain tides", json!({})).await.json();
    assert_eq!(whole["content"], json!([{"type": "text", "text": text}]));
    assert_eq!(whole["usage"]["output_tokens"], last["usage"]["output_tokens"]);
    assert!(whole["id"].as_str().unwrap().starts_with("msg_"));
}

#[tokio::test]
async fn thinking_and_tools_come_as_blocks() {
    let sim = profile("anthropic").await;
    let asked = json!({
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [weather("input_schema")],
    });
    let mut streamed = asked.clone();
    streamed["stream"] = json!(true);
    let events = named(&messages(&sim, "The weather in Oslo?", streamed).await);
    let thought = joined(&events, "content_block_delta", "/delta/thinking");
    let arguments = joined(&events, "content_block_delta", "/delta/partial_json");
    assert_eq!(serde_json::from_str::<Value>(&arguments).unwrap(), json!({"city": "Oslo"}));
    let starts: Vec<&Value> = events
        .iter()
        .filter(|(name, _)| name == "content_block_start")
        .map(|(_, data)| &data["content_block"]["type"])
        .collect();
    assert_eq!(starts, [&json!("thinking"), &json!("tool_use")]);
    assert!(!joined(&events, "content_block_delta", "/delta/signature").is_empty());
    assert_eq!(events[events.len() - 2].1["delta"]["stop_reason"], "tool_use");
    let whole = messages(&sim, "The weather in Oslo?", asked).await.json();
    assert_eq!(whole["content"][0]["thinking"], thought);
    assert_eq!(whole["content"][1]["input"], json!({"city": "Oslo"}));
    assert_eq!(whole["content"][1]["name"], "get_weather");

    let choices = [
        (json!({"type": "none"}), "end_turn"),
        (json!({"type": "any"}), "tool_use"),
        (json!({"type": "tool", "name": "get_weather"}), "tool_use"),
        (json!({"type": "auto"}), "end_turn"),
    ];
    for (choice, reason) in choices {
        let more = json!({"tools": [weather("input_schema")], "tool_choice": choice});
        assert_eq!(messages(&sim, "Tell a story", more).await.json()["stop_reason"], reason, "{choice}");
    }
    let result = json!({"messages": [
        {"role": "user", "content": "The weather in Oslo?"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "get_weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "11 degrees"}]},
    ], "tools": [weather("input_schema")]});
    let told = messages(&sim, "", result).await.json();
    assert!(told["content"][0]["text"].as_str().unwrap().contains("11 degrees"), "{told}");
}

#[tokio::test]
async fn messages_end_for_their_reasons_and_are_counted() {
    let sim = profile("anthropic").await;
    let short = messages(&sim, "Explain tides", json!({"max_tokens": 3})).await.json();
    assert_eq!((&short["stop_reason"], &short["usage"]["output_tokens"]), (&json!("max_tokens"), &json!(3)));
    let stopped = messages(&sim, "Explain tides", json!({"stop_sequences": ["zzz", " "]})).await.json();
    assert_eq!((&stopped["stop_reason"], &stopped["stop_sequence"]), (&json!("stop_sequence"), &json!(" ")));
    assert!(!stopped["content"][0]["text"].as_str().unwrap().contains(' '));
    let body = json!({"model": "claude-haiku-4-5", "system": "12345678", "messages": [{"role": "user", "content": "1234"}]});
    let counted = ask(&sim, "POST /v1/messages/count_tokens", HEADERS, &body).await;
    assert_eq!((counted.status, counted.json()), (200, json!({"input_tokens": 3})));
    let lines = [
        json!({"max_tokens": null}),
        json!({"max_tokens": 0}),
        json!({"messages": []}),
        json!({"messages": [{"role": "tool", "content": "x"}]}),
        json!({"temperature": 1.5}),
        json!({"thinking": {"type": "enabled", "budget_tokens": 4000}}),
        json!({"thinking": {"type": "sometimes"}}),
    ];
    for more in lines {
        let refused = messages(&sim, "x", more.clone()).await;
        assert_eq!(
            (refused.status, refused.json()["error"]["type"].clone()),
            (400, json!("invalid_request_error")),
            "{more}"
        );
    }
}

#[tokio::test]
async fn a_stream_of_responses_has_its_events_in_order_and_numbered() {
    let sim = profile("openai").await;
    let answer = responses(
        &sim,
        "Explain tides",
        json!({"stream": true, "reasoning": {"effort": "low", "summary": "auto"}}),
    )
    .await;
    let events = named(&answer);
    for (index, (_, data)) in events.iter().enumerate() {
        assert_eq!(data["sequence_number"], index);
    }
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(order(&events), expected);
    let text = joined(&events, "response.output_text.delta", "/delta");
    assert_eq!(joined(&events, "response.output_text.done", "/text"), text);
    let completed = &events.last().unwrap().1["response"];
    assert_eq!(completed["output"][1]["content"][0]["text"], text);
    assert_eq!(completed["output"][0]["type"], "reasoning");
    assert!(completed["usage"]["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
    let ids: std::collections::BTreeSet<String> =
        events.iter().filter_map(|(_, data)| Some(data["response"]["id"].as_str()?.to_owned())).collect();
    assert_eq!(ids.len(), 1);
    let whole = responses(&sim, "Explain tides", json!({})).await.json();
    assert_eq!((&whole["object"], &whole["status"]), (&json!("response"), &json!("completed")));
    let again = named(&responses(&sim, "Explain tides", json!({"stream": true})).await);
    assert_eq!(
        joined(&again, "response.output_text.delta", "/delta"),
        whole["output"][0]["content"][0]["text"].as_str().unwrap()
    );
}

#[tokio::test]
async fn responses_call_tools_are_cut_and_fit_their_schema() {
    let sim = profile("openai").await;
    let mut tool = weather("parameters");
    tool["type"] = json!("function");
    let tools = json!({"tools": [tool, {"type": "web_search"}]});
    let mut streamed = tools.clone();
    streamed["stream"] = json!(true);
    let events = named(&responses(&sim, "The weather in Oslo?", streamed).await);
    let arguments = joined(&events, "response.function_call_arguments.delta", "/delta");
    assert_eq!(arguments, joined(&events, "response.function_call_arguments.done", "/arguments"));
    let whole = responses(&sim, "The weather in Oslo?", tools.clone()).await.json();
    assert_eq!(whole["output"][0]["arguments"], arguments);
    assert_eq!(
        (&whole["output"][0]["type"], &whole["output"][0]["name"]),
        (&json!("function_call"), &json!("get_weather"))
    );
    let mut after = tools;
    after["input"] = json!([
        {"role": "user", "content": [{"type": "input_text", "text": "The weather in Oslo?"}]},
        whole["output"][0],
        {"type": "function_call_output", "call_id": whole["output"][0]["call_id"], "output": "11 degrees"},
    ]);
    let told = responses(&sim, "", after).await.json();
    assert!(told["output"][0]["content"][0]["text"].as_str().unwrap().contains("11 degrees"), "{told}");

    let cut = responses(&sim, "Explain tides", json!({"max_output_tokens": 16, "stream": true})).await;
    let events = named(&cut);
    let (name, last) = events.last().unwrap();
    assert_eq!(name, "response.incomplete");
    assert_eq!(last["response"]["incomplete_details"], json!({"reason": "max_output_tokens"}));
    assert_eq!(last["response"]["output"][0]["status"], "incomplete");

    let schema = json!({"type": "object", "properties": {"age": {"type": "integer", "minimum": 3, "maximum": 5}}, "required": ["age"]});
    let format = json!({"text": {"format": {"type": "json_schema", "name": "x", "schema": schema}}});
    let whole = responses(&sim, "x", format).await.json();
    let made: Value =
        serde_json::from_str(whole["output"][0]["content"][0]["text"].as_str().unwrap()).unwrap();
    assert!((3..=5).contains(&made["age"].as_i64().unwrap()), "{made}");
}

#[tokio::test]
async fn embeddings_are_of_length_one_and_the_same_for_the_same_text() {
    let sim = profile("openai").await;
    let embed = async |body: Value| {
        let mut all = json!({"model": "text-embedding-3-small"});
        all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        ask(&sim, "POST /v1/embeddings", HEADERS, &all).await.json()
    };
    let numbers = |item: &Value| -> Vec<f64> {
        item["embedding"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    let answer = embed(json!({"input": ["tides", "sand", "tides"]})).await;
    let vectors: Vec<Vec<f64>> = answer["data"].as_array().unwrap().iter().map(numbers).collect();
    assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [1536; 3]);
    assert!(vectors[0] == vectors[2] && vectors[0] != vectors[1]);
    let length = vectors[0].iter().map(|number| number * number).sum::<f64>();
    assert!((length - 1.0).abs() < 1e-4, "{length}");
    assert_eq!(answer["usage"], json!({"prompt_tokens": 5, "total_tokens": 5}));
    let short = embed(json!({"input": "tides", "dimensions": 4, "encoding_format": "base64"})).await;
    let bytes = base64(short["data"][0]["embedding"].as_str().unwrap());
    assert_eq!(bytes.len(), 16);
    let tokens = embed(json!({"input": [1, 2, 3]})).await;
    assert_eq!((tokens["data"].as_array().unwrap().len(), &tokens["usage"]["prompt_tokens"]), (1, &json!(3)));
    assert!(embed(json!({"input": "x", "dimensions": 9999})).await["error"].is_object());
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[tokio::test]
async fn completions_are_text_alone() {
    let sim = profile("openai").await;
    let body = json!({"model": "gpt-3.5-turbo-instruct", "prompt": "Explain tides"});
    let whole = ask(&sim, "POST /v1/completions", HEADERS, &body).await.json();
    assert_eq!(
        (&whole["object"], &whole["choices"][0]["finish_reason"]),
        (&json!("text_completion"), &json!("stop"))
    );
    let mut body = body;
    body["stream"] = json!(true);
    let streamed = ask(&sim, "POST /v1/completions", HEADERS, &body).await;
    let text: String = streamed
        .chunks_json()
        .iter()
        .filter_map(|chunk| chunk.pointer("/choices/0/text")?.as_str().map(str::to_owned))
        .collect();
    assert_eq!(whole["choices"][0]["text"], text);
    assert_eq!(streamed.events().last().unwrap(), "[DONE]");
}

#[tokio::test]
async fn openrouter_adds_comments_provider_cost_and_native_reasons() {
    let sim = profile("openrouter").await;
    let body = json!({
        "model": "anthropic/claude-sonnet-4.5",
        "stream": true,
        "reasoning": {"effort": "low"},
        "debug": {"echo_upstream_body": true},
        "messages": [{"role": "user", "content": "Explain tides"}],
    });
    let answer = ask(&sim, "POST /api/v1/chat/completions", HEADERS, &body).await;
    let blocks: Vec<&str> = answer.text().split_terminator("\n\n").collect();
    let comments = blocks.iter().take_while(|block| **block == ": OPENROUTER PROCESSING").count();
    assert!((1..=3).contains(&comments));
    let (done, chunks) = blocks[comments..].split_last().unwrap();
    assert_eq!(*done, "data: [DONE]");
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    assert_eq!((&chunks[0]["choices"], &chunks[0]["debug"]["echo_upstream_body"]), (&json!([]), &body));
    assert!(chunks.iter().all(|chunk| chunk["provider"] == "Anthropic" && chunk["id"] == chunks[0]["id"]));
    assert_eq!(answer.header("x-generation-id"), chunks[0]["id"].as_str());
    assert!(chunks.iter().any(|chunk| chunk.pointer("/choices/0/delta/reasoning").is_some()));
    let (usage, rest) = chunks.split_last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert!(usage["usage"]["cost"].as_f64().unwrap() > 0.0);
    let finish = &rest.last().unwrap()["choices"][0];
    assert_eq!(
        (&finish["finish_reason"], &finish["native_finish_reason"]),
        (&json!("stop"), &json!("end_turn"))
    );
    assert!(rest.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[tokio::test]
async fn openai_pads_its_events_and_counts_only_on_demand() {
    let sim = profile("openai").await;
    let body = |more: Value| {
        let mut body = json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "Explain tides"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let chat = async |more: Value| ask(&sim, "POST /v1/chat/completions", HEADERS, &body(more)).await;
    let padded = chat(json!({})).await.chunks_json();
    assert!(padded.iter().all(|chunk| chunk["obfuscation"].is_string() && chunk.get("usage").is_none()));
    let bare = chat(json!({"stream_options": {"include_obfuscation": false, "include_usage": true}}))
        .await
        .chunks_json();
    assert!(bare.iter().all(|chunk| chunk.get("obfuscation").is_none()));
    assert!(bare.last().unwrap()["usage"]["total_tokens"].is_u64());
    let several = chat(json!({"n": 3, "logprobs": true, "top_logprobs": 2})).await.chunks_json();
    for index in 0..3 {
        let of_choice = several.iter().filter(|chunk| chunk["choices"][0]["index"] == index);
        assert!(of_choice.clone().any(|chunk| chunk["choices"][0]["finish_reason"] == "stop"), "{index}");
        assert!(
            of_choice
                .clone()
                .any(|chunk| chunk.pointer("/choices/0/logprobs/content/0/top_logprobs/1").is_some())
        );
    }
    let options = ask(
        &sim,
        "POST /v1/chat/completions",
        HEADERS,
        &body(json!({"stream": false, "stream_options": {}})),
    )
    .await;
    assert_eq!((options.status, options.json()["error"]["param"].clone()), (400, json!("stream_options")));
}

/// What gatetap makes of an answer to a request for a stream.
fn outcome(answer: &Answer, gateway: &str, path: &str) -> (Verdict, Option<u64>) {
    let text = format!(
        "gateway {gateway}\n> POST {path} HTTP/1.1\n< HTTP/1.1 200 OK\n< Content-Type: {}\nend\n",
        answer.header("content-type").unwrap()
    );
    let mut capture = script::read(&text).unwrap();
    let length = answer.body.len() as u32;
    let marks = vec![Mark { length, read: Micros(1000), taken: None, rest: Rest::default() }];
    capture.exchange.response_bytes = u64::from(length);
    capture.response = Body { bytes: answer.body.clone(), marks, ..Body::default() };
    let examined = examine(&capture.exchange, &capture.request, &capture.response);
    (examined.judgement.verdict, examined.digest.usage.output)
}

#[tokio::test]
async fn every_dialect_looks_like_a_healthy_gateway() {
    let chat = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 500});
    let input = |model: &str| json!({"model": model, "input": "Hi"});
    let prompt =
        |model: &str| json!({"model": model, "prompt": "Hi", "stream_options": {"include_usage": true}});
    let table = [
        ("nexorouter", "/v1/chat/completions", chat("gpt-4o")),
        ("openrouter", "/api/v1/chat/completions", chat("openai/gpt-4o")),
        ("openrouter", "/api/v1/responses", input("openai/gpt-4o")),
        ("openrouter", "/api/v1/messages", chat("openai/gpt-4o")),
        ("openai", "/v1/chat/completions", chat("gpt-4o")),
        ("openai", "/v1/completions", prompt("gpt-4o")),
        ("openai", "/v1/responses", input("gpt-4o")),
        ("anthropic", "/v1/messages", chat("claude-haiku-4-5")),
    ];
    for (name, path, mut body) in table {
        let sim = profile(name).await;
        for stream in [false, true] {
            body["stream"] = json!(stream);
            if stream && path.ends_with("/chat/completions") {
                body["stream_options"] = json!({"include_usage": true});
            }
            let answer = ask(&sim, &format!("POST {path}"), HEADERS, &body).await;
            assert!(answer.whole, "{name} {path}");
            let (verdict, output) = outcome(&answer, name, path);
            assert_eq!(verdict, Verdict::Complete, "{name} {path} {stream}");
            assert!(output.is_some_and(|output| output > 0), "{name} {path} {stream}");
        }
    }
}

#[tokio::test]
async fn errors_inside_a_stream_have_the_form_of_its_dialect() {
    let inside = format!("{HEADERS}\r\nx-sim-behavior: error-inside,after=3");
    let table = [
        ("openrouter", "/api/v1/chat/completions", json!({"messages": [{"role": "user", "content": "Hi"}]})),
        (
            "openrouter",
            "/api/v1/messages",
            json!({"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}),
        ),
        ("openai", "/v1/responses", json!({"model": "gpt-4o", "input": "Hi"})),
        (
            "anthropic",
            "/v1/messages",
            json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}),
        ),
    ];
    for (name, path, mut body) in table {
        let sim = profile(name).await;
        body["stream"] = json!(true);
        let answer = ask(&sim, &format!("POST {path}"), &inside, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let (verdict, _) = outcome(&answer, name, path);
        assert_eq!(verdict, Verdict::ErrorInside, "{name} {path}: {}", answer.text());
    }
}
