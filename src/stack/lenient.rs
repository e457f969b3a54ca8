//! CloudFormation accepts strings for booleans and numbers, and numbers for strings, because template parameters have
//! no other types. Operations don't, so this converts inputs to their shapes, at any depth.

use serde_json::{Number, Value};

use crate::wire::{Shape, Structure};

/// Makes `value` fit the structure. What can't be made to fit stays as it is, for the operation to refuse.
pub(super) fn fit(shape: &Structure, value: &mut Value) {
    fit_members(shape, value);
}

fn fit_members(shape: &Structure, value: &mut Value) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        if let Some(member) = shape.member(name) {
            fit_value(&member.shape, value);
        }
    }
}

fn fit_value(shape: &Shape, value: &mut Value) {
    match (shape, &mut *value) {
        (Shape::Boolean, Value::String(text)) => {
            if let Some(truth) = truth(text) {
                *value = Value::Bool(truth);
            }
        }
        (Shape::Integer(_) | Shape::Long(_) | Shape::Float(_), Value::String(text)) => {
            // "1.0" is an integer, too; the operation's own check converts it.
            if let Ok(number) = serde_json::from_str::<Number>(text.trim()) {
                *value = Value::Number(number);
            }
        }
        (Shape::String(..) | Shape::ByteString(_) | Shape::Enum(_), Value::Bool(_) | Value::Number(_)) => {
            *value = Value::String(value.to_string());
        }
        (Shape::List(item, _), Value::Array(items)) => {
            items.iter_mut().for_each(|value| fit_value(item, value));
        }
        (Shape::Map(_, item, _), Value::Object(entries)) => {
            for value in entries.values_mut() {
                match (item, &*value) {
                    // A method's parameters are the only map of booleans. CloudFormation parses these as Java does, so
                    // anything other than "true" is false. Templates write values such as "'*'" there.
                    (Shape::Boolean, Value::String(text)) => {
                        *value = Value::Bool(truth(text).unwrap_or(false));
                    }
                    _ => fit_value(item, value),
                }
            }
        }
        (Shape::Structure(shape), Value::Object(_)) => fit_members(shape, value),
        _ => {}
    }
}

/// `true` and `false` in any case, and the other booleans of CloudFormation's YAML.
fn truth(text: &str) -> Option<bool> {
    [("true", true), ("false", false), ("yes", true), ("no", false), ("on", true), ("off", false)]
        .into_iter()
        .find(|(word, _)| text.eq_ignore_ascii_case(word))
        .map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::{apigateway, iam, states};

    fn check(service: &str, operation: &str, mut input: Value, want: Value) {
        let service =
            [&states::SERVICE, &apigateway::SERVICE, &iam::SERVICE].into_iter().find(|it| it.name == service);
        fit(service.unwrap().operation(operation).unwrap().input, &mut input);
        assert_eq!(input, want);
    }

    #[test]
    fn values_fit_their_shapes_wherever_they_stand() {
        check(
            "states",
            "CreateStateMachine",
            json!({
                "name": 12,
                "tracingConfiguration": {"enabled": "False"},
                "loggingConfiguration": {"includeExecutionData": "true", "level": "ALL"},
                "tags": [{"key": "a", "value": 1.5}],
            }),
            json!({
                "name": "12",
                "tracingConfiguration": {"enabled": false},
                "loggingConfiguration": {"includeExecutionData": true, "level": "ALL"},
                "tags": [{"key": "a", "value": "1.5"}],
            }),
        );
        check(
            "apigateway",
            "CreateStage",
            json!({"cacheClusterEnabled": "yes", "variables": {"debug": true, "port": 8080}, "stageName": "v1"}),
            json!({"cacheClusterEnabled": true, "variables": {"debug": "true", "port": "8080"}, "stageName": "v1"}),
        );
        check(
            "apigateway",
            "PutIntegration",
            json!({"timeoutInMillis": "29000"}),
            json!({"timeoutInMillis": 29000}),
        );
        check(
            "iam",
            "CreateRole",
            json!({"MaxSessionDuration": "3600"}),
            json!({"MaxSessionDuration": 3600}),
        );
    }

    #[test]
    fn a_map_of_booleans_takes_any_text() {
        let given = json!({"responseParameters": {"a": "'*'", "b": "TRUE", "c": true, "d": ""}});
        let want = json!({"responseParameters": {"a": false, "b": true, "c": true, "d": false}});
        check("apigateway", "PutMethodResponse", given, want);
    }

    #[test]
    fn what_does_not_fit_is_left_for_the_operation_to_refuse() {
        for (member, value) in [("minimumCompressionSize", "many"), ("disableExecuteApiEndpoint", "maybe")] {
            let input = json!({ member: value });
            check("apigateway", "CreateRestApi", input.clone(), input);
        }
    }
}
