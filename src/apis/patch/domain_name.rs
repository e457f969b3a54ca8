//! Paths of [UpdateDomainName](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateDomainName.html).

use super::maps::{Entry, entry_op};
use super::{PatchOp, PatchOperation};
use crate::apis::error::{BadRequest, Error};
use crate::apis::{
    DomainName, EndpointAccessMode, EndpointType, IpAddressType, MutualTlsAuthentication, RoutingMode,
};

/// Applies `patches` to `domain`. The caller checks whether its members fit together once all are applied, because
/// changing a domain's endpoint type takes several operations.
pub(crate) fn patch_domain_name(domain: &mut DomainName, patches: &[PatchOperation]) -> Result<(), Error> {
    patches.iter().try_for_each(|patch| patch_one(domain, patch))
}

fn patch_one(domain: &mut DomainName, patch: &PatchOperation) -> Result<(), Error> {
    match patch.path.as_deref().unwrap_or_default() {
        "/certificateName" => domain.certificate.name = entry(patch)?,
        "/certificateArn" => {
            domain.certificate.arn = entry(patch)?;
            domain.uploaded = None;
        }
        "/regionalCertificateName" => domain.regional_certificate.name = entry(patch)?,
        "/regionalCertificateArn" => {
            domain.regional_certificate.arn = entry(patch)?;
            domain.uploaded = None;
        }
        "/ownershipVerificationCertificateArn" => {
            domain.ownership_verification_certificate_arn = entry(patch)?;
        }
        "/securityPolicy" => {
            patch.only_replace()?;
            domain.security_policy = patch.text().ok_or(BadRequest::SecurityPolicy)?;
        }
        "/endpointAccessMode" => {
            patch.only_replace()?;
            let parse = |text: String| EndpointAccessMode::parse(&text).ok_or(BadRequest::EndpointAccessMode);
            domain.endpoint_access_mode = patch.text().map(parse).transpose()?;
        }
        "/routingMode" => {
            patch.only_replace()?;
            let mode = patch.value.as_deref().and_then(RoutingMode::parse);
            domain.routing_mode = mode.ok_or(BadRequest::RoutingMode)?;
        }
        "/endpointConfiguration/ipAddressType" => {
            patch.only_replace()?;
            let kind = patch.value.as_deref().and_then(IpAddressType::parse);
            domain.ip_address_type = kind.ok_or(BadRequest::IpAddressType)?;
        }
        "/policy" => {
            patch.only_replace()?;
            domain.private.as_mut().ok_or(BadRequest::PolicyOfPublicDomain)?.policy = patch.text();
        }
        "/managementPolicy" => {
            patch.only_replace()?;
            domain.private.as_mut().ok_or(BadRequest::PolicyOfPublicDomain)?.management_policy = patch.text();
        }
        "/mutualTlsAuthentication/truststoreUri" => {
            domain.mutual_tls = entry(patch)?
                .map(|truststore_uri| MutualTlsAuthentication { truststore_uri, truststore_version: None });
        }
        "/mutualTlsAuthentication/truststoreVersion" => {
            let version = entry(patch)?;
            let mutual = domain.mutual_tls.as_mut().ok_or(BadRequest::NoTruststore)?;
            mutual.truststore_version = version;
        }
        path if path == "/endpointConfiguration/types"
            || path.starts_with("/endpointConfiguration/types/") =>
        {
            patch_endpoint_type(domain, patch)?;
        }
        _ => return Err(patch.unknown_path().into()),
    }
    Ok(())
}

/// A text that can be added, replaced and removed.
fn entry(patch: &PatchOperation) -> Result<Option<String>, BadRequest> {
    Ok(match entry_op(patch)? {
        Entry::Set | Entry::Replace => patch.text(),
        Entry::Remove => None,
    })
}

/// AWS has both types while a domain is changing. Here the type added last counts, and removing the other one has no
/// further effect. The certificate of the old type is removed with it.
fn patch_endpoint_type(domain: &mut DomainName, patch: &PatchOperation) -> Result<(), Error> {
    let named = patch.path.as_deref().and_then(|path| path.strip_prefix("/endpointConfiguration/types/"));
    let text = patch.value.as_deref().filter(|value| !value.is_empty()).or(named).unwrap_or_default();
    let kind = EndpointType::parse(text).ok_or(BadRequest::NoEndpointType)?;
    match patch.op {
        PatchOp::Add | PatchOp::Replace => domain.endpoint_type = kind,
        PatchOp::Remove if kind == domain.endpoint_type => return Err(BadRequest::NoEndpointType.into()),
        PatchOp::Remove => match kind {
            EndpointType::Edge => domain.certificate = Default::default(),
            EndpointType::Regional => domain.regional_certificate = Default::default(),
            EndpointType::Private => {}
        },
        PatchOp::Move | PatchOp::Test | PatchOp::Copy => {
            return Err(BadRequest::PatchOp("[add, remove, replace]").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::fixtures::test_domain_name;

    fn check(patches: &[&str], want: Result<impl Fn(&DomainName) -> bool, &str>) {
        let mut domain = test_domain_name("api.example.com", &[]);
        let ops: Vec<_> = patches.iter().map(|text| op(text)).collect();
        let done = patch_domain_name(&mut domain, &ops).and_then(|()| domain.check().map_err(Error::from));
        match (done, want) {
            (Ok(()), Ok(holds)) => assert!(holds(&domain), "{patches:?}: {domain:?}"),
            (Err(error), Err(want)) => assert!(error.to_string().contains(want), "{patches:?}: {error}"),
            (done, _) => panic!("{patches:?}: {done:?}"),
        }
    }

    const NEVER: Result<fn(&DomainName) -> bool, &str> = Err("");

    #[test]
    fn a_domain_moves_between_endpoint_types_in_one_request() {
        check(
            &[
                "add /endpointConfiguration/types EDGE",
                "add /certificateArn arn:aws:acm:us-east-1:123456789012:certificate/2",
                "remove /endpointConfiguration/types REGIONAL",
            ],
            Ok(|it: &DomainName| {
                it.endpoint_type == EndpointType::Edge
                    && it.certificate_arn().is_some_and(|arn| arn.ends_with("/2"))
                    && it.regional_certificate.arn.is_none()
            }),
        );
        check(
            &["replace /endpointConfiguration/types/REGIONAL EDGE"],
            NEVER.map_err(|_| "Cannot import certificates for REGIONAL while EDGE is active."),
        );
        check(&["remove /endpointConfiguration/types REGIONAL"], NEVER);
    }

    #[test]
    fn members_are_patched_by_their_paths() {
        check(&["replace /securityPolicy TLS_1_0"], Ok(|it: &DomainName| it.security_policy == "TLS_1_0"));
        check(
            &[
                "add /mutualTlsAuthentication/truststoreUri s3://a/b",
                "add /mutualTlsAuthentication/truststoreVersion 7",
            ],
            Ok(|it: &DomainName| {
                it.mutual_tls.as_ref().is_some_and(|mutual| mutual.truststore_version.as_deref() == Some("7"))
            }),
        );
        check(
            &["add /mutualTlsAuthentication/truststoreVersion 7"],
            NEVER.map_err(|_| "needs a truststoreUri"),
        );
        check(&["remove /regionalCertificateArn"], NEVER.map_err(|_| "A certificate is required"));
        check(
            &["replace /routingMode ROUTING_RULE_ONLY"],
            Ok(|it: &DomainName| it.routing_mode == RoutingMode::RoutingRuleOnly),
        );
        check(&["replace /routingMode NONE"], NEVER.map_err(|_| "Invalid routing mode"));
        check(&["replace /policy {}"], NEVER.map_err(|_| "private custom domain names only"));
        check(&["replace /endpointConfiguration/types PRIVATE"], NEVER);
        check(&["replace /securityPolicy TLS_9"], NEVER.map_err(|_| "Invalid security policy"));
        check(&["replace /endpointAccessMode STRICT"], NEVER.map_err(|_| "SecurityPolicy_*"));
        check(
            &[
                "replace /endpointAccessMode STRICT",
                "replace /securityPolicy SecurityPolicy_TLS13_1_3_2025_09",
            ],
            Ok(|it: &DomainName| it.endpoint_access_mode == Some(EndpointAccessMode::Strict)),
        );
        check(&["replace /nope x"], NEVER);
        check(&["copy /securityPolicy /nope"], NEVER);
    }
}
