//! The `gatetap` binary.

fn main() {}
