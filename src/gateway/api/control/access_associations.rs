//! CreateDomainNameAccessAssociation and its like.
//!
//! An association lets a VPC endpoint reach a private custom domain name. Private ones are refused here (every
//! domain name is reached through this server's listeners), so there is nothing that an association could be of: the
//! operations answer as AWS answers an owner who has no private domain names.

use super::super::apis::Apis;
use super::super::page::{Page, PageRequest};
use crate::gateway::error::{BadRequest, Error, NotFound};
use crate::id::{AccountRegion, Arn};

/// There is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessAssociation {}

impl Apis {
    /// Lets a VPC endpoint reach a private domain name.
    ///
    /// # Errors
    /// Always: the domain name isn't there, or isn't a private one.
    pub async fn create_access_association(
        &self,
        owner: &AccountRegion,
        domain_name_arn: &str,
    ) -> Result<AccessAssociation, Error> {
        self.domain_name(owner, named(owner, domain_name_arn)?).await?;
        Err(BadRequest::PublicDomain.into())
    }

    /// The associations there are.
    pub fn access_associations(&self, page: &PageRequest) -> Result<Page<AccessAssociation>, Error> {
        Ok(Page::of(Vec::new(), |association: &AccessAssociation| match *association {}, page)?)
    }

    /// Takes an association away.
    ///
    /// # Errors
    /// Always: it isn't there.
    pub fn delete_access_association(&self, arn: &str) -> Result<(), Error> {
        Arn::parse(arn).map_err(|_| BadRequest::Arn)?;
        Err(NotFound::AccessAssociation.into())
    }

    /// Refuses an association that somebody else has made.
    ///
    /// # Errors
    /// Always: the domain name or the association isn't there.
    pub async fn reject_access_association(
        &self,
        owner: &AccountRegion,
        arn: &str,
        domain_name_arn: &str,
    ) -> Result<(), Error> {
        self.domain_name(owner, named(owner, domain_name_arn)?).await?;
        self.delete_access_association(arn)
    }
}

/// The name in `arn:aws:apigateway:{region}::/domainnames/{name}`; private ones have their id behind it, and their
/// owner in front.
fn named<'a>(owner: &AccountRegion, arn: &'a str) -> Result<&'a str, Error> {
    let parsed = Arn::parse(arn).map_err(|_| BadRequest::Arn)?;
    let is_here = parsed.service == "apigateway" && parsed.region == owner.region.as_str();
    let name =
        arn.split_once(":/domainnames/").map(|(_, name)| name).filter(|_| is_here).ok_or(BadRequest::Arn)?;
    Ok(name.split_once('+').map_or(name, |(name, _)| name))
}
