//! `AWS::ApiGateway::Deployment`.

use serde_json::Value;

use super::{Attributes, OperationError, Operations, Properties, call, renamed, text};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [("RestApiId", "restApiId"), ("Description", "description"), ("StageName", "stageName")];
    let mut input = renamed(properties, &members);
    if let Some(stage) = properties.get("StageDescription").and_then(Value::as_object) {
        let members = [
            ("Description", "stageDescription"),
            ("Variables", "variables"),
            ("TracingEnabled", "tracingEnabled"),
        ];
        input.extend(renamed(stage, &members));
    }
    let made = call(operations, "apigateway", "CreateDeployment", input.into()).await?;
    let id = text(&made, "id").to_owned();
    Ok(Attributes { attributes: [("DeploymentId".to_owned(), id.clone())].into(), reference: id })
}
