//! Resources of services that live elsewhere: at the endpoints of the settings. They are made through Cloud Control where
//! that endpoint has it, which knows any type, else through the service's own API, for the types of [`NATIVE`].

mod cloud_control;
mod events;
mod keys;
mod queues;
mod secrets;
mod streams;
mod tables;
mod topics;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::dynamic;
use super::intrinsic::Attributes;
use super::kind::{Kind, Naming, Properties, Updated};
use super::operations::{OperationError, Operations};
use super::unknown_types::UnknownTypes;
use crate::clock::{Clock, Timestamp};

/// What stacks may have besides the types of this server.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// What becomes of resources whose types are known nowhere.
    pub unknown_types: UnknownTypes,
    /// The services that have an endpoint in the settings.
    pub services: BTreeSet<String>,
    /// Whether all others have one, too.
    pub any_service: bool,
}

/// How resources of a type are made elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Way {
    by_cloud_control: bool,
    native: Option<&'static Native>,
}

/// The service that makes anything.
const CLOUD_CONTROL: &str = "cloudcontrolapi";
/// The attribute that says how a resource was made; no type has one of this name.
const MADE: &str = "[made]";
const NATIVELY: &str = "service";
/// How long something may take to become what it should be.
const WAIT_MAX: Duration = Duration::from_secs(1_800);
/// How long is waited before something is asked for again: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A type that is made by its own service's operations.
pub(super) struct Native {
    type_name: &'static str,
    /// Properties that make another thing of the resource: when one changes, it is replaced.
    identity: &'static [&'static str],
    create: for<'a> fn(&'a Place<'a>, &'a Naming<'a>, &'a Properties) -> Step<'a, Attributes>,
    /// With what was made, and the old and new properties.
    update: for<'a> fn(&'a Place<'a>, &'a Attributes, &'a Properties, &'a Properties) -> Step<'a, Attributes>,
    /// That the resource is already gone is no failure of it.
    delete: for<'a> fn(&'a Place<'a>, &'a Attributes, &'a Properties) -> Step<'a, ()>,
}

type Step<'a, T> = Pin<Box<dyn Future<Output = Result<T, OperationError>> + Send + 'a>>;

/// The types that are made so.
const NATIVE: &[&Native] = &[
    &tables::TABLE,
    &queues::QUEUE,
    &queues::POLICY,
    &topics::TOPIC,
    &topics::SUBSCRIPTION,
    &topics::POLICY,
    &events::RULE,
    &events::BUS,
    &streams::STREAM,
    &secrets::SECRET,
    &keys::KEY,
    &keys::ALIAS,
];

/// What is needed to make something elsewhere.
pub(super) struct Place<'a> {
    pub(super) operations: &'a dyn Operations,
    pub(super) clock: &'a dyn Clock,
}

/// Services whose names aren't in their types' names.
const SERVICES: &[(&str, &str)] = &[
    ("AmazonMQ", "mq"),
    ("ApplicationAutoScaling", "application-autoscaling"),
    ("CertificateManager", "acm"),
    ("CloudWatch", "monitoring"),
    ("DocDB", "rds"),
    ("EFS", "elasticfilesystem"),
    ("Elasticsearch", "es"),
    ("ElasticLoadBalancingV2", "elasticloadbalancing"),
    ("EventSchemas", "schemas"),
    ("KinesisFirehose", "firehose"),
    ("MSK", "kafka"),
    ("Neptune", "rds"),
    ("OpenSearchService", "es"),
    ("SES", "email"),
];

/// The services of this server: of their types, those that aren't here are nowhere.
const OWN: &[&str] = &[
    "ApiGateway",
    "CDK",
    "CloudFormation",
    "Cognito",
    "ECR",
    "IAM",
    "Lambda",
    "Logs",
    "S3",
    "SSM",
    "Serverless",
    "StepFunctions",
];

/// The service that a type belongs to, under the name that settings and signatures have; `None` if it is this server's, or
/// nobody's.
fn service_of(type_name: &str) -> Option<String> {
    let rest = type_name.strip_prefix("AWS::")?;
    let (service, _) = rest.split_once("::")?;
    let listed = SERVICES.iter().find(|(name, _)| *name == service);
    match OWN.contains(&service) {
        true => None,
        false => Some(listed.map_or_else(|| service.to_ascii_lowercase(), |(_, name)| (*name).to_owned())),
    }
}

fn native(type_name: &str) -> Option<&'static Native> {
    NATIVE.iter().find(|native| native.type_name == type_name).copied()
}

/// The types that are made by their own services' operations.
pub(super) fn native_types() -> impl Iterator<Item = &'static str> {
    NATIVE.iter().map(|native| native.type_name)
}

/// Whether a new resource has to take the place of one with the properties `old`, as far as that is known here.
pub(super) fn replaces(kind: &Kind, old: &Properties, new: &Properties) -> bool {
    kind.must_replace(old, new) || (!kind.is_known() && must_replace(kind.type_name(), old, new))
}

fn must_replace(type_name: &str, old: &Properties, new: &Properties) -> bool {
    let identity = native(type_name).map_or(&[][..], |native| native.identity);
    identity.iter().any(|property| old.get(*property) != new.get(*property))
}

impl Reach {
    /// How resources of this type are made elsewhere; `None` if they can't be.
    pub(super) fn way(&self, type_name: &str) -> Option<Way> {
        let service = service_of(type_name)?;
        let is_named = self.services.contains(&service);
        let native = native(type_name).filter(|_| is_named || self.any_service);
        // Who names a service's endpoint wants that one, which the Cloud Control of another may not.
        let is_only_named = is_named && native.is_some() && !self.services.contains(CLOUD_CONTROL);
        let by_cloud_control = !is_only_named && (self.any_service || self.services.contains(CLOUD_CONTROL));
        (by_cloud_control || native.is_some()).then_some(Way { by_cloud_control, native })
    }

    /// The setting that would let resources of this type be made; `None` if none would.
    pub(super) fn setting(&self, type_name: &str) -> Option<String> {
        let service = service_of(type_name)?;
        let name = if native(type_name).is_some() { &service } else { CLOUD_CONTROL };
        Some(format!("[services.{name}] endpoint, or [services] default"))
    }
}

impl Place<'_> {
    async fn call(
        &self,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, OperationError> {
        self.operations.call(service, operation, input).await
    }

    /// Asks until a service says that there is no such thing any more.
    async fn until_gone(
        &self,
        (service, operation): (&'static str, &'static str),
        input: Value,
        what: &str,
    ) -> Result<(), OperationError> {
        let mut waiting = self.waiting();
        loop {
            match self.call(service, operation, input.clone()).await {
                Err(error) if is_gone(&error) => return Ok(()),
                other => drop(other?),
            }
            waiting.pause(self, what).await?;
        }
    }

    /// For who asks again and again until something is as it should be.
    fn waiting(&self) -> Waiting {
        Waiting { end: self.clock.now() + WAIT_MAX, pause: PAUSE.0 }
    }
}

/// How a service is told tags of what it has.
struct Tagging {
    service: &'static str,
    /// The member that names what is tagged.
    of: &'static str,
    /// Which operations add and remove them.
    add: &'static str,
    remove: &'static str,
    /// How they are written.
    form: fn(&[(String, String)]) -> Value,
}

impl Tagging {
    /// As most services have it.
    const fn by_list(service: &'static str, of: &'static str) -> Self {
        Self { service, of, add: "TagResource", remove: "UntagResource", form: listed }
    }

    /// Adds and removes the tags of `id` that differ.
    async fn change(
        &self,
        place: &Place<'_>,
        id: &str,
        old: &Properties,
        new: &Properties,
    ) -> Result<(), OperationError> {
        let (added, gone) = retagged(old, new);
        if !gone.is_empty() {
            place.call(self.service, self.remove, json!({ self.of: id, "TagKeys": gone })).await?;
        }
        if !added.is_empty() {
            let tags = (self.form)(&added);
            place.call(self.service, self.add, json!({ self.of: id, "Tags": tags })).await?;
        }
        Ok(())
    }
}

/// A wait for something to become what it should be.
struct Waiting {
    end: Timestamp,
    pause: Duration,
}

impl Waiting {
    /// Waits before `what` is looked at again.
    async fn pause(&mut self, place: &Place<'_>, what: &str) -> Result<(), OperationError> {
        if self.end <= place.clock.now() {
            return Err(OperationError::said(format!("{what} did not become ready in half an hour")));
        }
        place.clock.sleep_until(place.clock.now() + self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE.1);
        Ok(())
    }
}

impl Way {
    /// Makes a resource.
    pub(super) async fn create(
        self,
        place: &Place<'_>,
        type_name: &str,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, OperationError> {
        let properties = dynamic::resolved(place.operations, properties).await?;
        if self.by_cloud_control {
            match cloud_control::create(place, type_name, naming, &properties).await {
                Err(error) if cloud_control::is_missing(&error) && self.native.is_some() => {}
                other => return other,
            }
        }
        let Some(native) = self.native else { return Err(OperationError::said("nobody makes this type")) };
        let mut made = (native.create)(place, naming, &properties).await?;
        made.attributes.insert(MADE.to_owned(), NATIVELY.to_owned());
        Ok(made)
    }
}

/// Whether a resource was made elsewhere.
pub(super) fn is_made(made: &Attributes) -> bool {
    made.attributes.contains_key(MADE)
}

fn is_native(made: &Attributes) -> bool {
    made.attributes.get(MADE).is_some_and(|made| made == NATIVELY)
}

/// Changes a resource that was made elsewhere.
pub(super) async fn update(
    place: &Place<'_>,
    type_name: &str,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if must_replace(type_name, old, new) {
        return Ok(Updated::Replace);
    }
    let (was, is) =
        (dynamic::resolved(place.operations, old).await, dynamic::resolved(place.operations, new).await?);
    // A value that is no longer there can't be compared with.
    let was = was.unwrap_or_else(|_| old.clone());
    match (is_native(made), native(type_name)) {
        (true, Some(native)) => {
            let mut changed = (native.update)(place, made, &was, &is).await?;
            changed.attributes.insert(MADE.to_owned(), NATIVELY.to_owned());
            Ok(Updated::InPlace(changed))
        }
        (true, None) => Err(OperationError::said(format!("{type_name} is no longer made here"))),
        (false, _) => cloud_control::update(place, type_name, made, &was, &is).await,
    }
}

/// Removes a resource that was made elsewhere; that it is already gone is no failure.
pub(super) async fn delete(
    place: &Place<'_>,
    type_name: &str,
    made: &Attributes,
    properties: &Properties,
) -> Result<(), OperationError> {
    match (is_native(made), native(type_name)) {
        (true, Some(native)) => match (native.delete)(place, made, properties).await {
            Err(error) if is_gone(&error) => Ok(()),
            other => other,
        },
        (true, None) => Err(OperationError::said(format!("{type_name} is no longer made here"))),
        (false, _) => cloud_control::delete(place, type_name, made).await,
    }
}

/// A resource that was made elsewhere as it is now: `None` if nobody can say, `Some(None)` if it is gone.
///
/// # Errors
/// If it can't be asked for.
pub(super) async fn live(
    place: &Place<'_>,
    type_name: &str,
    made: &Attributes,
) -> Result<Option<Option<Map<String, Value>>>, OperationError> {
    match is_native(made) {
        true => Ok(None),
        false => cloud_control::live(place, type_name, made).await.map(Some),
    }
}

/// Whether a service says that there is no such thing.
fn is_gone(error: &OperationError) -> bool {
    const CODES: &[&str] = &[
        "AWS.SimpleQueueService.NonExistentQueue",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    ];
    CODES.contains(&error.code.as_str())
}

/// Goes on with what is there already, if the step that makes it was begun before, or if nobody else has this name.
fn or_there(
    made: Result<Value, OperationError>,
    naming: &Naming<'_>,
    is_named: bool,
) -> Result<(), OperationError> {
    const CODES: &[&str] =
        &["ResourceInUseException", "ResourceAlreadyExistsException", "ResourceExistsException"];
    match made {
        Err(error) if CODES.contains(&error.code.as_str()) && (naming.is_resumed || !is_named) => Ok(()),
        other => other.map(drop),
    }
}

/// Copies what is given under the same names.
fn given(properties: &Properties, names: &[&str]) -> Map<String, Value> {
    let given = names.iter().filter_map(|name| {
        properties
            .get(*name)
            .filter(|value| !value.is_null())
            .map(|value| ((*name).to_owned(), value.clone()))
    });
    given.collect()
}

/// A property as text: a document as its JSON.
fn text(properties: &Properties, name: &str) -> Option<String> {
    match properties.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Texts in place of numbers and truths that an API has as such: templates may write them so.
fn fit(value: &mut Value, numbers: &[&str], truths: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fit(item, numbers, truths)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if let Value::String(text) = &*member {
                    let number = text.parse::<i64>().ok().filter(|_| numbers.contains(&name.as_str()));
                    let truth = text.parse::<bool>().ok().filter(|_| truths.contains(&name.as_str()));
                    match (number, truth) {
                        (Some(number), _) => *member = json!(number),
                        (_, Some(truth)) => *member = json!(truth),
                        (None, None) => {}
                    }
                } else {
                    fit(member, numbers, truths);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A `Tags` property as a list of `Key` and `Value`.
fn tags(properties: &Properties) -> Vec<(String, String)> {
    let word = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    match properties.get("Tags") {
        Some(Value::Array(tags)) => tags
            .iter()
            .filter_map(|tag| Some((word(tag, "Key")?, word(tag, "Value").unwrap_or_default())))
            .collect(),
        Some(Value::Object(tags)) => tags
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        _ => Vec::new(),
    }
}

/// The same as most services take it.
fn tag_list(properties: &Properties) -> Option<Value> {
    let tags = tags(properties);
    (!tags.is_empty()).then(|| listed(&tags))
}

fn listed(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The same as the others take it.
fn tag_map(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}

/// Tags that are new or have other values, and the keys of those that are gone.
fn retagged(old: &Properties, new: &Properties) -> (Vec<(String, String)>, Vec<String>) {
    let (was, is) = (tags(old), tags(new));
    let gone = was.iter().filter(|(key, _)| !is.iter().any(|(kept, _)| kept == key));
    let gone = gone.map(|(key, _)| key.clone()).collect();
    (is.into_iter().filter(|tag| !was.contains(tag)).collect(), gone)
}

fn member(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn made(reference: impl Into<String>, attributes: &[(&str, &str)]) -> Attributes {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Attributes { reference: reference.into(), attributes: attributes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(services: &[&str], any_service: bool) -> Reach {
        let services = services.iter().map(|&name| name.to_owned()).collect();
        Reach { unknown_types: UnknownTypes::Refuse, services, any_service }
    }

    #[test]
    fn endpoints_say_how_types_are_made() {
        let check = |services: &[&str], any: bool, type_name: &str, want: Option<(bool, bool)>| {
            let way = reach(services, any).way(type_name);
            assert_eq!(way.map(|way| (way.by_cloud_control, way.native.is_some())), want, "{type_name}");
        };
        check(&[], false, "AWS::DynamoDB::Table", None);
        check(&["dynamodb"], false, "AWS::DynamoDB::Table", Some((false, true)));
        check(&["dynamodb"], true, "AWS::DynamoDB::Table", Some((false, true)));
        check(&["cloudcontrolapi"], false, "AWS::DynamoDB::Table", Some((true, false)));
        check(&[], true, "AWS::DynamoDB::Table", Some((true, true)));
        check(&[], true, "AWS::Pipes::Pipe", Some((true, false)));
        check(&["pipes"], false, "AWS::Pipes::Pipe", None);
        // Of what is here, nothing is elsewhere.
        check(&["lambda"], true, "AWS::Lambda::CodeSigningConfig", None);
        check(&[], true, "Mine::Own::Type", None);
    }

    #[test]
    fn the_setting_that_would_help_is_named() {
        let setting = |type_name: &str| reach(&[], false).setting(type_name);
        assert_eq!(setting("AWS::SQS::Queue").unwrap(), "[services.sqs] endpoint, or [services] default");
        assert_eq!(
            setting("AWS::EC2::VPC").unwrap(),
            "[services.cloudcontrolapi] endpoint, or [services] default"
        );
        assert_eq!(setting("AWS::Lambda::CodeSigningConfig"), None);
    }

    #[test]
    fn texts_become_what_an_api_takes() {
        let mut value = json!({ "A": [{ "N": "5", "B": "true", "S": "5" }] });
        fit(&mut value, &["N"], &["B"]);
        assert_eq!(value, json!({ "A": [{ "N": 5, "B": true, "S": "5" }] }));
    }
}
