//! What the console shows that no AWS operation tells, for other programs: the last requests, the server, the buckets of a plan's
//! keys. Policies decide who may, with the actions of `console::permission`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Admin, Refused};
use crate::apis::UsagePlanId;
use crate::console::permission::{GET_REQUESTS, GET_SERVER, RECORD_REQUESTS};
use crate::id::{AccountRegion, Region};
use crate::identity::{Caller, TargetUri};

/// A page of these.
pub(super) enum InspectPage {
    /// The requests that are kept.
    Requests,
    /// Keeps requests from now on, for an hour.
    Record,
    /// Keeps none, and forgets those that it has.
    Forget,
    /// Settings, files, figures and the end of the audit log.
    Server,
    /// What the keys of this plan have at this moment.
    Plan(String),
}

impl InspectPage {
    pub(super) fn find(method: &Method, path: &str) -> Option<Self> {
        match (method, path) {
            (&Method::GET, "requests") => Some(Self::Requests),
            (&Method::POST, "requests/record") => Some(Self::Record),
            (&Method::POST, "requests/forget") => Some(Self::Forget),
            (&Method::GET, "server") => Some(Self::Server),
            (&Method::GET, path) => path
                .strip_prefix("plans/")
                .filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()))
                .map(|id| Self::Plan(id.to_owned())),
            _ => None,
        }
    }

    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Requests => GET_REQUESTS,
            Self::Record | Self::Forget => RECORD_REQUESTS,
            Self::Server => GET_SERVER,
            Self::Plan(_) => "apigateway:GET",
        }
    }
}

impl Admin {
    /// Whether the caller's policies allow a page.
    pub(super) async fn may_inspect(&self, page: &InspectPage, who: &Caller, region: &Region) -> bool {
        let resource = match page {
            InspectPage::Plan(id) => {
                format!("arn:{}:apigateway:{region}::/usageplans/{id}/usage", region.partition())
            }
            _ if who.account != self.home.account => return false,
            _ => "*".to_owned(),
        };
        self.iam.allows(who, region, page.action(), &resource).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the policies of a caller could not be read");
            false
        })
    }

    pub(super) async fn inspect(
        &self,
        page: &InspectPage,
        uri: &TargetUri,
        who: &Caller,
        region: &Region,
    ) -> Result<Value, Refused> {
        let inspector = self.gateway.inspector();
        let state = || json!({"isRecording": inspector.is_on(), "hasBodies": inspector.has_bodies()});
        match page {
            InspectPage::Requests => {
                let after = uri.query().last("after").map_or(Ok(0), str::parse::<u64>);
                let after = after.map_err(|_| {
                    Refused::new(
                        StatusCode::BAD_REQUEST,
                        "ValidationError",
                        "after is the number of a request",
                    )
                })?;
                let kept = inspector.requests();
                let newer = kept.iter().rev().filter(|it| after < it.number).map(|it| it.to_json());
                let mut told = state();
                told["requests"] = newer.collect::<Vec<_>>().into();
                Ok(told)
            }
            InspectPage::Record => {
                inspector.begin(uri.query().last("bodies") == Some("yes"));
                Ok(state())
            }
            InspectPage::Forget => {
                inspector.end();
                Ok(state())
            }
            InspectPage::Server => {
                let mut told = self.facts.operation().await;
                told["health"] = self.facts.health().await;
                Ok(told)
            }
            InspectPage::Plan(id) => {
                let owner = AccountRegion { account: who.account.clone(), region: region.clone() };
                let readings = self.gateway.meter_readings(&owner, &UsagePlanId::from(id.as_str()));
                let keys = readings.iter().map(|it| {
                    let buckets = it.buckets.iter().map(|bucket| {
                        json!({"method": bucket.method, "level": bucket.level, "rate": bucket.rate.per_second,
                            "burst": bucket.rate.burst})
                    });
                    json!({
                        "keyId": it.key.as_str(), "buckets": buckets.collect::<Vec<_>>(), "callers": it.n_callers,
                        "quotaLeft": it.quota.map(|(_, left)| left), "refusedByRate": it.refused.by_rate,
                        "refusedByQuota": it.refused.by_quota, "refusedByShared": it.refused.by_shared,
                    })
                });
                Ok(json!({ "keys": keys.collect::<Vec<_>>() }))
            }
        }
    }
}
