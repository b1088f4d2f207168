//! Where the tools are.

use std::path::PathBuf;

/// The folder of tools that `.ci/run peers` fills.
pub(crate) fn tools() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    let tools = variable("HINTERNET_TOOLS").or_else(|| cache().map(|cache| cache.join("hinternet-tools")));
    tools.expect("there is a home folder")
}
