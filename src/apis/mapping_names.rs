//! Checks the names on both sides of parameter mappings when they are defined.
//!
//! See <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>.

use std::collections::BTreeMap;

use super::integration::{Integration, IntegrationResponse};
use super::method::{Method, MethodResponse};
use crate::apis::error::BadRequest;

/// Where request parameters can be declared: the last part of `method.request.{place}.NAME`.
const REQUEST_PLACES: [&str; 5] =
    ["path", "querystring", "header", "multivaluequerystring", "multivalueheader"];

/// Checks names in a method's `requestParameters`.
pub(crate) fn check_request_parameters(parameters: &BTreeMap<String, bool>) -> Result<(), BadRequest> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for key in parameters.keys() {
        let Some((place, name)) = request_place(key) else {
            return Err(BadRequest::MappingParameter(key.clone()));
        };
        if !is_name(name) {
            return Err(BadRequest::ParameterName);
        }
        // A header may be declared both with one value and with several.
        let place = place.trim_start_matches("multivalue");
        if *seen.entry(name).or_insert(place) != place {
            return Err(BadRequest::ParameterNames);
        }
    }
    Ok(())
}

/// Checks names in a method response's `responseParameters`.
pub(crate) fn check_response_parameters(parameters: &BTreeMap<String, bool>) -> Result<(), BadRequest> {
    let is_header = |key: &str| key.strip_prefix("method.response.header.").is_some_and(is_name);
    match parameters.keys().find(|key| !is_header(key)) {
        Some(wrong) => Err(BadRequest::MappingParameter(wrong.clone())),
        None => Ok(()),
    }
}

/// Checks the mappings of an integration request. Targets are parameters of the backend call; sources are declared
/// parameters of the method, the body, stage variables, `$context` or literals.
pub(crate) fn check_request_mappings(integration: &Integration, method: &Method) -> Result<(), BadRequest> {
    for (target, source) in &integration.request_parameters {
        let is_target = target.strip_prefix("integration.request.").and_then(|rest| rest.split_once('.'));
        if !is_target.is_some_and(|(place, name)| REQUEST_PLACES.contains(&place) && is_name(name)) {
            return Err(BadRequest::MappingName(target.clone()));
        }
        if let Some((place, name)) = request_parameter(source) {
            if !is_declared(method, place, name) {
                return Err(BadRequest::MappingName(source.clone()));
            }
        } else if !is_path_in(source, "method.request.body") && !is_common_source(source) {
            return Err(BadRequest::MappingSource(source.clone()));
        }
    }
    Ok(())
}

/// Checks that an integration response sets only headers that the method response declares.
pub(crate) fn check_response_names(
    response: &IntegrationResponse,
    declared: &MethodResponse,
) -> Result<(), BadRequest> {
    match response.parameters.keys().find(|target| !declared.parameters.contains_key(*target)) {
        Some(target) => Err(BadRequest::MappingName(target.clone())),
        None => Ok(()),
    }
}

/// Checks the mappings of an integration response by themselves: headers and their sources.
pub(crate) fn check_response_mappings(response: &IntegrationResponse) -> Result<(), BadRequest> {
    for (target, source) in &response.parameters {
        if !target.strip_prefix("method.response.header.").is_some_and(is_name) {
            return Err(BadRequest::MappingName(target.clone()));
        }
        let place = source.strip_prefix("integration.response.").and_then(|rest| rest.split_once('.'));
        let is_header = place
            .is_some_and(|(place, name)| matches!(place, "header" | "multivalueheader") && is_name(name));
        if !is_header && !is_path_in(source, "integration.response.body") && !is_common_source(source) {
            return Err(BadRequest::MappingSource(source.clone()));
        }
    }
    Ok(())
}

/// Checks the parameters of a gateway response: targets and sources.
pub(crate) fn check_gateway_response_parameters(
    parameters: &BTreeMap<String, String>,
) -> Result<(), BadRequest> {
    for (target, source) in parameters {
        let place = target.strip_prefix("gatewayresponse.").and_then(|rest| rest.split_once('.'));
        let is_target = place
            .is_some_and(|(place, name)| matches!(place, "header" | "querystring" | "path") && is_name(name));
        if !is_target {
            return Err(BadRequest::MappingName(target.clone()));
        }
        if request_parameter(source).is_none() && !is_common_source(source) {
            return Err(BadRequest::MappingSource(source.clone()));
        }
    }
    Ok(())
}

/// Checks that the parameters of a cache key are declared.
pub(crate) fn check_cache_key(integration: &Integration, method: &Method) -> Result<(), BadRequest> {
    let is_known = |name: &String| match request_parameter(name) {
        Some((place, name)) => is_declared(method, place, name),
        None => integration.request_parameters.contains_key(name),
    };
    if integration.cache_key_parameters.iter().all(is_known) {
        Ok(())
    } else {
        Err(BadRequest::CacheKeyParameter)
    }
}

/// The place and name in `method.request.{place}.{name}`.
fn request_parameter(text: &str) -> Option<(&str, &str)> {
    request_place(text).filter(|(_, name)| is_name(name))
}

/// The same, whatever the name is.
fn request_place(text: &str) -> Option<(&str, &str)> {
    let parts = text.strip_prefix("method.request.")?.split_once('.')?;
    REQUEST_PLACES.contains(&parts.0).then_some(parts)
}

/// A parameter declared with one value may be read with several, and vice versa.
fn is_declared(method: &Method, place: &str, name: &str) -> bool {
    let single = place.trim_start_matches("multivalue");
    let declared =
        |place: &str| method.request_parameters.contains_key(&format!("method.request.{place}.{name}"));
    declared(single) || declared(&format!("multivalue{single}"))
}

fn is_common_source(source: &str) -> bool {
    let is_literal = 2 <= source.len() && source.starts_with('\'') && source.ends_with('\'');
    is_literal
        || source.strip_prefix("stageVariables.").is_some_and(is_name)
        || source.strip_prefix("context.").is_some_and(is_name)
}

/// `root` itself, or a JSONPath below it.
fn is_path_in(source: &str, root: &str) -> bool {
    source.strip_prefix(root).is_some_and(|path| {
        path.is_empty()
            || path.strip_prefix('.').is_some_and(|path| !path.is_empty())
            || path.starts_with('[')
    })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b":._$-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::super::integration::IntegrationType;
    use super::*;
    use crate::apis::fixtures::{test_integration, test_method};

    fn request(declared: &[&str], target: &str, source: &str) -> Result<(), String> {
        let mut method = test_method();
        method.request_parameters = declared.iter().map(|name| ((*name).to_owned(), false)).collect();
        let mut integration = test_integration(IntegrationType::Http);
        integration.request_parameters.insert(target.to_owned(), source.to_owned());
        check_request_mappings(&integration, &method).map_err(|error| error.to_string())
    }

    #[test]
    fn sources_of_requests() {
        let target = "integration.request.header.X";
        for source in [
            "'a'",
            "''",
            "stageVariables.a",
            "context.identity.sourceIp",
            "method.request.body",
            "method.request.body.a.b",
            "method.request.body.a[0]",
            "method.request.header.A",
            "method.request.multivalueheader.A",
        ] {
            assert_eq!(request(&["method.request.header.A"], target, source), Ok(()), "{source}");
        }
        assert_eq!(
            request(&[], target, "true").unwrap_err(),
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
             expression specified: true]"
        );
        assert_eq!(
            request(&[], target, "method.request.header.A").unwrap_err(),
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
             expression parameter specified: method.request.header.A]"
        );
        for source in
            ["", "'", "method.request.bodyguard", "context.", "stageVariables.a b", "method.request.body."]
        {
            assert!(request(&[], target, source).is_err(), "{source}");
        }
        for target in ["integration.request.body.X", "method.request.header.X", "integration.request.header."]
        {
            assert!(request(&[], target, "'a'").is_err(), "{target}");
        }
    }

    #[test]
    fn names_are_unique_across_places() {
        let check = |names: &[&str]| {
            let names = names.iter().map(|name| ((*name).to_owned(), true)).collect();
            check_request_parameters(&names).map_err(|error| error.to_string())
        };
        assert_eq!(check(&["method.request.header.a", "method.request.multivalueheader.a"]), Ok(()));
        assert_eq!(
            check(&["method.request.header.a", "method.request.querystring.a"]).unwrap_err(),
            "Parameter names must be unique across querystring, header and path"
        );
        assert_eq!(
            check(&["method.request.cookie.a"]).unwrap_err(),
            "Invalid mapping expression parameter specified: method.request.cookie.a"
        );
        // Every character that AWS takes; brackets are none of them, so `filter[a]` is declared as something else.
        assert_eq!(check(&["method.request.querystring.a$b:c-d.e_f"]), Ok(()));
        for name in ["querystring.filter[a]", "header.x y", "path.é"] {
            assert_eq!(
                check(&[&format!("method.request.{name}")]).unwrap_err(),
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Parameter name \
                 should match the following regular expression: ^[a-zA-Z0-9:._$-]+$]"
            );
        }
    }

    #[test]
    fn parameters_of_gateway_responses() {
        let check = |target: &str, source: &str| {
            let parameters = BTreeMap::from([(target.to_owned(), source.to_owned())]);
            check_gateway_response_parameters(&parameters).map_err(|error| error.to_string())
        };
        let header = "gatewayresponse.header.X-A";
        for source in
            ["'*'", "context.error.responseType", "method.request.header.Origin", "stageVariables.origin"]
        {
            assert_eq!(check(header, source), Ok(()), "{source}");
        }
        let head = "Invalid mapping expression specified: Validation Result: warnings : [], errors : ";
        assert_eq!(
            check(header, "*").unwrap_err(),
            format!("{head}[Invalid mapping expression specified: *]")
        );
        assert_eq!(
            check("gatewayresponse.body.X", "'*'").unwrap_err(),
            format!("{head}[Invalid mapping expression parameter specified: gatewayresponse.body.X]")
        );
        assert!(check("X", "'*'").is_err());
        assert!(check(header, "integration.response.header.X").is_err());
    }

    #[test]
    fn response_targets_have_to_be_declared() {
        let declared = MethodResponse {
            parameters: BTreeMap::from([("method.response.header.a".to_owned(), false)]),
            ..MethodResponse::default()
        };
        let check = |target: &str, source: &str| {
            let parameters = BTreeMap::from([(target.to_owned(), source.to_owned())]);
            let response = IntegrationResponse { parameters, ..IntegrationResponse::default() };
            check_response_names(&response, &declared)
                .and_then(|()| check_response_mappings(&response))
                .map_err(|error| error.to_string())
        };
        let header = "method.response.header.a";
        for source in ["integration.response.header.b", "integration.response.body.c", "'*'"] {
            assert_eq!(check(header, source), Ok(()), "{source}");
        }
        assert!(check(header, "method.request.header.b").is_err());
        let undeclared = IntegrationResponse {
            parameters: BTreeMap::from([("method.response.body".to_owned(), "'*'".to_owned())]),
            ..IntegrationResponse::default()
        };
        assert!(check_response_mappings(&undeclared).is_err());
        assert_eq!(
            check("method.response.header.b", "'*'").unwrap_err(),
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
             expression parameter specified: method.response.header.b]"
        );
    }
}
