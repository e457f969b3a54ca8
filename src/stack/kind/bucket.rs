//! `AWS::S3::Bucket` and `AWS::S3::BucketPolicy`.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html>

use serde_json::{Map, Value, json};

use super::{Attributes, Naming, OperationError, Operations, Properties, Row, Updated, call, name_of};

/// A bucket.
pub(super) static ROW: Row = Row {
    type_name: "AWS::S3::Bucket",
    properties: &[
        "BucketName",
        "AccessControl",
        "BucketEncryption",
        "CorsConfiguration",
        "LifecycleConfiguration",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
        "WebsiteConfiguration",
    ],
    identity: &["BucketName"],
    create: |operations, naming, properties| Box::pin(create(operations, naming, properties)),
    update: |operations, made, old, new| Box::pin(update(operations, made, old, new)),
    delete: |operations, made, _| {
        Box::pin(call(operations, "s3", "DeleteBucket", json!({ "Bucket": made.reference })))
    },
    guess: |id| {
        let name = id.to_lowercase();
        let attributes = attributes(&name, "us-east-1", "aws");
        (name, attributes.into_iter().collect())
    },
    ..Row::PLAIN
};

/// The policy of a bucket.
pub(super) static POLICY: Row = Row {
    type_name: "AWS::S3::BucketPolicy",
    properties: &["Bucket", "PolicyDocument"],
    identity: &["Bucket"],
    create: |operations, _, properties| Box::pin(put_policy(operations, properties)),
    update: |operations, _, _, new| {
        Box::pin(async move { Ok(Updated::InPlace(put_policy(operations, new).await?)) })
    },
    delete: |operations, made, _| {
        Box::pin(call(operations, "s3", "DeleteBucketPolicy", json!({ "Bucket": made.reference })))
    },
    ..Row::PLAIN
};

/// A setting of a bucket: its property, the element that it is, and how it is set and taken back.
struct Setting {
    property: &'static str,
    element: &'static str,
    put: &'static str,
    delete: Option<&'static str>,
    /// What S3 calls what templates say.
    names: &'static [(&'static str, &'static str)],
}

const SETTINGS: &[Setting] = &[
    Setting {
        property: "BucketEncryption",
        element: "ServerSideEncryptionConfiguration",
        put: "PutBucketEncryption",
        delete: Some("DeleteBucketEncryption"),
        names: &[
            ("ServerSideEncryptionConfiguration", "Rule"),
            ("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"),
        ],
    },
    Setting {
        property: "CorsConfiguration",
        element: "CORSConfiguration",
        put: "PutBucketCors",
        delete: Some("DeleteBucketCors"),
        names: &[
            ("CorsRules", "CORSRule"),
            ("AllowedHeaders", "AllowedHeader"),
            ("AllowedMethods", "AllowedMethod"),
            ("AllowedOrigins", "AllowedOrigin"),
            ("ExposedHeaders", "ExposeHeader"),
            ("MaxAge", "MaxAgeSeconds"),
            ("Id", "ID"),
        ],
    },
    Setting {
        property: "LifecycleConfiguration",
        element: "LifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        delete: Some("DeleteBucketLifecycle"),
        names: &[
            ("Rules", "Rule"),
            ("Id", "ID"),
            ("Transitions", "Transition"),
            ("NoncurrentVersionTransitions", "NoncurrentVersionTransition"),
            ("TransitionInDays", "Days"),
        ],
    },
    Setting {
        property: "OwnershipControls",
        element: "OwnershipControls",
        put: "PutBucketOwnershipControls",
        delete: Some("DeleteBucketOwnershipControls"),
        names: &[("Rules", "Rule")],
    },
    Setting {
        property: "PublicAccessBlockConfiguration",
        element: "PublicAccessBlockConfiguration",
        put: "PutPublicAccessBlock",
        delete: Some("DeletePublicAccessBlock"),
        names: &[],
    },
    Setting {
        property: "VersioningConfiguration",
        element: "VersioningConfiguration",
        put: "PutBucketVersioning",
        delete: None,
        names: &[],
    },
    Setting {
        property: "Tags",
        element: "Tagging",
        put: "PutBucketTagging",
        delete: Some("DeleteBucketTagging"),
        names: &[],
    },
    Setting {
        property: "WebsiteConfiguration",
        element: "WebsiteConfiguration",
        put: "PutBucketWebsite",
        delete: Some("DeleteBucketWebsite"),
        names: &[],
    },
];

fn attributes(name: &str, region: &str, partition: &str) -> [(&'static str, String); 5] {
    [
        ("Arn", format!("arn:{partition}:s3:::{name}")),
        ("DomainName", format!("{name}.s3.amazonaws.com")),
        ("RegionalDomainName", format!("{name}.s3.{region}.amazonaws.com")),
        ("DualStackDomainName", format!("{name}.s3.dualstack.{region}.amazonaws.com")),
        ("WebsiteURL", format!("http://{name}.s3-website-{region}.amazonaws.com")),
    ]
}

/// The name that a bucket gets: without capitals, as buckets' names are.
pub(super) fn name(naming: &Naming<'_>, properties: &Properties) -> String {
    name_of(properties, "BucketName").unwrap_or_else(|| {
        naming.generated(63).to_lowercase().trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
    })
}

async fn create(
    operations: &dyn Operations,
    naming: &Naming<'_>,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let name = name(naming, properties);
    let mut input = Map::from_iter([("Bucket".to_owned(), json!(name))]);
    if let Some(acl) = name_of(properties, "AccessControl") {
        input.insert("ACL".to_owned(), json!(canned(&acl)));
    }
    if naming.home.region.as_str() != "us-east-1" {
        input.insert("LocationConstraint".to_owned(), json!(naming.home.region.as_str()));
    }
    call(operations, "s3", "CreateBucket", input.into()).await?;
    let set = set(operations, &name, &Properties::default(), properties).await;
    if let Err(error) = set {
        // A bucket that is not what it should be, is nobody's.
        let _gone = call(operations, "s3", "DeleteBucket", json!({ "Bucket": name })).await;
        return Err(error);
    }
    let (region, partition) = (naming.home.region.as_str(), naming.home.region.partition());
    let attributes = attributes(&name, region, partition);
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Attributes { reference: name, attributes })
}

async fn update(
    operations: &dyn Operations,
    made: &Attributes,
    old: &Properties,
    new: &Properties,
) -> Result<Updated, OperationError> {
    if old.get("AccessControl") != new.get("AccessControl") {
        let acl = name_of(new, "AccessControl").map_or_else(|| "private".to_owned(), |acl| canned(&acl));
        let input = json!({ "Bucket": made.reference, "ACL": acl });
        call(operations, "s3", "PutBucketAcl", input).await?;
    }
    set(operations, &made.reference, old, new).await?;
    Ok(Updated::InPlace(made.clone()))
}

/// `PublicRead` as S3 writes it.
fn canned(acl: &str) -> String {
    let mut out = String::new();
    for c in acl.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Sets what is another, and takes back what is gone.
async fn set(
    operations: &dyn Operations,
    name: &str,
    old: &Properties,
    new: &Properties,
) -> Result<(), OperationError> {
    for setting in SETTINGS {
        let (before, after) = (old.get(setting.property), new.get(setting.property));
        let is_there =
            |value: &&Value| !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty());
        match after.filter(is_there) {
            _ if before == after => {}
            Some(value) => {
                let document = document(setting, value);
                let input = json!({ "Bucket": name, "Document": document });
                call(operations, "s3", setting.put, input).await?;
            }
            None => match setting.delete {
                Some(delete) => {
                    call(operations, "s3", delete, json!({ "Bucket": name })).await?;
                }
                None => {
                    let suspended = json!({ "Status": "Suspended" });
                    let input = json!({ "Bucket": name, "Document": document(setting, &suspended) });
                    call(operations, "s3", setting.put, input).await?;
                }
            },
        }
    }
    Ok(())
}

/// The XML that S3 takes.
fn document(setting: &Setting, value: &Value) -> String {
    let mut out = format!("<{}>", setting.element);
    match setting.property {
        "Tags" => {
            out.push_str("<TagSet>");
            for tag in value.as_array().into_iter().flatten() {
                element(&mut out, "Tag", tag, &[]);
            }
            out.push_str("</TagSet>");
        }
        "WebsiteConfiguration" => {
            for (name, inside) in [("IndexDocument", "Suffix"), ("ErrorDocument", "Key")] {
                if let Some(text) = value.get(name) {
                    element(&mut out, name, &json!({ inside: text }), &[]);
                }
            }
        }
        _ => members(&mut out, &of_rules(value), setting.names),
    }
    out.push_str(&format!("</{}>", setting.element));
    out
}

/// The rules of a lifecycle, as S3 nests what templates say in one line.
fn of_rules(value: &Value) -> Value {
    let Some(rules) = value.get("Rules").and_then(Value::as_array) else { return value.clone() };
    let rule = |rule: &Value| {
        let Value::Object(rule) = rule else { return rule.clone() };
        let mut out = Map::new();
        for (name, value) in rule {
            match name.as_str() {
                "ExpirationInDays" => out.insert("Expiration".to_owned(), json!({ "Days": value })),
                "ExpirationDate" => out.insert("Expiration".to_owned(), json!({ "Date": value })),
                "NoncurrentVersionExpirationInDays" => {
                    out.insert("NoncurrentVersionExpiration".to_owned(), json!({ "NoncurrentDays": value }))
                }
                "Prefix" => out.insert("Filter".to_owned(), json!({ "Prefix": value })),
                _ => out.insert(name.clone(), value.clone()),
            };
        }
        Value::Object(out)
    };
    json!({ "Rules": rules.iter().map(rule).collect::<Value>() })
}

fn members(out: &mut String, value: &Value, names: &[(&str, &str)]) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let known = names.iter().find(|(from, _)| from == name).map_or(name.as_str(), |(_, to)| to);
        element(out, known, value, names);
    }
}

fn element(out: &mut String, name: &str, value: &Value, names: &[(&str, &str)]) {
    if let Value::Array(items) = value {
        return items.iter().for_each(|item| element(out, name, item, names));
    }
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Object(_) => members(out, value, names),
        Value::String(text) => text.chars().for_each(|c| match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }),
        Value::Null | Value::Array(_) => {}
        other => out.push_str(&other.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

async fn put_policy(
    operations: &dyn Operations,
    properties: &Properties,
) -> Result<Attributes, OperationError> {
    let bucket = name_of(properties, "Bucket").unwrap_or_default();
    let document = match properties.get("PolicyDocument") {
        Some(Value::String(text)) => text.clone(),
        Some(document) => document.to_string(),
        None => String::new(),
    };
    let input = json!({ "Bucket": bucket, "Document": document });
    call(operations, "s3", "PutBucketPolicy", input).await?;
    Ok(Attributes { reference: bucket, ..Attributes::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_s3_takes_them() {
        for (property, value, want) in [
            (
                "BucketEncryption",
                json!({"ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": true}]}),
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
                 <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
                 <BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
            ),
            (
                "Tags",
                json!([{"Key": "a&b", "Value": "c"}, {"Key": "d", "Value": ""}]),
                "<Tagging><TagSet><Tag><Key>a&amp;b</Key><Value>c</Value></Tag><Tag><Key>d</Key><Value></Value></Tag>\
                 </TagSet></Tagging>",
            ),
            (
                "LifecycleConfiguration",
                json!({"Rules": [{"Id": "x", "Status": "Enabled", "ExpirationInDays": 3, "Prefix": "a/"}]}),
                "<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Expiration><Days>3</Days></Expiration>\
                 <Filter><Prefix>a/</Prefix></Filter></Rule></LifecycleConfiguration>",
            ),
            (
                "WebsiteConfiguration",
                json!({"IndexDocument": "index.html"}),
                "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>",
            ),
        ] {
            let setting = SETTINGS.iter().find(|setting| setting.property == property).unwrap();
            assert_eq!(document(setting, &value), want);
        }
        assert_eq!(
            (canned("Private").as_str(), canned("PublicReadWrite").as_str()),
            ("private", "public-read-write")
        );
    }
}
