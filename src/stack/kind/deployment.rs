//! `AWS::ApiGateway::Deployment`.

use serde_json::{Map, Value, json};

use super::stage::{CANARY, changes, observed, settings};
use super::{
    Attributes, Kind, OperationError, Operations, Properties, Row, call, is_missing, name_of, one, patches,
    renamed, retag, tag_map, text,
};
use crate::id::Region;

/// A snapshot of a REST API.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::Deployment",
    properties: &["RestApiId", "Description", "StageName", "StageDescription", "DeploymentCanarySettings"],
    identity: &["RestApiId"],
    create: |operations, naming, properties| Box::pin(create(operations, &naming.home.region, properties)),
    delete: |operations, made, properties| {
        Box::pin(async move {
            delete_stage(operations, made, properties).await?;
            let input = json!({ "restApiId": properties.get("RestApiId"), "deploymentId": made.reference });
            call(operations, "apigateway", "DeleteDeployment", input).await
        })
    },
    guess: |_| one("DeploymentId", "abc123"),
    replaces: |old, new| old != new,
    ..Row::PLAIN
};

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
    let served = ServedStage::before(operations, region, &Kind::Deployment, properties).await?;
    let made = call(operations, "apigateway", "CreateDeployment", input.into()).await?;
    let id = text(&made, "id").to_owned();
    let made = Attributes { attributes: [("DeploymentId".to_owned(), id.clone())].into(), reference: id };
    if let Some(stage) = description
        && let Err(error) = describe(operations, region, properties, stage).await
    {
        if let Some(served) = served {
            served.restore(operations, &made, properties).await?;
        }
        return Err(error);
    }
    Ok(made)
}

/// A stage as it was before a deployment was made for it.
#[derive(Clone, Debug)]
pub(crate) struct ServedStage {
    region: Region,
    /// What GetStage showed, if there was one.
    stage: Option<Value>,
}

impl ServedStage {
    /// As it is kept.
    pub(crate) fn to_map(&self) -> Map<String, Value> {
        let stage = self.stage.clone().unwrap_or(Value::Null);
        Map::from_iter([("region".to_owned(), json!(self.region.as_str())), ("stage".to_owned(), stage)])
    }

    /// What was kept.
    pub(crate) fn from_map(kept: &Map<String, Value>) -> Option<Self> {
        let region = Region::parse(kept.get("region")?.as_str()?)?;
        let stage = kept.get("stage").filter(|stage| !stage.is_null()).cloned();
        Some(Self { region, stage })
    }
}

impl ServedStage {
    /// Looks at the stage that a deployment with these properties is for; `None` if it is for no stage.
    pub(crate) async fn before(
        operations: &dyn Operations,
        region: &Region,
        kind: &Kind,
        properties: &Properties,
    ) -> Result<Option<Self>, OperationError> {
        if *kind != Kind::Deployment || !properties.contains_key("StageName") {
            return Ok(None);
        }
        let stage = match call(operations, "apigateway", "GetStage", address(properties)).await {
            Ok(stage) => Some(stage),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(error),
        };
        Ok(Some(Self { region: region.clone(), stage }))
    }

    /// Has the stage be what it was, or be gone where it was made for the deployment `made`, which goes, too.
    pub(crate) async fn restore(
        &self,
        operations: &dyn Operations,
        made: &Attributes,
        properties: &Properties,
    ) -> Result<(), OperationError> {
        let stage = address(properties);
        match &self.stage {
            None => match call(operations, "apigateway", "DeleteStage", stage.clone()).await {
                Err(error) if !is_missing(&error) => return Err(error),
                Ok(_) | Err(_) => {}
            },
            Some(before) => {
                let now = call(operations, "apigateway", "GetStage", stage.clone()).await?;
                let (now, before) = (observed(&now), observed(before));
                let changes = changes(&now, &before);
                if !changes.is_empty() {
                    let mut input = stage.clone();
                    input["patchOperations"] = changes.into();
                    call(operations, "apigateway", "UpdateStage", input).await?;
                }
                if let Some(arn) = stage_arn(&self.region, properties) {
                    retag(operations, &arn, &now, &before).await?;
                }
            }
        }
        let input = json!({ "restApiId": properties.get("RestApiId"), "deploymentId": made.reference });
        call(operations, "apigateway", "DeleteDeployment", input).await.map(drop)
    }
}

/// The stage that a deployment has by its own property goes with it, unless it serves another one by now.
async fn delete_stage(
    operations: &dyn Operations,
    made: &Attributes,
    properties: &Properties,
) -> Result<(), OperationError> {
    if !properties.contains_key("StageName") {
        return Ok(());
    }
    let gone = |error: OperationError| if is_missing(&error) { Ok(Value::Null) } else { Err(error) };
    let stage = call(operations, "apigateway", "GetStage", address(properties)).await.or_else(gone)?;
    if text(&stage, "deploymentId") == made.reference {
        call(operations, "apigateway", "DeleteStage", address(properties)).await.or_else(gone)?;
    }
    Ok(())
}

fn stage_arn(region: &Region, properties: &Properties) -> Option<String> {
    let (api, stage) = (name_of(properties, "RestApiId")?, name_of(properties, "StageName")?);
    Some(format!("arn:{}:apigateway:{region}::/restapis/{api}/stages/{stage}", region.partition()))
}

fn address(properties: &Properties) -> Value {
    json!({ "restApiId": properties.get("RestApiId"), "stageName": properties.get("StageName") })
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
    if !changes.is_empty() {
        let mut input = address(properties);
        input["patchOperations"] = changes.into();
        call(operations, "apigateway", "UpdateStage", input).await?;
    }
    if let (Some(tags), Some(arn)) = (tag_map(stage), stage_arn(region, properties)) {
        call(operations, "apigateway", "TagResource", json!({ "resourceArn": arn, "tags": tags })).await?;
    }
    Ok(())
}
