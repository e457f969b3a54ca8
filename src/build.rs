//! How the program is linked.
#![allow(clippy::print_stdout)] // Cargo reads it.

use std::env;
use std::process::Command;

/// The version of the C library since which it reads packed relocations.
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    // What has to be relocated at the start is 100,000 addresses of tables and functions. Packed, they are 2.4 MB less of the program
    // and quicker to read. Another machine's C library may be too old for that, so it is done for this one only.
    let is_native = env::var("HOST").is_ok_and(|host| env::var("TARGET").is_ok_and(|target| target == host));
    if is_native && libc().is_some_and(|version| PACKED_SINCE <= version) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library, if that is glibc.
fn libc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
