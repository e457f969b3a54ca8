//! The AWS managed policies that are known here: those about the services of this server.
//!
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>

/// The document of the AWS managed policy with this ARN, in any partition. Unknown ones can be attached, but grant
/// nothing.
pub(super) fn document(arn: &str) -> Option<&'static str> {
    Some(match arn.strip_prefix(super::AWS_POLICY_PREFIX)? {
        "AdministratorAccess" => {
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
        }
        "AmazonAPIGatewayAdministrator" => {
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","Action":["apigateway:*"],"Resource":"arn:*:apigateway:*::/*"}]}"#
        }
        "AmazonAPIGatewayInvokeFullAccess" => {
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","Action":["execute-api:Invoke","execute-api:ManageConnections"],
                 "Resource":"arn:*:execute-api:*:*:*"}]}"#
        }
        "AWSStepFunctionsFullAccess" => {
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"states:*","Resource":"*"}]}"#
        }
        "PowerUserAccess" => {
            r#"{"Version":"2012-10-17","Statement":[
                {"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
                {"Effect":"Allow","Action":["account:GetAccountInformation","account:GetPrimaryEmail",
                 "account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
                 "organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}"#
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, PolicyKind};

    #[test]
    fn every_document_is_a_policy() {
        for name in [
            "AdministratorAccess",
            "AmazonAPIGatewayAdministrator",
            "AmazonAPIGatewayInvokeFullAccess",
            "AWSStepFunctionsFullAccess",
            "PowerUserAccess",
        ] {
            let document = document(&format!("arn:aws:iam::aws:policy/{name}")).unwrap();
            Policy::parse(document, PolicyKind::Identity).unwrap();
        }
        assert_eq!(document("arn:aws:iam::aws:policy/ReadOnlyAccess"), None);
        assert_eq!(document("arn:aws:iam::123456789012:policy/AdministratorAccess"), None);
    }
}
