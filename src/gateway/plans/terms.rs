//! What a usage plan grants each of its keys on one method.

use std::sync::{Arc, OnceLock};

use metrics::Counter;

use super::share::Share;
use crate::apis::{
    ApiId, HttpMethod, QuotaSettings, Rate, StageName, UsagePlan, UsagePlanId, method_of, throttle_by,
};
use crate::gateway::mapping::source::Source;
use crate::meter;

/// A plan's terms for one method of one of its stages.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) plan: UsagePlanId,
    /// Of two terms of a plan, the one with the higher revision is in effect.
    pub(crate) revision: u64,
    /// The rate for all methods without their own.
    pub(crate) rate: Option<Rate>,
    /// The method's own rate, which replaces the plan's, with the method's name among all that the plan throttles.
    pub(crate) method: Option<(Arc<str>, Rate)>,
    pub(crate) quota: Option<QuotaSettings>,
    /// What distinguishes the callers of one key. Each of them has the rates to itself; the quota is the key's.
    pub(crate) throttle_by: Option<Source>,
    pub(crate) meters: PlanMeters,
}

impl Terms {
    /// This node's `share` of the terms of `plan` for `verb` on `path` of a stage; `None` if the plan doesn't contain the stage.
    pub(crate) fn new(
        plan: &UsagePlan,
        api: &ApiId,
        stage: &StageName,
        verb: HttpMethod,
        path: &str,
        share: &Share,
    ) -> Option<Self> {
        let entry = plan.stage(api, stage)?;
        let own = entry.throttle.iter().find(|(key, _)| {
            method_of(key).is_ok_and(|(own_path, own_verb)| own_path == path && own_verb == verb)
        });
        Some(Self {
            plan: plan.id.clone(),
            revision: share.revision(plan.revision),
            rate: plan.throttle.as_ref().map(Rate::from).map(|rate| share.of(rate)),
            method: own
                .map(|(key, settings)| (format!("{api}:{stage}{key}").into(), share.of(settings.into()))),
            quota: plan.quota,
            // Plans are checked when they are written, so the tag is valid.
            throttle_by: throttle_by(&plan.tags).ok().flatten().and_then(|text| Source::parse(text).ok()),
            meters: PlanMeters::new(&plan.id, api, stage, verb, path),
        })
    }
}

/// The decision about a request with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Admitted,
    Throttled,
    QuotaExceeded,
}

/// Counts a plan's decisions on a method. The number of series is limited by what is deployed, keys are not labels, and
/// a decision that never occurs has no series.
pub(crate) struct PlanMeters {
    labels: [(&'static str, String); 4],
    admitted: OnceLock<Counter>,
    throttled: OnceLock<Counter>,
    quota_exceeded: OnceLock<Counter>,
}

impl PlanMeters {
    fn new(plan: &UsagePlanId, api: &ApiId, stage: &StageName, verb: HttpMethod, path: &str) -> Self {
        let labels = [
            ("api", api.to_string()),
            ("stage", stage.to_string()),
            ("method", format!("{verb} {path}")),
            ("plan", plan.to_string()),
        ];
        Self {
            labels,
            admitted: OnceLock::new(),
            throttled: OnceLock::new(),
            quota_exceeded: OnceLock::new(),
        }
    }

    /// Counts one decision.
    pub(crate) fn count(&self, decision: Decision) {
        let (cell, word) = match decision {
            Decision::Admitted => (&self.admitted, "admitted"),
            Decision::Throttled => (&self.throttled, "throttled"),
            Decision::QuotaExceeded => (&self.quota_exceeded, "quota_exceeded"),
        };
        let counter = cell.get_or_init(|| {
            let [api, stage, method, plan] = self.labels.clone();
            let decision = ("decision", word.to_owned());
            metrics::counter!(meter::PLAN_REQUESTS, &[api, stage, method, plan, decision])
        });
        counter.increment(1);
    }
}

impl std::fmt::Debug for PlanMeters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlanMeters")
    }
}
