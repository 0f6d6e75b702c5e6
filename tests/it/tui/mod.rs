//! The live view: keys against the state, screens at three sizes, the loader against a recording, and
//! the picture in the README.

mod faults;
mod filter;
mod attempts;
mod fixture;
mod harness;
mod keys;
mod kept;
mod order;
mod pane;
mod picture;
mod screens;
mod sessions;
mod window;
