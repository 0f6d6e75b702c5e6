//! The one integration crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli_recording;
mod cli_show;
mod digest;
mod gateway_credential;
mod gateway_errors;
mod gateway_mask;
mod gateway_profile;
mod proxy_ends;
mod proxy_hostile;
mod proxy_http2;
mod proxy_messages;
mod proxy_streams;
mod sim_behavior;
mod sim_client;
mod sim_protocol;
mod sim_stream;
mod sim_tools;
mod sim_validation;
mod support;
mod tidy;
mod wire_coding;
mod wire_event_stream;
mod wire_json;
mod wire_property;
