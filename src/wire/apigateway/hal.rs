//! HAL responses, for clients that don't ask for plain JSON: an entity with links to its operations, and with its parts
//! embedded. All SDKs ask for `application/json`; clients that write their own requests get this.
//!
//! AWS's relations are in its older reference
//! (<https://docs.aws.amazon.com/apigateway/api-reference/resource/rest-api/>). A list with one item is written as the
//! item alone.

use std::collections::BTreeSet;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};

use crate::identity::TargetUri;
use crate::wire::{Reply, ReplyBody};

const MEDIA_TYPE: &str = "application/hal+json";
const JSON: &str = "application/json";
/// The documentation of a relation, by its prefix and name.
const DOCUMENTS: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/restapi";

/// A kind of entity: its location and its links.
struct Kind {
    /// The prefix of the relations.
    name: &'static str,
    /// Its path; `{}` stands for a name.
    path: &'static str,
    /// The member that is the last name in its path; empty if there is only one entity.
    key: &'static str,
    /// Relations, with the suffix of the entity's path; a template if there are braces.
    links: &'static [(&'static str, &'static str)],
    /// The relation that creates another entity in the collection.
    made_by: Option<&'static str>,
}

const fn kind(
    name: &'static str,
    path: &'static str,
    key: &'static str,
    links: &'static [(&'static str, &'static str)],
    made_by: Option<&'static str>,
) -> Kind {
    Kind { name, path, key, links, made_by }
}

const METHOD: &str = "/restapis/{}/resources/{}/methods/{}";

#[rustfmt::skip] // A table reads best an entity a block.
static KINDS: &[Kind] = &[
    kind("account", "/account", "", &[("account:update", "")], None),
    kind("apikey", "/apikeys/{}", "id", &[("apikey:delete", ""), ("apikey:update", "")], Some("apikey:create")),
    kind("authorizer", "/restapis/{}/authorizers/{}", "id",
        &[("authorizer:delete", ""), ("authorizer:test-invoke", ""), ("authorizer:update", "")],
        Some("authorizer:create")),
    kind("basepathmapping", "/domainnames/{}/basepathmappings/{}", "basePath",
        &[("basepathmapping:delete", ""), ("basepathmapping:update", "")], Some("basepathmapping:create")),
    kind("clientcertificate", "/clientcertificates/{}", "clientCertificateId",
        &[("clientcertificate:delete", ""), ("clientcertificate:update", "")], Some("clientcertificate:generate")),
    kind("deployment", "/restapis/{}/deployments/{}", "id",
        &[("deployment:delete", ""), ("deployment:update", "")], Some("deployment:create")),
    kind("documentationpart", "/restapis/{}/documentation/parts/{}", "id",
        &[("documentationpart:delete", ""), ("documentationpart:update", "")], Some("documentationpart:create")),
    kind("documentationversion", "/restapis/{}/documentation/versions/{}", "version",
        &[("documentationversion:delete", ""), ("documentationversion:update", "")],
        Some("documentationversion:create")),
    kind("domainname", "/domainnames/{}", "domainName",
        &[("basepathmapping:by-base-path", "/basepathmappings/{base_path}"),
          ("basepathmapping:create", "/basepathmappings"), ("domainname:basepathmappings", "/basepathmappings{?limit}"),
          ("domainname:delete", ""), ("domainname:update", "")],
        Some("domainname:create")),
    kind("domainnameaccessassociation", "/domainnameaccessassociations/{}", "domainNameAccessAssociationArn",
        &[("domainnameaccessassociation:delete", "")], Some("domainnameaccessassociation:create")),
    kind("gatewayresponse", "/restapis/{}/gatewayresponses/{}", "responseType",
        &[("gatewayresponse:delete", ""), ("gatewayresponse:put", ""), ("gatewayresponse:update", "")], None),
    kind("integration", "/restapis/{}/resources/{}/methods/{}/integration", "",
        &[("integration:delete", ""), ("integration:update", ""),
          ("integrationresponse:put", "/responses/{status_code}")], None),
    kind("integrationresponse", "/restapis/{}/resources/{}/methods/{}/integration/responses/{}", "statusCode",
        &[("integrationresponse:delete", ""), ("integrationresponse:update", "")], None),
    kind("method", METHOD, "httpMethod",
        &[("integration:put", "/integration"), ("method:delete", ""), ("method:test-invoke", ""),
          ("method:update", ""), ("methodresponse:put", "/responses/{status_code}")], None),
    kind("methodresponse", "/restapis/{}/resources/{}/methods/{}/responses/{}", "statusCode",
        &[("methodresponse:delete", ""), ("methodresponse:update", "")], None),
    kind("model", "/restapis/{}/models/{}", "name",
        &[("model:default-template", "/default_template"), ("model:delete", ""), ("model:update", "")],
        Some("model:create")),
    kind("requestvalidator", "/restapis/{}/requestvalidators/{}", "id",
        &[("requestvalidator:delete", ""), ("requestvalidator:update", "")], Some("requestvalidator:create")),
    kind("resource", "/restapis/{}/resources/{}", "id",
        &[("method:by-http-method", "/methods/{http_method}"), ("method:put", "/methods/{http_method}"),
          ("resource:create", ""), ("resource:delete", ""), ("resource:update", "")], None),
    kind("restapi", "/restapis/{}", "id",
        &[("authorizer:by-id", "/authorizers/{authorizer_id}"), ("authorizer:create", "/authorizers"),
          ("deployment:by-id", "/deployments/{deployment_id}{?embed}"), ("deployment:create", "/deployments"),
          ("documentationpart:create", "/documentation/parts"),
          ("documentationversion:create", "/documentation/versions"),
          ("gatewayresponse:put", "/gatewayresponses/{response_type}"), ("model:by-name", "/models/{model_name}{?flatten}"),
          ("model:create", "/models"), ("requestvalidator:create", "/requestvalidators"),
          ("resource:by-id", "/resources/{resource_id}{?embed}"), ("resource:create", "/resources/{parent_id}"),
          ("restapi:authorizers", "/authorizers{?limit}"), ("restapi:delete", ""),
          ("restapi:deployments", "/deployments{?limit}"), ("restapi:documentationparts", "/documentation/parts{?limit}"),
          ("restapi:documentationversions", "/documentation/versions{?limit}"),
          ("restapi:gatewayresponses", "/gatewayresponses{?limit}"), ("restapi:models", "/models{?limit}"),
          ("restapi:put", "{?mode,failonwarnings}"), ("restapi:requestvalidators", "/requestvalidators{?limit}"),
          ("restapi:resources", "/resources{?limit,embed}"), ("restapi:stages", "/stages{?deployment_id}"),
          ("restapi:update", ""), ("stage:by-name", "/stages/{stage_name}"), ("stage:create", "/stages")],
        Some("restapi:create")),
    kind("sdktype", "/sdktypes/{}", "id", &[], None),
    kind("stage", "/restapis/{}/stages/{}", "stageName",
        &[("stage:delete", ""), ("stage:flush-authorizer-cache", "/cache/authorizers"),
          ("stage:flush-cache", "/cache/data"), ("stage:update", "")], Some("stage:create")),
    kind("usageplan", "/usageplans/{}", "id",
        &[("usageplan:delete", ""), ("usageplan:keys", "/keys{?limit,name}"), ("usageplan:update", ""),
          ("usageplan:usage", "/usage{?keyId,startDate,endDate,limit}"), ("usageplankey:create", "/keys")],
        Some("usageplan:create")),
    kind("usageplankey", "/usageplans/{}/keys/{}", "id", &[("usageplankey:delete", "")], Some("usageplankey:create")),
    kind("vpclink", "/vpclinks/{}", "id", &[("vpclink:delete", ""), ("vpclink:update", "")], Some("vpclink:create")),
];

/// The parts of an entity that are in maps by name: the member, its relation, and its path.
const PARTS: &[(&str, &str, &str, &str)] = &[
    ("resource", "resourceMethods", "resource:methods", "/methods"),
    ("method", "methodResponses", "method:responses", "/responses"),
    ("integration", "integrationResponses", "integration:responses", "/responses"),
];

/// Whether a client with these headers gets HAL: it does unless it prefers plain JSON.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(',')).map(|range| {
        let media_type = range.split(';').next().unwrap_or_default();
        media_type.trim().to_ascii_lowercase()
    });
    types.find(|it| it == JSON || it == MEDIA_TYPE).is_none_or(|media_type| media_type == MEDIA_TYPE)
}

/// The response to a request for `uri`, with links.
pub(crate) fn linked(uri: &TargetUri, reply: Reply) -> Reply {
    let ReplyBody::Json(bytes) = &reply.body else { return reply };
    let Ok(Value::Object(members)) = serde_json::from_slice(bytes) else { return reply };
    let document = Value::Object(document(uri.path(), uri.raw_query().unwrap_or_default(), members));
    let body = ReplyBody::Raw {
        content_type: HeaderValue::from_static(MEDIA_TYPE),
        bytes: document.to_string().into(),
    };
    Reply { body, ..reply }
}

fn document(path: &str, query: &str, mut members: Map<String, Value>) -> Map<String, Value> {
    let path = path.trim_end_matches('/');
    let below = format!("{path}/-");
    let mut curies = BTreeSet::new();
    let own = kind_at(path).filter(|kind| kind.key.is_empty() || members.contains_key(kind.key));
    let mut document = match (own, kind_at(&below), members.remove("item")) {
        (_, Some(of_items), Some(Value::Array(items))) => {
            collection(of_items, path, query, items, &members, &mut curies)
        }
        (Some(kind), ..) => {
            // A resource is created at its parent's path, and a name may have changed.
            let collection = path.rsplit_once('/').map_or(path, |(collection, _)| collection);
            let path = match kind.key {
                "" => path.to_owned(),
                _ => format!("{collection}/{}", name_of(kind, &members)),
            };
            entity(kind, path, members, &mut curies)
        }
        (None, Some(kind), None) if members.contains_key(kind.key) => {
            let path = format!("{path}/{}", name_of(kind, &members));
            entity(kind, path, members, &mut curies)
        }
        (None, _, item) => {
            members.extend(item.map(|item| ("item".to_owned(), item)));
            with_links(Links::to(path), Map::new(), members)
        }
    };
    let curies = curies.into_iter().map(
        |name| json!({ "href": format!("{DOCUMENTS}-{name}-{{rel}}.html"), "name": name, "templated": true }),
    );
    let curies: Vec<Value> = curies.collect();
    if let Some(Value::Object(links)) = document.get_mut("_links")
        && !curies.is_empty()
    {
        links.insert("curies".to_owned(), one_or_all(curies));
    }
    document
}

fn kind_at(path: &str) -> Option<&'static Kind> {
    let fits = |kind: &&Kind| {
        let mut given = path.split('/');
        let all = kind.path.split('/').all(|part| match given.next() {
            Some(name) if part == "{}" => !name.is_empty(),
            Some(name) => part == name,
            None => false,
        });
        all && given.next().is_none()
    };
    KINDS.iter().find(fits)
}

fn name_of<'m>(kind: &Kind, members: &'m Map<String, Value>) -> &'m str {
    members.get(kind.key).and_then(Value::as_str).unwrap_or_default()
}

/// A list with one item is written as the item.
fn one_or_all(mut values: Vec<Value>) -> Value {
    match values.pop() {
        Some(value) if values.is_empty() => value,
        Some(value) => {
            values.push(value);
            values.into()
        }
        None => Value::Array(values),
    }
}

struct Links(Map<String, Value>);

impl Links {
    fn to(path: &str) -> Self {
        Self(Map::from_iter([("self".to_owned(), json!({ "href": path }))]))
    }

    fn add(&mut self, relation: &str, href: String, curies: &mut BTreeSet<String>) {
        let is_template = href.contains('{');
        let mut link = Map::from_iter([("href".to_owned(), href.into())]);
        if is_template {
            link.insert("templated".to_owned(), true.into());
        }
        self.put(relation, link.into(), curies);
    }

    fn put(&mut self, relation: &str, link: Value, curies: &mut BTreeSet<String>) {
        if let Some((prefix, _)) = relation.split_once(':') {
            curies.insert(prefix.to_owned());
        }
        self.0.insert(relation.to_owned(), link);
    }
}

/// A link with a name.
fn named(path: &str, name: &str) -> Value {
    json!({ "href": path, "name": name, "title": name })
}

fn with_links(links: Links, embedded: Map<String, Value>, members: Map<String, Value>) -> Map<String, Value> {
    let mut document = Map::from_iter([("_links".to_owned(), Value::Object(links.0))]);
    document.extend(members);
    if !embedded.is_empty() {
        document.insert("_embedded".to_owned(), embedded.into());
    }
    document
}

fn collection(
    kind: &'static Kind,
    path: &str,
    query: &str,
    items: Vec<Value>,
    others: &Map<String, Value>,
    curies: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let mut links = Links::to(path);
    links.add(&format!("{}:by-id", kind.name), format!("{path}/{{id}}"), curies);
    if let Some(relation) = kind.made_by {
        links.add(relation, path.to_owned(), curies);
    }
    if let Some(position) = others.get("position").and_then(Value::as_str) {
        let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("position="));
        let pairs: Vec<&str> = kept.collect();
        let position = format!("position={position}");
        let query: Vec<&str> = pairs.into_iter().chain([position.as_str()]).collect();
        links.add("next", format!("{path}?{}", query.join("&")), curies);
    }
    let mut found = Vec::with_capacity(items.len());
    let mut embedded = Vec::with_capacity(items.len());
    for item in items {
        let Value::Object(members) = item else { continue };
        let name = name_of(kind, &members).to_owned();
        let path = format!("{path}/{name}");
        found.push(named(&path, &name));
        embedded.push(Value::Object(entity(kind, path, members, curies)));
    }
    let mut all = Map::new();
    if !found.is_empty() {
        links.put("item", one_or_all(found), curies);
        all.insert("item".to_owned(), one_or_all(embedded));
    }
    with_links(links, all, Map::new())
}

fn entity(
    kind: &'static Kind,
    path: String,
    mut members: Map<String, Value>,
    curies: &mut BTreeSet<String>,
) -> Map<String, Value> {
    let mut links = Links::to(&path);
    for (relation, to) in kind.links {
        links.add(relation, format!("{path}{to}"), curies);
    }
    let mut embedded = Map::new();
    if kind.name == "method"
        && let Some(Value::Object(integration)) = members.remove("methodIntegration")
    {
        let path = format!("{path}/integration");
        links.add("method:integration", path.clone(), curies);
        if let Some(kind) = kind_at(&path) {
            let integration = entity(kind, path, integration, curies);
            embedded.insert("method:integration".to_owned(), integration.into());
        }
    }
    let parts = PARTS.iter().filter(|(of, ..)| *of == kind.name);
    for (_, member, relation, to) in parts {
        let Some(Value::Object(parts)) = members.remove(*member) else { continue };
        let (mut found, mut shown) = (Vec::new(), Vec::new());
        for (name, part) in parts {
            let path = format!("{path}{to}/{name}");
            found.push(named(&path, &name));
            // Parts that were not requested appear only as links.
            let part = part.as_object().filter(|part| !part.is_empty()).cloned();
            if let (Some(part), Some(kind)) = (part, kind_at(&path)) {
                shown.push(Value::Object(entity(kind, path, part, curies)));
            }
        }
        links.put(relation, one_or_all(found), curies);
        if !shown.is_empty() {
            embedded.insert((*relation).to_owned(), one_or_all(shown));
        }
    }
    with_links(links, embedded, members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hal(path: &str, query: &str, members: Value) -> Value {
        let Value::Object(members) = members else { panic!("{members}") };
        document(path, query, members).into()
    }

    #[test]
    fn clients_that_ask_for_json_get_it_plain() {
        for (accept, expect) in [
            (None, true),
            (Some("*/*"), true),
            (Some("application/hal+json"), true),
            (Some("application/json"), false),
            (Some("text/plain, application/json;q=0.9"), false),
            (Some("application/hal+json, application/json"), true),
        ] {
            let mut headers = HeaderMap::new();
            headers.extend(accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept))));
            assert_eq!(is_wanted(&headers), expect, "{accept:?}");
        }
    }

    #[test]
    fn entities_lead_to_what_can_be_done_with_them() {
        let key = hal("/apikeys", "", json!({ "id": "k", "name": "n" }));
        assert_eq!(
            key,
            json!({
                "_links": {
                    "curies": {"href": format!("{DOCUMENTS}-apikey-{{rel}}.html"), "name": "apikey", "templated": true},
                    "self": {"href": "/apikeys/k"},
                    "apikey:delete": {"href": "/apikeys/k"},
                    "apikey:update": {"href": "/apikeys/k"},
                },
                "id": "k", "name": "n",
            })
        );
        let api = hal("/restapis/a", "", json!({ "id": "a" }));
        let embed = json!({"href": "/restapis/a/resources/{resource_id}{?embed}", "templated": true});
        assert_eq!(api["_links"]["resource:by-id"], embed);
        let made = hal("/restapis/a/resources/root", "", json!({ "id": "new", "parentId": "root" }));
        assert_eq!(made["_links"]["self"]["href"], "/restapis/a/resources/new");
        assert_eq!(hal("/tags/x", "", json!({"tags": {}}))["_links"], json!({"self": {"href": "/tags/x"}}));
    }

    #[test]
    fn lists_are_embedded_and_a_list_of_one_stands_alone() {
        let one = hal("/apikeys", "limit=1&position=a", json!({"item": [{"id": "k"}], "position": "b"}));
        assert_eq!(one["_embedded"]["item"]["id"], "k");
        assert_eq!(one["_links"]["item"], json!({"href": "/apikeys/k", "name": "k", "title": "k"}));
        assert_eq!(one["_links"]["next"]["href"], "/apikeys?limit=1&position=b");
        assert_eq!(one.get("item").or_else(|| one.get("position")), None);
        let two = hal("/apikeys", "", json!({"item": [{"id": "k"}, {"id": "l"}]}));
        assert_eq!(two["_embedded"]["item"][1]["_links"]["self"]["href"], "/apikeys/l");
        assert_eq!(hal("/apikeys", "", json!({"item": []})).get("_embedded"), None);
    }

    #[test]
    fn a_methods_parts_are_embedded_in_it() {
        let method = json!({
            "httpMethod": "GET", "methodResponses": {"200": {"statusCode": "200"}, "404": {"statusCode": "404"}},
            "methodIntegration": {"type": "MOCK", "integrationResponses": {"200": {"statusCode": "200"}}},
        });
        let path = "/restapis/a/resources/r/methods/GET";
        let shown = hal(path, "", method.clone());
        let parts = &shown["_embedded"];
        assert_eq!(
            parts["method:responses"][1]["_links"]["methodresponse:delete"]["href"],
            format!("{path}/responses/404")
        );
        let response = &parts["method:integration"]["_embedded"]["integration:responses"];
        assert_eq!(response["_links"]["self"]["href"], format!("{path}/integration/responses/200"));
        assert_eq!(shown.get("methodResponses").or_else(|| shown.get("methodIntegration")), None);
        assert_eq!(shown["_links"]["curies"].as_array().map(Vec::len), Some(4));

        let of = |methods: Value| {
            hal("/restapis/a/resources/r", "", json!({"id": "r", "path": "/r", "resourceMethods": methods}))
        };
        let linked = of(json!({"GET": {}}));
        assert_eq!(
            linked["_links"]["resource:methods"],
            json!({"href": path, "name": "GET", "title": "GET"})
        );
        assert_eq!(linked.get("_embedded"), None);
        assert_eq!(of(json!({"GET": method}))["_embedded"]["resource:methods"]["httpMethod"], "GET");
    }
}
