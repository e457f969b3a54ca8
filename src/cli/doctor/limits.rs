//! Limits that are missing or can't be enforced.

use super::exposure::is_public;
use super::finding::Finding;
use crate::server::{Limits, Options};

/// A client that may keep a connection waiting for longer than this costs more than it is worth.
const TIMEOUT_S_MAX: u64 = 300;

/// Limits under which nothing would be served.
pub(super) fn impossible(limits: &Limits) -> Vec<Finding> {
    let times = times(limits).into_iter().filter(|(_, seconds)| *seconds == 0);
    let mut findings: Vec<Finding> = times
        .map(|(setting, _)| {
            Finding::must("NO_TIME", setting, "no client is fast enough for 0 seconds", "set 1 or more")
        })
        .collect();
    let counts = [
        ("limits.requests_in_flight", limits.requests_in_flight == 0),
        ("limits.connections", limits.connections == 0),
        ("limits.http2.streams", limits.http2.streams == 0),
    ];
    let none = counts.into_iter().filter(|(_, is_none)| *is_none);
    findings.extend(
        none.map(|(setting, _)| Finding::must("NO_ROOM", setting, "0 of them serve nobody", "set 1 or more")),
    );
    findings
}

/// Limits that attackers could exploit.
pub(super) fn lax(options: &Options) -> Vec<Finding> {
    let limits = &options.limits;
    let long = times(limits).into_iter().filter(|(_, seconds)| TIMEOUT_S_MAX < *seconds);
    let mut findings: Vec<Finding> = long
        .map(|(setting, seconds)| {
            let problem = format!("a client may take {seconds} s");
            Finding::should("LONG_TIMEOUT", setting, &problem, &format!("{TIMEOUT_S_MAX} s are plenty"))
        })
        .collect();
    if limits.body_rate_min == 0 {
        findings.push(Finding::must(
            "NO_LEAST_RATE",
            "limits.body_rate_min",
            "a byte now and then keeps a request's place for ever",
            "set it, to 1000 for example",
        ));
    }
    if limits.reserved == 0 {
        findings.push(Finding::should(
            "NOTHING_RESERVED",
            "limits.reserved",
            "while deployed APIs take all places, neither health nor the AWS APIs answer",
            "set it, to 64 for example",
        ));
    }
    if is_public(options) && options.gateway.account_rate_limit.is_none() {
        findings.push(Finding::should(
            "NO_RATE_LIMIT",
            "gateway.account_rate_limit",
            "APIs without usage plans may be called at any rate",
            "set it; AWS has 10000",
        ));
    }
    findings
}

fn times(limits: &Limits) -> [(&'static str, u64); 7] {
    [
        ("limits.tls_handshake_timeout_s", limits.tls_handshake_timeout_s),
        ("limits.header_read_timeout_s", limits.header_read_timeout_s),
        ("limits.idle_timeout_s", limits.idle_timeout_s),
        ("limits.body_read_timeout_s", limits.body_read_timeout_s),
        ("limits.answer_write_timeout_s", limits.answer_write_timeout_s),
        ("limits.http2.ping_interval_s", limits.http2.ping_interval_s),
        ("limits.http2.ping_timeout_s", limits.http2.ping_timeout_s),
    ]
}
