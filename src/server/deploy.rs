//! Deploys at start: the configured templates, or the tutorial into a new data directory.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::error::Error;
use super::options::{Deploy, TUTORIAL_STACK, TUTORIAL_TEMPLATE};
use crate::stack::{Applied, Stacks, Template};

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
        let template = Template::parse(&text).map_err(failed)?;
        let parameters = endpoint_parameter(&template, endpoint);
        let applied = stacks.apply(&name, &template, &parameters).await.map_err(failed)?;
        deployed.push(Deployed { name, applied });
    }
    Ok(deployed)
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

/// The file's name without its extension as a stack name: letters, digits and `-`.
pub fn stack_name(path: &Path) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("stack");
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("stack-{name}") }
}
