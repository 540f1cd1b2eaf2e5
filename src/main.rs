//! The `scrip` binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use tokio::runtime::Builder;

/// Many small allocations on several threads: the answer to a nested query is little else.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    in_small_pages();
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("scrip: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(scrip::cli::main())
}

/// Has memory given by the page of 4 KiB. Threads and sizes of objects each begin a stretch of their
/// own, and with huge pages each would take 2 MiB: an idle server holds 18 MiB less this way.
fn in_small_pages() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // Where it is not permitted, it is memory that is lost and nothing else.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
