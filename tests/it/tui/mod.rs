//! The live view: keys against the state, screens at three sizes, the loader against a recording, and
//! the picture in the README.

mod attempts;
mod doing;
mod faults;
mod filter;
mod fixture;
mod harness;
mod kept;
mod keys;
mod order;
mod pane;
mod picture;
mod saying;
mod screens;
mod sessions;
mod summary;
mod window;
