//! The `gatetap` binary.

use std::process::ExitCode;

/// What one thread allocates here, another frees: chunks go from the forwarding path to the recorder. The
/// system's allocator takes a lock for that, and the forwarding path would wait for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gatetap::cli::main()
}
