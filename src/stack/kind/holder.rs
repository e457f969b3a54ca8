//! Policies of roles, users and groups, as their resources have them.

use serde_json::{Value, json};

use super::{OperationError, Operations, Properties, call, is_missing};

/// The operations of one kind.
pub(super) struct Holder {
    /// The member that names one.
    pub(super) member: &'static str,
    put: &'static str,
    delete: &'static str,
    attach: &'static str,
    detach: &'static str,
}

pub(super) static ROLE: Holder = Holder {
    member: "RoleName",
    put: "PutRolePolicy",
    delete: "DeleteRolePolicy",
    attach: "AttachRolePolicy",
    detach: "DetachRolePolicy",
};
pub(super) static USER: Holder = Holder {
    member: "UserName",
    put: "PutUserPolicy",
    delete: "DeleteUserPolicy",
    attach: "AttachUserPolicy",
    detach: "DetachUserPolicy",
};
pub(super) static GROUP: Holder = Holder {
    member: "GroupName",
    put: "PutGroupPolicy",
    delete: "DeleteGroupPolicy",
    attach: "AttachGroupPolicy",
    detach: "DetachGroupPolicy",
};

impl Holder {
    /// Gives it the policies of its properties.
    pub(super) async fn grant(
        &self,
        operations: &dyn Operations,
        name: &str,
        properties: &Properties,
    ) -> Result<(), OperationError> {
        for policy in list(properties, "Policies") {
            self.put(operations, name, policy.get("PolicyName"), policy.get("PolicyDocument")).await?;
        }
        for arn in list(properties, "ManagedPolicyArns") {
            self.attach(operations, name, arn).await?;
        }
        Ok(())
    }

    /// Takes those of `old` that `new` doesn't have. What both have is never missing.
    pub(super) async fn revoke(
        &self,
        operations: &dyn Operations,
        name: &str,
        old: &Properties,
        new: &Properties,
    ) -> Result<(), OperationError> {
        for policy in list(old, "Policies") {
            let named = policy.get("PolicyName");
            if !list(new, "Policies").any(|other| other.get("PolicyName") == named) {
                self.remove(operations, name, named).await?;
            }
        }
        for arn in list(old, "ManagedPolicyArns") {
            if !list(new, "ManagedPolicyArns").any(|other| other == arn) {
                self.detach(operations, name, arn).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn put(
        &self,
        operations: &dyn Operations,
        name: &str,
        policy: Option<&Value>,
        text: Option<&Value>,
    ) -> Result<(), OperationError> {
        let input = json!({self.member: name, "PolicyName": policy, "PolicyDocument": document(text)});
        call(operations, "iam", self.put, input).await.map(drop)
    }

    pub(super) async fn remove(
        &self,
        operations: &dyn Operations,
        name: &str,
        policy: Option<&Value>,
    ) -> Result<(), OperationError> {
        gone(call(operations, "iam", self.delete, json!({self.member: name, "PolicyName": policy})).await)
    }

    pub(super) async fn attach(
        &self,
        operations: &dyn Operations,
        name: &str,
        arn: &Value,
    ) -> Result<(), OperationError> {
        call(operations, "iam", self.attach, json!({self.member: name, "PolicyArn": arn})).await.map(drop)
    }

    pub(super) async fn detach(
        &self,
        operations: &dyn Operations,
        name: &str,
        arn: &Value,
    ) -> Result<(), OperationError> {
        gone(call(operations, "iam", self.detach, json!({self.member: name, "PolicyArn": arn})).await)
    }
}

/// That something is gone already is no failure of removing it.
pub(super) fn gone(result: Result<Value, OperationError>) -> Result<(), OperationError> {
    match result {
        Err(error) if is_missing(&error) => Ok(()),
        other => other.map(drop),
    }
}

pub(super) fn list<'a>(properties: &'a Properties, name: &str) -> impl Iterator<Item = &'a Value> {
    properties.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// The texts of a list.
pub(super) fn names<'a>(properties: &'a Properties, name: &str) -> Vec<&'a str> {
    list(properties, name).filter_map(Value::as_str).collect()
}

/// IAM takes policies as text; a template holds them as objects.
pub(super) fn document(value: Option<&Value>) -> Value {
    match value {
        None | Some(Value::Null) => Value::Null,
        Some(Value::String(text)) => Value::String(text.clone()),
        Some(other) => Value::String(other.to_string()),
    }
}
