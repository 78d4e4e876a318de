//! Names the sources that decide how a plan runs, so that a bundle knows whether they have changed.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for room in ["src", "../dynamo-core/src", "../checker/src"] {
        let room = here.join(room);
        println!("cargo::rerun-if-changed={}", room.display());
        let mut files = Vec::new();
        collect(&room, &mut files);
        files.sort();
        for file in files {
            // FNV-1a over names and contents; line ends do not count, a checkout may change them.
            let name = file
                .strip_prefix(&room)
                .unwrap_or(&file)
                .to_string_lossy()
                .replace('\\', "/");
            let text = fs::read(&file).unwrap_or_default();
            for byte in name.bytes().chain(text).filter(|byte| *byte != b'\r') {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo::rustc-env=DYNO_SOURCE={version}+{hash:016x}");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
