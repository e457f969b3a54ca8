//! `AWS::ApiGateway::DomainNameV2`, `BasePathMappingV2` and `DomainNameAccessAssociation`: private custom domain names, which
//! are told apart by their ids.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-domainnamev2.html>

use serde_json::{Map, Value, json};

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, patch_value, patches, renamed,
    tag_map, text,
};

/// A private custom domain name.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::DomainNameV2",
    properties: &[
        "DomainName",
        "CertificateArn",
        "EndpointConfiguration",
        "SecurityPolicy",
        "EndpointAccessMode",
        "RoutingMode",
        "Policy",
        "Tags",
    ],
    identity: &["DomainName", "EndpointConfiguration"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "apigateway", "DeleteDomainName", of_domain(&made.reference).into()))
    },
    tagged: |arn, _| Some(format!("/domainnames/{}", arn.rsplit('/').next().unwrap_or_default())),
    guess: |_| {
        let arn = "arn:aws:apigateway:us-east-1:123456789012:/domainnames/example.com+abcde12345";
        (arn.into(), vec![("DomainNameArn", arn.into()), ("DomainNameId", "abcde12345".into())])
    },
    ..Row::PLAIN
};

/// What a path of one leads to.
pub(super) static MAPPING: Row = Row {
    type_name: "AWS::ApiGateway::BasePathMappingV2",
    properties: &["DomainNameArn", "BasePath", "RestApiId", "Stage"],
    identity: &["DomainNameArn", "BasePath"],
    create: |operations, _, properties| {
        Box::pin(async move {
            let mut input = of_domain(text_of(properties, "DomainNameArn"));
            let members = [("BasePath", "basePath"), ("RestApiId", "restApiId"), ("Stage", "stage")];
            input.extend(renamed(properties, &members));
            call(operations, "apigateway", "CreateBasePathMapping", input.into()).await?;
            let arn = format!(
                "{}/basepathmappings/{}",
                text_of(properties, "DomainNameArn"),
                base_path(properties)
            );
            let attributes = [("BasePathMappingArn".to_owned(), arn.clone())].into();
            Ok(Attributes { reference: arn, attributes })
        })
    },
    update: |operations, made, old, new| {
        Box::pin(async move {
            let changes = patches(old, new, &[("RestApiId", "/restapiId"), ("Stage", "/stage")]);
            let mut input = of_mapping(new);
            input.insert("patchOperations".to_owned(), changes.into());
            call(operations, "apigateway", "UpdateBasePathMapping", input.into()).await?;
            Ok(Updated::InPlace(made.clone()))
        })
    },
    delete: |operations, _, properties| {
        Box::pin(call(operations, "apigateway", "DeleteBasePathMapping", of_mapping(properties).into()))
    },
    guess: |_| {
        let arn = "arn:aws:apigateway:us-east-1:123456789012:/domainnames/example.com+abcde12345/basepathmappings/x";
        (arn.into(), vec![("BasePathMappingArn", arn.into())])
    },
    ..Row::PLAIN
};

/// That a VPC endpoint may reach one.
pub(super) static ASSOCIATION: Row = Row {
    type_name: "AWS::ApiGateway::DomainNameAccessAssociation",
    properties: &["DomainNameArn", "AccessAssociationSource", "AccessAssociationSourceType", "Tags"],
    identity: &["DomainNameArn", "AccessAssociationSource", "AccessAssociationSourceType"],
    create: |operations, _, properties| {
        Box::pin(async move {
            let members = [
                ("DomainNameArn", "domainNameArn"),
                ("AccessAssociationSource", "accessAssociationSource"),
                ("AccessAssociationSourceType", "accessAssociationSourceType"),
            ];
            let mut input = renamed(properties, &members);
            input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
            let made = call(operations, "apigateway", "CreateDomainNameAccessAssociation", input.into());
            let arn = text(&made.await?, "domainNameAccessAssociationArn").to_owned();
            let attributes = [("DomainNameAccessAssociationArn".to_owned(), arn.clone())].into();
            Ok(Attributes { reference: arn, attributes })
        })
    },
    delete: |operations, made, _| {
        let input = json!({ "domainNameAccessAssociationArn": made.reference });
        Box::pin(call(operations, "apigateway", "DeleteDomainNameAccessAssociation", input))
    },
    update: |_, made, _, _| Box::pin(std::future::ready(Ok(Updated::InPlace(made.clone())))),
    tagged: |arn, _| arn.split_once(":/").map(|(_, path)| format!("/{path}")),
    guess: |_| {
        let arn = "arn:aws:apigateway:us-east-1:123456789012:/domainnameaccessassociations/domainname/example.com+abcde12345/vpcesource/vpce-1";
        (arn.into(), vec![("DomainNameAccessAssociationArn", arn.into())])
    },
    ..Row::PLAIN
};

fn text_of<'a>(properties: &'a Properties, name: &str) -> &'a str {
    properties.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The members that name a domain: its ARN ends with its name and its id.
fn of_domain(arn: &str) -> Map<String, Value> {
    let (name, id) = arn.rsplit('/').next().and_then(|last| last.split_once('+')).unwrap_or((arn, ""));
    Map::from_iter([("domainName".to_owned(), json!(name)), ("domainNameId".to_owned(), json!(id))])
}

fn of_mapping(properties: &Properties) -> Map<String, Value> {
    let mut input = of_domain(text_of(properties, "DomainNameArn"));
    input.insert("basePath".to_owned(), json!(base_path(properties)));
    input
}

/// An empty path can't stand in an address.
fn base_path(properties: &Properties) -> &str {
    match text_of(properties, "BasePath") {
        "" => "(none)",
        path => path,
    }
}

/// A policy as the text that it is stored as.
fn policy(properties: &Properties) -> Option<String> {
    match properties.get("Policy")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        document => Some(document.to_string()),
    }
}

async fn create(operations: &dyn Operations, properties: &Properties) -> Result<Attributes, OperationError> {
    let members = [
        ("DomainName", "domainName"),
        ("CertificateArn", "certificateArn"),
        ("SecurityPolicy", "securityPolicy"),
        ("EndpointAccessMode", "endpointAccessMode"),
        ("RoutingMode", "routingMode"),
    ];
    let mut input = renamed(properties, &members);
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    input.extend(policy(properties).map(|policy| ("policy".to_owned(), json!(policy))));
    let given = properties.get("EndpointConfiguration").and_then(Value::as_object).cloned();
    let mut endpoint =
        renamed(&given.unwrap_or_default(), &[("Types", "types"), ("IpAddressType", "ipAddressType")]);
    endpoint.entry("types").or_insert_with(|| json!(["PRIVATE"]));
    input.insert("endpointConfiguration".to_owned(), endpoint.into());
    Ok(attributes(&call(operations, "apigateway", "CreateDomainName", input.into()).await?))
}

fn attributes(domain: &Value) -> Attributes {
    let arn = text(domain, "domainNameArn").to_owned();
    let attributes = [
        ("DomainNameArn".to_owned(), arn.clone()),
        ("DomainNameId".to_owned(), text(domain, "domainNameId").to_owned()),
    ];
    Attributes { reference: arn, attributes: attributes.into() }
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let simple = [
        ("CertificateArn", "/certificateArn"),
        ("SecurityPolicy", "/securityPolicy"),
        ("EndpointAccessMode", "/endpointAccessMode"),
        ("RoutingMode", "/routingMode"),
    ];
    let mut changes = patches(old, new, &simple);
    let (was, is) = (policy(old), policy(new));
    if was != is {
        let value = patch_value(is.map(Value::from).as_ref());
        changes.push(json!({ "op": "replace", "path": "/policy", "value": value }));
    }
    let mut input = of_domain(&made.reference);
    input.insert("patchOperations".to_owned(), changes.into());
    call(operations, "apigateway", "UpdateDomainName", input.into()).await?;
    Ok(Updated::InPlace(made.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_named_by_its_arn() {
        let arn = "arn:aws:apigateway:us-east-1:123456789012:/domainnames/private.example.com+abc";
        let want = json!({ "domainName": "private.example.com", "domainNameId": "abc" });
        assert_eq!(Value::Object(of_domain(arn)), want);
    }
}
