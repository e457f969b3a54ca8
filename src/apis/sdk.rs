//! SDKs of deployed APIs for GetSdk: one JavaScript file without dependencies, and for TypeScript its types as well.
//!
//! The interface is that of AWS's JavaScript SDK: `apigClientFactory.newClient(config)` and a function for each method,
//! named after path and verb. See
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-generate-sdk-javascript.html>. The code is this
//! server's own.

mod archive;
mod names;
mod types;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::archive::{Broken, archive};
use self::names::{Names, file_name_of};
use self::types::Types;
use super::{DeploymentSnapshot, HttpMethod, Method, Resource, SdkLanguage};

const CLIENT: &str = include_str!("../../templates/sdk/apigClient.js.hbs");
const DECLARATIONS: &str = include_str!("../../templates/sdk/apigClient.d.ts.hbs");
const README: &str = include_str!("../../templates/sdk/README.md.hbs");
const PACKAGE: &str = include_str!("../../templates/sdk/package.json.hbs");

/// The input for generating an SDK.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sdk<'s> {
    /// The snapshot of the stage's deployment.
    pub(crate) snapshot: &'s DeploymentSnapshot,
    /// The stage's name and region.
    pub(crate) stage: &'s str,
    pub(crate) region: &'s str,
    /// The stage's URL, the default in the SDK.
    pub(crate) invoke_url: &'s str,
    pub(crate) language: SdkLanguage,
}

/// Why an SDK can't be generated. Both are server errors: templates and data are our own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template doesn't fit its data.
    #[error("the client's template failed")]
    Template(#[from] handlebars::RenderError),
    /// The archive could not be written.
    #[error("the client's files could not be archived")]
    Archive(#[from] Broken),
}

/// Generates the SDK as a ZIP file.
pub(crate) fn generate(sdk: &Sdk<'_>) -> Result<Vec<u8>, Error> {
    let facts = facts(sdk);
    let mut handlebars = handlebars::Handlebars::new();
    handlebars.register_escape_fn(handlebars::no_escape); // Code, no HTML: facts come as JSON where it matters.
    handlebars.set_strict_mode(true);
    let (directory, with_types) = match sdk.language {
        SdkLanguage::JavaScript => ("apiGateway-js-sdk", false),
        SdkLanguage::TypeScript => ("apiGateway-ts-sdk", true),
    };
    let templates = [
        ("apigClient.js", CLIENT, true),
        ("apigClient.d.ts", DECLARATIONS, with_types),
        ("package.json", PACKAGE, true),
        ("README.md", README, true),
    ];
    let mut files = Vec::new();
    for (name, template, _) in templates.into_iter().filter(|(.., is_wanted)| *is_wanted) {
        files.push((format!("{directory}/{name}"), handlebars.render_template(template, &facts)?));
    }
    Ok(archive(&files)?)
}

fn facts(sdk: &Sdk<'_>) -> Value {
    let mut names = Names::default();
    let mut types = Types::new(sdk.snapshot);
    let mut methods = Vec::new();
    for resource in &sdk.snapshot.resources {
        // An ANY method has no verb to call it with; AWS leaves it out, too.
        for (verb, method) in resource.methods.iter().filter(|(verb, _)| **verb != HttpMethod::Any) {
            let name = names.of(&resource.path, *verb);
            methods.push(one_method(&name, resource, *verb, method, &mut types));
        }
    }
    let models: Vec<Value> =
        types.models().into_iter().map(|(name, text)| json!({ "name": name, "type": text })).collect();
    let api = &sdk.snapshot.api;
    json!({
        "title": comment(&api.name),
        "stage": sdk.stage,
        "package": json!(file_name_of(&api.name)).to_string(),
        "version": json!(version_of(api.version.as_deref())).to_string(),
        "region": json!(sdk.region).to_string(),
        "invoke_url": json!(sdk.invoke_url).to_string(),
        "methods": methods,
        "models": models,
        "types": sdk.language == SdkLanguage::TypeScript,
        "example": methods.first().map_or("rootGet", |method| method["name"].as_str().unwrap_or_default()),
    })
}

fn one_method(
    name: &str,
    resource: &Resource,
    verb: HttpMethod,
    method: &Method,
    types: &mut Types<'_>,
) -> Value {
    // For each location: name → whether it is required. All variables of a path are required.
    let mut places: BTreeMap<&str, BTreeMap<&str, bool>> =
        ["path", "querystring", "header"].map(|place| (place, BTreeMap::new())).into();
    for (parameter, required) in &method.request_parameters {
        let place = parameter.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        if let Some((place, name)) = place
            && let Some(names) = places.get_mut(place.trim_start_matches("multivalue"))
        {
            *names.entry(name).or_default() |= required;
        }
    }
    if let Some(path) = places.get_mut("path") {
        path.clear();
        path.extend(names::variables(&resource.path).map(|name| (name, true)));
    }
    let listed = |place: &str| json!(places[place].keys().collect::<Vec<_>>());
    let required: Vec<&str> =
        places.values().flatten().filter(|(_, is_required)| **is_required).map(|(name, _)| *name).collect();
    let entry = json!({
        "verb": verb.as_str(), "path": resource.path,
        "pathParameters": listed("path"), "queryParameters": listed("querystring"), "headers": listed("header"),
        "required": required,
    });
    let members: Map<String, Value> =
        places.values().flatten().map(|(name, required)| ((*name).to_owned(), json!(required))).collect();
    let params: Vec<String> = members
        .iter()
        .map(|(name, required)| {
            format!("{}{}: Parameter", json!(name), if *required == json!(true) { "" } else { "?" })
        })
        .collect();
    json!({
        "name": name,
        "entry": entry.to_string(),
        "summary": comment(&format!("{verb} {}", resource.path)),
        "params": format!("{{ {} }}", params.join("; ")),
        "optional": if required.is_empty() { "?" } else { "" },
        "nullable": if required.is_empty() { " | null" } else { "" },
        "body": types.of_request(method),
        "data": types.of_answer(method),
    })
}

/// Text that can't end a comment or its line.
fn comment(text: &str) -> String {
    text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), " ").replace("*/", "* /")
}

/// A version for npm, which requires three numbers.
fn version_of(text: Option<&str>) -> String {
    let parts = text.unwrap_or_default().split('.').map(|part| part.parse::<u32>().ok());
    match parts.collect::<Option<Vec<_>>>().as_deref() {
        Some([major]) => format!("{major}.0.0"),
        Some([major, minor]) => format!("{major}.{minor}.0"),
        Some([major, minor, patch]) => format!("{major}.{minor}.{patch}"),
        Some(_) | None => "1.0.0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use crate::apis::fixtures::{api, method, mock, with};

    fn files(language: SdkLanguage) -> BTreeMap<String, String> {
        let mut get = method(mock("", ""));
        get.request_parameters = [
            ("method.request.querystring.page".to_owned(), true),
            ("method.request.multivaluequerystring.tag".to_owned(), false),
            ("method.request.header.X-It's".to_owned(), false),
        ]
        .into();
        let snapshot = with(api("abc"), "/pets/{petId}", HttpMethod::Get, get);
        let snapshot = with(snapshot, "/pets/{petId}", HttpMethod::Any, method(mock("", "")));
        let mut snapshot = with(snapshot, "/", HttpMethod::Post, method(mock("", "")));
        snapshot.api.name = "*/ alert(1); /*\n\u{2028}evil \"quoted\"".to_owned();
        let sdk = Sdk {
            snapshot: &snapshot,
            stage: "prod",
            region: "us-east-1",
            invoke_url: "https://abc.execute-api.us-east-1.amazonaws.com/prod",
            language,
        };
        let mut zip = zip::ZipArchive::new(Cursor::new(generate(&sdk).unwrap())).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.insert(file.name().unwrap().into_owned(), text);
        }
        files
    }

    #[test]
    fn methods_have_functions_and_any_has_none() {
        let files = files(SdkLanguage::JavaScript);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let root = "apiGateway-js-sdk";
        assert_eq!(
            names,
            ["README.md", "apigClient.js", "package.json"].map(|name| format!("{root}/{name}"))
        );
        let client = &files["apiGateway-js-sdk/apigClient.js"];
        let line = r#"  petsPetIdGet: {"verb":"GET","path":"/pets/{petId}","pathParameters":["petId"],"queryParameters":["page","tag"],"headers":["X-It's"],"required":["petId","page"]},"#;
        assert!(client.contains(line), "{client}");
        assert!(client.contains("  rootPost: {") && !client.contains("ANY"));
        // No name that an owner chooses can end a comment.
        assert!(!client.contains("*/ alert"), "{client}");
        serde_json::from_str::<Value>(&files["apiGateway-js-sdk/package.json"]).unwrap();
    }

    #[test]
    fn typescript_has_types_beside() {
        let files = files(SdkLanguage::TypeScript);
        let declarations = &files["apiGateway-ts-sdk/apigClient.d.ts"];
        let line = r#"petsPetIdGet(params: { "X-It's"?: Parameter; "petId": Parameter; "page": Parameter; "tag"?: Parameter }, body?"#;
        assert!(declarations.contains(line), "{declarations}");
        assert!(declarations.contains("rootPost(params?: {  } | null, body?"), "{declarations}");
    }

    #[test]
    fn versions_are_what_npm_takes() {
        for (given, expect) in
            [(None, "1.0.0"), (Some("2"), "2.0.0"), (Some("1.2"), "1.2.0"), (Some("2020-01-01"), "1.0.0")]
        {
            assert_eq!(version_of(given), expect);
        }
    }
}
