//! Paths of [UpdateRestApi](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateRestApi.html).

use super::maps::{Entry, entry_op};
use super::pointer::parts;
use super::{PatchOp, PatchOperation};
use crate::apis::error::{BadRequest, Error};
use crate::apis::{
    ApiKeySource, EndpointAccessMode, EndpointType, IpAddressType, MINIMUM_COMPRESSION_SIZE_MAX, RestApi,
    check_api_security, check_rest_api,
};

/// Applies `patches` to `api`.
pub(crate) fn patch_rest_api(api: &mut RestApi, patches: &[PatchOperation]) -> Result<(), Error> {
    for patch in patches {
        patch_one(api, patch)?;
        check_rest_api(api)?;
    }
    check_api_security(api)
}

fn patch_one(api: &mut RestApi, patch: &PatchOperation) -> Result<(), Error> {
    let parts = patch.path.as_deref().and_then(parts).ok_or_else(|| patch.unknown_path())?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["name"] => {
            patch.only_replace()?;
            api.name = patch.text().ok_or(BadRequest::EmptyName)?;
        }
        ["description"] => match entry_op(patch)? {
            Entry::Set | Entry::Replace => api.description = patch.text(),
            Entry::Remove => api.description = None,
        },
        ["policy"] => {
            patch.only_replace()?;
            api.policy = patch.text();
        }
        ["apiKeySource"] => {
            patch.only_replace()?;
            let source = patch.value.as_deref().and_then(ApiKeySource::parse);
            api.api_key_source = source.ok_or(BadRequest::ApiKeySource)?;
        }
        ["disableExecuteApiEndpoint"] => {
            patch.only_replace()?;
            api.disable_execute_api_endpoint = patch.boolean();
        }
        ["minimumCompressionSize"] => {
            patch.only_replace()?;
            api.minimum_compression_size = patch.text().as_deref().map(compression_size).transpose()?;
        }
        ["securityPolicy"] => {
            patch.only_replace()?;
            api.security_policy = patch.text();
        }
        ["endpointAccessMode"] => {
            patch.only_replace()?;
            let parse = |text: String| EndpointAccessMode::parse(&text).ok_or(BadRequest::EndpointAccessMode);
            api.endpoint_access_mode = patch.text().map(parse).transpose()?;
        }
        ["binaryMediaTypes", media_type] if !media_type.is_empty() => {
            patch_binary_media_type(api, media_type, patch)?
        }
        ["endpointConfiguration", "types", _] | ["endpointConfiguration", "types"] => {
            patch_endpoint_type(api, patch)?;
        }
        ["endpointConfiguration", "ipAddressType"] => {
            patch.only_replace()?;
            let kind = patch.value.as_deref().and_then(IpAddressType::parse);
            api.endpoint_configuration.ip_address_type = kind.ok_or(BadRequest::IpAddressType)?;
        }
        ["endpointConfiguration", "vpcEndpointIds"] => patch_vpc_endpoint(api, patch)?,
        _ => return Err(patch.unknown_path().into()),
    }
    Ok(())
}

fn compression_size(text: &str) -> Result<u32, BadRequest> {
    let size = text.parse().ok().filter(|size| *size <= MINIMUM_COMPRESSION_SIZE_MAX);
    size.ok_or(BadRequest::MinimumCompressionSize)
}

/// `replace` removes the type in the path and appends the new one, so the order changes, as on AWS.
fn patch_binary_media_type(api: &mut RestApi, media_type: &str, patch: &PatchOperation) -> Result<(), Error> {
    let types = &mut api.binary_media_types;
    let add = |types: &mut Vec<String>, media_type: String| {
        if !types.contains(&media_type) {
            types.push(media_type);
        }
    };
    match entry_op(patch)? {
        Entry::Set => add(types, media_type.to_owned()),
        Entry::Remove => types.retain(|there| there != media_type),
        Entry::Replace => {
            types.retain(|there| there != media_type);
            add(types, patch.text().unwrap_or_else(|| media_type.to_owned()));
        }
    }
    Ok(())
}

/// The part after `types` is a type or an index. An API has only one type, so it can only mean that one.
fn patch_endpoint_type(api: &mut RestApi, patch: &PatchOperation) -> Result<(), Error> {
    let endpoint = &mut api.endpoint_configuration;
    let value = || patch.value.as_deref().and_then(EndpointType::parse).ok_or(BadRequest::EndpointType);
    match patch.op {
        PatchOp::Replace => {
            endpoint.kind = value()?;
            if endpoint.kind == EndpointType::Private {
                endpoint.ip_address_type = IpAddressType::Dualstack;
            }
            Ok(())
        }
        PatchOp::Add if value()? == endpoint.kind => Ok(()),
        PatchOp::Add => Err(BadRequest::MultipleEndpointTypes.into()),
        PatchOp::Remove => Err(BadRequest::NoEndpointType.into()),
        PatchOp::Move | PatchOp::Test | PatchOp::Copy => Err(BadRequest::EndpointTypesOp.into()),
    }
}

fn patch_vpc_endpoint(api: &mut RestApi, patch: &PatchOperation) -> Result<(), Error> {
    let ids = &mut api.endpoint_configuration.vpc_endpoint_ids;
    let value = patch.text().ok_or_else(|| BadRequest::PatchValue(patch.printed_path().to_owned()))?;
    match entry_op(patch)? {
        Entry::Set if !ids.contains(&value) => ids.push(value),
        Entry::Set => {}
        Entry::Remove => ids.retain(|id| *id != value),
        Entry::Replace => return Err(BadRequest::PatchOp("[add, remove]").into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::fixtures::test_rest_api;

    fn check(patches: &[&str], expect: Result<fn(&RestApi) -> bool, &str>) {
        let mut api = test_rest_api();
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        match (patch_rest_api(&mut api, &patches), expect) {
            (Ok(()), Ok(holds)) => assert!(holds(&api), "{patches:?}: {api:?}"),
            (Err(error), Err(message)) => assert_eq!(error.to_string(), message),
            (result, _) => panic!("{patches:?}: {result:?}"),
        }
    }

    #[test]
    fn paths_change_what_they_name() {
        check(&["replace /name other"], Ok(|api| api.name == "other"));
        check(&["replace /description x", "remove /description"], Ok(|api| api.description.is_none()));
        check(&["add /description x"], Ok(|api| api.description.as_deref() == Some("x")));
        check(&["replace /minimumCompressionSize 10"], Ok(|api| api.minimum_compression_size == Some(10)));
        check(
            &["replace /minimumCompressionSize 10", "replace /minimumCompressionSize"],
            Ok(|api| api.minimum_compression_size.is_none()),
        );
        check(
            &["add /binaryMediaTypes/image~1png", "add /binaryMediaTypes/image~1jpeg"],
            Ok(|api| api.binary_media_types == ["image/png", "image/jpeg"]),
        );
        check(
            &[
                "add /binaryMediaTypes/image~1png",
                "add /binaryMediaTypes/image~1jpeg",
                "replace /binaryMediaTypes/image~1png image/gif",
            ],
            Ok(|api| api.binary_media_types == ["image/jpeg", "image/gif"]),
        );
        check(
            &["replace /endpointConfiguration/types/0 PRIVATE"],
            Ok(|api| api.endpoint_configuration.ip_address_type == IpAddressType::Dualstack),
        );
        check(&["replace /disableExecuteApiEndpoint True"], Ok(|api| api.disable_execute_api_endpoint));
    }

    #[test]
    fn what_is_not_supported_says_so_in_its_family() {
        check(&["replace /wrongPath x"], Err("Invalid patch path /wrongPath"));
        check(&["replace"], Err("Invalid patch path null"));
        check(&["remove /name"], Err("Invalid patch operation specified. Must be one of: [replace]"));
        check(&["add /binaryMediaTypes image/png"], Err("Invalid patch path /binaryMediaTypes"));
        check(
            &["copy /endpointConfiguration/types/EDGE /x"],
            Err("Invalid patch operation specified. Must be 'add'|'remove'|'replace'"),
        );
        check(
            &["replace /endpointConfiguration/types/EDGE WRONG"],
            Err("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
        );
        check(
            &["replace /endpointConfiguration/ipAddressType ipv5"],
            Err("ipAddressType must be either ipv4 or dualstack."),
        );
        check(
            &[
                "replace /endpointConfiguration/types/EDGE PRIVATE",
                "replace /endpointConfiguration/ipAddressType ipv4",
            ],
            Err("Only dualstack ipAddressType is supported for Private APIs."),
        );
        check(
            &["replace /minimumCompressionSize 10485761"],
            Err("Invalid minimum compression size, must be between 0 and 10485760"),
        );
        check(
            &["add /endpointConfiguration/vpcEndpointIds vpce-1"],
            Err("VPCEndpoints can only be specified with PRIVATE apis."),
        );
        check(
            &["replace /policy nope"],
            Err(
                "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
            ),
        );
    }
}
