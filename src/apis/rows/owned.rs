//! Rows of what belongs to an account in a region and to no API.

use super::{Rows, parse, text};
use crate::apis::domain_name::{CustomDomain, DomainName};
use crate::apis::error::Error;
use crate::apis::part::{OfAccount, Part};
use crate::apis::vpc_link::{VpcLink, VpcLinkNames};
use crate::store::{self, Param, Row, SealedColumn, Tx};

/// Where records are: private keys are among them.
pub(crate) const OWNED: SealedColumn = SealedColumn {
    table: "apigateway_owned",
    column: "sealed",
    key: &["account", "region", "kind", "id"],
    lookup: None,
};

impl Rows<'_> {
    pub(crate) fn vpc_link_names(&self) -> Result<VpcLinkNames, Error> {
        Ok(self.all_owned::<VpcLink>()?.into_iter().map(|link| (link.id, link.name)).collect())
    }

    /// Whether anybody has it: the listener has each name once.
    pub(crate) fn is_domain_name_taken(&self, name: &CustomDomain) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM apigateway_owned WHERE kind = ?1 AND id = ?2";
        let key = [<DomainName as Part>::KIND.into(), name.as_str().into()];
        Ok(self.tx.query_one(sql, &key, |_| Ok(()))?.is_some())
    }

    /// All of a kind, by key.
    pub(crate) fn all_owned<T: OfAccount>(&self) -> Result<Vec<T>, Error> {
        let sql = "SELECT id, sealed FROM apigateway_owned WHERE account = ?1 AND region = ?2 AND kind = ?3
            ORDER BY id";
        let ((account, region), kind) = (self.owner_texts(), <T as Part>::KIND);
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.blob(1)?));
        let rows = self.tx.query(sql, &[account.into(), region.into(), kind.into()], read)?;
        let unseal = |(key, sealed): &(String, Vec<u8>)| {
            parse(&self.tx.unseal(&OWNED, &[account, region, kind, key], sealed)?)
        };
        rows.iter().map(unseal).collect()
    }

    pub(crate) fn find_owned<T: OfAccount>(&self, key: impl AsRef<str>) -> Result<Option<T>, Error> {
        let sql = "SELECT sealed FROM apigateway_owned
            WHERE account = ?1 AND region = ?2 AND kind = ?3 AND id = ?4";
        let ((account, region), kind, key) = (self.owner_texts(), <T as Part>::KIND, key.as_ref());
        let place = [account.into(), region.into(), kind.into(), key.into()];
        let sealed = self.tx.query_one(sql, &place, |row| row.blob(0))?;
        let unseal =
            |sealed: Vec<u8>| parse(&self.tx.unseal(&OWNED, &[account, region, kind, key], &sealed)?);
        sealed.map(unseal).transpose()
    }

    /// One that is there.
    pub(crate) fn owned<T: OfAccount>(&self, key: impl AsRef<str>) -> Result<T, Error> {
        let key = key.as_ref();
        self.find_owned(key)?.ok_or_else(|| T::missing(key).into())
    }

    pub(crate) fn put_owned<T: OfAccount>(&self, part: &T) -> Result<(), Error> {
        let sql =
            "INSERT INTO apigateway_owned (account, region, kind, id, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (account, region, kind, id) DO UPDATE SET sealed = excluded.sealed";
        let ((account, region), kind, key) = (self.owner_texts(), <T as Part>::KIND, part.key());
        let sealed = self.tx.seal(&OWNED, &[account, region, kind, key], text(part)?.as_bytes())?;
        let values = [account.into(), region.into(), kind.into(), key.into(), Param::Blob(&sealed)];
        self.tx.execute(sql, &values)?;
        Ok(())
    }

    pub(crate) fn delete_owned<T: OfAccount>(&self, key: impl AsRef<str>) -> Result<(), Error> {
        let sql = "DELETE FROM apigateway_owned
            WHERE account = ?1 AND region = ?2 AND kind = ?3 AND id = ?4";
        let ((account, region), kind) = (self.owner_texts(), <T as Part>::KIND);
        self.tx.execute(sql, &[account.into(), region.into(), kind.into(), key.as_ref().into()])?;
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
    let rows = tx.query(sql, &[<DomainName as Part>::KIND.into()], read)?;
    let unseal = |(account, region, id, sealed): &(String, String, String, Vec<u8>)| {
        parse(&tx.unseal(&OWNED, &[account, region, <DomainName as Part>::KIND, id], sealed)?)
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
