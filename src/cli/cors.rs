//! `stepgate cors enable`: what an API needs so that browsers' pages of other origins may call it, as one switch.
//!
//! It does what API Gateway's console does: an OPTIONS method with a MOCK integration for each resource, the origin in every
//! answer that this server makes itself, and the gateway responses of errors. Answers of proxy integrations are the
//! backend's own.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html>

use std::process::ExitCode;

use anyhow::bail;
use http::Method;
use serde_json::{Map, Value, json};

use super::arguments::CorsEnable;
use super::output;
use super::remote::{Remote, RemoteApi, block_on, encoded};

/// What clients of AWS send.
const HEADERS: &str = "Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent";
/// What pages may read besides.
const EXPOSED: &str = "x-amzn-RequestId,x-amzn-ErrorType,Date";
const ORIGIN: &str = "Access-Control-Allow-Origin";

pub(super) fn enable(arguments: &CorsEnable) -> anyhow::Result<ExitCode> {
    for text in arguments.headers.iter().chain([&arguments.origin]) {
        // They go into quotes, as constants.
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic() && c != '\'') {
            bail!("{text:?} can't be a header's value");
        }
    }
    let remote = Remote { endpoint: &arguments.endpoint };
    block_on(async {
        let api = remote.api(&arguments.api).await?;
        let door = Door { remote, api: &api, arguments };
        let backends = door.open_resources().await?;
        door.open_errors().await?;
        for method in backends {
            output::warning(&format!("{method} is a proxy: its backend has to send {ORIGIN} itself"));
        }
        match &arguments.stage {
            Some(stage) => {
                door.call(Method::POST, "/deployments", json!({ "stageName": stage })).await?;
                output::line(&format!(
                    "{} answers pages of {} at its stage {stage}",
                    api.name, arguments.origin
                ));
            }
            None => output::line(&format!(
                "{} is ready for pages of {}; deploy it, or say --stage",
                api.name, arguments.origin
            )),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The API that is opened.
struct Door<'a> {
    remote: Remote<'a>,
    api: &'a RemoteApi,
    arguments: &'a CorsEnable,
}

impl Door<'_> {
    async fn call(&self, method: Method, path: &str, body: Value) -> anyhow::Result<Value> {
        let path = format!("/restapis/{}{path}", encoded(&self.api.id));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.remote.api_gateway(method, &path, "application/json", body).await?;
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    fn origin(&self) -> String {
        format!("'{}'", self.arguments.origin)
    }

    /// Opens all resources; returns the methods whose backends answer by themselves.
    async fn open_resources(&self) -> anyhow::Result<Vec<String>> {
        let (mut backends, mut position) = (Vec::new(), String::new());
        loop {
            let path = format!("/resources?limit=500&embed=methods{position}");
            let page = self.call(Method::GET, &path, Value::Null).await?;
            for resource in page["item"].as_array().into_iter().flatten() {
                self.open_resource(resource, &mut backends).await?;
            }
            match page["position"].as_str() {
                Some(next) => position = format!("&position={}", encoded(next)),
                None => return Ok(backends),
            }
        }
    }

    async fn open_resource(&self, resource: &Value, backends: &mut Vec<String>) -> anyhow::Result<()> {
        let none = Map::new();
        let methods = resource["resourceMethods"].as_object().unwrap_or(&none);
        let verbs: Vec<&str> = methods.keys().map(String::as_str).filter(|verb| *verb != "OPTIONS").collect();
        let place = resource["path"].as_str().unwrap_or_default();
        if verbs.is_empty() {
            return Ok(());
        }
        let id = encoded(resource["id"].as_str().unwrap_or_default());
        match methods.get("OPTIONS") {
            Some(own) if own["methodIntegration"]["type"] != "MOCK" => {
                output::warning(&format!("OPTIONS {place} is the API's own and stays as it is"));
            }
            before => self.put_options(&id, &verbs, before.is_some()).await?,
        }
        for verb in verbs {
            let method = &methods[verb];
            match method["methodIntegration"]["type"].as_str() {
                Some("HTTP_PROXY" | "AWS_PROXY") => backends.push(format!("{verb} {place}")),
                Some(_) => self.open_answers(&id, verb, method).await?,
                None => {}
            }
        }
        Ok(())
    }

    /// The method with which browsers ask.
    async fn put_options(&self, resource: &str, verbs: &[&str], replaces: bool) -> anyhow::Result<()> {
        let path = format!("/resources/{resource}/methods/OPTIONS");
        if replaces {
            self.call(Method::DELETE, &path, Value::Null).await?;
        }
        self.call(Method::PUT, &path, json!({ "authorizationType": "NONE" })).await?;
        let any = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
        let verbs = if verbs.contains(&"ANY") { &any } else { verbs };
        let given = self.arguments.headers.iter().map(String::as_str);
        let headers: Vec<&str> = HEADERS.split(',').chain(given).collect();
        let values = [
            (ORIGIN, self.origin()),
            ("Access-Control-Allow-Headers", format!("'{}'", headers.join(","))),
            ("Access-Control-Allow-Methods", format!("'{},OPTIONS'", verbs.join(","))),
        ];
        let name = |header: &str| format!("method.response.header.{header}");
        let declared: Map<String, Value> =
            values.iter().map(|(header, _)| (name(header), false.into())).collect();
        let given: Map<String, Value> =
            values.iter().map(|(header, value)| (name(header), value.as_str().into())).collect();
        let answer = json!({ "responseParameters": declared });
        self.call(Method::PUT, &format!("{path}/responses/200"), answer).await?;
        let mock =
            json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
        self.call(Method::PUT, &format!("{path}/integration"), mock).await?;
        let mapped = json!({ "responseParameters": given, "responseTemplates": { "application/json": "" } });
        self.call(Method::PUT, &format!("{path}/integration/responses/200"), mapped).await?;
        Ok(())
    }

    /// Puts the origin into every answer that a method maps.
    async fn open_answers(&self, resource: &str, verb: &str, method: &Value) -> anyhow::Result<()> {
        let path = format!("/resources/{resource}/methods/{}", encoded(verb));
        let member = format!("/responseParameters/method.response.header.{ORIGIN}");
        let mapped = method["methodIntegration"]["integrationResponses"].as_object();
        for status in mapped.into_iter().flat_map(|all| all.keys()) {
            let declared = json!([{ "op": "add", "path": member, "value": "false" }]);
            let status = encoded(status);
            let answer = format!("{path}/responses/{status}");
            self.call(Method::PATCH, &answer, json!({ "patchOperations": declared })).await?;
            let given = json!([{ "op": "add", "path": member, "value": self.origin() }]);
            let answer = format!("{path}/integration/responses/{status}");
            self.call(Method::PATCH, &answer, json!({ "patchOperations": given })).await?;
        }
        Ok(())
    }

    /// Lets pages read errors too, and what kind they are of.
    async fn open_errors(&self) -> anyhow::Result<()> {
        for kind in ["DEFAULT_4XX", "DEFAULT_5XX"] {
            let path = format!("/gatewayresponses/{kind}");
            let before = self.call(Method::GET, &path, Value::Null).await?;
            let mut parameters = before["responseParameters"].as_object().cloned().unwrap_or_default();
            let exposed = format!("'{EXPOSED}'");
            for (header, value) in [(ORIGIN, self.origin()), ("Access-Control-Expose-Headers", exposed)] {
                parameters.insert(format!("gatewayresponse.header.{header}"), value.into());
            }
            let mut body = json!({ "responseParameters": parameters });
            for member in ["statusCode", "responseTemplates"] {
                if !before[member].is_null() {
                    body[member] = before[member].clone();
                }
            }
            self.call(Method::PUT, &path, body).await?;
        }
        Ok(())
    }
}
