//! Paths of [UpdateAccount](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateAccount.html).

use super::PatchOperation;
use super::maps::{Entry, entry_op};
use crate::apis::error::{BadRequest, Error};
use crate::apis::{Account, USAGE_PLANS};
use crate::id::Arn;

/// Applies `patches` to `account`.
pub(crate) fn patch_account(account: &mut Account, patches: &[PatchOperation]) -> Result<(), Error> {
    for patch in patches {
        match patch.path.as_deref() {
            Some("/cloudwatchRoleArn") => {
                patch.only_replace()?;
                let arn = patch.text();
                if arn.as_deref().is_some_and(|arn| Arn::parse(arn).is_err()) {
                    return Err(BadRequest::Arn.into());
                }
                account.cloudwatch_role_arn = arn;
            }
            // The only feature, and it can't be removed.
            Some("/features") => {
                let feature = patch.value.as_deref().unwrap_or("null");
                match entry_op(patch)? {
                    Entry::Set if feature == USAGE_PLANS => {}
                    Entry::Set | Entry::Remove => return Err(BadRequest::Feature(feature.to_owned()).into()),
                    Entry::Replace => return Err(BadRequest::PatchOp("[add, remove]").into()),
                }
            }
            Some(_) | None => return Err(patch.unknown_path().into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;

    fn patched(patch: &str) -> Result<Account, String> {
        let mut account = Account::default();
        patch_account(&mut account, &[op(patch)]).map_err(|error| error.to_string())?;
        Ok(account)
    }

    #[test]
    fn the_logging_role_comes_and_goes() {
        let role = "arn:aws:iam::123456789012:role/logs";
        let account = patched(&format!("replace /cloudwatchRoleArn {role}")).unwrap();
        assert_eq!(account.cloudwatch_role_arn.as_deref(), Some(role));
        assert_eq!(patched("replace /cloudwatchRoleArn").unwrap(), Account::default());
        assert_eq!(
            patched("replace /cloudwatchRoleArn x").unwrap_err(),
            "Invalid ARN specified in the request"
        );
    }

    #[test]
    fn usage_plans_can_not_be_removed() {
        assert!(patched("add /features UsagePlans").is_ok());
        assert!(patched("remove /features UsagePlans").is_err());
        assert!(patched("replace /throttleSettings 1").is_err());
    }
}
