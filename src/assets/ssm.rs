//! AWS Systems Manager's parameters: the table of operations.
//!
//! See <https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html>. A parameter has its newest version
//! alone, and no labels.

mod parameters;
mod shapes;
mod tables;
mod tags;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use self::tables::VALUES;
use crate::clock::Clock;
use crate::id::AccountRegion;
use crate::store::{self, SealedColumn, Store};
use crate::wire::{
    Code, Handler, JsonNames, Operation, Permission, Protocol, Registration, Route, Service, Special,
    Structure, handler,
};

/// The columns that are encrypted.
pub const SEALED: &[&SealedColumn] = &[&VALUES];

/// The parameters of all accounts. Clones share everything.
#[derive(Clone)]
pub struct Parameters {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameters")
    }
}

impl Parameters {
    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// Any [`store::Error`].
    pub fn migrate(store: &Store) -> Result<(), store::Error> {
        store.migrate("ssm", tables::STEPS)?;
        store.declare(tables::RECORDS)
    }

    /// Opens the tables in `store`. Blocks.
    ///
    /// # Errors
    /// Any [`store::Error`].
    pub fn open(store: Store, clock: Arc<dyn Clock>) -> Result<Self, store::Error> {
        Self::migrate(&store)?;
        Ok(Self { store, clock })
    }
}

/// AWS Systems Manager, 2014-11-06, as far as it is about parameters.
pub static SERVICE: Service = Service {
    name: "ssm",
    protocol: Protocol::Json11(JsonNames { target_prefix: "AmazonSSM", error_namespace: "" }),
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special { violation: Code::Validation, ..Special::NONE },
};

/// The service on `parameters`.
pub fn service(parameters: Parameters) -> Registration {
    SERVICE.on(parameters)
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

static OPERATIONS: &[Operation] = &[
    row("AddTagsToResource", &shapes::ADD_TAGS, handler!(tags::add)),
    row("DeleteParameter", &shapes::DELETE_PARAMETER, handler!(parameters::delete)),
    row("DeleteParameters", &shapes::DELETE_PARAMETERS, handler!(parameters::delete_many)),
    row("DescribeParameters", &shapes::DESCRIBE_PARAMETERS, handler!(parameters::describe)),
    row("GetParameter", &shapes::GET_PARAMETER, handler!(parameters::get)),
    row("GetParameterHistory", &shapes::NOTHING, Handler::Unsupported),
    row("GetParameters", &shapes::GET_PARAMETERS, handler!(parameters::get_many)),
    row("GetParametersByPath", &shapes::GET_PARAMETERS_BY_PATH, handler!(parameters::by_path)),
    row("LabelParameterVersion", &shapes::NOTHING, Handler::Unsupported),
    row("ListTagsForResource", &shapes::LIST_TAGS, handler!(tags::list)),
    row("PutParameter", &shapes::PUT_PARAMETER, handler!(parameters::put)),
    row("RemoveTagsFromResource", &shapes::REMOVE_TAGS, handler!(tags::remove)),
    row("UnlabelParameterVersion", &shapes::NOTHING, Handler::Unsupported),
];

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    if operation.name == "DescribeParameters" {
        return vec![Permission::to(operation, None)];
    }
    let one = text("Name").or_else(|| text("Path")).or_else(|| text("ResourceId"));
    let many = input.get("Names").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many).map(|name| Permission::to(operation, Some(arn(home, name)))).collect()
}

/// The ARN of a parameter, which may be named by it.
fn arn(home: &AccountRegion, name: &str) -> String {
    let name = parameters::Named::parse(name).name;
    let slash = if name.starts_with('/') { "" } else { "/" };
    let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
    format!("arn:{partition}:ssm:{region}:{account}:parameter{slash}{name}")
}
