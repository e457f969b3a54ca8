//! Paths of [UpdateStage](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html), except method
//! settings, which have their own file.

use super::method_setting::patch_method_setting;
use super::pointer::parts;
use super::{PatchOp, PatchOperation};
use crate::apis::error::{BadRequest, Error};
use crate::apis::{CacheClusterSize, CanarySettings, Stage, check_percent_traffic};

/// Applies `patches` to `stage`. The caller checks that the deployments exist, and that variables and logs are valid.
///
/// # Errors
/// [`Error`] with AWS's message; `stage` may then be partly changed.
pub fn patch_stage(stage: &mut Stage, patches: &[PatchOperation]) -> Result<(), Error> {
    for patch in patches {
        match patch.op {
            PatchOp::Add | PatchOp::Replace => set(stage, patch)?,
            PatchOp::Remove => remove(stage, patch)?,
            PatchOp::Copy => promote(stage, patch)?,
            PatchOp::Move | PatchOp::Test => {
                return Err(BadRequest::PatchOp("[add, remove, replace, copy]").into());
            }
        }
    }
    Ok(())
}

/// Older texts of AWS write `/canary/…` for `/canarySettings/…`.
fn path_parts(patch: &PatchOperation) -> Vec<String> {
    let mut parts = patch.path.as_deref().and_then(parts).unwrap_or_default();
    if let Some(first) = parts.first_mut()
        && first == "canary"
    {
        *first = "canarySettings".to_owned();
    }
    parts
}

fn set(stage: &mut Stage, patch: &PatchOperation) -> Result<(), Error> {
    let parts = path_parts(patch);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["accessLogSettings", ..] => return set_access_log(stage, patch, &parts),
        ["canarySettings", ..] => return set_canary(stage, patch, &parts),
        _ => {}
    }
    match parts.as_slice() {
        ["deploymentId"] => {
            patch.only_replace()?;
            stage.deployment_id = patch.text().ok_or(BadRequest::DeploymentId)?.into();
        }
        ["description"] => {
            patch.only_replace()?;
            stage.description = patch.text();
        }
        ["clientCertificateId"] => {
            patch.only_replace()?;
            stage.client_certificate_id = patch.text();
        }
        ["documentationVersion"] => {
            patch.only_replace()?;
            stage.documentation_version = patch.text();
        }
        ["tracingEnabled"] => {
            patch.only_replace()?;
            stage.tracing_enabled = patch.boolean();
        }
        ["cacheClusterEnabled"] => {
            patch.only_replace()?;
            stage.enable_cache_cluster(patch.boolean());
        }
        ["cacheClusterSize"] => {
            patch.only_replace()?;
            let size = patch.value.as_deref().and_then(CacheClusterSize::parse);
            stage.cache_cluster_size = Some(size.ok_or(BadRequest::CacheClusterSize)?);
        }
        ["variables", name] => {
            patch.only_replace()?;
            stage.variables.insert((*name).to_owned(), patch.value.clone().unwrap_or_default());
        }
        ["variables"] => {
            patch.only_replace()?;
            let value = patch.value.as_deref().unwrap_or_default();
            let variables = serde_json::from_str(value);
            stage.variables = variables.map_err(|_| BadRequest::PatchValue("/variables".to_owned()))?;
        }
        _ => patch_method_setting(&mut stage.method_settings, patch)?,
    }
    Ok(())
}

fn set_access_log(stage: &mut Stage, patch: &PatchOperation, parts: &[&str]) -> Result<(), Error> {
    let mut settings = stage.access_log_settings.clone().unwrap_or_default();
    let member = match parts {
        [_, "format"] => &mut settings.format,
        [_, "destinationArn"] => &mut settings.destination_arn,
        _ => return Err(BadRequest::AccessLogPath.into()),
    };
    *member = Some(patch.text().ok_or(BadRequest::EmptyAccessLog)?);
    settings.check()?;
    stage.access_log_settings = Some(settings);
    Ok(())
}

/// Creates a canary if there is none, with the stage's own deployment and no traffic.
fn set_canary(stage: &mut Stage, patch: &PatchOperation, parts: &[&str]) -> Result<(), Error> {
    let path = || patch.printed_path().to_owned();
    if patch.op == PatchOp::Add {
        return Err(BadRequest::CanaryAdd(path()).into());
    }
    let deployment_id = &stage.deployment_id;
    let canary =
        stage.canary_settings.get_or_insert_with(|| CanarySettings::without_traffic(deployment_id.clone()));
    match parts {
        [_, "percentTraffic"] => {
            let percent = patch.value.as_deref().and_then(|value| value.parse().ok());
            canary.percent_traffic = percent.ok_or(BadRequest::PercentTraffic)?;
            check_percent_traffic(canary.percent_traffic)?;
        }
        [_, "deploymentId"] => {
            canary.deployment_id = patch.text().ok_or(BadRequest::DeploymentId)?.into();
        }
        [_, "useStageCache"] => canary.use_stage_cache = patch.boolean(),
        [_, "stageVariableOverrides", name] => {
            let value = patch.value.clone().unwrap_or_default();
            canary.stage_variable_overrides.insert((*name).to_owned(), value);
        }
        _ => return Err(BadRequest::StagePath(path()).into()),
    }
    Ok(())
}

fn remove(stage: &mut Stage, patch: &PatchOperation) -> Result<(), Error> {
    let parts = path_parts(patch);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let found = match parts.as_slice() {
        ["accessLogSettings"] => {
            stage.access_log_settings = None;
            true
        }
        ["canarySettings"] => {
            stage.canary_settings = None;
            true
        }
        ["canarySettings", "stageVariableOverrides", name] => {
            let canary = stage.canary_settings.as_mut();
            canary.is_some_and(|canary| canary.stage_variable_overrides.remove(*name).is_some())
        }
        ["variables"] => {
            stage.variables.clear();
            true
        }
        ["variables", name] => stage.variables.remove(*name).is_some(),
        // Keys of method settings are stored as they were written, so look them up raw.
        _ => patch.path.as_deref().is_some_and(|path| {
            let key = path.strip_prefix('/').unwrap_or(path);
            stage.method_settings.remove(key).is_some()
        }),
    };
    if found {
        return Ok(());
    }
    let path = patch.printed_path();
    Err(BadRequest::NoMethodSetting(path.strip_prefix('/').unwrap_or(path).to_owned()).into())
}

/// The two copies that promote a canary: its deployment, and its variables, which override the stage's.
fn promote(stage: &mut Stage, patch: &PatchOperation) -> Result<(), Error> {
    let from = patch.from.as_deref().unwrap_or("null");
    let canary = stage.canary_settings.as_ref();
    match (patch.printed_path(), from) {
        ("/deploymentId", "/canarySettings/deploymentId") => {
            stage.deployment_id = canary.ok_or(BadRequest::NoCanary)?.deployment_id.clone();
        }
        ("/variables", "/canarySettings/stageVariableOverrides") => {
            let overrides = &canary.ok_or(BadRequest::NoCanary)?.stage_variable_overrides;
            stage.variables.extend(overrides.clone());
        }
        (path, from) => {
            return Err(BadRequest::CopyPath { path: path.to_owned(), from: from.to_owned() }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::fixtures::test_stage;

    use crate::apis::{CacheClusterStatus, DeploymentId};

    fn patched(patches: &[&str]) -> Result<Stage, String> {
        let mut stage = test_stage();
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_stage(&mut stage, &patches).map_err(|error| error.to_string())?;
        Ok(stage)
    }

    #[test]
    fn settings_change_one_by_one() {
        let stage = patched(&[
            "replace /description new",
            "replace /variables/a 1",
            "replace /variables/b 2",
            "remove /variables/a",
            "replace /tracingEnabled true",
            "replace /cacheClusterEnabled true",
        ])
        .unwrap();
        assert_eq!(stage.description.as_deref(), Some("new"));
        assert_eq!(stage.variables.keys().collect::<Vec<_>>(), ["b"]);
        assert!(stage.tracing_enabled);
        assert_eq!(stage.cache_cluster_status, CacheClusterStatus::Available);
        assert_eq!(stage.cache_cluster_size, Some(CacheClusterSize::Gb0_5));
    }

    #[test]
    fn a_canary_is_made_by_its_first_setting_and_promoted_by_copies() {
        let stage = patched(&["replace /canarySettings/percentTraffic 10"]).unwrap();
        let canary = stage.canary_settings.unwrap();
        assert_eq!(canary.deployment_id, stage.deployment_id);
        assert_eq!(canary.percent_traffic, 10.0);

        let stage = patched(&[
            "replace /variables/kept 1",
            "replace /canarySettings/deploymentId other1",
            "replace /canary/stageVariableOverrides/a 2",
            "copy /deploymentId /canarySettings/deploymentId",
            "copy /variables /canarySettings/stageVariableOverrides",
            "replace /canarySettings/percentTraffic 0.0",
        ])
        .unwrap();
        assert_eq!(stage.deployment_id, DeploymentId::from("other1"));
        assert_eq!(stage.variables.len(), 2);
        assert_eq!(stage.canary_settings.as_ref().map(|canary| canary.percent_traffic), Some(0.0));
        assert!(patched(&["replace /canarySettings/deploymentId x", "remove /canarySettings"]).is_ok());
    }

    #[test]
    fn access_logs_are_set_member_by_member() {
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:access";
        let stage = patched(&[
            &format!("replace /accessLogSettings/destinationArn {arn}"),
            "add /accessLogSettings/format $context.requestId",
        ])
        .unwrap();
        assert_eq!(stage.access_log_settings.unwrap().destination_arn.as_deref(), Some(arn));
    }

    #[test]
    fn refusals_are_worded_as_recorded() {
        for (patch, message) in [
            (
                "add /accessLogSettings/randomValue updated",
                "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, \
                 /accessLogSettings/format]",
            ),
            (
                "remove /accessLogSettings/randomValue",
                "Cannot remove method setting accessLogSettings/randomValue because there is no method setting \
                 for this method ",
            ),
            (
                "remove /*/*",
                "Cannot remove method setting */* because there is no method setting for this method ",
            ),
            ("add /accessLogSettings/format", "Access Log value must not be empty"),
            (
                "replace /accessLogSettings/format plain",
                "Access Log format must include either $context.requestId or $context.extendedRequestId",
            ),
            (
                "add /canarySettings/deploymentId x",
                "Invalid add operation with path: /canarySettings/deploymentId",
            ),
            (
                "copy /deploymentId /canarySettings/deploymentId",
                "Promotion not available. Canary does not exist.",
            ),
            (
                "copy /description /variables",
                "Invalid copy operation with path: /description and from /variables. Valid copy:path are \
                 [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, \
                 /canarySettings/stageVariableOverrides]",
            ),
            ("replace /canarySettings/percentTraffic 101", "Percent traffic must be between 0.0 and 100.0"),
            ("replace /deploymentId", "Deployment id does not exist"),
        ] {
            assert_eq!(patched(&[patch]).unwrap_err(), message, "{patch}");
        }
        for unknown in
            ["/tags/tag1", "/documentation_version", "/a/b/c/d", "/canarySettings/x", "/*/*/throttling/x"]
        {
            let message = patched(&[&format!("replace {unknown} x")]).unwrap_err();
            let start = format!("Invalid method setting path: {unknown}. Must be one of: [/deploymentId, ");
            assert!(message.starts_with(&start), "{message}");
        }
    }
}
