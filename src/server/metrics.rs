//! The Prometheus side of `crate::meter`: one recorder for each process, rendered on demand.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::meter::{self, Kind};

/// Upper bounds of the latency buckets, in seconds: from a tenth of a millisecond to a minute.
const SECONDS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
const JOBS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// Installs the recorder once; later servers in the same process (in tests) share it.
pub(super) fn recorder() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(|| install().ok()).clone()
}

fn install() -> Result<PrometheusHandle, BuildError> {
    // Buckets instead of quantile sketches: they take fixed memory, and can be added up over servers.
    let jobs = Matcher::Full(meter::STORE_COMMIT_JOBS.to_owned());
    let builder = PrometheusBuilder::new().set_buckets(SECONDS)?.set_buckets_for_metric(jobs, JOBS)?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_ok() {
        for metric in meter::ALL {
            match metric.kind {
                Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
                Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
                Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
            }
        }
    }
    Ok(handle)
}
