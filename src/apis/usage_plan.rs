//! Usage plans: the stages that callers with a key may call, and their rates and quotas.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::account::Account;
use super::http_method::HttpMethod;
use super::ids::{ApiId, StageName, UsagePlanId};
use super::variable::Variable;
use super::words::words;
use crate::apis::error::{BadRequest, Conflict, Error, PlanConflict, PlanProblem};

/// The most throttled methods of one stage in a plan.
const METHODS_MAX: usize = 20;

/// See [UsagePlan](https://docs.aws.amazon.com/apigateway/latest/api/API_UsagePlan.html).
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// Id.
    pub id: UsagePlanId,
    /// Counts changes, so that the newer of two versions is known.
    pub revision: u64,
    /// Name.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// The stages that its keys can call, each once.
    pub api_stages: Vec<ApiStage>,
    /// Rate and burst of each key over all stages.
    pub throttle: Option<ThrottleSettings>,
    /// The quota of each key for all stages together.
    pub quota: Option<QuotaSettings>,
    /// The plan's product code on AWS Marketplace: stored and shown, without effect.
    pub product_code: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// See [ApiStage](https://docs.aws.amazon.com/apigateway/latest/api/API_ApiStage.html).
#[derive(Clone, Debug, PartialEq)]
pub struct ApiStage {
    /// The API.
    pub api_id: ApiId,
    /// Its stage.
    pub stage: StageName,
    /// Methods (`/path/VERB`) with their own rate and burst for each key, in place of the plan's.
    pub throttle: BTreeMap<String, ThrottleSettings>,
}

/// See [ThrottleSettings](https://docs.aws.amazon.com/apigateway/latest/api/API_ThrottleSettings.html). For a missing
/// member, the account's limit applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleSettings {
    /// Requests a second; zero blocks all.
    pub rate_limit: Option<f64>,
    /// Burst, in requests; zero blocks all.
    pub burst_limit: Option<i32>,
}

impl ThrottleSettings {
    /// The effective rate, in requests a second.
    pub fn rate(&self) -> f64 {
        self.rate_limit.unwrap_or(Account::THROTTLE_RATE_LIMIT)
    }

    /// The effective burst, in requests.
    pub fn burst(&self) -> i32 {
        self.burst_limit.unwrap_or(Account::THROTTLE_BURST_LIMIT)
    }

    fn check(&self) -> Result<(), PlanProblem> {
        if self.rate_limit.is_some_and(|rate| !rate.is_finite() || rate < 0.0) {
            return Err(PlanProblem::RateLimit);
        }
        if self.burst_limit.is_some_and(|burst| burst < 0) {
            return Err(PlanProblem::BurstLimit);
        }
        Ok(())
    }
}

words! {
    /// The length of a quota's period.
    pub enum QuotaPeriod { Day = "DAY", Week = "WEEK", Month = "MONTH" }
}

/// See [QuotaSettings](https://docs.aws.amazon.com/apigateway/latest/api/API_QuotaSettings.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaSettings {
    /// Requests in a period; zero blocks all.
    pub limit: i32,
    /// The day of the week (0 is Sunday) or month (0 is the first) on which a period begins; 0 for DAY.
    pub offset: i32,
    /// The period.
    pub period: QuotaPeriod,
}

impl QuotaSettings {
    fn check(&self) -> Result<(), PlanProblem> {
        if self.limit < 0 {
            return Err(PlanProblem::QuotaLimit);
        }
        match self.period {
            QuotaPeriod::Day if self.offset != 0 => Err(PlanProblem::DayOffset),
            QuotaPeriod::Week if !(0..=6).contains(&self.offset) => Err(PlanProblem::WeekOffset),
            QuotaPeriod::Month if !(0..=27).contains(&self.offset) => Err(PlanProblem::MonthOffset),
            QuotaPeriod::Day | QuotaPeriod::Week | QuotaPeriod::Month => Ok(()),
        }
    }
}

impl UsagePlan {
    /// Checks a plan by itself.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let fault = |problem: PlanProblem| Error::from(BadRequest::from(problem));
        if self.name.is_empty() {
            return Err(BadRequest::EmptyName.into());
        }
        for (n, entry) in self.api_stages.iter().enumerate() {
            if self.api_stages.iter().take(n).any(|other| other.is_of(&entry.api_id, &entry.stage)) {
                let (api, stage) = (entry.api_id.clone(), entry.stage.clone());
                return Err(Conflict::from(PlanConflict::Stage { api, stage }).into());
            }
            entry.check().map_err(fault)?;
        }
        if self.throttle.is_none() && self.api_stages.iter().any(|entry| !entry.throttle.is_empty()) {
            return Err(fault(PlanProblem::MethodsAlone));
        }
        throttle_by(&self.tags).map_err(fault)?;
        self.throttle.iter().try_for_each(ThrottleSettings::check).map_err(fault)?;
        self.quota.iter().try_for_each(QuotaSettings::check).map_err(fault)
    }

    /// The entry of a stage.
    pub fn stage(&self, api: &ApiId, stage: &StageName) -> Option<&ApiStage> {
        self.api_stages.iter().find(|entry| entry.is_of(api, stage))
    }
}

impl ApiStage {
    /// Whether it is the entry of this stage.
    pub(crate) fn is_of(&self, api: &ApiId, stage: &StageName) -> bool {
        self.api_id == *api && self.stage == *stage
    }

    fn check(&self) -> Result<(), PlanProblem> {
        if METHODS_MAX < self.throttle.len() {
            return Err(PlanProblem::TooManyMethods(METHODS_MAX));
        }
        for (key, settings) in &self.throttle {
            method_of(key)?;
            settings.check()?;
        }
        Ok(())
    }
}

/// Path and verb in the key of a throttled method: `/pets/GET`, and `//GET` for the root.
pub fn method_of(key: &str) -> Result<(&str, HttpMethod), PlanProblem> {
    let (path, method) = key.rsplit_once('/').unwrap_or((key, ""));
    match HttpMethod::parse(method) {
        Some(verb) if path.starts_with('/') => Ok((path, verb)),
        Some(_) | None => Err(PlanProblem::Method { path: path.to_owned(), method: method.to_owned() }),
    }
}

/// The usage plan tag that distinguishes the callers of one key.
const THROTTLE_BY: &str = "stepgate:throttleBy";

/// What distinguishes callers, according to a plan's tags: a member of `$context`, written as in parameter mappings
/// (`context.identity.sourceIp`, `context.authorizer.claims.sub`). AWS's plans have no field for this, and every AWS
/// client can set a tag.
///
/// # Errors
/// [`PlanProblem::ThrottleBy`] if it is anything else.
pub fn throttle_by(tags: &BTreeMap<String, String>) -> Result<Option<&str>, PlanProblem> {
    let Some(text) = tags.get(THROTTLE_BY) else { return Ok(None) };
    let is_of_caller = match text.strip_prefix("context.") {
        Some(name) if name.starts_with("identity.") => Variable::parse(name).is_some(),
        Some(name) => name.starts_with("authorizer."),
        None => false,
    };
    if is_of_caller { Ok(Some(text)) } else { Err(PlanProblem::ThrottleBy(text.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttled_methods_are_a_path_and_a_verb() {
        assert_eq!(method_of("/pets/GET"), Ok(("/pets", HttpMethod::Get)));
        assert_eq!(method_of("//GET"), Ok(("/", HttpMethod::Get)));
        assert_eq!(method_of("/a/{b}/ANY"), Ok(("/a/{b}", HttpMethod::Any)));
        for (bad, text) in [
            ("X", "Invalid method {resourcePath: X,method: } specified"),
            ("/pets/get", "Invalid method {resourcePath: /pets,method: get} specified"),
            ("pets/GET", "Invalid method {resourcePath: pets,method: GET} specified"),
            ("/GET", "Invalid method {resourcePath: ,method: GET} specified"),
        ] {
            assert_eq!(method_of(bad).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn offsets_are_days_of_their_period() {
        let check = |period, offset| QuotaSettings { limit: 1, offset, period }.check();
        for (period, last, problem) in [
            (QuotaPeriod::Day, 0, PlanProblem::DayOffset),
            (QuotaPeriod::Week, 6, PlanProblem::WeekOffset),
            (QuotaPeriod::Month, 27, PlanProblem::MonthOffset),
        ] {
            assert_eq!(check(period, 0), Ok(()));
            assert_eq!(check(period, last), Ok(()));
            assert_eq!(check(period, last + 1), Err(problem.clone()));
            assert_eq!(check(period, -1), Err(problem));
        }
        let negative = QuotaSettings { limit: -1, offset: 0, period: QuotaPeriod::Day };
        assert_eq!(negative.check(), Err(PlanProblem::QuotaLimit));
    }

    #[test]
    fn rates_and_bursts_are_not_negative() {
        let check = |rate_limit, burst_limit| ThrottleSettings { rate_limit, burst_limit }.check();
        assert_eq!(check(Some(0.0), Some(0)), Ok(()));
        assert_eq!(check(None, None), Ok(()));
        assert_eq!(check(Some(0.5), None), Ok(()));
        assert_eq!(check(Some(-0.1), None), Err(PlanProblem::RateLimit));
        assert_eq!(check(Some(f64::NAN), None), Err(PlanProblem::RateLimit));
        assert_eq!(check(None, Some(-1)), Err(PlanProblem::BurstLimit));
    }

    #[test]
    fn callers_are_told_apart_by_what_is_known_of_them() {
        let tags = |value: &str| BTreeMap::from([(THROTTLE_BY.to_owned(), value.to_owned())]);
        assert_eq!(throttle_by(&BTreeMap::new()), Ok(None));
        for good in [
            "context.identity.sourceIp",
            "context.identity.clientCert.subjectDN",
            "context.authorizer.claims.sub",
        ] {
            assert_eq!(throttle_by(&tags(good)), Ok(Some(good)));
        }
        for bad in [
            "",
            "sourceIp",
            "$context.identity.sourceIp",
            "context.identity.nobody",
            "context.requestId",
            "stageVariables.x",
            "method.request.header.x",
            "'x'",
        ] {
            assert_eq!(throttle_by(&tags(bad)), Err(PlanProblem::ThrottleBy(bad.to_owned())));
        }
    }
}
