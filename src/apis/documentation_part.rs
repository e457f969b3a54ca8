//! Documentation parts: the documentation of one entity of an API, and the entity's location.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ids::{DocumentationPartId, StatusCode};
use super::words::words;
use crate::apis::error::BadRequest;

words! {
    /// The kinds of entities that can be documented.
    pub enum DocumentationPartType {
        ResponseBody = "RESPONSE_BODY",
        Response = "RESPONSE",
        Method = "METHOD",
        Model = "MODEL",
        Authorizer = "AUTHORIZER",
        ResponseHeader = "RESPONSE_HEADER",
        Resource = "RESOURCE",
        PathParameter = "PATH_PARAMETER",
        RequestBody = "REQUEST_BODY",
        QueryParameter = "QUERY_PARAMETER",
        Api = "API",
        RequestHeader = "REQUEST_HEADER",
    }
}

words! {
    /// Whether a part has content.
    pub enum LocationStatus { Documented = "DOCUMENTED", Undocumented = "UNDOCUMENTED" }
}

/// See [DocumentationPart](https://docs.aws.amazon.com/apigateway/latest/api/API_DocumentationPart.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentationPart {
    /// Id.
    pub id: DocumentationPartId,
    /// The entity, with defaults filled in; unique in the API.
    pub location: DocumentationPartLocation,
    /// The content: a JSON object, as the text that its owner gave.
    pub properties: String,
}

impl DocumentationPart {
    /// Whether it has content.
    pub(super) fn status(&self) -> LocationStatus {
        if properties_of(&self.properties).is_ok_and(|properties| !properties.is_empty()) {
            LocationStatus::Documented
        } else {
            LocationStatus::Undocumented
        }
    }
}

/// The members of a part's properties, which have to be a JSON object. AWS's message for other values is not recorded.
pub(super) fn properties_of(text: &str) -> Result<Map<String, Value>, BadRequest> {
    serde_json::from_str(text).map_err(|_| BadRequest::DocumentationProperties)
}

/// See
/// [DocumentationPartLocation](https://docs.aws.amazon.com/apigateway/latest/api/API_DocumentationPartLocation.html).
/// The entity need not exist.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentationPartLocation {
    /// Kind of the entity.
    #[serde(rename = "type")]
    pub kind: DocumentationPartType,
    /// Path of the resource.
    pub path: Option<String>,
    /// Verb, or `*` for any.
    pub method: Option<String>,
    /// Status of three digits, or `*` for any.
    pub status_code: Option<String>,
    /// Name of the parameter, header, model or authorizer.
    pub name: Option<String>,
}

/// How a kind of entity uses a field of its location.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    No,
    Default(&'static str),
    Optional,
    Required,
}

impl DocumentationPartType {
    /// How it uses path, method, status code and name.
    const fn fields(self) -> [Field; 4] {
        const NO: Field = Field::No;
        const PATH: Field = Field::Default("/");
        const ANY: Field = Field::Default("*");
        const NAME: Field = Field::Required;
        match self {
            Self::Api => [NO, NO, NO, NO],
            Self::Authorizer | Self::Model => [NO, NO, NO, NAME],
            Self::Resource => [PATH, NO, NO, NO],
            Self::Method => [PATH, ANY, NO, NO],
            Self::PathParameter | Self::QueryParameter | Self::RequestHeader => [PATH, ANY, NO, NAME],
            // AWS's reference requires a name, its examples have none.
            Self::RequestBody => [PATH, ANY, NO, Field::Optional],
            Self::Response | Self::ResponseBody => [PATH, ANY, ANY, NO],
            Self::ResponseHeader => [PATH, ANY, ANY, NAME],
        }
    }
}

impl DocumentationPartLocation {
    /// The pattern that AWS prints for an invalid status code.
    pub const STATUS_CODE_PATTERN: &'static str = r"^([1-5]\d\d|\*|\s*)$";

    /// Whether `text` can be a location's status code; blanks count as none.
    pub fn is_status_code(text: &str) -> bool {
        text == "*" || text.trim().is_empty() || StatusCode::parse(text).is_some()
    }

    /// The same location, with defaults filled in.
    ///
    /// # Errors
    /// [`BadRequest`] if the kind of entity doesn't have a given field, or needs a name. AWS's message is recorded only
    /// for `API`; the others follow it.
    pub(super) fn resolve(self) -> Result<Self, BadRequest> {
        let Self { kind, path, method, status_code, name } = self;
        if status_code.as_deref().is_some_and(|code| !Self::is_status_code(code)) {
            return Err(BadRequest::ResponseStatusCode);
        }
        let given = [path, method, status_code, name].map(|it| it.filter(|text| !text.trim().is_empty()));
        let names = ["path", "method", "statusCode", "name"];
        let refused: Vec<&str> = names
            .into_iter()
            .zip(kind.fields())
            .filter(|(_, field)| *field == Field::No)
            .map(|(name, _)| name)
            .collect();
        let is_refused =
            given.iter().zip(kind.fields()).any(|(it, field)| it.is_some() && field == Field::No);
        if is_refused {
            return Err(BadRequest::LocationField { kind, fields: any_of(&refused) });
        }
        let [path, method, status_code, name] = given;
        let [of_path, of_method, of_status_code, of_name] = kind.fields();
        if of_name == Field::Required && name.is_none() {
            return Err(BadRequest::LocationName(kind));
        }
        let filled = |given: Option<String>, field: Field| match field {
            Field::Default(text) => Some(given.unwrap_or_else(|| text.to_owned())),
            Field::No | Field::Optional | Field::Required => given,
        };
        Ok(Self {
            kind,
            path: filled(path, of_path),
            method: filled(method, of_method),
            status_code: filled(status_code, of_status_code),
            name: filled(name, of_name),
        })
    }

    /// The fields that are set, with their names.
    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("path", self.path.as_deref()),
            ("method", self.method.as_deref()),
            ("statusCode", self.status_code.as_deref()),
            ("name", self.name.as_deref()),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The location in the form of AWS's messages.
impl fmt::Display for DocumentationPartLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type '{}'", self.kind)?;
        self.fields().try_for_each(|(name, value)| write!(f, ", {name} '{value}'"))
    }
}

/// `a, b or c`
fn any_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resolves and prints a location given as JSON.
    fn check(location: &str) -> Result<String, String> {
        let location: DocumentationPartLocation = serde_json::from_str(location).unwrap();
        location.resolve().map(|it| it.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_location_leaves_out_is_filled_in() {
        for (given, resolved) in [
            (r#"{"type":"API"}"#, "type 'API'"),
            (r#"{"type":"API","path":"","statusCode":" "}"#, "type 'API'"),
            (r#"{"type":"RESOURCE"}"#, "type 'RESOURCE', path '/'"),
            (r#"{"type":"METHOD","method":"GET"}"#, "type 'METHOD', path '/', method 'GET'"),
            (r#"{"type":"RESPONSE"}"#, "type 'RESPONSE', path '/', method '*', statusCode '*'"),
            (r#"{"type":"REQUEST_BODY"}"#, "type 'REQUEST_BODY', path '/', method '*'"),
            (r#"{"type":"MODEL","name":"Pet"}"#, "type 'MODEL', name 'Pet'"),
        ] {
            assert_eq!(check(given).as_deref(), Ok(resolved), "{given}");
        }
    }

    #[test]
    fn fields_that_an_entity_does_not_have_are_refused() {
        for (given, message) in [
            (
                r#"{"type":"API","path":"/"}"#,
                "[Location type: API cannot have path, method, statusCode or name defined.]",
            ),
            (
                r#"{"type":"AUTHORIZER","name":"a","method":"GET"}"#,
                "[Location type: AUTHORIZER cannot have path, method or statusCode defined.]",
            ),
            (r#"{"type":"RESPONSE","name":"a"}"#, "[Location type: RESPONSE cannot have name defined.]"),
            (r#"{"type":"QUERY_PARAMETER"}"#, "[Location type: QUERY_PARAMETER must have name defined.]"),
            (r#"{"type":"RESPONSE","statusCode":"2xx"}"#, "Invalid response status code specified"),
        ] {
            assert_eq!(check(given).unwrap_err(), message, "{given}");
        }
    }

    #[test]
    fn properties_are_an_object() {
        assert!(properties_of(r#"{"description": "x"}"#).is_ok());
        for bad in ["", "x", "[]", "\"x\""] {
            assert_eq!(properties_of(bad), Err(BadRequest::DocumentationProperties), "{bad}");
        }
    }
}
