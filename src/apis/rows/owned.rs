//! Rows of what belongs to an account in a region and to no API.

use super::{Rows, parse, text};
use crate::apis::client_certificate::ClientCertificate;
use crate::apis::domain_name::{AccessAssociation, CustomDomain, DomainName};
use crate::apis::error::Error;
use crate::apis::ids::{ClientCertificateId, UsagePlanId, VpcLinkId};
use crate::apis::usage_plan::UsagePlan;
use crate::apis::vpc_link::{VpcLink, VpcLinkNames};
use crate::store::{self, Param, Record, Row, SealedColumn, Tx};

/// Where records are: private keys are among them.
pub(crate) const OWNED: SealedColumn = SealedColumn {
    table: "apigateway_owned",
    column: "sealed",
    key: &["account", "region", "kind", "id"],
    lookup: None,
};

/// Kinds: what stands in `kind`.
mod kind {
    pub(super) const ACCESS_ASSOCIATION: &str = "access_association";
    pub(super) const CLIENT_CERTIFICATE: &str = "client_certificate";
    pub(super) const USAGE_PLAN: &str = "usage_plan";
    pub(super) const DOMAIN_NAME: &str = "domain_name";
    pub(super) const VPC_LINK: &str = "vpc_link";
}

impl Rows<'_> {
    // === VPC links ===

    /// All links by id.
    pub(crate) fn vpc_links(&self) -> Result<Vec<VpcLink>, Error> {
        self.all_owned(kind::VPC_LINK)
    }

    pub(crate) fn vpc_link_names(&self) -> Result<VpcLinkNames, Error> {
        Ok(self.vpc_links()?.into_iter().map(|link| (link.id, link.name)).collect())
    }

    pub(crate) fn find_vpc_link(&self, id: &VpcLinkId) -> Result<Option<VpcLink>, Error> {
        self.find_owned(kind::VPC_LINK, id.as_str())
    }

    pub(crate) fn put_vpc_link(&self, link: &VpcLink) -> Result<(), Error> {
        self.put_owned(kind::VPC_LINK, link.id.as_str(), link)
    }

    pub(crate) fn delete_vpc_link(&self, id: &VpcLinkId) -> Result<(), Error> {
        self.delete_owned(kind::VPC_LINK, id.as_str())
    }

    // === client certificates ===

    /// All certificates by id.
    pub(crate) fn client_certificates(&self) -> Result<Vec<ClientCertificate>, Error> {
        self.all_owned(kind::CLIENT_CERTIFICATE)
    }

    pub(crate) fn find_client_certificate(
        &self,
        id: &ClientCertificateId,
    ) -> Result<Option<ClientCertificate>, Error> {
        self.find_owned(kind::CLIENT_CERTIFICATE, id.as_str())
    }

    pub(crate) fn put_client_certificate(&self, it: &ClientCertificate) -> Result<(), Error> {
        self.put_owned(kind::CLIENT_CERTIFICATE, it.id.as_str(), it)
    }

    pub(crate) fn delete_client_certificate(&self, id: &ClientCertificateId) -> Result<(), Error> {
        self.delete_owned(kind::CLIENT_CERTIFICATE, id.as_str())
    }

    // === usage plans ===

    /// All plans by id.
    pub(crate) fn usage_plans(&self) -> Result<Vec<UsagePlan>, Error> {
        self.all_owned(kind::USAGE_PLAN)
    }

    pub(crate) fn find_usage_plan(&self, id: &UsagePlanId) -> Result<Option<UsagePlan>, Error> {
        self.find_owned(kind::USAGE_PLAN, id.as_str())
    }

    pub(crate) fn put_usage_plan(&self, plan: &UsagePlan) -> Result<(), Error> {
        self.put_owned(kind::USAGE_PLAN, plan.id.as_str(), plan)
    }

    pub(crate) fn delete_usage_plan_record(&self, id: &UsagePlanId) -> Result<(), Error> {
        self.delete_owned(kind::USAGE_PLAN, id.as_str())
    }

    // === custom domain names ===

    /// All domain names, by name.
    pub(crate) fn domain_names(&self) -> Result<Vec<DomainName>, Error> {
        self.all_owned(kind::DOMAIN_NAME)
    }

    pub(crate) fn find_domain_name(&self, name: &CustomDomain) -> Result<Option<DomainName>, Error> {
        self.find_owned(kind::DOMAIN_NAME, name.as_str())
    }

    /// Whether anybody has it: the listener has each name once.
    pub(crate) fn is_domain_name_taken(&self, name: &CustomDomain) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM apigateway_owned WHERE kind = ?1 AND id = ?2";
        let key = [kind::DOMAIN_NAME.into(), name.as_str().into()];
        Ok(self.tx.query_one(sql, &key, |_| Ok(()))?.is_some())
    }

    pub(crate) fn put_domain_name(&self, it: &DomainName) -> Result<(), Error> {
        self.put_owned(kind::DOMAIN_NAME, it.name.as_str(), it)
    }

    pub(crate) fn delete_domain_name(&self, name: &CustomDomain) -> Result<(), Error> {
        self.delete_owned(kind::DOMAIN_NAME, name.as_str())
    }

    /// All access associations by ARN.
    pub(crate) fn access_associations(&self) -> Result<Vec<AccessAssociation>, Error> {
        self.all_owned(kind::ACCESS_ASSOCIATION)
    }

    pub(crate) fn find_access_association(&self, arn: &str) -> Result<Option<AccessAssociation>, Error> {
        self.find_owned(kind::ACCESS_ASSOCIATION, arn)
    }

    pub(crate) fn put_access_association(&self, it: &AccessAssociation) -> Result<(), Error> {
        self.put_owned(kind::ACCESS_ASSOCIATION, &it.arn, it)
    }

    pub(crate) fn delete_access_association(&self, arn: &str) -> Result<(), Error> {
        self.delete_owned(kind::ACCESS_ASSOCIATION, arn)
    }

    // === all kinds ===

    fn all_owned<T: Record>(&self, kind: &str) -> Result<Vec<T>, Error> {
        let sql = "SELECT id, sealed FROM apigateway_owned WHERE account = ?1 AND region = ?2 AND kind = ?3
            ORDER BY id";
        let (account, region) = self.owner_texts();
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.blob(1)?));
        let rows = self.tx.query(sql, &[account.into(), region.into(), kind.into()], read)?;
        let unseal = |(id, sealed): &(String, Vec<u8>)| {
            parse(&self.tx.unseal(&OWNED, &[account, region, kind, id], sealed)?)
        };
        rows.iter().map(unseal).collect()
    }

    fn find_owned<T: Record>(&self, kind: &str, id: &str) -> Result<Option<T>, Error> {
        let sql = "SELECT sealed FROM apigateway_owned
            WHERE account = ?1 AND region = ?2 AND kind = ?3 AND id = ?4";
        let (account, region) = self.owner_texts();
        let key = [account.into(), region.into(), kind.into(), id.into()];
        let sealed = self.tx.query_one(sql, &key, |row| row.blob(0))?;
        let unseal =
            |sealed: Vec<u8>| parse(&self.tx.unseal(&OWNED, &[account, region, kind, id], &sealed)?);
        sealed.map(unseal).transpose()
    }

    fn put_owned(&self, kind: &str, id: &str, record: &impl Record) -> Result<(), Error> {
        let sql =
            "INSERT INTO apigateway_owned (account, region, kind, id, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (account, region, kind, id) DO UPDATE SET sealed = excluded.sealed";
        let (account, region) = self.owner_texts();
        let sealed = self.tx.seal(&OWNED, &[account, region, kind, id], text(record)?.as_bytes())?;
        let values = [account.into(), region.into(), kind.into(), id.into(), Param::Blob(&sealed)];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    fn delete_owned(&self, kind: &str, id: &str) -> Result<(), Error> {
        let sql = "DELETE FROM apigateway_owned
            WHERE account = ?1 AND region = ?2 AND kind = ?3 AND id = ?4";
        let (account, region) = self.owner_texts();
        self.tx.execute(sql, &[account.into(), region.into(), kind.into(), id.into()])?;
        Ok(())
    }

    pub(super) fn owner_texts(&self) -> (&str, &str) {
        (self.owner.account.as_str(), self.owner.region.as_str())
    }
}

/// The custom domain names of all owners.
pub(crate) fn all_domain_names(tx: &Tx<'_>) -> Result<Vec<DomainName>, Error> {
    let sql = "SELECT account, region, id, sealed FROM apigateway_owned WHERE kind = ?1";
    let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.blob(3)?));
    let rows = tx.query(sql, &[kind::DOMAIN_NAME.into()], read)?;
    let unseal = |(account, region, id, sealed): &(String, String, String, Vec<u8>)| {
        parse(&tx.unseal(&OWNED, &[account, region, kind::DOMAIN_NAME, id], sealed)?)
    };
    rows.iter().map(unseal).collect()
}

/// Encrypts records that an earlier version has stored in plain text. There are few.
pub(super) fn seal_all(tx: &Tx<'_>) -> Result<(), store::Error> {
    let select = "SELECT account, region, kind, id, body FROM apigateway_owned";
    let update = "UPDATE apigateway_owned SET sealed = ?5
        WHERE account = ?1 AND region = ?2 AND kind = ?3 AND id = ?4";
    let read = |row: &Row<'_>| Ok([row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?, row.text(4)?]);
    for [account, region, kind, id, body] in &tx.query(select, &[], read)? {
        let sealed = tx.seal(&OWNED, &[account, region, kind, id], body.as_bytes())?;
        let values = [account.into(), region.into(), kind.into(), id.into(), Param::Blob(&sealed)];
        tx.execute(update, &values)?;
    }
    Ok(())
}
