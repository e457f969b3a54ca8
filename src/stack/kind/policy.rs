//! `AWS::IAM::Policy`: one document, kept with each of its roles, users and groups.

use serde_json::Value;

use super::holder::{GROUP, Holder, ROLE, USER, names};
use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated};

/// A policy of some roles, users and groups.
pub(super) static ROW: Row = Row {
    type_name: "AWS::IAM::Policy",
    properties: &["PolicyName", "PolicyDocument", "Roles", "Users", "Groups"],
    identity: &["PolicyName"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, _, properties| Box::pin(delete(operations, properties)),
    ..Row::PLAIN
};

/// The properties that list who has it.
static HOLDERS: [(&str, &Holder); 3] = [("Roles", &ROLE), ("Users", &USER), ("Groups", &GROUP)];

pub(super) async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    if let Err(error) = put(operations, properties).await {
        delete(operations, properties).await?;
        return Err(error);
    }
    Ok(Attributes { reference: naming.generated(128), attributes: [].into() })
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    put(operations, new).await?;
    remove(operations, old, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

pub(super) async fn delete(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Value, OperationError> {
    remove(operations, properties, &Properties::new()).await?;
    Ok(Value::Null)
}

async fn put(operations: &dyn Operations, properties: &Properties) -> Result<(), OperationError> {
    let (policy, document) = (properties.get("PolicyName"), properties.get("PolicyDocument"));
    for (property, holder) in HOLDERS {
        for name in names(properties, property) {
            holder.put(operations, name, policy, document).await?;
        }
    }
    Ok(())
}

/// Takes the policy from those that `new` doesn't list. They may have gone before it.
async fn remove(
    operations: &dyn Operations,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    for (property, holder) in HOLDERS {
        let kept = names(new, property);
        for name in names(old, property).into_iter().filter(|name| !kept.contains(name)) {
            holder.remove(operations, name, old.get("PolicyName")).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::super::super::operations::OperationFuture;
    use super::*;
    use crate::id::{AccountId, AccountRegion, Region};

    /// Takes every call down; roles named `Gone` are not there.
    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    impl Operations for Recorder {
        fn input(&self, _: &str, _: &str) -> Option<&'static crate::wire::Structure> {
            None
        }

        fn call<'a>(&'a self, _: &'static str, operation: &'static str, input: Value) -> OperationFuture<'a> {
            let role = input["RoleName"].as_str().unwrap().to_owned();
            self.0
                .lock()
                .unwrap()
                .push(format!("{operation} {role} {}", input["PolicyName"].as_str().unwrap()));
            Box::pin(async move {
                let missing =
                    || OperationError { operation, code: "NoSuchEntity".into(), message: role.clone() };
                if role == "Gone" { Err(missing()) } else { Ok(Value::Null) }
            })
        }
    }

    fn policy(roles: Value) -> Properties {
        let policy = json!({ "PolicyName": "P", "PolicyDocument": {"Statement": []}, "Roles": roles });
        policy.as_object().unwrap().clone()
    }

    #[tokio::test]
    async fn roles_get_and_lose_the_policy_with_its_list() {
        let recorder = Recorder::default();
        let made = Attributes { reference: "P".into(), attributes: [].into() };
        let (old, new) = (policy(json!(["A", "B", "Gone"])), policy(json!(["B", "C"])));
        assert!(update(&recorder, &made, &old, &new).await.is_ok());
        assert!(delete(&recorder, &new).await.is_ok());
        let calls = recorder.0.into_inner().unwrap();
        let wanted = [
            "PutRolePolicy B P",
            "PutRolePolicy C P",
            "DeleteRolePolicy A P",
            "DeleteRolePolicy Gone P",
            "DeleteRolePolicy B P",
            "DeleteRolePolicy C P",
        ];
        assert_eq!(calls, wanted);
    }

    #[tokio::test]
    async fn a_policy_half_made_is_taken_back() {
        let recorder = Recorder::default();
        let region = Region::parse("us-east-1").unwrap();
        let home = AccountRegion { account: AccountId::parse("123456789012").unwrap(), region };
        let naming =
            Naming { home: &home, stack: "s", logical_id: "P", suffix: "X".into(), is_resumed: false };
        assert!(create(&recorder, &naming, &policy(json!(["A", "Gone"]))).await.is_err());
        let calls = recorder.0.into_inner().unwrap();
        assert_eq!(calls[2..], ["DeleteRolePolicy A P", "DeleteRolePolicy Gone P"]);
    }
}
