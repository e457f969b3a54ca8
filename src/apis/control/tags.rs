//! TagResource, UntagResource, GetTags, for the resources that can have tags: APIs, stages, VPC links, client
//! certificates, API keys, usage plans and domain names.

use std::collections::BTreeMap;

use super::super::client_certificate::ClientCertificate;
use super::super::ids::{ApiId, ApiKeyId, ClientCertificateId, StageName, UsagePlanId, VpcLinkId};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::usage_plan::UsagePlan;
use super::super::vpc_link::VpcLink;
use super::{access_associations, api_keys, domain_names, usage_plans};
use crate::apis::error::{BadRequest, Error};
use crate::id::{AccountRegion, Arn};

const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// The resource of an ARN.
enum Tagged {
    Api(ApiId),
    Stage(ApiId, StageName),
    VpcLink(VpcLinkId),
    ClientCertificate(ClientCertificateId),
    ApiKey(ApiKeyId),
    UsagePlan(UsagePlanId),
    DomainName(String),
    AccessAssociation(String),
}

impl Apis {
    /// Tags of the resource `arn`.
    pub async fn tags(&self, owner: &AccountRegion, arn: &str) -> Result<BTreeMap<String, String>, Error> {
        let tagged = parse(owner, arn)?;
        self.read(owner, move |rows| match tagged {
            Tagged::Api(id) => Ok(rows.api(&id)?.tags),
            Tagged::Stage(id, name) => Ok(stage(rows, &id, &name)?.tags),
            Tagged::VpcLink(id) => Ok(rows.owned::<VpcLink>(&id)?.tags),
            Tagged::ClientCertificate(id) => Ok(rows.owned::<ClientCertificate>(&id)?.tags),
            Tagged::ApiKey(id) => Ok(api_keys::existing(rows, &id)?.tags),
            Tagged::UsagePlan(id) => Ok(rows.owned::<UsagePlan>(&id)?.tags),
            Tagged::DomainName(name) => Ok(domain_names::named(rows, &name)?.tags),
            Tagged::AccessAssociation(arn) => Ok(access_associations::existing(rows, &arn)?.tags),
        })
        .await
    }

    /// Adds `tags` to the resource `arn`, and replaces the values of existing keys.
    pub async fn tag(
        &self,
        owner: &AccountRegion,
        arn: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        self.change_tags(owner, arn, move |there| {
            there.extend(tags.clone());
            check_tags(there)
        })
        .await
    }

    /// Removes the tags `keys` from the resource `arn`; ignores keys that don't exist.
    pub async fn untag(&self, owner: &AccountRegion, arn: &str, keys: Vec<String>) -> Result<(), Error> {
        self.change_tags(owner, arn, move |there| {
            there.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
    }

    async fn change_tags<F>(&self, owner: &AccountRegion, arn: &str, change: F) -> Result<(), Error>
    where
        F: Fn(&mut BTreeMap<String, String>) -> Result<(), BadRequest> + Send + 'static,
    {
        let none = |()| Vec::new();
        let tagged = parse(owner, arn)?;
        // Tags of usage plans can change how requests are throttled, and are compiled into stages.
        let change_one = move |rows: &Rows<'_>| match &tagged {
            Tagged::Api(id) => {
                let mut api = rows.api(id)?;
                change(&mut api.tags)?;
                rows.put_api(&api).map(none)
            }
            Tagged::Stage(id, name) => {
                let mut stage = stage(rows, id, name)?;
                change(&mut stage.tags)?;
                rows.put_part(id, &stage).map(none)
            }
            Tagged::VpcLink(id) => {
                let mut link = rows.owned::<VpcLink>(id)?;
                change(&mut link.tags)?;
                rows.put_owned(&link).map(none)
            }
            Tagged::ClientCertificate(id) => {
                let mut certificate = rows.owned::<ClientCertificate>(id)?;
                change(&mut certificate.tags)?;
                rows.put_owned(&certificate).map(none)
            }
            Tagged::ApiKey(id) => {
                let mut key = api_keys::existing(rows, id)?;
                change(&mut key.tags)?;
                rows.put_api_key(&key).map(none)
            }
            Tagged::UsagePlan(id) => {
                let mut plan = rows.owned::<UsagePlan>(id)?;
                change(&mut plan.tags)?;
                plan.check()?;
                plan.revision += 1;
                rows.put_owned(&plan)?;
                Ok(plan.api_stages)
            }
            Tagged::DomainName(name) => {
                let mut domain = domain_names::named(rows, name)?;
                change(&mut domain.tags)?;
                rows.put_owned(&domain).map(none)
            }
            Tagged::AccessAssociation(arn) => {
                let mut association = access_associations::existing(rows, arn)?;
                change(&mut association.tags)?;
                rows.put_owned(&association).map(none)
            }
        };
        self.write_and_tell(owner, change_one, |stages| usage_plans::changed_plan(stages)).await?;
        Ok(())
    }
}

fn stage(rows: &Rows<'_>, api_id: &ApiId, name: &StageName) -> Result<super::super::stage::Stage, Error> {
    rows.part(api_id, name)
}

/// `arn:aws:apigateway:{region}::/restapis/{id}`, `…/restapis/{id}/stages/{name}`, `…/vpclinks/{id}`,
/// `…/clientcertificates/{id}`, `…/apikeys/{id}`, `…/usageplans/{id}` or `…/domainnames/{name}`.
fn parse(owner: &AccountRegion, text: &str) -> Result<Tagged, BadRequest> {
    let arn = Arn::parse(text).map_err(|_| BadRequest::Arn)?;
    if arn.service != "apigateway" || arn.region != owner.region.as_str() {
        return Err(BadRequest::Arn);
    }
    let parts: Vec<&str> = arn.resource.split('/').collect();
    match parts.as_slice() {
        ["", "restapis", id] => Ok(Tagged::Api((*id).into())),
        ["", "restapis", id, "stages", name] => Ok(Tagged::Stage((*id).into(), (*name).into())),
        ["", "clientcertificates", id] => Ok(Tagged::ClientCertificate((*id).into())),
        ["", "apikeys", id] => Ok(Tagged::ApiKey((*id).into())),
        ["", "usageplans", id] => Ok(Tagged::UsagePlan((*id).into())),
        // The ARNs of private domains have the id after the name.
        ["", "domainnames", name] => {
            Ok(Tagged::DomainName(name.split_once('+').map_or(*name, |(name, _)| name).to_owned()))
        }
        ["", "domainnameaccessassociations", ..] => Ok(Tagged::AccessAssociation(text.to_owned())),
        ["", "vpclinks", id] => Ok(Tagged::VpcLink((*id).into())),
        _ => Err(BadRequest::Arn),
    }
}

/// AWS's rules for tags.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), BadRequest> {
    if TAGS_MAX < tags.len() {
        return Err(BadRequest::TooManyTags(TAGS_MAX));
    }
    for (key, value) in tags {
        let key_is_legal =
            !key.is_empty() && key.chars().count() <= KEY_CHARS_MAX && !key.starts_with("aws:");
        if !key_is_legal || VALUE_CHARS_MAX < value.chars().count() {
            return Err(BadRequest::Tag(key.clone()));
        }
    }
    Ok(())
}
