//! How many files the process may have open.

/// Of all file handles, those that connections of clients don't get: the store, logs and backends need them.
const KEPT_MIN: usize = 64;
/// One in so many is kept, if that is more.
const KEPT_SHARE: usize = 4;

/// Raises the limit of open files as far as the system lets this process, and says how many clients' connections
/// that leaves room for.
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
