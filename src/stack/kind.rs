//! The resource types there are: for each its properties, and how it is made, changed and removed.

mod access_key;
mod account;
mod activity;
mod api_key;
mod api_resource;
mod authorizer;
mod base_path_mapping;
mod bucket;
mod cdk_metadata;
mod client_certificate;
mod custom_resource;
mod deployment;
mod documentation_part;
mod documentation_version;
mod domain_name;
mod event_invoke_config;
mod event_source_mapping;
mod function;
mod function_alias;
mod function_permission;
mod function_url;
mod function_version;
mod gateway_response;
mod group;
mod holder;
mod identity_pool;
mod instance_profile;
mod layer_version;
mod layer_version_permission;
mod leftover;
mod live;
mod log_group;
mod log_stream;
mod managed_policy;
mod method;
mod model;
mod nested_stack;
mod policy;
mod private_domain_name;
mod repository;
mod request_validator;
mod rest_api;
mod role;
mod ssm_parameter;
mod stage;
mod state_machine;
mod state_machine_alias;
mod state_machine_version;
mod tagging;
mod unknown;
mod usage_plan;
mod usage_plan_key;
mod user;
mod user_pool;
mod user_pool_client;
mod user_pool_group;
mod user_pool_user;
mod vpc_link;
mod wait_condition;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::dynamic;
use super::intrinsic::{ANY, Attributes};
use super::lenient;
use super::operations::{OperationError, Operations};
use crate::id::{AccountRegion, Region};

use self::tagging::{retag, retag_in_states, tag_list, tag_map};

pub(super) use custom_resource::{SERVICE_TOKEN, wait_seconds};
pub(super) use deployment::ServedStage;
pub(super) use function::PACKED;
pub(super) use leftover::Interrupted;
pub(super) use live::{Live, live};
pub(super) use state_machine::{definition, live as live_state_machine, substituted};
pub(super) use wait_condition::Wait;

/// A resource's properties with all functions resolved, named as the template names them.
pub(super) type Properties = Map<String, Value>;

/// A step of making, changing or removing a resource.
type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, OperationError>> + Send + 'a>>;

/// What a resource would answer to `Ref`, and to `Fn::GetAtt` by the attribute's name.
type Guess = (String, Vec<(&'static str, String)>);

/// All there is to know about a resource type: one row, in its own file.
pub(super) struct Row {
    /// The name in templates.
    type_name: &'static str,
    /// The properties that are honoured; any other is refused.
    properties: &'static [&'static str],
    /// Whether any other property is taken, too, because somebody else honours them.
    is_open: bool,
    /// How its resources are made, if not by operations alone.
    made_by: MadeBy,
    /// Properties that make another thing of the resource: when one changes, it is replaced.
    identity: &'static [&'static str],
    /// Whether other changes do, too.
    replaces: fn(&Properties, &Properties) -> bool,
    /// Whether it is a part of an API that reaches its stages only through a deployment.
    is_deployed: bool,
    create: for<'a> fn(&'a dyn Operations, &'a Naming<'a>, &'a Properties) -> Step<'a, Attributes>,
    /// With what was made, and the old and new properties.
    update:
        for<'a> fn(&'a dyn Operations, &'a Attributes, &'a Properties, &'a Properties) -> Step<'a, Updated>,
    /// That the resource is already gone is no failure of it.
    delete: for<'a> fn(&'a dyn Operations, &'a Attributes, &'a Properties) -> Step<'a, Value>,
    /// The path in the ARN of what can be tagged after it was made, if API Gateway keeps its tags.
    tagged: fn(&str, &Properties) -> Option<String>,
    /// What the resource of this logical id would answer, in the right form, before it is made.
    guess: fn(&str) -> Guess,
}

impl Row {
    /// What most types have in common.
    const PLAIN: Self = Self {
        type_name: "",
        properties: &[],
        is_open: false,
        made_by: MadeBy::Operations,
        identity: &[],
        replaces: |_, _| false,
        is_deployed: false,
        create: |_, _, _| Box::pin(std::future::ready(Ok(Attributes::default()))),
        update: |_, _, _, _| Box::pin(std::future::ready(Ok(Updated::Replace))),
        delete: |_, _, _| Box::pin(std::future::ready(Ok(Value::Null))),
        tagged: |_, _| None,
        guess: |id| (id.to_owned(), Vec::new()),
    };
}

/// Guesses a resource that answers its id to `Ref` and to one attribute.
fn one(name: &'static str, id: &str) -> Guess {
    (id.to_owned(), vec![(name, id.to_owned())])
}

/// The ARN of something of Step Functions called `id`.
fn states_arn(kind: &str, id: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:{kind}:{id}")
}

/// Who makes the resources of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MadeBy {
    /// The operations that the type's row calls.
    Operations,
    /// A function of the template's author.
    Function,
    /// Whoever signals this server.
    Signals,
    /// Its resources are stacks.
    Stacks,
    /// Nobody here: the type isn't known, and the settings say where it is made, or to go on without it.
    Nobody,
}

/// A resource type.
#[derive(Clone)]
pub struct Kind {
    row: &'static Row,
    /// The name in the template, where many types share a row.
    name: Option<Arc<str>>,
}

/// How custom resources' own types begin.
const CUSTOM: &str = "Custom::";
/// How the types of what isn't made here are stored: it was skipped, or is elsewhere.
const SKIPPED: &str = "skipped:";

/// What an update came to.
pub(super) enum Updated {
    /// The resource was changed where it is.
    InPlace(Attributes),
    /// Another one has taken its place, and the old one is removed.
    Replaced(Attributes),
    /// The resource can't be changed like this: a new one takes its place and the old one is removed.
    Replace,
}

/// The names that a resource gets where its template gives it none.
pub(super) struct Naming<'a> {
    /// Where everything is made.
    pub(super) home: &'a AccountRegion,
    pub(super) stack: &'a str,
    pub(super) logical_id: &'a str,
    pub(super) suffix: String,
    /// Whether the step that makes the resource was begun before: what is there may be its own.
    pub(super) is_resumed: bool,
}

impl Naming<'_> {
    /// `stack-LogicalId-SUFFIX`, as CloudFormation names what has no name; at most `max` characters.
    pub(super) fn generated(&self, max: usize) -> String {
        let name = format!("{}-{}-{}", self.stack, self.logical_id, self.suffix);
        let skip = name.chars().count().saturating_sub(max);
        name.chars().skip(skip).collect()
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.row.made_by == other.row.made_by && self.type_name() == other.type_name()
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name())
    }
}

/// The types that others refer to.
#[allow(non_upper_case_globals, reason = "named as CloudFormation names them")]
impl Kind {
    pub(super) const Deployment: Self = Self::of(&deployment::ROW);
    pub(super) const Method: Self = Self::of(&method::ROW);
    pub(super) const RestApi: Self = Self::of(&rest_api::ROW);
    pub(super) const StateMachine: Self = Self::of(&state_machine::ROW);
    pub(super) const StateMachineAlias: Self = Self::of(&state_machine_alias::ROW);
}

impl Kind {
    /// Every supported type, in the order in which messages list them.
    pub const ALL: &[Self] = &[
        Self::of(&role::ROW),
        Self::of(&policy::ROW),
        Self::of(&managed_policy::ROW),
        Self::of(&user::ROW),
        Self::of(&group::ROW),
        Self::of(&group::ADDITION),
        Self::of(&access_key::ROW),
        Self::of(&instance_profile::ROW),
        Self::of(&state_machine::ROW),
        Self::of(&state_machine_version::ROW),
        Self::of(&state_machine_alias::ROW),
        Self::of(&activity::ROW),
        Self::of(&account::ROW),
        Self::of(&rest_api::ROW),
        Self::of(&api_resource::ROW),
        Self::of(&method::ROW),
        Self::of(&deployment::ROW),
        Self::of(&stage::ROW),
        Self::of(&model::ROW),
        Self::of(&request_validator::ROW),
        Self::of(&gateway_response::ROW),
        Self::of(&api_key::ROW),
        Self::of(&usage_plan::ROW),
        Self::of(&usage_plan_key::ROW),
        Self::of(&authorizer::ROW),
        Self::of(&domain_name::ROW),
        Self::of(&base_path_mapping::ROW),
        Self::of(&private_domain_name::ROW),
        Self::of(&private_domain_name::MAPPING),
        Self::of(&private_domain_name::ASSOCIATION),
        Self::of(&documentation_part::ROW),
        Self::of(&documentation_version::ROW),
        Self::of(&client_certificate::ROW),
        Self::of(&vpc_link::ROW),
        Self::of(&function::ROW),
        Self::of(&function_permission::ROW),
        Self::of(&function_version::ROW),
        Self::of(&function_alias::ROW),
        Self::of(&layer_version::ROW),
        Self::of(&layer_version_permission::ROW),
        Self::of(&event_invoke_config::ROW),
        Self::of(&event_source_mapping::ROW),
        Self::of(&function_url::ROW),
        Self::of(&user_pool::ROW),
        Self::of(&user_pool_client::ROW),
        Self::of(&user_pool_group::ROW),
        Self::of(&user_pool_user::ROW),
        Self::of(&user_pool_user::MEMBERSHIP),
        Self::of(&identity_pool::ROW),
        Self::of(&identity_pool::ROLES),
        Self::of(&bucket::ROW),
        Self::of(&bucket::POLICY),
        Self::of(&ssm_parameter::ROW),
        Self::of(&log_group::ROW),
        Self::of(&log_stream::ROW),
        Self::of(&wait_condition::HANDLE),
        Self::of(&wait_condition::ROW),
        Self::of(&repository::ROW),
        Self::of(&custom_resource::ROW),
        Self::of(&nested_stack::ROW),
        Self::of(&cdk_metadata::ROW),
    ];

    const fn of(row: &'static Row) -> Self {
        Self { row, name: None }
    }

    /// The type of this name, if it is supported.
    pub fn parse(type_name: &str) -> Option<Self> {
        if custom_resource::is_type(type_name) {
            return Some(Self { row: &custom_resource::ROW, name: Some(type_name.into()) });
        }
        Self::ALL.iter().find(|kind| kind.row.type_name == type_name).cloned()
    }

    /// A type that isn't known: its resources are skipped, or refused.
    pub(super) fn unknown(type_name: &str) -> Self {
        Self { row: &unknown::ROW, name: Some(type_name.into()) }
    }

    /// The name under which it is stored.
    pub(super) fn stored_name(&self) -> String {
        let prefix = if self.is_known() { "" } else { SKIPPED };
        format!("{prefix}{}", self.type_name())
    }

    /// The type that is stored under this name.
    pub(super) fn of_stored(name: &str) -> Option<Self> {
        name.strip_prefix(SKIPPED).map(Self::unknown).or_else(|| Self::parse(name))
    }

    /// Whether the type is supported.
    pub(super) fn is_known(&self) -> bool {
        self.row.made_by != MadeBy::Nobody
    }

    /// Who makes its resources.
    pub(super) const fn made_by(&self) -> MadeBy {
        self.row.made_by
    }

    /// The name in templates.
    pub fn type_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.row.type_name)
    }

    /// The properties that are honoured; any other is refused, unless [`is_open`](Self::is_open).
    pub const fn properties(&self) -> &'static [&'static str] {
        self.row.properties
    }

    /// Whether it takes any property.
    pub(super) const fn is_open(&self) -> bool {
        self.row.is_open
    }

    /// True for the parts of an API that reach its stages only through a deployment.
    pub(super) const fn is_deployed(&self) -> bool {
        self.row.is_deployed
    }

    /// What a resource would answer to `Ref` and `Fn::GetAtt`, in the right form.
    pub(super) fn guess(&self, logical_id: &str) -> Attributes {
        let (reference, attributes) = (self.row.guess)(logical_id);
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Attributes { reference, attributes }
    }

    pub(super) async fn create(
        &self,
        operations: &dyn Operations,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, OperationError> {
        let properties = dynamic::resolved(operations, properties).await?;
        (self.row.create)(operations, naming, &properties).await
    }

    pub(super) async fn update(
        &self,
        operations: &dyn Operations,
        region: &Region,
        made: &Attributes,
        old: &Properties,
        new: &Properties,
    ) -> Result<Updated, OperationError> {
        let updated = self.update_members(operations, made, old, new).await?;
        if let (Updated::InPlace(_), Some(path)) = (&updated, (self.row.tagged)(&made.reference, new)) {
            retag(operations, &format!("arn:{}:apigateway:{region}::{path}", region.partition()), old, new)
                .await?;
        }
        Ok(updated)
    }

    /// Whether a new resource has to take the place of one with the properties `old`.
    pub(super) fn must_replace(&self, old: &Properties, new: &Properties) -> bool {
        self.row.identity.iter().any(|property| old.get(*property) != new.get(*property))
            || (self.row.replaces)(old, new)
    }

    async fn update_members(
        &self,
        operations: &dyn Operations,
        made: &Attributes,
        old: &Properties,
        new: &Properties,
    ) -> Result<Updated, OperationError> {
        if self.must_replace(old, new) {
            return Ok(Updated::Replace);
        }
        let (was, new) =
            (dynamic::resolved(operations, old).await, dynamic::resolved(operations, new).await?);
        // What was read then may be gone.
        let old = was.unwrap_or_else(|_| old.clone());
        (self.row.update)(operations, made, &old, &new).await
    }

    /// Removes the resource; that it is already gone is no failure.
    pub(super) async fn delete(
        &self,
        operations: &dyn Operations,
        made: &Attributes,
        properties: &Properties,
    ) -> Result<(), OperationError> {
        let gone = (self.row.delete)(operations, made, properties).await;
        match gone {
            Err(error) if is_missing(&error) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Removes what a step that was interrupted may have made.
    pub(super) async fn remove_leftover(
        &self,
        operations: &dyn Operations,
        step: &Interrupted<'_>,
    ) -> Result<(), OperationError> {
        match leftover::find(self, operations, step).await? {
            Some(found) => self.delete(operations, &found, step.properties).await,
            None => Ok(()),
        }
    }

    /// The property that may name a folder of the template's.
    pub(super) fn package(&self) -> Option<&'static str> {
        match self.type_name() {
            "AWS::Lambda::Function" => Some("Code"),
            "AWS::Lambda::LayerVersion" => Some("Content"),
            _ => None,
        }
    }

    /// The property that may name a document of the template's.
    pub(super) fn document(&self) -> Option<&'static str> {
        match self.type_name() {
            "AWS::ApiGateway::RestApi" => Some("BodyS3Location"),
            "AWS::StepFunctions::StateMachine" => Some("DefinitionS3Location"),
            _ => None,
        }
    }

    /// Whether a resource made by an earlier version has all the attributes that it has today.
    pub(super) fn knows_attributes(&self, made: &Attributes) -> bool {
        *self != Self::StateMachine || made.attributes.contains_key("StateMachineRevisionId")
    }
}

fn is_missing(error: &OperationError) -> bool {
    const CODES: &[&str] = &[
        "NotFoundException",
        "NoSuchBucket",
        "NoSuchEntity",
        "ParameterNotFound",
        "StateMachineDoesNotExist",
        "ActivityDoesNotExist",
        "ResourceNotFoundException",
        "UserNotFoundException",
    ];
    CODES.contains(&error.code.as_str())
}

pub(super) async fn call(
    operations: &dyn Operations,
    service: &'static str,
    operation: &'static str,
    mut input: Value,
) -> Result<Value, OperationError> {
    if let Some(shape) = operations.input(service, operation) {
        lenient::fit(shape, &mut input);
    }
    operations.call(service, operation, input).await
}

/// Copies the properties that are given into an operation's input, under the operation's names.
fn renamed(properties: &Properties, names: &[(&str, &str)]) -> Map<String, Value> {
    let given =
        names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), properties.get(*from)?.clone())));
    given.collect()
}

/// The text of a property, which a template may write as a number.
fn name_of(properties: &Properties, property: &str) -> Option<String> {
    properties.get(property).filter(|value| !value.is_null()).map(|value| patch_value(Some(value)))
}

/// A PATCH that replaces what changed among `names` (property → patch path), values as strings.
fn patches(old: &Properties, new: &Properties, names: &[(&str, &str)]) -> Vec<Value> {
    let changed = names.iter().filter(|(property, _)| old.get(*property) != new.get(*property));
    changed
        .map(|(property, path)| json!({ "op": "replace", "path": path, "value": patch_value(new.get(*property)) }))
        .collect()
}

fn patch_value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A JSON pointer segment.
fn escape_pointer(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;

    #[test]
    fn type_names_round_trip() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.type_name()).as_ref(), Some(kind));
            let mut properties = kind.properties().to_vec();
            assert!(kind.row.identity.iter().all(|p| properties.contains(p)), "{kind:?}");
            properties.sort_unstable();
            properties.dedup();
            assert_eq!(properties.len(), kind.properties().len(), "{kind:?}");
        }
        assert_eq!(Kind::parse("AWS::Nope::Nope"), None);
        for kind in [Kind::unknown("AWS::Nope::Nope"), Kind::parse("Custom::Mine").unwrap()] {
            assert_eq!(Kind::of_stored(&kind.stored_name()).unwrap(), kind);
        }
        assert_ne!(Kind::unknown("AWS::S3::Bucket"), Kind::parse("AWS::S3::Bucket").unwrap());
    }

    #[test]
    fn generated_names_keep_their_random_end() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let naming = Naming {
            home: &home,
            stack: "a-long-stack-name",
            logical_id: "Role",
            suffix: "ABCDEF".into(),
            is_resumed: false,
        };
        assert_eq!(naming.generated(64), "a-long-stack-name-Role-ABCDEF");
        assert_eq!(naming.generated(11), "Role-ABCDEF");
    }
}
