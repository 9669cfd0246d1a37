//! The same program under the name by which kubectl finds it: `kubectl pulldoctor`.

use std::process::ExitCode;

fn main() -> ExitCode {
    pulldoctor::cli::main()
}
