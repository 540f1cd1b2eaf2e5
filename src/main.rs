//! The `scrip` binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use tokio::runtime::Builder;

/// Many small allocations on several threads: the answer to a nested query is little else.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
