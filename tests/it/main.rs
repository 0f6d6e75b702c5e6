//! The one integration crate.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and its fakes are public only to their neighbors"
)]

mod captures;
mod check;
mod cli_check;
mod cli_completions;
mod cli_config;
mod cli_diff;
mod cli_errors;
mod cli_exec;
mod cli_explain;
mod cli_help;
mod cli_help_around;
mod cli_log;
mod cli_ls;
mod cli_presence;
mod cli_prune;
mod cli_recording;
mod cli_search;
mod cli_settings;
mod cli_show;
mod cli_show_captures;
mod cli_sim;
mod cli_tunnels;
mod config_gateways;
mod digest;
mod doctor;
mod e2e_demo;
mod e2e_live;
mod e2e_recorded;
mod e2e_secrets;
mod e2e_start;
mod e2e_support;
mod e2e_terminal;
mod e2e_unreachable;
mod export;
mod faults;
mod filter_language;
mod gateway_credential;
mod gateway_errors;
mod gateway_mask;
mod gateway_profile;
mod proxy_control;
mod proxy_ends;
mod proxy_hostile;
mod proxy_http2;
mod proxy_http2_ends;
mod proxy_idle;
mod proxy_messages;
mod proxy_patience;
mod proxy_plain;
mod proxy_stop;
mod proxy_streams;
mod proxy_trailers;
mod readme_commands;
mod record_bounds;
mod record_durability;
mod record_kill;
mod record_retention;
mod replay_answers;
mod replay_cli;
mod replay_files;
mod replay_interim;
mod replay_matching;
mod replay_modes;
mod replay_served;
mod secrets_base64;
mod secrets_bodies;
mod secrets_canary;
mod secrets_coded;
mod secrets_frames;
mod sim_behavior;
mod sim_captures;
mod sim_client;
mod sim_dialects;
mod sim_live;
mod sim_profiles;
mod sim_protocol;
mod sim_scenario;
mod sim_stream;
mod sim_tools;
mod sim_validation;
mod store_edit;
mod store_filter;
mod store_order;
mod store_prune;
mod store_reading;
mod store_released;
mod store_search;
mod store_views;
mod support;
mod tidy;
mod tls_app;
mod tls_authority;
mod tls_gateway;
mod tls_http2;
mod tls_outgoing;
#[cfg(feature = "tui")]
mod tui;
mod tunnel_blind;
mod tunnel_opened;
mod upgrade_switch;
mod wire_coding;
mod wire_event_stream;
mod wire_http1;
mod wire_json;
mod wire_json_lines;
mod wire_property;
mod wire_script;
