//! What a caller has to say that a template may do.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html#using-iam-capabilities>

use super::template::Template;

/// Types that change who may do what, with the properties that name them.
const OF_IAM: &[(&str, &str)] = &[
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::Policy", ""),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::AccessKey", ""),
    ("AWS::IAM::UserToGroupAddition", ""),
];

/// What a template needs, and the types that need it.
pub(super) fn needed(template: &Template) -> (Vec<&'static str>, Vec<&'static str>) {
    let mut types = Vec::new();
    let mut is_named = false;
    for resource in &template.resources {
        let of_iam = OF_IAM.iter().find(|(kind, _)| *kind == resource.kind.type_name());
        let Some((kind, name)) = of_iam else { continue };
        is_named |= resource.properties.contains_key(*name);
        if !types.contains(kind) {
            types.push(*kind);
        }
    }
    let capability = if is_named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
    let mut needed = Vec::new();
    if !types.is_empty() {
        needed.push(capability);
    }
    if template.has_macros {
        needed.push("CAPABILITY_AUTO_EXPAND");
    }
    (needed, types)
}

/// Checks that the caller has said all that is needed. What a macro makes is seen in a change set.
///
/// # Errors
/// What is missing, in AWS's words.
pub(super) fn check(template: &Template, said: &[String], is_change_set: bool) -> Result<(), String> {
    let says = |capability: &str| said.iter().any(|said| said == capability);
    let (needed, _) = needed(template);
    let missing = needed.into_iter().find(|capability| match *capability {
        "CAPABILITY_IAM" => !says("CAPABILITY_IAM") && !says("CAPABILITY_NAMED_IAM"),
        "CAPABILITY_AUTO_EXPAND" => !is_change_set && !says("CAPABILITY_AUTO_EXPAND"),
        other => !says(other),
    });
    match missing {
        None => Ok(()),
        Some(missing) => Err(format!("Requires capabilities : [{missing}]")),
    }
}
