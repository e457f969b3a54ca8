//! CDK projects: the app makes a cloud assembly, as `cdk synth` has it do, and its stacks are deployed.
//!
//! <https://github.com/aws/aws-cdk/tree/main/packages/%40aws-cdk/cloud-assembly-schema>

mod assembly;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use self::assembly::{Assembly, Asset, Stack};
use super::tool;
use crate::cli::apply::{BesideTemplate, Deployment};
use crate::cli::output;
use crate::cli::remote::{self, Remote, encoded};
use crate::functions::SourceFolder;

/// Where an app's command is.
pub(super) const SETTINGS: &str = "cdk.json";
/// What lookups in accounts have found.
const CONTEXT: &str = "cdk.context.json";
/// Where the assembly is made unless the settings say otherwise.
const MADE: &str = "cdk.out";
/// The region in which buckets are made without saying so.
const FIRST_REGION: &str = "us-east-1";

/// An app in a folder.
pub(super) struct App {
    pub(super) folder: PathBuf,
    pub(super) parameters: Map<String, Value>,
}

impl App {
    pub(super) async fn build(&self, remote: Remote<'_>) -> anyhow::Result<Vec<Deployment>> {
        let place = Place::of(remote).await?;
        let assembly = Assembly::read(&self.synthesize(&place)?)?;
        for asset in &assembly.assets {
            place.publish(remote, asset).await.with_context(|| format!("asset {}", asset.key))?;
        }
        assembly.stacks.into_iter().map(|stack| self.deployment(stack)).collect()
    }

    /// Runs the app; the folder of what it has made.
    fn synthesize(&self, place: &Place) -> anyhow::Result<PathBuf> {
        let settings = self.settings(SETTINGS)?;
        let word = |name: &str| settings.get(name).and_then(Value::as_str);
        let Some(app) = word("app") else {
            bail!("{SETTINGS} has no \"app\": which command makes the stacks?")
        };
        let made = self.folder.join(app);
        if made.join(assembly::MANIFEST).is_file() {
            return Ok(made);
        }
        let mut context = settings.get("context").and_then(Value::as_object).cloned().unwrap_or_default();
        if self.folder.join(CONTEXT).is_file() {
            context.extend(self.settings(CONTEXT)?);
        }
        // What `cdk` adds: without it, assets that have to be built are left out.
        context.entry("aws:cdk:bundling-stacks").or_insert_with(|| json!(["**"]));
        let made = self.folder.join(word("output").unwrap_or(MADE));
        output::progress("running the CDK app …");
        for (command, what) in [(word("build"), "the project's build"), (Some(app), "the CDK app")] {
            let Some(command) = command else { continue };
            let mut shell = Command::new("sh");
            shell.args(["-c", command]).current_dir(&self.folder).env("CDK_OUTDIR", &made);
            shell.env("CDK_CONTEXT_JSON", Value::Object(context.clone()).to_string());
            shell.env("CDK_DEFAULT_ACCOUNT", &place.account).env("CDK_DEFAULT_REGION", &place.region);
            tool::run(&mut shell, &format!("{what} ({command})"))?;
        }
        Ok(made)
    }

    fn settings(&self, name: &str) -> anyhow::Result<Map<String, Value>> {
        let text = std::fs::read(self.folder.join(name)).with_context(|| format!("cannot read {name}"))?;
        serde_json::from_slice(&text).with_context(|| format!("{name} is no JSON object"))
    }

    fn deployment(&self, stack: Stack) -> anyhow::Result<Deployment> {
        let declared = stack.template.get("Parameters").and_then(Value::as_object);
        let is_declared = |name: &str| declared.is_some_and(|declared| declared.contains_key(name));
        let given = self.parameters.iter().filter(|(name, _)| is_declared(name));
        let mut parameters = stack.parameters.clone();
        parameters.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        let (template, beside) = (stack.template.to_string(), BesideTemplate::default());
        Ok(Deployment { stack: stack.name, template, parameters, beside, keep_apis: false })
    }
}

/// Where everything is deployed.
struct Place {
    account: String,
    region: String,
}

impl Place {
    /// The account of the key, which only the server knows.
    async fn of(remote: Remote<'_>) -> anyhow::Result<Self> {
        let form = [(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/x-www-form-urlencoded"),
        )];
        let asked = "Action=GetCallerIdentity&Version=2011-06-15";
        let answer = remote.send(remote.request(Method::POST, "/", "sts", &form, asked)?).await?;
        let text = String::from_utf8_lossy(&answer.body);
        let account = text.split_once("<Account>").and_then(|(_, rest)| rest.split_once("</Account>"));
        let Some((account, _)) = account else {
            bail!("the server does not say whose the key is: it answered {}", answer.status);
        };
        Ok(Self { account: account.to_owned(), region: remote::region()?.as_str().to_owned() })
    }

    /// A name with the account and the region in place of what stands for them.
    fn filled(&self, text: &str) -> String {
        let partition = [
            ("${AWS::AccountId}", self.account.as_str()),
            ("${AWS::Region}", &self.region),
            ("${AWS::Partition}", "aws"),
        ];
        partition.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Puts an asset where its stacks expect it, unless it is there. Its key says what is in it.
    async fn publish(&self, remote: Remote<'_>, asset: &Asset) -> anyhow::Result<()> {
        let bucket = format!("/{}", encoded(&self.filled(&asset.bucket)));
        let key: Vec<String> = self.filled(&asset.key).split('/').map(encoded).collect();
        let object = format!("{bucket}/{}", key.join("/"));
        if s3(remote, Method::HEAD, &object, Bytes::new()).await? == StatusCode::OK {
            return Ok(());
        }
        if s3(remote, Method::HEAD, &bucket, Bytes::new()).await? == StatusCode::NOT_FOUND {
            let place = match self.region == FIRST_REGION {
                true => String::new(),
                false => format!(
                    "<CreateBucketConfiguration><LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
                    self.region
                ),
            };
            let made = s3(remote, Method::PUT, &bucket, place.into()).await?;
            if !made.is_success() {
                bail!("the bucket {} can't be made: the server answered {made}", &bucket[1..]);
            }
        }
        let path = &asset.path;
        let content = match asset.is_folder {
            true => SourceFolder::look(path).and_then(|folder| folder.packed()),
            false => std::fs::read(path),
        };
        let content = content.with_context(|| format!("cannot read {}", path.display()))?;
        let put = s3(remote, Method::PUT, &object, content.into()).await?;
        if !put.is_success() {
            bail!("the server answered {put}");
        }
        Ok(())
    }
}

async fn s3(remote: Remote<'_>, method: Method, path: &str, body: Bytes) -> anyhow::Result<StatusCode> {
    Ok(remote.send(remote.request(method, path, "s3", &[], body)?).await?.status)
}
