//! Paths of [UpdateUsagePlan](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateUsagePlan.html).

use std::collections::BTreeMap;

use super::maps::{Entry, entry_op};
use super::{PatchOp, PatchOperation, decimal};
use crate::apis::error::{BadRequest, Error, NotFound, PlanProblem};
use crate::apis::{ApiStage, QuotaPeriod, QuotaSettings, ThrottleSettings, UsagePlan};

/// The removable paths, as AWS prints them; `apidId` is AWS's.
const REMOVABLE: &str = "[/apiStages, /quota, /throttle, /productCode, \
    /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]";
/// The paths that support `add`. AWS's lists for `add` and `replace` are not recorded; these follow the one for
/// `remove`.
const ADDABLE: &str = "[/apiStages, /quota/limit, /quota/offset, /quota/period, /throttle/burstLimit, \
    /throttle/rateLimit, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit, \
    /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit, \
    /apiStages/<apidId:stageName>/throttle]";
/// The paths that support `replace`.
const REPLACEABLE: &str = "[/name, /description, /quota/limit, /quota/offset, /quota/period, /throttle/burstLimit, \
    /throttle/rateLimit, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit, \
    /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit, \
    /apiStages/<apidId:stageName>/throttle]";

/// A quota that is being assembled: its parts arrive one by one, in any order.
#[derive(Default)]
struct QuotaParts {
    limit: Option<i32>,
    offset: i32,
    period: Option<QuotaPeriod>,
}

impl From<&QuotaSettings> for QuotaParts {
    fn from(quota: &QuotaSettings) -> Self {
        Self { limit: Some(quota.limit), offset: quota.offset, period: Some(quota.period) }
    }
}

impl QuotaParts {
    fn whole(self) -> Result<QuotaSettings, PlanProblem> {
        Ok(QuotaSettings {
            limit: self.limit.ok_or(PlanProblem::QuotaLimit)?,
            offset: self.offset,
            period: self.period.ok_or(PlanProblem::QuotaPeriod)?,
        })
    }
}

/// Applies `patches` to `plan`. The caller checks that its stages exist and its numbers are valid.
pub(crate) fn patch_usage_plan(plan: &mut UsagePlan, patches: &[PatchOperation]) -> Result<(), Error> {
    let mut quota = plan.quota.as_ref().map(QuotaParts::from);
    for patch in patches {
        match patch.path.as_deref() {
            Some("/name") => {
                replace_only(patch)?;
                plan.name = patch.text().ok_or(BadRequest::EmptyName)?;
            }
            Some("/description") => {
                replace_only(patch)?;
                plan.description = patch.text();
            }
            Some("/productCode") => {
                plan.product_code = match known_op(patch)? {
                    Entry::Set | Entry::Replace => patch.text(),
                    Entry::Remove => None,
                };
            }
            Some("/quota") => {
                only_remove(patch)?;
                quota = None;
            }
            Some("/quota/limit") => {
                set_only(patch)?;
                let limit = number(patch).ok_or(BadRequest::UsagePlan(PlanProblem::QuotaLimit))?;
                quota.get_or_insert_default().limit = Some(limit);
            }
            Some("/quota/offset") => {
                set_only(patch)?;
                let offset = number(patch).ok_or_else(|| patch_value(patch))?;
                quota.get_or_insert_default().offset = offset;
            }
            Some("/quota/period") => {
                set_only(patch)?;
                let period = patch.value.as_deref().and_then(QuotaPeriod::parse);
                quota.get_or_insert_default().period =
                    Some(period.ok_or(BadRequest::UsagePlan(PlanProblem::QuotaPeriod))?);
            }
            Some("/throttle") => {
                only_remove(patch)?;
                plan.throttle = None;
            }
            Some("/throttle/rateLimit") => {
                set_only(patch)?;
                plan.throttle.get_or_insert_default().rate_limit = Some(rate(patch)?);
            }
            Some("/throttle/burstLimit") => {
                set_only(patch)?;
                plan.throttle.get_or_insert_default().burst_limit = Some(burst(patch)?);
            }
            Some("/apiStages") => patch_stages(plan, patch)?,
            Some(path) => match path.strip_prefix("/apiStages/") {
                Some(rest) => patch_stage_throttle(plan, rest, patch)?,
                None => return Err(refused(patch).into()),
            },
            None => return Err(refused(patch).into()),
        }
    }
    plan.quota = quota.map(QuotaParts::whole).transpose().map_err(BadRequest::from)?;
    Ok(())
}

/// Adds or removes the stage `apiId:stage`.
fn patch_stages(plan: &mut UsagePlan, patch: &PatchOperation) -> Result<(), Error> {
    let value = || {
        let value = patch.value.as_deref().and_then(split_stage);
        value.ok_or(BadRequest::UsagePlan(PlanProblem::ApiStage))
    };
    match patch.op {
        PatchOp::Add => {
            let (api, stage) = value()?;
            let (api_id, stage) = (api.into(), stage.into());
            plan.api_stages.push(ApiStage { api_id, stage, throttle: BTreeMap::new() });
        }
        PatchOp::Remove => {
            let (api, stage) = value()?;
            let at = stage_index(plan, api, stage)?;
            plan.api_stages.remove(at);
        }
        PatchOp::Replace | PatchOp::Move | PatchOp::Test | PatchOp::Copy => {
            return Err(refused(patch).into());
        }
    }
    Ok(())
}

/// Changes throttled methods: `rest` is `{api:stage}/throttle`, optionally with `/{path}/{verb}`, optionally with
/// `/rateLimit` or `/burstLimit`. Resource paths are escaped by AWS's own clients (`~1pets`), and raw with their first
/// slash (`/pets`) from Terraform.
fn patch_stage_throttle(plan: &mut UsagePlan, rest: &str, patch: &PatchOperation) -> Result<(), Error> {
    let (stage, rest) = rest.split_once('/').ok_or_else(|| refused(patch))?;
    let rest = rest.strip_prefix("throttle").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let rest = rest.ok_or_else(|| refused(patch))?;
    let stage = stage.replace("~1", "/").replace("~0", "~");
    let (api, stage) = split_stage(&stage).ok_or(BadRequest::UsagePlan(PlanProblem::ApiStage))?;
    let at = stage_index(plan, api, stage)?;
    let entry = plan.api_stages.get_mut(at).ok_or(BadRequest::UsagePlan(PlanProblem::ApiStage))?;
    let Some(method) = rest.strip_prefix('/') else { return patch_all_methods(entry, patch) };
    let split = |suffix: &str| method.strip_suffix(suffix).map(unescaped);
    if let Some(method) = split("/rateLimit") {
        set_only(patch)?;
        entry.throttle.entry(method).or_default().rate_limit = Some(rate(patch)?);
    } else if let Some(method) = split("/burstLimit") {
        set_only(patch)?;
        entry.throttle.entry(method).or_default().burst_limit = Some(burst(patch)?);
    } else {
        only_remove(patch)?;
        entry.throttle.remove(&unescaped(method)).ok_or(NotFound::ParameterName)?;
    }
    Ok(())
}

/// All throttled methods of a stage, as JSON.
fn patch_all_methods(entry: &mut ApiStage, patch: &PatchOperation) -> Result<(), Error> {
    let given = || {
        let value = patch.value.as_deref().unwrap_or_default();
        serde_json::from_str::<BTreeMap<String, ThrottleSettings>>(value).map_err(|_| patch_value(patch))
    };
    match known_op(patch)? {
        Entry::Set => entry.throttle.extend(given()?),
        Entry::Replace => entry.throttle = given()?,
        Entry::Remove => entry.throttle.clear(),
    }
    Ok(())
}

fn unescaped(method: &str) -> String {
    method.replace("~1", "/").replace("~0", "~")
}

/// `apiId:stage`. What comes after a second colon is ignored, as on AWS.
fn split_stage(text: &str) -> Option<(&str, &str)> {
    let (api, rest) = text.split_once(':')?;
    let stage = rest.split_once(':').map_or(rest, |(stage, _)| stage);
    (!api.is_empty() && !stage.is_empty()).then_some((api, stage))
}

fn stage_index(plan: &UsagePlan, api: &str, stage: &str) -> Result<usize, NotFound> {
    let (api, stage) = (api.into(), stage.into());
    let found = plan.api_stages.iter().position(|entry| entry.is_of(&api, &stage));
    found.ok_or_else(|| NotFound::PlanStage { api, stage, plan: plan.id.clone() })
}

fn rate(patch: &PatchOperation) -> Result<f64, BadRequest> {
    number(patch).ok_or(BadRequest::UsagePlan(PlanProblem::RateLimit))
}

fn burst(patch: &PatchOperation) -> Result<i32, BadRequest> {
    number(patch).ok_or(BadRequest::UsagePlan(PlanProblem::BurstLimit))
}

fn number<T: std::str::FromStr>(patch: &PatchOperation) -> Option<T> {
    decimal(patch.value.as_deref()?)
}

fn patch_value(patch: &PatchOperation) -> BadRequest {
    BadRequest::PatchValue(patch.printed_path().to_owned())
}

/// Refuses the operation on this path, with the list of the supported paths.
fn refused(patch: &PatchOperation) -> BadRequest {
    match patch.op {
        PatchOp::Add => patch.unsupported(ADDABLE),
        PatchOp::Remove => patch.unsupported(REMOVABLE),
        PatchOp::Replace => patch.unsupported(REPLACEABLE),
        PatchOp::Move | PatchOp::Test | PatchOp::Copy => {
            BadRequest::UnsupportedOp { path: patch.printed_path().to_owned(), op: patch.op.as_str() }
        }
    }
}

/// Refuses operations that no part of a plan supports.
fn known_op(patch: &PatchOperation) -> Result<Entry, BadRequest> {
    entry_op(patch).map_err(|_| refused(patch))
}

/// Refuses every operation except those that set a value.
fn set_only(patch: &PatchOperation) -> Result<(), BadRequest> {
    match known_op(patch)? {
        Entry::Set | Entry::Replace => Ok(()),
        Entry::Remove => Err(refused(patch)),
    }
}

/// Refuses every operation except `replace`.
fn replace_only(patch: &PatchOperation) -> Result<(), BadRequest> {
    match known_op(patch)? {
        Entry::Replace => Ok(()),
        Entry::Set | Entry::Remove => Err(refused(patch)),
    }
}

/// Refuses every operation except `remove`.
fn only_remove(patch: &PatchOperation) -> Result<(), BadRequest> {
    match known_op(patch)? {
        Entry::Remove => Ok(()),
        Entry::Set | Entry::Replace => Err(refused(patch)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::fixtures::test_usage_plan;

    fn patched(patches: &[&str]) -> Result<UsagePlan, String> {
        let mut plan = test_usage_plan();
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_usage_plan(&mut plan, &patches).map_err(|error| error.to_string())?;
        Ok(plan)
    }

    /// Applies patches to a plan with the stage `abc:dev`; returns its throttled methods.
    fn methods(patches: &[&str]) -> Vec<(String, Option<f64>, Option<i32>)> {
        let plan = patched(patches).unwrap();
        let throttle = plan.api_stages[0].throttle.clone().into_iter();
        throttle.map(|(method, it)| (method, it.rate_limit, it.burst_limit)).collect()
    }

    #[test]
    fn a_quota_is_put_together_from_parts() {
        let plan = patched(&["replace /quota/period MONTH", "add /quota/limit 5000"]).unwrap();
        assert_eq!(plan.quota, Some(QuotaSettings { limit: 5000, offset: 0, period: QuotaPeriod::Month }));
        let plan = patched(&["add /quota/limit 5", "replace /quota/period DAY", "remove /quota"]).unwrap();
        assert_eq!(plan.quota, None);
        for (patches, message) in [
            (
                &["add /quota/limit 5"][..],
                "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]",
            ),
            (&["add /quota/limit x"], "Usage Plan quota limit must be a non-negative numeric"),
            (&["add /quota/period DAY"], "Usage Plan quota limit must be a non-negative numeric"),
            (
                &["add /quota/period YEAR"],
                "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]",
            ),
        ] {
            assert_eq!(patched(patches).unwrap_err(), message);
        }
    }

    #[test]
    fn decimals_of_terraform_are_read() {
        let plan = patched(&["replace /throttle/rateLimit 100.000000", "replace /throttle/burstLimit 20.0"]);
        let throttle = ThrottleSettings { rate_limit: Some(100.0), burst_limit: Some(20) };
        assert_eq!(plan.unwrap().throttle, Some(throttle));
        let plan = patched(&["replace /throttle/rateLimit 0.25", "remove /throttle"]).unwrap();
        assert_eq!(plan.throttle, None);
        assert!(patched(&["replace /throttle/burstLimit 1.5"]).is_err());
    }

    #[test]
    fn methods_are_named_escaped_or_raw() {
        let rate =
            |path: &str| methods(&[&format!("replace /apiStages/abc:dev/throttle/{path}/rateLimit 2.5")]);
        for path in ["~1pets/GET", "/pets/GET", "~1pets~1GET"] {
            assert_eq!(rate(path), [("/pets/GET".to_owned(), Some(2.5), None)], "{path}");
        }
        for path in ["~1/GET", "//GET"] {
            assert_eq!(rate(path), [("//GET".to_owned(), Some(2.5), None)], "{path}");
        }
        let both = methods(&[
            "add /apiStages/abc:dev/throttle//pets/{id}/GET/burstLimit 3",
            "add /apiStages/abc:dev/throttle//pets/{id}/GET/rateLimit 1",
        ]);
        assert_eq!(both, [("/pets/{id}/GET".to_owned(), Some(1.0), Some(3))]);
    }

    #[test]
    fn methods_of_a_stage_change_as_a_whole() {
        let json = r#"{"/pets/GET":{"rateLimit":1.5,"burstLimit":2},"//POST":{"burstLimit":1}}"#;
        let set = format!("replace /apiStages/abc:dev/throttle {json}");
        assert_eq!(methods(&[&set]).len(), 2);
        assert_eq!(methods(&[&set, "remove /apiStages/abc:dev/throttle//pets/GET"]).len(), 1);
        assert_eq!(methods(&[&set, "remove /apiStages/abc:dev/throttle"]).len(), 0);
        assert!(patched(&["replace /apiStages/abc:dev/throttle []"]).is_err());
    }

    #[test]
    fn stages_come_and_go_in_the_words_on_record() {
        let plan = patched(&["add /apiStages x:prod", "remove /apiStages abc:dev"]).unwrap();
        let stages: Vec<_> = plan.api_stages.iter().map(|entry| entry.api_id.as_str()).collect();
        assert_eq!(stages, ["x"]);
        for (patch, message) in [
            ("remove /apiStages", "Invalid API Stage specified"),
            ("remove /apiStages fakevalue", "Invalid API Stage specified"),
            (
                "remove /apiStages abcb:dev",
                "Invalid API Stage {api: abcb, stage: dev} specified for usageplan p1",
            ),
            (
                "remove /apiStages/x:dev/throttle",
                "Invalid API Stage {api: x, stage: dev} specified for usageplan p1",
            ),
            (
                "remove /apiStages/abc:dev",
                "Invalid patch path  '/apiStages/abc:dev' specified for op 'remove'. Must be one of: [/apiStages, \
                 /quota, /throttle, /productCode, \
                 /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, \
                 /apiStages/<apidId:stageName>/throttle]",
            ),
            (
                "copy /name /description",
                "Invalid patch path  '/name' specified for op 'copy'. Please choose supported operations",
            ),
        ] {
            assert_eq!(patched(&[patch]).unwrap_err(), message);
        }
    }

    #[test]
    fn what_can_not_be_done_to_a_path_is_told_with_what_can() {
        for (op, path, value, expect) in [
            ("replace", "/apiStages", "abc:dev", "[/name, /description,"),
            ("replace", "/nothing", "1", "[/name, /description,"),
            ("replace", "/apiStages/abc:dev/x", "1", "[/name, /description,"),
            ("replace", "/quota", "{}", "[/name, /description,"),
            ("add", "/name", "x", "[/apiStages, /quota/limit,"),
            ("add", "/throttle", "{}", "[/apiStages, /quota/limit,"),
            ("remove", "/name", "", "[/apiStages, /quota, /throttle,"),
            ("remove", "/throttle/rateLimit", "", "[/apiStages, /quota, /throttle,"),
            ("remove", "/quota/limit", "", "[/apiStages, /quota, /throttle,"),
        ] {
            let error = patched(&[&format!("{op} {path} {value}")]).unwrap_err();
            let head =
                format!("Invalid patch path  '{path}' specified for op '{op}'. Must be one of: {expect}");
            assert!(error.starts_with(&head), "{error}");
        }
    }
}
