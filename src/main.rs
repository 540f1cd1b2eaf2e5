//! The `scrip` binary.

use std::process::ExitCode;

use tokio::runtime::Builder;

fn main() -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("scrip: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(scrip::cli::main())
}
