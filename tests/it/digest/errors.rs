//! Errors of every gateway, plain and inside a stream.

use super::{JSON, SSE, digest, response_head};

#[test]
fn errors_of_every_gateway() {
    // path, status, body, code, message
    for (path, status, text, code, message) in [
        (
            "/v1/chat/completions",
            429,
            r#"{"error":{"message":"Too many","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}"#,
            Some("rate_limit_exceeded"),
            Some("Too many"),
        ),
        (
            "/v1/chat/completions",
            401,
            r#"{"error":{"message":"No key","type":"invalid_request_error","code":null}}"#,
            Some("invalid_request_error"),
            Some("No key"),
        ),
        (
            "/v1/chat/completions",
            402,
            r#"{"error":{"code":402,"message":"Insufficient credits"}}"#,
            Some("402"),
            Some("Insufficient credits"),
        ),
        (
            "/v1/chat/completions",
            400,
            r#"{"error":{"message":"no such","error_type":"invalid_request","http_status":400,"availability":{"code":"model_not_found","retryable":false}}}"#,
            Some("model_not_found"),
            Some("no such"),
        ),
        (
            "/v1/chat/completions",
            429,
            r#"{"error":{"message":"slow","metadata":{"error_type":"rate_limit_exceeded"}}}"#,
            Some("rate_limit_exceeded"),
            Some("slow"),
        ),
        (
            "/v1/chat/completions",
            524,
            r#"{"message":"Gateway timeout.","type":"cf_gateway_timeout","param":null,"code":524}"#,
            Some("524"),
            Some("Gateway timeout."),
        ),
        ("/v1/chat/completions", 422, r#"{"detail":"bad"}"#, None, Some("bad")),
        ("/v1/chat/completions", 502, "<html>Bad gateway</html>", None, None),
        (
            "/v1/messages",
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req"}"#,
            Some("overloaded_error"),
            Some("Overloaded"),
        ),
        (
            "/v1/models",
            401,
            r#"{"error":{"message":"No","type":"authentication_error","code":"invalid_api_key"}}"#,
            Some("invalid_api_key"),
            Some("No"),
        ),
        ("/v1/chat/completions", 200, r#"{"error":"plain words"}"#, None, Some("plain words")),
        (
            "/v1/chat/completions",
            200,
            r#"{"choices":[{"message":{"content":"partial"},"finish_reason":"error","error":{"code":502,"message":"gone","metadata":{"error_type":"provider_unavailable"}}}]}"#,
            Some("502"),
            Some("gone"),
        ),
        (
            "/v1/responses",
            200,
            r#"{"id":"r","status":"failed","error":{"code":"server_error","message":"no"},"error_type":"authentication"}"#,
            Some("server_error"),
            Some("no"),
        ),
    ] {
        let (digest, _) = digest(path, &response_head(status, JSON), text.as_bytes(), 16);
        assert_eq!(digest.error_code.as_deref(), code, "{text}");
        assert_eq!(digest.error_message.as_deref(), message, "{text}");
    }
}

#[test]
fn errors_inside_a_stream() {
    for (path, text, code, message) in [
        (
            "/v1/chat/completions",
            r#"data: {"error":{"code":429,"message":"Slow","metadata":{"error_type":"rate_limit_exceeded"}},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
            Some("429"),
            Some("Slow"),
        ),
        (
            "/v1/chat/completions",
            r#"data: {"error":{"code":"server_error","message":"Gone"},"choices":[]}"#,
            Some("server_error"),
            Some("Gone"),
        ),
        ("/v1/chat/completions", "event: error\ndata: {\"message\":\"bare\"}", None, Some("bare")),
        (
            "/v1/responses",
            r#"data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"no"}}}"#,
            Some("server_error"),
            Some("no"),
        ),
        (
            "/v1/responses",
            r#"data: {"type":"response.error","error":{"code":"rate_limit_exceeded","message":"no"}}"#,
            Some("rate_limit_exceeded"),
            Some("no"),
        ),
        (
            "/v1/responses",
            r#"data: {"type":"error","code":"slow_down","message":"no","param":null,"sequence_number":3}"#,
            Some("slow_down"),
            Some("no"),
        ),
        (
            "/v1/messages",
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
            Some("overloaded_error"),
            Some("Overloaded"),
        ),
        // An error as plain JSON under the media type of a stream.
        (
            "/v1/chat/completions",
            r#"{"error":{"message":"no","code":"upstream_error"}}"#,
            Some("upstream_error"),
            Some("no"),
        ),
    ] {
        let stream = format!("{text}\n\n");
        let (digest, _) = digest(path, &response_head(200, SSE), stream.as_bytes(), 9);
        assert_eq!(digest.error_code.as_deref(), code, "{text}");
        assert_eq!(digest.error_message.as_deref(), message, "{text}");
    }
}
