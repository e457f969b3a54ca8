//! Custom resources: a function is asked to make one, and answers to an address that it is told.
//!
//! Request and answer are written down before anything is done about them: a server that was killed goes on waiting, and
//! asks nothing twice that was answered.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html>

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Stacks;
use super::one::NotMade;
use super::run::{Run, shown};
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Kind, Naming, Properties, SERVICE_TOKEN, Updated, wait_seconds};
use crate::stack::model::{Made, Request, Verb};
use crate::stack::operations::OperationError;
use crate::stack::record::{self, Answered};

/// The longest answer, in bytes; CloudFormation's own limit.
pub const ANSWER_BYTES_MAX: usize = 4_096;
/// The longest physical id, in bytes; CloudFormation's own limit.
const PHYSICAL_ID_BYTES_MAX: usize = 1_024;
/// Below it are the addresses that are answered to.
pub const ANSWERS_PATH: &str = "/_stepgate/custom-resources/";
/// The subject of a notification that asks for a resource.
const SUBJECT: &str = "AWS CloudFormation custom resource request";

/// What a function is asked.
struct Asked<'a> {
    verb: Verb,
    logical_id: &'a str,
    kind: &'a Kind,
    physical_id: Option<&'a str>,
    properties: &'a Properties,
    old: Option<&'a Properties>,
}

impl Stacks {
    /// Keeps the answer to what a custom resource's function was asked, or a signal to a handle.
    ///
    /// # Errors
    /// If the store can't be written.
    pub async fn answer(&self, request: &str, secret: &str, answer: String) -> Result<Answered, Error> {
        let kept = record::answer(&self.store, request, secret, answer).await?;
        self.answered.notify_waiters();
        Ok(kept)
    }

    /// Learns where this server listens, which functions are told.
    pub fn listens_at(&self, endpoint: String) {
        let _ = self.endpoint.set(endpoint);
    }
}

impl Run<'_> {
    pub(super) async fn create_custom(
        &self,
        kind: &Kind,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, NotMade> {
        let asked = Asked {
            verb: Verb::Create,
            logical_id: naming.logical_id,
            kind,
            physical_id: None,
            properties,
            old: None,
        };
        let generated = naming.generated(PHYSICAL_ID_BYTES_MAX);
        self.ask(&asked, &generated).await
    }

    pub(super) async fn update_custom(&self, made: &Made, new: &Properties) -> Result<Updated, NotMade> {
        if made.properties.get(SERVICE_TOKEN) != new.get(SERVICE_TOKEN) {
            return Err(OperationError::said("Modifying service token is not allowed.").into());
        }
        let physical_id = made.attributes.reference.as_str();
        let asked = Asked {
            verb: Verb::Update,
            logical_id: &made.logical_id,
            kind: &made.kind,
            physical_id: Some(physical_id),
            properties: new,
            old: Some(&made.properties),
        };
        match self.ask(&asked, physical_id).await {
            Ok(attributes) if attributes.reference == physical_id => Ok(Updated::InPlace(attributes)),
            Ok(attributes) => Ok(Updated::Replaced(attributes)),
            // What is there is what was there.
            Err(NotMade::Refused(error, _)) => Err(error.into()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn delete_custom(&self, made: &Made) -> Result<(), NotMade> {
        let physical_id = made.attributes.reference.as_str();
        let asked = Asked {
            verb: Verb::Delete,
            logical_id: &made.logical_id,
            kind: &made.kind,
            physical_id: Some(physical_id),
            properties: &made.properties,
            old: None,
        };
        self.ask(&asked, physical_id).await.map(drop)
    }

    /// Asks, and waits for the answer. `known_as` is the physical id if the answer doesn't tell one.
    async fn ask(&self, asked: &Asked<'_>, known_as: &str) -> Result<Attributes, NotMade> {
        let refused = |message: String, left: Option<&str>| {
            let reference = left.map(str::to_owned);
            let left = reference.map(|reference| Attributes { reference, ..Attributes::default() });
            NotMade::Refused(OperationError::said(message), left)
        };
        let seconds = wait_seconds(asked.properties);
        let seconds = seconds.ok_or_else(|| {
            refused("ServiceTimeout must be an integer between 1 and 3600".to_owned(), None)
        })?;
        let request = self.request(asked, Duration::from_secs(seconds)).await?;
        // The step that comes of it forgets the request.
        *self.answered.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(request.id.clone());
        let Some(text) = self.answer_to(asked, &request).await? else {
            let id = &request.id;
            return Err(refused(
                format!(
                    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [{id}]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version."
                ),
                Some(known_as),
            ));
        };
        match Answer::parse(&text, asked, &request.id) {
            Ok(Answer { reference, attributes }) => {
                let reference = reference.unwrap_or_else(|| known_as.to_owned());
                Ok(Attributes { reference, ..attributes })
            }
            Err(Wrong { problem, reference }) => {
                Err(refused(problem, Some(reference.as_deref().unwrap_or(known_as))))
            }
        }
    }

    /// What was asked before this server was started, or is to be asked now.
    async fn request(&self, asked: &Asked<'_>, wait: Duration) -> Result<Request, Error> {
        let store = &self.stacks.store;
        let open = record::request(store, self.home, &self.head.id, asked.logical_id).await?;
        let is_same =
            |open: &Request| open.verb == asked.verb && open.physical_id.as_deref() == asked.physical_id;
        if let Some(open) = open.filter(is_same) {
            return Ok(open);
        }
        let request = Request {
            id: self.stacks.ids.uuid().to_string(),
            secret: self.stacks.ids.uuid().simple().to_string(),
            logical_id: asked.logical_id.to_owned(),
            verb: asked.verb,
            physical_id: asked.physical_id.map(str::to_owned),
            until: self.stacks.clock.now() + wait,
            is_sent: false,
            answer: None,
        };
        record::save_request(store, self.home, &self.head.id, &request).await?;
        Ok(request)
    }

    /// The answer, if one comes in time.
    async fn answer_to(&self, asked: &Asked<'_>, request: &Request) -> Result<Option<String>, NotMade> {
        if request.answer.is_some() {
            return Ok(request.answer.clone());
        }
        let store = &self.stacks.store;
        if !request.is_sent {
            self.send(asked, request).await?;
            record::note_sent(store, self.home, &request.id).await?;
        }
        loop {
            let mut heard = std::pin::pin!(self.stacks.answered.notified());
            heard.as_mut().enable();
            let found = record::request(store, self.home, &self.head.id, asked.logical_id).await?;
            if let Some(answer) = found.and_then(|found| found.answer) {
                return Ok(Some(answer));
            }
            if request.until <= self.stacks.clock.now() {
                return Ok(None);
            }
            tokio::select! {
                () = heard => {}
                () = self.stacks.clock.sleep_until(request.until) => {}
            }
        }
    }

    /// Asks the function, or by way of the topic.
    async fn send(&self, asked: &Asked<'_>, request: &Request) -> Result<(), OperationError> {
        let token = asked.properties.get(SERVICE_TOKEN).and_then(Value::as_str).unwrap_or_default();
        let Some(endpoint) = self.stacks.endpoint.get() else {
            return Err(OperationError::said(
                "a custom resource's function answers to this server, which does not listen yet: apply the template once it does",
            ));
        };
        let url = format!("{endpoint}{ANSWERS_PATH}{}?signature={}", request.id, request.secret);
        let event = event(asked, request, &self.head.id, token, &url);
        if token.contains(":sns:") {
            let input = json!({ "TopicArn": token, "Subject": SUBJECT, "Message": event.to_string() });
            return self.operations.call("sns", "Publish", input).await.map(drop);
        }
        let input = json!({ "FunctionName": token, "InvocationType": "Event", "Payload": event });
        self.operations.call("lambda", "Invoke", input).await.map(drop)
    }
}

/// What the function is told.
fn event(asked: &Asked<'_>, request: &Request, stack: &str, token: &str, url: &str) -> Value {
    let verb = match asked.verb {
        Verb::Create => "Create",
        Verb::Update => "Update",
        Verb::Delete => "Delete",
    };
    let mut event = json!({
        "RequestType": verb,
        "ServiceToken": token,
        "ResponseURL": url,
        "StackId": stack,
        "RequestId": request.id,
        "LogicalResourceId": asked.logical_id,
        "ResourceType": asked.kind.type_name(),
        "ResourceProperties": texts(&Value::Object(shown(asked.properties))),
    });
    if let Some(id) = asked.physical_id {
        event["PhysicalResourceId"] = json!(id);
    }
    if let Some(old) = asked.old {
        event["OldResourceProperties"] = texts(&Value::Object(shown(old)));
    }
    event
}

/// Properties reach functions as texts, whatever the template has written.
fn texts(value: &Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::Array(items) => items.iter().map(texts).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), texts(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Null | Value::String(_) => value.clone(),
    }
}

/// What a function has made.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    reference: Option<String>,
    attributes: Attributes,
}

/// An answer that says that it failed, or that is none.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    problem: String,
    reference: Option<String>,
}

impl Answer {
    fn parse(text: &str, asked: &Asked<'_>, request: &str) -> Result<Self, Wrong> {
        let wrong = |problem: &str| Wrong { problem: problem.to_owned(), reference: None };
        if ANSWER_BYTES_MAX < text.len() {
            return Err(wrong("Response object is too long."));
        }
        let Ok(Value::Object(answer)) = serde_json::from_str::<Value>(text) else {
            return Err(wrong("Invalid response object: expected a JSON object"));
        };
        let member = |name: &str| answer.get(name).and_then(Value::as_str);
        let reference = member("PhysicalResourceId").filter(|id| !id.is_empty()).map(str::to_owned);
        if reference.as_ref().is_some_and(|id| PHYSICAL_ID_BYTES_MAX < id.len()) {
            return Err(wrong("PhysicalResourceId response field is too long."));
        }
        match member("Status") {
            Some("SUCCESS") => {}
            Some("FAILED") => {
                let reason = member("Reason").unwrap_or_default();
                let problem = format!(
                    "Received response status [FAILED] from custom resource. Message returned: {reason} (RequestId: {request})"
                );
                return Err(Wrong { problem, reference });
            }
            _ => return Err(Wrong { problem: "Invalid response status.".to_owned(), reference }),
        }
        if asked.verb == Verb::Create && reference.is_none() {
            return Err(wrong("Invalid PhysicalResourceId"));
        }
        let data = match answer.get("Data") {
            Some(Value::Object(data)) => data.clone(),
            None | Some(Value::Null) => Map::new(),
            Some(_) => {
                let problem = "Response Data is not a JSON object.".to_owned();
                return Err(Wrong { problem, reference });
            }
        };
        let mut attributes = Attributes::default();
        for (name, value) in &data {
            attributes.add(name, value);
        }
        if matches!(answer.get("NoEcho"), Some(Value::Bool(true))) || member("NoEcho") == Some("true") {
            attributes.hide();
        }
        Ok(Self { reference, attributes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(verb: Verb, text: &str) -> Result<Answer, Wrong> {
        let kind = Kind::parse("Custom::Mine").unwrap();
        let properties = Properties::new();
        let asked = Asked {
            verb,
            logical_id: "R",
            kind: &kind,
            physical_id: None,
            properties: &properties,
            old: None,
        };
        Answer::parse(text, &asked, "id")
    }

    #[test]
    fn an_answer_says_what_was_made() {
        let text =
            r#"{"Status":"SUCCESS","PhysicalResourceId":"p","Data":{"a":"x","n":5,"none":null,"l":[1]}}"#;
        let answer = parsed(Verb::Create, text).unwrap();
        assert_eq!(answer.reference.as_deref(), Some("p"));
        let attributes: Vec<(&str, &str)> = answer
            .attributes
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(attributes, [("[]l", "[1]"), ("a", "x"), ("n", "5")]);
        assert_eq!(answer.attributes.secrets().count(), 0);
        let text = r#"{"Status":"SUCCESS","PhysicalResourceId":"p","NoEcho":true,"Data":{"a":"secret"}}"#;
        assert!(parsed(Verb::Create, text).unwrap().attributes.secrets().any(|it| it == "secret"));
        // What is there already has an id.
        assert!(parsed(Verb::Delete, r#"{"Status":"SUCCESS"}"#).is_ok());
    }

    #[test]
    fn an_answer_that_is_none_is_a_failure() {
        let problem = |text: &str| parsed(Verb::Create, text).unwrap_err().problem;
        assert_eq!(problem(r#"{"Status":"SUCCESS"}"#), "Invalid PhysicalResourceId");
        assert_eq!(problem(r#"{"Status":"DONE"}"#), "Invalid response status.");
        assert_eq!(problem("[]"), "Invalid response object: expected a JSON object");
        assert_eq!(
            problem(r#"{"Status":"SUCCESS","PhysicalResourceId":"p","Data":[]}"#),
            "Response Data is not a JSON object."
        );
        let failed = parsed(Verb::Create, r#"{"Status":"FAILED","Reason":"no","PhysicalResourceId":"p"}"#);
        let failed = failed.unwrap_err();
        assert_eq!(failed.reference.as_deref(), Some("p"));
        assert_eq!(
            failed.problem,
            "Received response status [FAILED] from custom resource. Message returned: no (RequestId: id)"
        );
    }

    #[test]
    fn answers_are_as_long_as_they_may_be() {
        let answer = |n_bytes: usize| {
            let start = r#"{"Status":"SUCCESS","PhysicalResourceId":"p","Data":{"a":""#;
            format!("{start}{}\"}}}}", "x".repeat(n_bytes - start.len() - 3))
        };
        assert!(parsed(Verb::Create, &answer(ANSWER_BYTES_MAX)).is_ok());
        let error = parsed(Verb::Create, &answer(ANSWER_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.problem, "Response object is too long.");
        let named = |n_bytes: usize| {
            format!(r#"{{"Status":"SUCCESS","PhysicalResourceId":"{}"}}"#, "x".repeat(n_bytes))
        };
        assert!(parsed(Verb::Create, &named(PHYSICAL_ID_BYTES_MAX)).is_ok());
        let error = parsed(Verb::Create, &named(PHYSICAL_ID_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.problem, "PhysicalResourceId response field is too long.");
    }

    #[test]
    fn functions_get_texts() {
        let told = texts(&json!({"a": true, "b": [1, {"c": 2.5}], "d": "x"}));
        assert_eq!(told, json!({"a": "true", "b": ["1", {"c": "2.5"}], "d": "x"}));
    }
}
