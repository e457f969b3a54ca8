//! GetAccount, UpdateAccount.

use super::super::account::Account;
use super::super::rest_apis::Apis;
use super::super::roles::check_role;
use crate::apis::error::Error;
use crate::apis::patch::{PatchOperation, patch_account};
use crate::id::AccountRegion;

impl Apis {
    /// Settings of `owner`.
    pub async fn account(&self, owner: &AccountRegion) -> Result<Account, Error> {
        self.read(owner, |rows| rows.account()).await
    }

    /// Changes settings of `owner`. The permissions of the logging role are not checked.
    pub async fn update_account(
        &self,
        owner: &AccountRegion,
        patches: Vec<PatchOperation>,
    ) -> Result<Account, Error> {
        self.write(owner, move |rows| {
            let mut account = rows.account()?;
            patch_account(&mut account, &patches)?;
            check_role(rows, account.cloudwatch_role_arn.as_deref())?;
            rows.put_account(&account)?;
            Ok(account)
        })
        .await
    }
}
