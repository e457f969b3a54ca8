//! Resource policies of layers' versions: who else may have one.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html>. Functions here take layers of their
//! own account alone, so a policy is kept and shown, and lets nobody in.

use serde_json::{Value, json};

use super::Functions;
use super::permissions::POLICY_BYTES_MAX;
use crate::functions::error::Error;
use crate::functions::model::{LayerPermission, LayerVersion, layer_arn};
use crate::functions::tables;
use crate::id::AccountRegion;

impl Functions {
    /// Adds a permission; answers its statement and the policy's revision.
    pub async fn add_layer_permission(
        &self,
        home: &AccountRegion,
        name: &str,
        version: u64,
        permission: LayerPermission,
        revision_id: Option<String>,
    ) -> Result<(Value, String), Error> {
        let arn = version_arn(home, name, version);
        let new_revision = self.inner.ids.uuid().to_string();
        self.change_layer(home, name, version, move |layer| {
            check_revision(layer, revision_id.as_deref())?;
            let id = &permission.statement_id;
            if layer.policy.statements.iter().any(|other| other.statement_id == *id) {
                return Err(Error::Conflict(format!(
                    "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the \
                     existing statement."
                )));
            }
            let statement = statement(&permission, &arn);
            layer.policy.statements.push(permission.clone());
            layer.policy.revision_id = new_revision.clone();
            let length = document(layer, &arn).to_string().len();
            if POLICY_BYTES_MAX < length {
                return Err(Error::PolicyLength(length));
            }
            Ok((statement, new_revision.clone()))
        })
        .await
    }

    /// Removes a permission.
    pub async fn remove_layer_permission(
        &self,
        home: &AccountRegion,
        name: &str,
        version: u64,
        statement_id: String,
        revision_id: Option<String>,
    ) -> Result<(), Error> {
        let new_revision = self.inner.ids.uuid().to_string();
        self.change_layer(home, name, version, move |layer| {
            check_revision(layer, revision_id.as_deref())?;
            let before = layer.policy.statements.len();
            layer.policy.statements.retain(|statement| statement.statement_id != statement_id);
            if layer.policy.statements.len() == before {
                return Err(Error::NotFound(format!(
                    "Statement {statement_id} is not found in resource policy."
                )));
            }
            layer.policy.revision_id = new_revision.clone();
            Ok(())
        })
        .await
    }

    /// The policy and its revision.
    pub async fn layer_policy(
        &self,
        home: &AccountRegion,
        name: &str,
        version: u64,
    ) -> Result<(Value, String), Error> {
        let layer = self.layer(home, name, version).await?;
        if layer.policy.statements.is_empty() {
            return Err(Error::NotFound("No policy is associated with the given resource.".to_owned()));
        }
        let document = document(&layer, &version_arn(home, name, version));
        Ok((document, layer.policy.revision_id))
    }

    async fn change_layer<T: Send + 'static>(
        &self,
        home: &AccountRegion,
        name: &str,
        version: u64,
        job: impl Fn(&mut LayerVersion) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (home, name) = (home.clone(), name.to_owned());
        let write = self.inner.store.write(move |tx| {
            let missing = || {
                Error::NotFound(format!(
                    "Layer version {} does not exist.",
                    version_arn(&home, &name, version)
                ))
            };
            let mut layer = tables::layer(tx, &home, &name, version)?.ok_or_else(missing)?;
            let done = job(&mut layer)?;
            tables::replace_layer(tx, &home, &layer)?;
            Ok(done)
        });
        write.await
    }
}

fn version_arn(home: &AccountRegion, name: &str, version: u64) -> String {
    format!("{}:{version}", layer_arn(home, name))
}

fn check_revision(layer: &LayerVersion, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != layer.policy.revision_id => Err(Error::Revision),
        Some(_) | None => Ok(()),
    }
}

fn document(layer: &LayerVersion, arn: &str) -> Value {
    let statements: Vec<Value> = layer.policy.statements.iter().map(|of| statement(of, arn)).collect();
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements})
}

fn statement(of: &LayerPermission, arn: &str) -> Value {
    let principal = match of.principal.as_str() {
        "*" => json!("*"),
        arn if arn.starts_with("arn:") => json!({"AWS": arn}),
        account => json!({"AWS": format!("arn:aws:iam::{account}:root")}),
    };
    let mut statement = json!({
        "Sid": of.statement_id, "Effect": "Allow", "Principal": principal, "Action": of.action, "Resource": arn
    });
    if let Some(organization) = &of.organization_id {
        statement["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": organization}});
    }
    statement
}
