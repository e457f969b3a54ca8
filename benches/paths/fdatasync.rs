//! The time that the disk takes to make 4 KiB durable: the unit for the latency of durable responses.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

/// The median of 300 appends of 4 KiB, each synced, beside the server's data directory.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
pub(crate) fn p50() -> Duration {
    let path = crate::process::scratch("fdatasync");
    let mut file = File::create(&path).unwrap();
    let mut times: Vec<Duration> = (0..300)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    std::fs::remove_file(path).unwrap();
    times.sort();
    times[times.len() / 2]
}
