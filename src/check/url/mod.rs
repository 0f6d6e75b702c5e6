//! Base URLs and paths: whether a request goes where its app means it to go.

pub(super) mod anthropic_on_openai_gateway;
pub(super) mod double_v1;
pub(super) mod endpoint_shape_switched;
pub(super) mod html_reply;
pub(super) mod local_dev_upstream;
pub(super) mod missing_v1;
pub(super) mod never_seen_success;
pub(super) mod plain_http;
pub(super) mod redirect;
pub(super) mod suffix_doubled;
pub(super) mod trailing_or_double_slash;
pub(super) mod undocumented_endpoint;
pub(super) mod wrong_method;

use super::{Context, hosts};

/// The endpoints of the APIs in use, as they stand behind the base URL.
const ENDPOINTS: [&str; 7] = [
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages/count_tokens",
    "/messages",
    "/embeddings",
    "/models",
];

/// The path on the gateway's side.
pub(super) fn sent_path<'a>(context: &Context<'a>) -> &'a str {
    match hosts::path(&context.exchange.url) {
        "" => context.path(),
        path => path,
    }
}

/// The endpoint that a path ends in. A slash at the end is overlooked.
pub(super) fn endpoint(path: &str) -> Option<&'static str> {
    let path = path.trim_end_matches('/');
    ENDPOINTS.into_iter().find(|endpoint| path.ends_with(endpoint))
}

/// The endpoint that is asked, where nothing but the gateway's base path stands before it.
pub(super) fn exact_endpoint(context: &Context<'_>) -> Option<&'static str> {
    let path = sent_path(context);
    let endpoint = endpoint(path)?;
    let before = path.trim_end_matches('/').strip_suffix(endpoint)?;
    (before == base_path(context)).then_some(endpoint)
}

/// The path of the gateway's base URL: what stands in the place of the app's `/v1`, else what is documented.
pub(super) fn base_path<'a>(context: &Context<'a>) -> &'a str {
    let documented = context.profile().map_or("/v1", |profile| hosts::path(&profile.base_url));
    let behind = context.path().strip_prefix("/v1").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    match behind.and_then(|rest| sent_path(context).strip_suffix(rest)) {
        // In a tunnel nothing is put in its place.
        Some("/v1") if is_at_home(context) => documented,
        Some(configured) => configured,
        None => documented,
    }
}

/// Whether the request goes to where the gateway's profile says that it is, and not to one that answers like it.
pub(super) fn is_at_home(context: &Context<'_>) -> bool {
    let sent = hosts::authority(&context.exchange.url);
    context.profile().is_some_and(|profile| hosts::authority(&profile.base_url).eq_ignore_ascii_case(sent))
}

/// The base URL that the app should have: gatetap's, where it speaks to gatetap as to a gateway, else the
/// gateway's own.
pub(super) fn right_base(context: &Context<'_>) -> String {
    let asked = context.headers().text("host").unwrap_or("localhost:7117");
    match context.profile() {
        Some(profile) if hosts::authority(&profile.base_url).eq_ignore_ascii_case(asked) => {
            profile.base_url.clone()
        }
        _ => {
            let target = context.exchange.request.path();
            let route = target.strip_suffix(context.path()).unwrap_or_default();
            format!("http://{asked}{route}/v1")
        }
    }
}
