//! `AWS::ApiGateway::DomainName`.

use serde_json::{Value, json};

use super::{
    Attributes, OperationError, Operations, Properties, Row, Updated, call, patch_value, patches, renamed,
    tag_map, text,
};

/// A custom domain name.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ApiGateway::DomainName",
    properties: &[
        "DomainName",
        "CertificateArn",
        "RegionalCertificateArn",
        "EndpointConfiguration",
        "SecurityPolicy",
        "EndpointAccessMode",
        "RoutingMode",
        "MutualTlsAuthentication",
        "OwnershipVerificationCertificateArn",
        "Tags",
    ],
    identity: &["DomainName"],
    create: |operations, _, properties| Box::pin(create(operations, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "apigateway", "DeleteDomainName", json!({ "domainName": made.reference })))
    },
    tagged: |id, _| Some(format!("/domainnames/{id}")),
    guess: |_| {
        let names = [
            ("DistributionDomainName", "d111111abcdef8.cloudfront.net"),
            ("DistributionHostedZoneId", "Z2FDTNDATAQYW2"),
            ("RegionalDomainName", "d-abcde12345.execute-api.us-east-1.amazonaws.com"),
            ("RegionalHostedZoneId", "Z1UJRXOUMOOFQ8"),
            ("DomainNameArn", "arn:aws:apigateway:us-east-1::/domainnames/example.com"),
        ];
        ("example.com".into(), names.map(|(name, value)| (name, value.to_owned())).into())
    },
    ..Row::PLAIN
};

pub(super) async fn create(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let members = [
        ("DomainName", "domainName"),
        ("CertificateArn", "certificateArn"),
        ("RegionalCertificateArn", "regionalCertificateArn"),
        ("OwnershipVerificationCertificateArn", "ownershipVerificationCertificateArn"),
        ("SecurityPolicy", "securityPolicy"),
        ("EndpointAccessMode", "endpointAccessMode"),
        ("RoutingMode", "routingMode"),
    ];
    let mut input = renamed(properties, &members);
    input.extend(tag_map(properties).map(|tags| ("tags".to_owned(), tags)));
    let nested = [
        (
            "EndpointConfiguration",
            "endpointConfiguration",
            [("Types", "types"), ("IpAddressType", "ipAddressType")],
        ),
        (
            "MutualTlsAuthentication",
            "mutualTlsAuthentication",
            [("TruststoreUri", "truststoreUri"), ("TruststoreVersion", "truststoreVersion")],
        ),
    ];
    for (property, member, names) in nested {
        if let Some(given) = properties.get(property).and_then(Value::as_object) {
            input.insert(member.to_owned(), Value::Object(renamed(given, &names)));
        }
    }
    let made = call(operations, "apigateway", "CreateDomainName", input.into()).await?;
    Ok(attributes(&made))
}

pub(super) async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    let changes = changes(old, new);
    let input = json!({ "domainName": made.reference, "patchOperations": changes });
    let changed = call(operations, "apigateway", "UpdateDomainName", input).await?;
    Ok(Updated::InPlace(attributes(&changed)))
}

fn attributes(domain: &Value) -> Attributes {
    let names = [
        ("DistributionDomainName", "distributionDomainName"),
        ("DistributionHostedZoneId", "distributionHostedZoneId"),
        ("RegionalDomainName", "regionalDomainName"),
        ("RegionalHostedZoneId", "regionalHostedZoneId"),
        ("DomainNameArn", "domainNameArn"),
    ];
    let given = names.into_iter().filter(|(_, member)| domain.get(member).is_some());
    Attributes {
        reference: text(domain, "domainName").to_owned(),
        attributes: given.map(|(name, member)| (name.to_owned(), text(domain, member).to_owned())).collect(),
    }
}

fn changes(old: &Properties, new: &Properties) -> Vec<Value> {
    let simple = [
        ("CertificateArn", "/certificateArn"),
        ("RegionalCertificateArn", "/regionalCertificateArn"),
        ("OwnershipVerificationCertificateArn", "/ownershipVerificationCertificateArn"),
        ("SecurityPolicy", "/securityPolicy"),
        ("EndpointAccessMode", "/endpointAccessMode"),
        ("RoutingMode", "/routingMode"),
    ];
    let mut changes = patches(old, new, &simple);
    let nested = [
        ("/EndpointConfiguration/Types/0", "/endpointConfiguration/types"),
        ("/EndpointConfiguration/IpAddressType", "/endpointConfiguration/ipAddressType"),
        ("/MutualTlsAuthentication/TruststoreUri", "/mutualTlsAuthentication/truststoreUri"),
        ("/MutualTlsAuthentication/TruststoreVersion", "/mutualTlsAuthentication/truststoreVersion"),
    ];
    let (old, new) = (Value::Object(old.clone()), Value::Object(new.clone()));
    for (property, path) in nested {
        let (before, after) = (old.pointer(property), new.pointer(property));
        // Without a truststore there is no version of it, either.
        let is_gone = path.ends_with("Version") && new.pointer("/MutualTlsAuthentication").is_none();
        if before != after && !is_gone {
            changes.push(json!({ "op": "replace", "path": path, "value": patch_value(after) }));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &Value, new: &Value, expect: &[(&str, &str)]) {
        let got = changes(old.as_object().unwrap(), new.as_object().unwrap());
        let expect =
            expect.iter().map(|(path, value)| json!({"op": "replace", "path": path, "value": value}));
        assert_eq!(got, expect.collect::<Vec<_>>());
    }

    #[test]
    fn only_what_changed_is_patched() {
        let tls = |version: &str| json!({"TruststoreUri": "s3://a/b", "TruststoreVersion": version});
        let edge = json!({"EndpointConfiguration": {"Types": ["EDGE"]}, "CertificateArn": "a"});
        check(&edge, &edge, &[]);
        check(
            &edge,
            &json!({"EndpointConfiguration": {"Types": ["REGIONAL"]}, "RegionalCertificateArn": "b"}),
            &[
                ("/certificateArn", ""),
                ("/regionalCertificateArn", "b"),
                ("/endpointConfiguration/types", "REGIONAL"),
            ],
        );
        let with = |version| json!({"MutualTlsAuthentication": tls(version)});
        check(&with("1"), &with("2"), &[("/mutualTlsAuthentication/truststoreVersion", "2")]);
        check(&with("1"), &json!({}), &[("/mutualTlsAuthentication/truststoreUri", "")]);
    }
}
