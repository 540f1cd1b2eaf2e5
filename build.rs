//! Lays the console, where it was built, out for the binary to embed. Never runs npm: without built
//! files the binary has a plain page instead.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=console/dist");
    let Some(out) = env::var_os("OUT_DIR") else {
        return Err(io::Error::other("cargo sets OUT_DIR"));
    };
    let embedded = Path::new(&out).join("console");
    if embedded.exists() {
        fs::remove_dir_all(&embedded)?;
    }
    fs::create_dir_all(&embedded)?;
    copy_compressed(Path::new("console/dist"), &embedded)
}

/// Copies what `console/build/compress.js` made, and nothing else.
fn copy_compressed(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(files) = fs::read_dir(from) else {
        return Ok(());
    };
    for file in files {
        let path = file?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            let folder = to.join(name);
            fs::create_dir_all(&folder)?;
            copy_compressed(&path, &folder)?;
        } else if path.extension().is_some_and(|it| it == "br" || it == "gz") {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
