//! The members of `$context` in one table.
//!
//! Templates, parameter mappings, gateway responses and access logs use these names;
//! [`Context::variable`](super::context::Context::variable) gives their values.

/// Declares [`Variable`] and its names.
macro_rules! variables {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A member of `$context` with a fixed name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Variable {
            $(#[doc = concat!("`$context.", $name, "`")] $variant),+
        }

        impl Variable {
            /// All names, dotted, without `$context.`.
            #[cfg(test)]
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Finds the member `name`, such as `identity.sourceIp`.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

variables! {
    AccountId = "accountId",
    ApiId = "apiId",
    AuthorizeError = "authorize.error",
    AuthorizeStatus = "authorize.status",
    AwsEndpointRequestId = "awsEndpointRequestId",
    CustomDomainBasePathMatched = "customDomain.basePathMatched",
    DeploymentId = "deploymentId",
    DomainName = "domainName",
    DomainPrefix = "domainPrefix",
    ErrorMessage = "error.message",
    ErrorMessageString = "error.messageString",
    ErrorResponseType = "error.responseType",
    ErrorValidationErrorString = "error.validationErrorString",
    ExtendedRequestId = "extendedRequestId",
    HttpMethod = "httpMethod",
    IdentityClientCertPem = "identity.clientCert.clientCertPem",
    IdentityClientCertSubjectDn = "identity.clientCert.subjectDN",
    IdentityClientCertIssuerDn = "identity.clientCert.issuerDN",
    IdentityClientCertSerialNumber = "identity.clientCert.serialNumber",
    IdentityClientCertNotBefore = "identity.clientCert.validity.notBefore",
    IdentityClientCertNotAfter = "identity.clientCert.validity.notAfter",
    IdentitySourceIp = "identity.sourceIp",
    IdentityUserAgent = "identity.userAgent",
    IdentityAccessKey = "identity.accessKey",
    IdentityAccountId = "identity.accountId",
    IdentityApiKey = "identity.apiKey",
    IdentityApiKeyId = "identity.apiKeyId",
    IdentityCaller = "identity.caller",
    IdentityCognitoAuthenticationProvider = "identity.cognitoAuthenticationProvider",
    IdentityCognitoAuthenticationType = "identity.cognitoAuthenticationType",
    IdentityCognitoIdentityId = "identity.cognitoIdentityId",
    IdentityCognitoIdentityPoolId = "identity.cognitoIdentityPoolId",
    IdentityUser = "identity.user",
    IdentityUserArn = "identity.userArn",
    IntegrationError = "integration.error",
    IntegrationIntegrationStatus = "integration.integrationStatus",
    IntegrationInnerLatency = "integration.latency",
    IntegrationInnerRequestId = "integration.requestId",
    IntegrationResponseTransferMode = "integration.responseTransferMode",
    IntegrationInnerStatus = "integration.status",
    IntegrationTimeToAllHeaders = "integration.timeToAllHeaders",
    IntegrationTimeToFirstContent = "integration.timeToFirstContent",
    IntegrationErrorMessage = "integrationErrorMessage",
    IntegrationLatency = "integrationLatency",
    IntegrationStatus = "integrationStatus",
    IsCanaryRequest = "isCanaryRequest",
    OperationName = "operationName",
    Path = "path",
    Protocol = "protocol",
    RequestId = "requestId",
    RequestTime = "requestTime",
    RequestTimeEpoch = "requestTimeEpoch",
    ResourceId = "resourceId",
    ResourcePath = "resourcePath",
    ResponseLatency = "responseLatency",
    ResponseLength = "responseLength",
    Stage = "stage",
    Status = "status",
    XrayTraceId = "xrayTraceId",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_and_no_prefix_does() {
        for name in Variable::NAMES {
            assert!(Variable::parse(name).is_some(), "{name}");
        }
        for bad in ["", "identity", "error", "requestid", "nope", "identity.nope"] {
            assert_eq!(Variable::parse(bad), None, "{bad}");
        }
    }
}
