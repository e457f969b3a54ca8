//! How functions are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{
    Alias, CodeRef, Cors, EventConfig, Function, LayerPermission, LayerPolicy, LayerRef, LayerVersion,
    LoggingConfig, Permission, Policy, RuntimeUpdates, Settings, UrlConfig, Version,
};
use crate::store::{Stored, Unreadable, record, records};

records! {
    /// All kinds but events, which are stored by `control::events`.
    pub(super) const RECORDS;
    Function, "lambda function": 1 => FunctionV2, now 2 => FunctionV2;
    Version, "lambda version": now 1 => VersionV1;
    LayerVersion, "lambda layer version": 1 => LayerVersionV2, now 2 => LayerVersionV2;
}

record! {
    /// A function without its versions; the first form had no URLs and nothing that follows them.
    struct FunctionV2 of Function {
        "name" name: String,
        "next_version" next_version: u64,
        "aliases" aliases: BTreeMap<String, AliasV1>,
        "policies" policies: BTreeMap<String, PolicyV2>,
        "reserved" reserved: Option<u32>,
        "events" events: BTreeMap<String, EventConfigV1>,
        "provisioned" provisioned: BTreeMap<String, u32>,
        "tags" tags: BTreeMap<String, String>,
        #[serde(default)]
        "urls" urls: BTreeMap<String, UrlConfigV1>,
        #[serde(default)]
        "recursive_loop" recursive_loop: Option<String>,
        #[serde(default)]
        "runtime_updates" runtime_updates: BTreeMap<String, RuntimeUpdatesV1>,
    }

    /// When a version gets a new runtime.
    struct RuntimeUpdatesV1 of RuntimeUpdates {
        "mode" mode: String,
        "runtime_version" runtime_version: Option<String>,
    }

    /// A URL.
    struct UrlConfigV1 of UrlConfig {
        "id" id: String,
        "auth_type" auth_type: String,
        "invoke_mode" invoke_mode: String,
        "cors" cors: Option<CorsV1>,
        "created" created: i64,
        "last_modified" last_modified: i64,
    }

    /// What pages of other origins may do.
    struct CorsV1 of Cors {
        "allow_credentials" allow_credentials: Option<bool>,
        "allow_headers" allow_headers: Option<Vec<String>>,
        "allow_methods" allow_methods: Option<Vec<String>>,
        "allow_origins" allow_origins: Option<Vec<String>>,
        "expose_headers" expose_headers: Option<Vec<String>>,
        "max_age_s" max_age_s: Option<u32>,
    }

    /// An alias.
    struct AliasV1 of Alias {
        "version" version: String,
        "description" description: String,
        "weights" weights: BTreeMap<String, f64>,
        "revision_id" revision_id: String,
    }

    /// A resource policy.
    struct PolicyV2 of Policy {
        "statements" statements: Vec<PermissionV2>,
        "revision_id" revision_id: String,
    }

    /// A statement of it.
    struct PermissionV2 of Permission {
        "statement_id" statement_id: String,
        "action" action: String,
        "principal" principal: String,
        "source_arn" source_arn: Option<String>,
        "source_account" source_account: Option<String>,
        "event_source_token" event_source_token: Option<String>,
        "principal_org_id" principal_org_id: Option<String>,
        "function_url_auth_type" function_url_auth_type: Option<String>,
        #[serde(default)]
        "invoked_via_function_url" invoked_via_function_url: Option<bool>,
    }

    /// How events are handled.
    struct EventConfigV1 of EventConfig {
        "age_max_s" age_max_s: Option<u32>,
        "retries_max" retries_max: Option<u32>,
        "on_success" on_success: Option<String>,
        "on_failure" on_failure: Option<String>,
        "last_modified" last_modified: i64,
    }

    /// A version.
    struct VersionV1 of Version {
        "version" version: String,
        "settings" settings: SettingsV1,
        "code" code: CodeRefV1,
        "last_modified" last_modified: i64,
        "revision_id" revision_id: String,
    }

    /// A package.
    struct CodeRefV1 of CodeRef {
        "sha256" sha256: String,
        "size" size: u64,
        "unzipped" unzipped: u64,
    }

    /// A layer of a version.
    struct LayerRefV1 of LayerRef {
        "arn" arn: String,
        "code" code: CodeRefV1,
    }

    /// How a log is written.
    struct LoggingConfigV1 of LoggingConfig {
        "format" format: String,
        "application_level" application_level: Option<String>,
        "system_level" system_level: Option<String>,
        "group" group: Option<String>,
    }

    /// A version of a layer; the first form had no policy.
    struct LayerVersionV2 of LayerVersion {
        "name" name: String,
        "version" version: u64,
        "description" description: String,
        "runtimes" runtimes: Vec<String>,
        "architectures" architectures: Vec<String>,
        "license" license: Option<String>,
        "code" code: CodeRefV1,
        "created" created: i64,
        #[serde(default)]
        "policy" policy: LayerPolicyV1,
    }

    /// A resource policy of a layer's version.
    #[derive(Default)]
    struct LayerPolicyV1 of LayerPolicy {
        "statements" statements: Vec<LayerPermissionV1>,
        "revision_id" revision_id: String,
    }

    /// A statement of it.
    struct LayerPermissionV1 of LayerPermission {
        "statement_id" statement_id: String,
        "action" action: String,
        "principal" principal: String,
        "organization_id" organization_id: Option<String>,
    }
}

/// What a version is made of, without the environment: that is encrypted, in a column of its own.
#[derive(Serialize, Deserialize)]
struct SettingsV1 {
    description: String,
    role: String,
    runtime: String,
    handler: String,
    timeout_s: u32,
    memory_mb: u32,
    ephemeral_mb: u32,
    architecture: String,
    tracing: String,
    snap_start: String,
    dead_letter: Option<String>,
    logging: LoggingConfigV1,
    layers: Vec<LayerRefV1>,
}

impl Stored<SettingsV1> for Settings {
    fn to_stored(&self) -> SettingsV1 {
        SettingsV1 {
            description: self.description.clone(),
            role: self.role.clone(),
            runtime: self.runtime.clone(),
            handler: self.handler.clone(),
            timeout_s: self.timeout_s,
            memory_mb: self.memory_mb,
            ephemeral_mb: self.ephemeral_mb,
            architecture: self.architecture.clone(),
            tracing: self.tracing.clone(),
            snap_start: self.snap_start.clone(),
            dead_letter: self.dead_letter.clone(),
            logging: self.logging.to_stored(),
            layers: self.layers.to_stored(),
        }
    }

    fn from_stored(form: SettingsV1) -> Result<Self, Unreadable> {
        Ok(Self {
            description: form.description,
            role: form.role,
            runtime: form.runtime,
            handler: form.handler,
            timeout_s: form.timeout_s,
            memory_mb: form.memory_mb,
            ephemeral_mb: form.ephemeral_mb,
            environment: None,
            architecture: form.architecture,
            tracing: form.tracing,
            snap_start: form.snap_start,
            dead_letter: form.dead_letter,
            logging: Stored::from_stored(form.logging)?,
            layers: Stored::from_stored(form.layers)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::store::{Error, Record};

    #[test]
    fn what_is_written_is_read_again() {
        let mut function =
            Function { name: "f".into(), next_version: 3, reserved: Some(2), ..Function::default() };
        let weights = BTreeMap::from([("2".to_owned(), 0.25)]);
        let alias = Alias { version: "1".into(), description: "d".into(), weights, revision_id: "r".into() };
        function.aliases.insert("live".into(), alias);
        let permission =
            Permission { statement_id: "s".into(), principal: "*".into(), ..Permission::default() };
        let policy = Policy { statements: vec![permission], revision_id: "r".into() };
        function.policies.insert(String::new(), policy);
        assert_eq!(Function::decode(function.encode().unwrap().as_bytes()).unwrap(), function);

        let environment = Some(BTreeMap::from([("A".to_owned(), "secret".to_owned())]));
        let code = CodeRef { sha256: "s".into(), size: 1, unzipped: 2 };
        let layers = vec![LayerRef { arn: "l:1".into(), code: code.clone() }];
        let mut version = Version {
            version: "1".into(),
            settings: Settings { environment, layers, ..Settings::default() },
            code,
            last_modified: Timestamp::from_millis(7),
            revision_id: "r".into(),
        };
        let text = version.encode().unwrap();
        assert!(!text.contains("secret"), "{text}");
        version.settings.environment = None;
        assert_eq!(Version::decode(text.as_bytes()).unwrap(), version);
    }

    #[test]
    fn functions_and_layers_of_the_first_version_have_no_more_than_they_had() {
        let text = r#"{"v":1,"r":{"name":"f","next_version":1,"aliases":{},"policies":{"":{"statements":[
            {"statement_id":"s","action":"a","principal":"*","source_arn":null,"source_account":null,
            "event_source_token":null,"principal_org_id":null,"function_url_auth_type":null}],"revision_id":"r"}},
            "reserved":null,"events":{},"provisioned":{},"tags":{}}}"#;
        let function = Function::decode(text.as_bytes()).unwrap();
        assert_eq!((function.urls.len(), function.recursive_loop), (0, None));
        assert_eq!(function.policies[""].statements[0].invoked_via_function_url, None);
        let text = r#"{"v":1,"r":{"name":"l","version":1,"description":"","runtimes":[],"architectures":[],
            "license":null,"code":{"sha256":"s","size":1,"unzipped":2},"created":7}}"#;
        assert_eq!(LayerVersion::decode(text.as_bytes()).unwrap().policy, LayerPolicy::default());
    }

    #[test]
    fn records_of_a_newer_version_are_refused() {
        let text = Function::default().encode().unwrap().replace("\"v\":2", "\"v\":3");
        assert!(matches!(Function::decode(text.as_bytes()), Err(Error::NewerRecord { .. })));
    }
}
