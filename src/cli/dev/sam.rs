//! Projects that are a template, of CloudFormation or of the Serverless Application Model.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cli::apply::{self, Deployment};
use crate::server;
use crate::stack::Template;

/// The names that a template may have.
pub(super) const FILES: &[&str] = &["template.yaml", "template.yml", "template.json"];
/// Where `sam deploy` has its settings.
const SETTINGS: &str = "samconfig.toml";

/// A template with what lies beside it.
pub(super) struct Application {
    file: PathBuf,
    stack: String,
    parameters: Map<String, Value>,
}

impl Application {
    /// The template `file`; what is not given is as in `samconfig.toml`.
    pub(super) fn new(file: &Path, stack: Option<String>, given: Map<String, Value>) -> anyhow::Result<Self> {
        let folder = file.parent().unwrap_or_else(|| Path::new("/"));
        let saved = Saved::read(&folder.join(SETTINGS))?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stack = stack.or(saved.stack_name);
        let stack = stack.unwrap_or_else(|| server::stack_name(Path::new(&format!("{name}.yaml"))));
        let mut parameters = saved.parameters;
        parameters.extend(given);
        Ok(Self { file: file.to_owned(), stack, parameters })
    }

    pub(super) fn build(&self) -> anyhow::Result<Vec<Deployment>> {
        let template = std::fs::read_to_string(&self.file);
        let template = template.with_context(|| format!("cannot read {}", self.file.display()))?;
        let beside = apply::beside(&template, &self.file)?;
        let (stack, parameters) = (self.stack.clone(), self.parameters.clone());
        Ok(vec![Deployment { stack, template, parameters, beside, keep_apis: false }])
    }

    /// The template's folder, and those elsewhere that it names.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let folder = self.file.parent().unwrap_or_else(|| Path::new("/")).to_owned();
        let template = std::fs::read_to_string(&self.file).ok().and_then(|text| Template::parse(&text).ok());
        let named = template.map(|template| {
            let folders = template.folders().into_iter().map(|beside| folder.join(beside.path));
            // A document is watched with its folder.
            let documents = template.documents().into_iter().filter_map(|beside| {
                let document = folder.join(beside.path);
                document.parent().map(Path::to_owned)
            });
            folders.chain(documents).collect::<Vec<PathBuf>>()
        });
        let elsewhere = named.unwrap_or_default().into_iter().filter_map(|path| path.canonicalize().ok());
        let mut roots: Vec<PathBuf> =
            elsewhere.filter(|path| path.is_dir() && !path.starts_with(&folder)).collect();
        roots.push(folder);
        roots.sort();
        roots.dedup();
        roots
    }
}

/// What `sam deploy --guided` has saved.
#[derive(Debug, Default, PartialEq)]
struct Saved {
    stack_name: Option<String>,
    parameters: Map<String, Value>,
}

impl Saved {
    fn read(file: &Path) -> anyhow::Result<Self> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).with_context(|| format!("{} can't be understood", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// The default environment's parameters of `deploy`, and those of all commands.
    fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Settings {
            default: Environment,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Environment {
            global: Command,
            deploy: Command,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Command {
            parameters: Parameters,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Parameters {
            stack_name: Option<String>,
            parameter_overrides: Option<Overrides>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Overrides {
            Line(String),
            List(Vec<String>),
        }
        let Settings { default: Environment { global, deploy } } = toml::from_str(text)?;
        let (global, deploy) = (global.parameters, deploy.parameters);
        let words = match deploy.parameter_overrides.or(global.parameter_overrides) {
            None => Vec::new(),
            Some(Overrides::Line(line)) => words(&line),
            Some(Overrides::List(list)) => list,
        };
        let mut parameters = Map::new();
        for word in words {
            // The older form is `ParameterKey=NAME,ParameterValue=VALUE`.
            let old = word.strip_prefix("ParameterKey=").and_then(|rest| rest.split_once(",ParameterValue="));
            let Some((name, value)) = old.or_else(|| word.split_once('=')) else {
                bail!("parameter_overrides: {word}: write NAME=VALUE");
            };
            parameters.insert(name.to_owned(), json!(value));
        }
        Ok(Self { stack_name: deploy.stack_name.or(global.stack_name), parameters })
    }
}

/// The words of a line; quotation marks keep spaces, and backslashes what follows.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_word, mut quote) = (Vec::new(), String::new(), false, None);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => word.extend(rest.next()),
            _ if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => (quote, is_word) = (Some(c), true),
            _ if c.is_whitespace() && quote.is_none() => {
                if std::mem::take(&mut is_word) {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => {
                word.push(c);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_sam_name_the_stack_and_its_parameters() {
        let check = |text: &str, stack: Option<&str>, parameters: Value| {
            let saved = Saved::parse(text).unwrap();
            assert_eq!((saved.stack_name.as_deref(), Value::Object(saved.parameters)), (stack, parameters));
        };
        check("version = 0.1\n", None, json!({}));
        check(
            "[default.global.parameters]\nstack_name = 'shop'\n[default.deploy.parameters]\nresolve_s3 = true\n\
             parameter_overrides = 'Env=\"dev 1\" Url=http://x/?a=b Empty='\n",
            Some("shop"),
            json!({"Env": "dev 1", "Url": "http://x/?a=b", "Empty": ""}),
        );
        check(
            "[default.deploy.parameters]\nstack_name = 's'\n\
             parameter_overrides = ['A=1 2', 'ParameterKey=B,ParameterValue=3']\n",
            Some("s"),
            json!({"A": "1 2", "B": "3"}),
        );
        for bad in ["[default", "[default.deploy.parameters]\nparameter_overrides = 'A'\n"] {
            assert!(Saved::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn folders_elsewhere_are_watched_too() {
        let root = std::env::temp_dir().join(format!("stepgate-sam-{}", std::process::id()));
        for folder in ["my shop.v2/in", "out", "machines"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let root = root.canonicalize().unwrap();
        let code = |path: &str| json!({"Type": "AWS::Lambda::Function", "Properties": {"Code": path}});
        let machine = json!({"Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"DefinitionS3Location": "../machines/m.asl.json"}});
        let template = json!({"Resources": {"A": code("./in"), "B": code("../out"), "C": code("../gone"), "D": machine}});
        let folder = root.join("my shop.v2");
        std::fs::write(folder.join("template.json"), template.to_string()).unwrap();
        let application = Application::new(&folder.join("template.json"), None, Map::new()).unwrap();
        assert_eq!(application.stack, "my-shop-v2");
        assert_eq!(application.roots(), [root.join("machines"), folder, root.join("out")]);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
