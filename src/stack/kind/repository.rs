//! `AWS::ECR::Repository`: the name of a registry's repository, which the CDK's bootstrap stack has. There is no registry
//! here: nothing can be pushed, and functions aren't images.

use crate::id::AccountRegion;

use super::{Attributes, Naming, Properties, Row, Updated, name_of};

/// A repository that is empty for ever.
pub(super) static ROW: Row = Row {
    type_name: "AWS::ECR::Repository",
    properties: &[
        "EmptyOnDelete",
        "EncryptionConfiguration",
        "ImageScanningConfiguration",
        "ImageTagMutability",
        "LifecyclePolicy",
        "RepositoryName",
        "RepositoryPolicyText",
        "Tags",
    ],
    identity: &["RepositoryName", "EncryptionConfiguration"],
    create: |_, naming, properties| Box::pin(std::future::ready(Ok(named(naming, properties)))),
    update: |_, made, _, _| Box::pin(std::future::ready(Ok(Updated::InPlace(made.clone())))),
    guess: |id| {
        let name = id.to_lowercase();
        let [arn, uri] = attributes(&name, "us-east-1", "aws", "123456789012");
        (name, vec![arn, uri])
    },
    ..Row::PLAIN
};

/// Nobody listens at the address.
fn attributes(name: &str, region: &str, partition: &str, account: &str) -> [(&'static str, String); 2] {
    [
        ("Arn", format!("arn:{partition}:ecr:{region}:{account}:repository/{name}")),
        ("RepositoryUri", format!("{account}.dkr.ecr.{region}.invalid/{name}")),
    ]
}

fn named(naming: &Naming<'_>, properties: &Properties) -> Attributes {
    let name = name_of(properties, "RepositoryName").unwrap_or_else(|| naming.generated(256).to_lowercase());
    let AccountRegion { account, region } = naming.home;
    let attributes = attributes(&name, region.as_str(), region.partition(), account.as_str());
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Attributes { reference: name, attributes }
}
