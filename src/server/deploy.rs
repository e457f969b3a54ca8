//! Deploys at start: the configured templates, or the tutorial into a new data directory.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::error::Error;
use super::options::{Deploy, TUTORIAL_STACK, TUTORIAL_TEMPLATE};
use crate::functions::SourceFolder;
use crate::stack::{Applied, Beside, Stacks, Template};

/// A stack and the result of applying its template.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// The stack's name.
    pub name: String,
    /// Its resources and outputs.
    pub applied: Applied,
}

/// Applies the templates in the settings. Without any, a data directory that already has stacks is only described, not
/// changed.
///
/// # Errors
/// [`Error::Template`] if a file can't be read, [`Error::Stack`] if it can't be applied.
pub(super) async fn deploy(stacks: &Stacks, deploy: &Deploy, endpoint: &str) -> Result<Vec<Deployed>, Error> {
    if deploy.templates.is_empty() && deploy.tutorial {
        return tutorial(stacks, endpoint).await;
    }
    let mut deployed = Vec::new();
    for path in &deploy.templates {
        let source = |reason| Error::Template { path: path.clone(), reason };
        let text = tokio::fs::read_to_string(path).await.map_err(source)?;
        let name = stack_name(path);
        let failed = |reason| Error::Stack { name: name.clone(), reason };
        let mut template = stacks.parse_here(&text, &serde_json::Map::new()).await.map_err(failed)?;
        let (named, beside) = (template.clone(), path.clone());
        let read = move || Ok((packages(&named, &beside)?, documents(&named, &beside)?));
        let read = tokio::task::spawn_blocking(read).await;
        let (packed, documents) =
            read.map_err(std::io::Error::other).and_then(|read| read).map_err(source)?;
        for (logical_id, archive) in packed {
            template.set_package(&logical_id, archive);
        }
        for (logical_id, text) in documents {
            template.set_document(&logical_id, text);
        }
        let parameters = endpoint_parameter(&template, endpoint);
        let applied = stacks.apply(&name, &template, &parameters).await.map_err(failed)?;
        deployed.push(Deployed { name, applied });
    }
    Ok(deployed)
}

/// The archives of the folders that a template names, in base64, by resource. They lie beside the template, `file`.
/// Blocks.
///
/// # Errors
/// If a folder can't be read; the error names it.
pub fn packages(template: &Template, file: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let beside = file.parent().unwrap_or_else(|| Path::new(""));
    let packed = |Beside { logical_id, path }| {
        let folder = beside.join(path);
        let archive = SourceFolder::look(&folder).and_then(|folder| folder.packed());
        let named = |error: std::io::Error| {
            std::io::Error::new(
                error.kind(),
                format!("the folder {} of {logical_id}: {error}", folder.display()),
            )
        };
        let archive = archive.map_err(named)?;
        Ok((logical_id, STANDARD.encode(archive)))
    };
    template.folders().into_iter().map(packed).collect()
}

/// The longest document beside a template; an API's has at most 6 MiB on AWS.
const DOCUMENT_BYTES_MAX: u64 = 6 * 1024 * 1024;

/// The documents that a template names, by resource. They lie beside the template, `file`. Blocks.
///
/// # Errors
/// If a document can't be read; the error names it.
pub fn documents(template: &Template, file: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let beside = file.parent().unwrap_or_else(|| Path::new(""));
    let read = |Beside { logical_id, path }| {
        let document = beside.join(path);
        let named = |error: std::io::Error| {
            let problem = format!("the document {} of {logical_id}: {error}", document.display());
            std::io::Error::new(error.kind(), problem)
        };
        let size = std::fs::metadata(&document).map_err(named)?.len();
        if DOCUMENT_BYTES_MAX < size {
            return Err(named(std::io::Error::other(format!("larger than {DOCUMENT_BYTES_MAX} bytes"))));
        }
        let text = std::fs::read_to_string(&document).map_err(named)?;
        Ok((logical_id, text))
    };
    template.documents().into_iter().map(read).collect()
}

async fn tutorial(stacks: &Stacks, endpoint: &str) -> Result<Vec<Deployed>, Error> {
    let failed = |reason| Error::Stack { name: TUTORIAL_STACK.to_owned(), reason };
    let template = Template::parse(TUTORIAL_TEMPLATE).map_err(failed)?;
    let parameters = endpoint_parameter(&template, endpoint);
    let applied = if stacks.is_empty().await.map_err(failed)? {
        Some(stacks.apply(TUTORIAL_STACK, &template, &parameters).await.map_err(failed)?)
    } else {
        stacks.describe(TUTORIAL_STACK, &template, &parameters).await.map_err(failed)?
    };
    Ok(applied.map(|applied| Deployed { name: TUTORIAL_STACK.to_owned(), applied }).into_iter().collect())
}

/// Passes the server's address to a template with a parameter for it.
fn endpoint_parameter(template: &Template, endpoint: &str) -> Map<String, Value> {
    let asks = template.parameters().any(|name| name == "Endpoint");
    asks.then(|| ("Endpoint".to_owned(), json!(endpoint))).into_iter().collect()
}

/// The file's name without its extension as a stack name: letters, digits and `-`. A file that is called `template`, as in most
/// projects, gives it the name of its folder: two projects are two stacks.
pub fn stack_name(path: &Path) -> String {
    let name = |name: &OsStr| name.to_str().map(str::to_owned);
    let folder = || std::path::absolute(path).ok()?.parent()?.file_name().and_then(name);
    let stem = path.file_stem().and_then(name).unwrap_or_else(|| "stack".to_owned());
    let stem = if stem == "template" { folder().unwrap_or(stem) } else { stem };
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("stack-{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_called_as_their_files_or_their_projects() {
        for (path, name) in [
            ("/home/me/shop/api.yaml", "api"),
            ("/home/me/shop/template.yaml", "shop"),
            ("/home/me/my shop/template.json", "my-shop"),
            ("/home/me/2shop/template.yml", "stack-2shop"),
            ("/home/me/shop/my template.yaml", "my-template"),
            ("/template.yaml", "template"),
        ] {
            assert_eq!(stack_name(Path::new(path)), name, "{path}");
        }
        let here = std::env::current_dir().unwrap();
        let here = here.file_name().unwrap().to_str().unwrap();
        assert_eq!(stack_name(Path::new("template.yaml")), here);
    }
}
