//! `AWS::ApiGateway::Deployment`.

use serde_json::{Map, Value, json};

use super::stage::{CANARY, settings};
use super::{Attributes, OperationError, Operations, Properties, call, patches, renamed, tag_map, text};
use crate::id::Region;

pub(super) async fn create(
    operations: &dyn Operations,
    region: &Region,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [("RestApiId", "restApiId"), ("Description", "description"), ("StageName", "stageName")];
    let mut input = renamed(properties, &members);
    let description = properties.get("StageDescription").and_then(Value::as_object);
    if let Some(stage) = description {
        let members = [
            ("Description", "stageDescription"),
            ("Variables", "variables"),
            ("TracingEnabled", "tracingEnabled"),
            ("CacheClusterEnabled", "cacheClusterEnabled"),
            ("CacheClusterSize", "cacheClusterSize"),
        ];
        input.extend(renamed(stage, &members));
    }
    if let Some(canary) = properties.get("DeploymentCanarySettings").and_then(Value::as_object) {
        input.insert("canarySettings".to_owned(), renamed(canary, CANARY).into());
    }
    let served = served(operations, properties).await?;
    let made = call(operations, "apigateway", "CreateDeployment", input.into()).await?;
    let id = text(&made, "id").to_owned();
    if let Some(stage) = description
        && let Err(error) = describe(operations, region, properties, stage).await
    {
        take_back(operations, properties, &id, served).await?;
        return Err(error);
    }
    Ok(Attributes { attributes: [("DeploymentId".to_owned(), id.clone())].into(), reference: id })
}

/// Which deployment the stage serves that the new one is for, if there is such a stage.
async fn served(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Option<String>, OperationError> {
    let Some(stage) = properties.get("StageName") else { return Ok(None) };
    let input = json!({ "restApiId": properties.get("RestApiId"), "stageName": stage });
    match call(operations, "apigateway", "GetStage", input).await {
        Ok(stage) => Ok(Some(text(&stage, "deploymentId").to_owned())),
        Err(error) if error.code == "NotFoundException" => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives the stage what its description says and CreateDeployment has no member for.
async fn describe(
    operations: &dyn Operations,
    region: &Region,
    properties: &Properties,
    stage: &Properties,
) -> Result<(), OperationError> {
    let mut changes = settings(&Map::new(), stage);
    changes.extend(patches(&Map::new(), stage, &[("DocumentationVersion", "/documentationVersion")]));
    let (api, name) = (properties.get("RestApiId"), properties.get("StageName"));
    if !changes.is_empty() {
        let input = json!({ "restApiId": api, "stageName": name, "patchOperations": changes });
        call(operations, "apigateway", "UpdateStage", input).await?;
    }
    if let (Some(tags), Some(Value::String(api)), Some(Value::String(name))) = (tag_map(stage), api, name) {
        let arn = format!("arn:aws:apigateway:{region}::/restapis/{api}/stages/{name}");
        call(operations, "apigateway", "TagResource", json!({ "resourceArn": arn, "tags": tags })).await?;
    }
    Ok(())
}

/// Has the stage serve what it served, or be gone where it was made for the deployment, which goes, too.
async fn take_back(
    operations: &dyn Operations,
    properties: &Properties,
    id: &str,
    served: Option<String>,
) -> Result<(), OperationError> {
    let api = properties.get("RestApiId");
    let mut stage = json!({ "restApiId": api, "stageName": properties.get("StageName") });
    let operation = match served {
        None => "DeleteStage",
        Some(before) => {
            let back = json!({ "op": "replace", "path": "/deploymentId", "value": before });
            stage["patchOperations"] = json!([back]);
            "UpdateStage"
        }
    };
    call(operations, "apigateway", operation, stage).await?;
    let input = json!({ "restApiId": api, "deploymentId": id });
    call(operations, "apigateway", "DeleteDeployment", input).await.map(drop)
}
