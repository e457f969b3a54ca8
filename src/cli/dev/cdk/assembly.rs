//! A cloud assembly: the stacks and the assets that an app has made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The file that says what there is.
pub(super) const MANIFEST: &str = "manifest.json";
/// How deep assemblies may stand in each other.
const DEPTH_MAX: usize = 8;
/// What `cdk bootstrap` leaves for stacks to look for. Nothing of a stack needs it here.
const BOOTSTRAP_PARAMETER: &str = "BootstrapVersion";
const BOOTSTRAP_RULE: &str = "CheckBootstrapVersion";

/// What an app has made.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// In an order in which they can be deployed.
    pub(super) stacks: Vec<Stack>,
    pub(super) assets: Vec<Asset>,
}

#[derive(Debug)]
pub(super) struct Stack {
    pub(super) name: String,
    pub(super) template: Value,
    pub(super) parameters: Map<String, Value>,
}

/// A file for a bucket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asset {
    pub(super) path: PathBuf,
    /// Whether it becomes an archive.
    pub(super) is_folder: bool,
    pub(super) bucket: String,
    pub(super) key: String,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    artifacts: BTreeMap<String, Artifact>,
    #[serde(default)]
    missing: Vec<Value>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct AssetManifest {
    #[serde(default)]
    files: BTreeMap<String, FileAsset>,
    #[serde(default, rename = "dockerImages")]
    images: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct FileAsset {
    source: FileSource,
    #[serde(default)]
    destinations: BTreeMap<String, FileDestination>,
}

#[derive(Deserialize)]
struct FileSource {
    path: Option<String>,
    packaging: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileDestination {
    bucket_name: String,
    object_key: String,
}

impl Assembly {
    /// Reads the assembly in a folder. Blocks.
    ///
    /// # Errors
    /// If it can't be understood, or needs what isn't here.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut assembly = Self::default();
        assembly.add(folder, 0)?;
        if assembly.stacks.is_empty() {
            bail!("the app has made no stacks");
        }
        Ok(assembly)
    }

    fn add(&mut self, folder: &Path, depth: usize) -> anyhow::Result<()> {
        if DEPTH_MAX < depth {
            bail!("{} lies too deep", folder.display());
        }
        let manifest: Manifest = parsed(&folder.join(MANIFEST))?;
        if let Some(missing) = manifest.missing.first() {
            let what = missing.get("provider").and_then(Value::as_str).unwrap_or("something");
            bail!(
                "the app looks up {what} in an account of AWS: `cdk synth` with that account's keys would put it into cdk.context.json"
            );
        }
        let mut templates = BTreeSet::new();
        for id in ordered(&manifest.artifacts) {
            let Some(artifact) = manifest.artifacts.get(id) else { continue };
            let file = |name: &str| {
                let file = artifact.properties.get(name).and_then(Value::as_str);
                file.with_context(|| format!("{MANIFEST}: {id} has no {name}"))
            };
            match artifact.kind.as_str() {
                "aws:cloudformation:stack" => {
                    let path = folder.join(file("templateFile")?);
                    let mut template: Value = parsed(&path)?;
                    forget_bootstrap(&mut template);
                    templates.insert(path);
                    let named = artifact.properties.get("stackName").and_then(Value::as_str);
                    let name = named.unwrap_or(id).to_owned();
                    let parameters = artifact.properties.get("parameters").and_then(Value::as_object);
                    self.stacks.push(Stack {
                        name,
                        template,
                        parameters: parameters.cloned().unwrap_or_default(),
                    });
                }
                "cdk:asset-manifest" => self.add_assets(folder, file("file")?)?,
                "cdk:cloud-assembly" => self.add(&folder.join(file("directoryName")?), depth + 1)?,
                // The tree of constructs and the like.
                _ => {}
            }
        }
        // Stacks' own templates are sent as they are.
        self.assets.retain(|asset| !templates.contains(&asset.path));
        Ok(())
    }

    fn add_assets(&mut self, folder: &Path, file: &str) -> anyhow::Result<()> {
        let manifest: AssetManifest = parsed(&folder.join(file))?;
        if let Some(id) = manifest.images.keys().next() {
            bail!("the asset {id} is an image, and this server has no registry");
        }
        for (id, FileAsset { source, destinations }) in manifest.files {
            let Some(path) = source.path else {
                bail!("the asset {id} is made by a command, which is not supported")
            };
            let is_folder = source.packaging.as_deref() == Some("zip");
            let path = folder.join(path);
            for FileDestination { bucket_name, object_key } in destinations.into_values() {
                let asset = Asset { path: path.clone(), is_folder, bucket: bucket_name, key: object_key };
                if !self.assets.contains(&asset) {
                    self.assets.push(asset);
                }
            }
        }
        Ok(())
    }
}

fn parsed<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = std::fs::read(file).with_context(|| format!("the app has made no {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} can't be understood", file.display()))
}

/// The artifacts so that each comes after those that it depends on. Those of a circle come as they are.
fn ordered(artifacts: &BTreeMap<String, Artifact>) -> Vec<&str> {
    fn visit<'a>(
        id: &'a str,
        artifacts: &'a BTreeMap<String, Artifact>,
        seen: &mut BTreeSet<&'a str>,
        order: &mut Vec<&'a str>,
    ) {
        let Some(artifact) = artifacts.get(id).filter(|_| seen.insert(id)) else { return };
        for dependency in &artifact.dependencies {
            visit(dependency, artifacts, seen, order);
        }
        order.push(id);
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for id in artifacts.keys() {
        visit(id, artifacts, &mut seen, &mut order);
    }
    order
}

/// Takes out what asks for the bootstrap stack.
fn forget_bootstrap(template: &mut Value) {
    for (section, name) in [("Parameters", BOOTSTRAP_PARAMETER), ("Rules", BOOTSTRAP_RULE)] {
        let Some(members) = template.get_mut(section).and_then(Value::as_object_mut) else { continue };
        members.remove(name);
        if members.is_empty()
            && let Some(sections) = template.as_object_mut()
        {
            sections.remove(section);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn artifact(kind: &str, properties: Value, dependencies: &[&str]) -> Value {
        json!({"type": kind, "properties": properties, "dependencies": dependencies})
    }

    fn stack(file: &str, name: Option<&str>, dependencies: &[&str]) -> Value {
        let mut properties = json!({"templateFile": file});
        if let Some(name) = name {
            properties["stackName"] = json!(name);
        }
        artifact("aws:cloudformation:stack", properties, dependencies)
    }

    #[test]
    fn stacks_come_after_those_that_they_depend_on() {
        let root = std::env::temp_dir().join(format!("stepgate-assembly-{}", std::process::id()));
        let write = |file: &str, content: &Value| {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content.to_string()).unwrap();
        };
        let template = json!({
            "Resources": {}, "Parameters": {"BootstrapVersion": {}, "Mine": {}}, "Rules": {"CheckBootstrapVersion": {}},
        });
        write("a.json", &template);
        write("b.json", &json!({"Resources": {"X": {}}}));
        write("inner/c.json", &json!({}));
        let file = |path: &str, packaging: &str, key: &str| {
            json!({"source": {"path": path, "packaging": packaging},
                "destinations": {"current": {"bucketName": "assets-${AWS::AccountId}", "objectKey": key}}})
        };
        write(
            "x.assets.json",
            &json!({"files": {
            "1": file("a.json", "file", "1.json"), "2": file("asset.2", "zip", "2.zip"), "3": file("n.json", "file", "3.json"),
        }, "dockerImages": {}}),
        );
        write(
            "manifest.json",
            &json!({"artifacts": {
                "A": stack("a.json", None, &["x", "B"]), "B": stack("b.json", Some("second"), &["A"]),
                "Inner": artifact("cdk:cloud-assembly", json!({"directoryName": "inner"}), &[]),
                "Tree": artifact("cdk:tree", json!({"file": "tree.json"}), &[]),
                "x": artifact("cdk:asset-manifest", json!({"file": "x.assets.json"}), &[]),
            }}),
        );
        write("inner/manifest.json", &json!({"artifacts": {"C": stack("c.json", None, &[])}}));
        let read = Assembly::read(&root).unwrap();
        let names: Vec<_> = read.stacks.iter().map(|stack| stack.name.as_str()).collect();
        assert_eq!(names, ["second", "A", "C"]);
        assert_eq!(read.stacks[1].template, json!({"Resources": {}, "Parameters": {"Mine": {}}}));
        let keys: Vec<_> = read.assets.iter().map(|asset| (asset.key.as_str(), asset.is_folder)).collect();
        assert_eq!(keys, [("2.zip", true), ("3.json", false)]);

        write("x.assets.json", &json!({"dockerImages": {"img": {}}}));
        assert!(Assembly::read(&root).unwrap_err().to_string().contains("img"));
        write("manifest.json", &json!({"missing": [{"provider": "vpc-provider"}]}));
        assert!(Assembly::read(&root).unwrap_err().to_string().contains("looks up vpc-provider"));
        write("manifest.json", &json!({}));
        assert!(Assembly::read(&root).unwrap_err().to_string().contains("no stacks"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
