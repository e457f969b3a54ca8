//! The models of a method's request bodies.

use std::fmt;

use serde_json::{Map, Value};

use super::media::essence;
use crate::apis::{DeploymentSnapshot, Method, Model};
use crate::gateway::mapping::payload::Payload;
use crate::schema::{self, Library, Limits, Schema, Unfit};

/// The key for content types without their own model.
const OTHERS: &str = "$default";
/// The content type of requests that don't name one.
const UNNAMED: &str = "application/json";

/// The cost limit of checking one body, in steps of about 50 ns; the largest possible body has some five million
/// values.
const STEPS_MAX: u64 = 20_000_000;
/// The most violations that are listed; AWS's number is not known.
const COMPLAINTS_MAX: usize = 100;

/// Whether anybody sees what is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComplaintsFor {
    /// No: a yes or no is enough.
    Nobody,
    /// A log, or the reader of a response that repeats the violations.
    Somebody,
}

impl ComplaintsFor {
    fn limits(self) -> Limits {
        let complaints_max = match self {
            Self::Nobody => 1,
            Self::Somebody => COMPLAINTS_MAX,
        };
        Limits { steps_max: STEPS_MAX, complaints_max }
    }
}

/// Models by content type; empty if bodies are not validated.
#[derive(Debug, Default)]
pub(crate) struct BodyModels(Vec<BodyModel>);

#[derive(Debug)]
struct BodyModel {
    content_type: String,
    schema: Result<Schema, schema::Error>,
}

/// Why a body is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// It violates its model. The violations are listed as AWS lists them; the content type is the model's.
    Broken { complaints: String, content_type: String },
    /// The model can't be used.
    Unusable(schema::Error),
}

impl BodyModels {
    pub(super) fn compile(
        api: &DeploymentSnapshot,
        library: &Library,
        method: &Method,
        place: fmt::Arguments<'_>,
    ) -> Self {
        let validator = method.request_validator_id.as_ref().and_then(|id| api.request_validators.get(id));
        if !validator.is_some_and(|validator| validator.validate_request_body) {
            return Self::default();
        }
        // Schemas for other media types can't be applied to bodies.
        let checked = method.request_models.iter().filter(|(_, name)| {
            api.models.get(*name).is_none_or(|model| model.content_type.contains("json"))
        });
        let models = checked.map(|(content_type, name)| {
            let schema = library.compile(&url(api, name));
            if let Err(error) = &schema {
                tracing::warn!("{place}: model {name} can't be used: {error}");
            }
            BodyModel { content_type: content_type.clone(), schema }
        });
        Self(models.collect())
    }

    /// Whether there is a model for bodies with this `Content-Type`.
    pub(crate) fn apply_to(&self, content_type: Option<&str>) -> bool {
        self.model(content_type).is_some()
    }

    /// Checks `body`. An empty one counts as an object without members. One that is not JSON violates any model, and
    /// the violation is the parser's message. A check that would take too long counts as failed.
    pub(crate) fn check(
        &self,
        content_type: Option<&str>,
        body: &Payload,
        complaints: ComplaintsFor,
    ) -> Result<(), Mismatch> {
        let Some(model) = self.model(content_type) else { return Ok(()) };
        let schema = model.schema.as_ref().map_err(|error| Mismatch::Unusable(error.clone()))?;
        let result = match body.json() {
            Ok(Some(value)) => schema.check(value, complaints.limits()),
            Ok(None) => schema.check(&Value::Object(Map::new()), complaints.limits()),
            Err(error) => Err(Unfit::Broken(format!("[{error}]"))),
        };
        let result = result.map_err(|unfit| match unfit {
            Unfit::Broken(complaints) => complaints,
            Unfit::Spent => format!("[{unfit}]"),
        });
        let content_type = given(content_type).to_owned();
        result.map_err(|complaints| Mismatch::Broken { complaints, content_type })
    }

    fn model(&self, content_type: Option<&str>) -> Option<&BodyModel> {
        let wanted = given(content_type);
        let own = self.0.iter().find(|model| model.content_type.eq_ignore_ascii_case(wanted));
        own.or_else(|| self.0.iter().find(|model| model.content_type == OTHERS))
    }
}

fn given(content_type: Option<&str>) -> &str {
    content_type.map(essence).filter(|kind| !kind.is_empty()).unwrap_or(UNNAMED)
}

/// All models of an API, which may refer to one another.
pub(crate) fn library(api: &DeploymentSnapshot) -> Library {
    let schema = |model: &'_ Model| model.schema.clone();
    let texts: Vec<(String, String)> =
        api.models.iter().filter_map(|(name, model)| Some((url(api, name), schema(model)?))).collect();
    Library::new(texts.iter().map(|(url, text)| (url.clone(), text.as_str())))
}

fn url(api: &DeploymentSnapshot, model: &str) -> String {
    format!("https://apigateway.amazonaws.com/restapis/{}/models/{model}", api.api.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::RequestValidator;
    use crate::gateway::fixture::{api, method, mock, strings};

    fn models(schema: &str, of: &[(&str, &str)]) -> BodyModels {
        let mut api = api("abc");
        let validator = RequestValidator {
            id: "v1".into(),
            name: None,
            validate_request_body: true,
            validate_request_parameters: false,
        };
        api.request_validators.insert("v1".into(), validator);
        for (name, content_type) in [("Pet", "application/json"), ("Page", "text/html")] {
            let model = Model {
                id: "model1".to_owned(),
                name: name.to_owned(),
                description: None,
                schema: Some(schema.to_owned()),
                content_type: content_type.to_owned(),
            };
            api.models.insert(name.to_owned(), model);
        }
        let mut method = method(mock("", ""));
        method.request_validator_id = Some("v1".into());
        method.request_models = strings(of);
        BodyModels::compile(&api, &library(&api), &method, format_args!("here"))
    }

    #[test]
    fn the_content_type_chooses_the_model() {
        let strict = r#"{"type": "object", "required": ["a"]}"#;
        let check = |of: &[(&str, &str)], content_type: Option<&str>, body: &'static str| {
            let result =
                models(strict, of).check(content_type, &Payload::new(body.into()), ComplaintsFor::Somebody);
            match result {
                Ok(()) => "ok".to_owned(),
                Err(Mismatch::Broken { complaints, content_type }) => format!("{content_type}: {complaints}"),
                Err(Mismatch::Unusable(error)) => error.to_string(),
            }
        };
        let json: &[_] = &[("application/json", "Pet")];
        let missing = r#"application/json: [object has missing required properties (["a"])]"#;
        for (of, content_type, body, expect) in [
            (json, None, r#"{"a": 1}"#, "ok"),
            (json, None, "{}", missing),
            (json, None, "", missing),
            (json, Some("Application/JSON; charset=utf-8"), r#"{"a": 1}"#, "ok"),
            (json, Some("text/plain"), "{}", "ok"),
            (&[("$default", "Pet")], None, "{}", missing),
            (&[("application/json", "Page")], None, "{}", "ok"),
            (
                &[("application/json", "Nobody")],
                None,
                "{}",
                "there is no schema https://apigateway.amazonaws.com/restapis/abc/models/Nobody",
            ),
        ] {
            assert_eq!(check(of, content_type, body), expect, "{of:?} {content_type:?} {body}");
        }
        assert!(check(json, None, "a=1").starts_with("application/json: [Unrecognized token 'a'"));
    }

    #[test]
    fn without_a_validator_nothing_is_checked() {
        let api = api("abc");
        let mut method = method(mock("", ""));
        method.request_models = strings(&[("application/json", "Pet")]);
        let models = BodyModels::compile(&api, &library(&api), &method, format_args!("here"));
        assert!(!models.apply_to(None));
    }
}
