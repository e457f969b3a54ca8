//! Projects of the Serverless Framework 3: it packages them, and what it has made is deployed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::tool;
use crate::cli::apply::{BesideTemplate, Deployment};
use crate::cli::output;

/// The names that a service's file may have.
pub(super) const FILES: &[&str] =
    &["serverless.yml", "serverless.yaml", "serverless.json", "serverless.js", "serverless.ts"];
/// Where the framework puts what it makes.
const MADE: &str = ".serverless";
const TEMPLATE: &str = "cloudformation-template-update-stack.json";
const STATE: &str = "serverless-state.json";
/// The types that have packages, and the property that says where.
const PACKAGED: &[(&str, &str)] =
    &[("AWS::Lambda::Function", "Code"), ("AWS::Lambda::LayerVersion", "Content")];

/// A service in a folder.
pub(super) struct Service {
    pub(super) folder: PathBuf,
    pub(super) stage: Option<String>,
    pub(super) stack: Option<String>,
    pub(super) parameters: Map<String, Value>,
}

impl Service {
    pub(super) fn build(&self) -> anyhow::Result<Vec<Deployment>> {
        let tool = tool::find(&self.folder, &["serverless", "sls"]).ok_or_else(|| {
            anyhow!(
                "the Serverless Framework is missing: `npm install serverless@3` in {} would install it",
                self.folder.display()
            )
        })?;
        output::progress("packaging with the Serverless Framework …");
        let mut command = Command::new(tool);
        command.arg("package").current_dir(&self.folder);
        if let Some(stage) = &self.stage {
            command.args(["--stage", stage]);
        }
        tool::run(&mut command, "serverless package")?;
        let made = self.folder.join(MADE);
        let template = read(&made.join(TEMPLATE))?;
        let stack = match &self.stack {
            Some(stack) => stack.clone(),
            None => stack_name(&read(&made.join(STATE))?)
                .with_context(|| format!("{STATE} says no stack's name: give one with --stack-name"))?,
        };
        let packages = packages(&template, &made)?;
        let beside = BesideTemplate { packages, documents: BTreeMap::new() };
        Ok(vec![Deployment {
            stack,
            template: template.to_string(),
            parameters: self.parameters.clone(),
            beside,
            keep_apis: false,
        }])
    }
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(file);
    let text = text.with_context(|| format!("serverless package has made no {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))
}

/// The name that `serverless deploy` would give the stack.
fn stack_name(state: &Value) -> Option<String> {
    let service = state.get("service")?;
    let provider = service.get("provider")?;
    if let Some(name) = provider.get("stackName").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let (name, stage) = (service.get("service")?.as_str()?, provider.get("stage")?.as_str()?);
    Some(format!("{name}-{stage}"))
}

/// The archives of functions and layers, which the framework would upload, in base64.
fn packages(template: &Value, made: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut packages = BTreeMap::new();
    let resources = template.get("Resources").and_then(Value::as_object);
    for (logical_id, resource) in resources.into_iter().flatten() {
        let Some((_, property)) = PACKAGED.iter().find(|(kind, _)| resource["Type"] == *kind) else {
            continue;
        };
        let Some(key) = resource["Properties"][property]["S3Key"].as_str() else { continue };
        let name = key.rsplit('/').next().unwrap_or(key);
        let file = made.join(name);
        let archive = match std::fs::read(&file) {
            Ok(archive) => archive,
            // It is in a bucket of the author's, then.
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && !is_deployed(resource, property) =>
            {
                continue;
            }
            Err(error) => bail!("the package of {logical_id}, {}: {error}", file.display()),
        };
        packages.insert(logical_id.clone(), STANDARD.encode(archive));
    }
    Ok(packages)
}

/// Whether a package is in the bucket that the framework makes for the stack.
fn is_deployed(resource: &Value, property: &str) -> bool {
    resource["Properties"][property]["S3Bucket"]["Ref"] == "ServerlessDeploymentBucket"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stacks_are_named_as_the_framework_names_them() {
        let state = |provider: Value| json!({"service": {"service": "shop", "provider": provider}});
        assert_eq!(stack_name(&state(json!({"stage": "dev"}))).unwrap(), "shop-dev");
        assert_eq!(stack_name(&state(json!({"stage": "dev", "stackName": "mine"}))).unwrap(), "mine");
        assert_eq!(stack_name(&json!({})), None);
    }

    #[test]
    fn packages_are_found_by_their_keys() {
        let made = std::env::temp_dir().join(format!("stepgate-sls-{}", std::process::id()));
        std::fs::create_dir_all(&made).unwrap();
        std::fs::write(made.join("shop.zip"), "zip").unwrap();
        let function = |code: Value| json!({"Type": "AWS::Lambda::Function", "Properties": {"Code": code}});
        let deployed =
            |key: &str| function(json!({"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": key}));
        let template = json!({"Resources": {
            "A": deployed("serverless/shop/dev/1-2/shop.zip"), "B": function(json!({"ZipFile": "x"})),
            "C": function(json!({"S3Bucket": "mine", "S3Key": "other.zip"})), "D": {"Type": "AWS::S3::Bucket"},
        }});
        let found = packages(&template, &made).unwrap();
        assert_eq!(found, BTreeMap::from([("A".to_owned(), STANDARD.encode("zip"))]));
        let missing = packages(&json!({"Resources": {"A": deployed("x/gone.zip")}}), &made).unwrap_err();
        assert!(missing.to_string().contains("gone.zip"), "{missing}");
        std::fs::remove_dir_all(&made).unwrap();
    }
}
