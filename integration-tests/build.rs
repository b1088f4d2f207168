//! Whether a sanitizer watches this build, as `cfg(sanitized)`.

/// Cargo hands on what the compiler was asked for (`-Zsanitizer=address`): there is no second flag that could be forgotten.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(sanitized)");
    if std::env::var_os("CARGO_CFG_SANITIZE").is_some() {
        println!("cargo::rustc-cfg=sanitized");
    }
}
