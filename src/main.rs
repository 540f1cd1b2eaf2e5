//! The `scrip` binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use tokio::runtime::Builder;

/// Many small allocations on several threads: the answer to a nested query is little else.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    small_pages();
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("scrip: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(scrip::cli::main())
}

/// Has the kernel give memory out in small pages. The allocator asks for huge ones, of which each
/// thread and each size of object then touches some: a server that does nothing takes 50 MiB with
/// them, 30 without, and answers no slower.
fn small_pages() {
    #[cfg(target_os = "linux")]
    {
        // Where it can not be had the pages stay as they were.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}
