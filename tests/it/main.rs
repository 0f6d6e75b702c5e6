//! The one integration crate: behaviour through public surfaces.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod gateway_credential;
mod gateway_errors;
mod gateway_mask;
mod gateway_profile;
mod sim_behavior;
mod sim_client;
mod sim_protocol;
mod sim_stream;
mod sim_tools;
mod sim_validation;
