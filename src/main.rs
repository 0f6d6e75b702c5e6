//! The `gatetap` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    gatetap::cli::main()
}
