//! The number of files that the process may open.

/// The least number of file handles that client connections don't get, because the store, logs and backends need them.
const KEPT_MIN: usize = 64;
/// One in this many is kept back, if that is more.
const KEPT_SHARE: usize = 4;

/// Raises the limit of open files as far as the system allows, and returns the number of client connections for which
/// that leaves room.
pub(in super::super) fn raise() -> usize {
    #[cfg(unix)]
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(n) => return for_connections(usize::try_from(n).unwrap_or(usize::MAX)),
        Err(error) => tracing::warn!(%error, "cannot tell how many files may be open"),
    }
    usize::MAX
}

fn for_connections(handles: usize) -> usize {
    handles.saturating_sub((handles / KEPT_SHARE).max(KEPT_MIN)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_handles_are_kept_from_connections() {
        for (handles, want) in [(32, 1), (128, 64), (256, 192), (1024, 768), (20_000, 15_000)] {
            assert_eq!(for_connections(handles), want, "{handles}");
        }
    }
}
