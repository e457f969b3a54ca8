//! Method settings of a stage: `/{resource path}/{verb}/{group}/{setting}`.

use std::collections::BTreeMap;

use super::{PatchOperation, decimal};
use crate::apis::error::{BadRequest, Error};
use crate::apis::{CacheControlStrategy, HttpMethod, LoggingLevel, MethodSetting};

/// The key of the settings for all methods without their own.
const EVERY_METHOD: &str = "*/*";

/// Changes one setting. The first setting of a method copies all others from `*/*`, as on AWS, because from then on the
/// method's entry replaces that one as a whole.
pub(super) fn patch_method_setting(
    settings: &mut BTreeMap<String, MethodSetting>,
    patch: &PatchOperation,
) -> Result<(), Error> {
    let unknown = || BadRequest::StagePath(patch.printed_path().to_owned());
    let (key, name) = patch.path.as_deref().and_then(split).ok_or_else(unknown)?;
    let mut setting = match settings.get(key).or_else(|| settings.get(EVERY_METHOD)) {
        Some(there) => there.clone(),
        None => MethodSetting::default(),
    };
    if !change(&mut setting, name, patch)? {
        return Err(unknown().into());
    }
    patch.only_replace()?;
    settings.insert(key.to_owned(), setting);
    Ok(())
}

/// Splits the path from its right end: two parts are the setting, one is the verb, the rest is the resource. The key
/// stays as written, escaped or not.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let (setting_at, _) = path.rmatch_indices('/').nth(1)?;
    let (key, name) = (path.get(..setting_at)?, path.get(setting_at + 1..)?);
    let (_, verb) = key.rsplit_once('/')?;
    (verb == "*" || HttpMethod::parse(verb).is_some()).then_some((key, name))
}

/// Returns false if there is no setting `name`.
fn change(setting: &mut MethodSetting, name: &str, patch: &PatchOperation) -> Result<bool, BadRequest> {
    let value = patch.value.as_deref().unwrap_or_default();
    match name {
        "metrics/enabled" => setting.metrics_enabled = patch.boolean(),
        "logging/dataTrace" => setting.data_trace_enabled = patch.boolean(),
        "logging/loglevel" => {
            let level = LoggingLevel::parse(value);
            setting.logging_level = Some(level.ok_or(BadRequest::MethodSetting("logging/loglevel"))?);
        }
        "throttling/burstLimit" => {
            let limit = decimal(value).filter(|limit| MethodSetting::UNTHROTTLED <= *limit);
            setting.throttling_burst_limit =
                limit.ok_or(BadRequest::MethodSetting("throttling/burstLimit"))?;
        }
        "throttling/rateLimit" => {
            let is_limit = |limit: &f64| {
                limit.is_finite() && (0.0 <= *limit || *limit == f64::from(MethodSetting::UNTHROTTLED))
            };
            let limit = value.parse().ok().filter(is_limit);
            setting.throttling_rate_limit = limit.ok_or(BadRequest::MethodSetting("throttling/rateLimit"))?;
        }
        "caching/enabled" => setting.caching_enabled = patch.boolean(),
        "caching/dataEncrypted" => setting.cache_data_encrypted = patch.boolean(),
        "caching/ttlInSeconds" => {
            let ttl = value.parse().ok().filter(|ttl| (0..=3600).contains(ttl));
            setting.cache_ttl_in_seconds = ttl.ok_or(BadRequest::CacheTtl)?;
        }
        "caching/requireAuthorizationForCacheControl" => {
            setting.require_authorization_for_cache_control = patch.boolean();
        }
        "caching/unauthorizedCacheControlHeaderStrategy" => {
            let strategy = CacheControlStrategy::parse(value);
            setting.unauthorized_cache_control_header_strategy = strategy
                .ok_or(BadRequest::MethodSetting("caching/unauthorizedCacheControlHeaderStrategy"))?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;

    fn patched(patches: &[&str]) -> Result<BTreeMap<String, MethodSetting>, String> {
        let mut settings = BTreeMap::new();
        for patch in patches {
            patch_method_setting(&mut settings, &op(patch)).map_err(|error| error.to_string())?;
        }
        Ok(settings)
    }

    #[test]
    fn a_methods_own_settings_begin_as_those_of_every_method() {
        let settings = patched(&[
            "replace /*/*/throttling/burstLimit 123",
            "replace /*/*/caching/enabled true",
            "replace /test/GET/throttling/burstLimit 124",
            "replace /*/*/throttling/rateLimit 1.5",
        ])
        .unwrap();
        assert_eq!(settings["test/GET"].throttling_burst_limit, 124);
        assert!(settings["test/GET"].caching_enabled);
        assert_eq!(settings["test/GET"].throttling_rate_limit, 10_000.0);
        assert_eq!(settings["*/*"].throttling_rate_limit, 1.5);
    }

    #[test]
    fn keys_stay_as_they_are_written() {
        for (path, key) in [
            ("/~1pets/GET/metrics/enabled", "~1pets/GET"),
            ("/a/b/POST/metrics/enabled", "a/b/POST"),
            ("//ANY/metrics/enabled", "/ANY"),
        ] {
            let settings = patched(&[&format!("replace {path} true")]).unwrap();
            assert_eq!(settings.keys().collect::<Vec<_>>(), [key]);
        }
    }

    #[test]
    fn minus_one_throttles_nothing() {
        let settings = patched(&[
            "replace /*/*/throttling/burstLimit -1",
            "replace /*/*/throttling/rateLimit -1.000000",
            "replace /pets/GET/throttling/burstLimit 20.000000",
        ])
        .unwrap();
        let of = |key: &str| {
            let setting = &settings[key];
            (setting.throttling_burst_limit, setting.throttling_rate_limit)
        };
        assert_eq!((of("*/*"), of("pets/GET")), ((-1, -1.0), (20, -1.0)));
        for patch in ["burstLimit -2", "rateLimit -0.5", "burstLimit 1.5", "burstLimit", "rateLimit"] {
            assert!(patched(&[&format!("replace /*/*/throttling/{patch}")]).is_err(), "{patch}");
        }
    }

    #[test]
    fn values_have_to_fit() {
        for (patch, message) in [
            (
                "replace /*/*/caching/ttlInSeconds 3601",
                "Invalid time-to-live setting, must be an integer no greater than 3600",
            ),
            ("replace /*/*/logging/loglevel LOUD", "Invalid value for method setting logging/loglevel"),
            (
                "replace /*/*/throttling/rateLimit NaN",
                "Invalid value for method setting throttling/rateLimit",
            ),
            ("add /*/*/metrics/enabled true", "Invalid patch operation specified. Must be one of: [replace]"),
        ] {
            assert_eq!(patched(&[patch]).unwrap_err(), message, "{patch}");
        }
        for unknown in ["/x", "/*/*/metrics", "/a/SEE/metrics/enabled", "metrics/enabled"] {
            assert!(patched(&[&format!("replace {unknown} true")]).is_err(), "{unknown}");
        }
    }
}
