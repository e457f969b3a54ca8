//! `AWS::StepFunctions::StateMachineAlias`.
//!
//! AWS shifts an alias with a `DeploymentPreference` of `LINEAR` or `CANARY` little by little while the stack waits, and
//! back when an alarm says so. There are no alarms here and nobody wants to wait: the new version takes over at once,
//! and the warnings say so.

use serde_json::{Map, Value, json};

use super::{
    Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of, one, renamed,
    states_arn, text,
};

/// A name for one or two versions of a state machine.
pub(super) static ROW: Row = Row {
    type_name: "AWS::StepFunctions::StateMachineAlias",
    properties: &["Name", "Description", "RoutingConfiguration", "DeploymentPreference"],
    identity: &["Name"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, _, new| Box::pin(update(operations, made, new)),
    delete: |operations, made, _| {
        Box::pin(async move {
            let input = json!({ "stateMachineAliasArn": made.reference });
            call(operations, "states", "DeleteStateMachineAlias", input).await
        })
    },
    guess: |id| one("Arn", &format!("{}:alias", states_arn("stateMachine", id))),
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name_of(properties, "Name").unwrap_or_else(|| naming.generated(80));
    let mut input = configuration(properties);
    input.insert("name".to_owned(), json!(name));
    let made = call(operations, "states", "CreateStateMachineAlias", input.into()).await?;
    let arn = text(&made, "stateMachineAliasArn").to_owned();
    Ok(Attributes { attributes: [("Arn".to_owned(), arn.clone())].into(), reference: arn })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let mut input = configuration(new);
    input.entry("description").or_insert_with(|| json!(""));
    input.insert("stateMachineAliasArn".to_owned(), json!(made.reference));
    call(operations, "states", "UpdateStateMachineAlias", input.into()).await?;
    Ok(Updated::InPlace(made.clone()))
}

fn configuration(properties: &Properties) -> Map<String, Value> {
    let mut input = renamed(properties, &[("Description", "description")]);
    let members = [("StateMachineVersionArn", "stateMachineVersionArn"), ("Weight", "weight")];
    let routes = properties.get("RoutingConfiguration").and_then(Value::as_array);
    let routes: Option<Vec<Value>> = routes.map(|routes| {
        routes.iter().filter_map(Value::as_object).map(|route| renamed(route, &members).into()).collect()
    });
    let preferred = properties.get("DeploymentPreference").and_then(|it| it.get("StateMachineVersionArn"));
    let all = preferred.map(|version| vec![json!({ "stateMachineVersionArn": version, "weight": 100 })]);
    input.extend(routes.or(all).map(|routes| ("routingConfiguration".to_owned(), routes.into())));
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(properties: Value, want: Value) {
        assert_eq!(Value::Object(configuration(properties.as_object().unwrap())), want);
    }

    #[test]
    fn routes_are_given_or_follow_the_preferred_version() {
        check(
            json!({"Description": "d", "RoutingConfiguration": [{"StateMachineVersionArn": "v", "Weight": "100"}]}),
            json!({"description": "d", "routingConfiguration": [{"stateMachineVersionArn": "v", "weight": "100"}]}),
        );
        check(
            json!({"DeploymentPreference": {"StateMachineVersionArn": "v", "Type": "ALL_AT_ONCE"}}),
            json!({"routingConfiguration": [{"stateMachineVersionArn": "v", "weight": 100}]}),
        );
    }
}
