//! Roles that API Gateway should assume: which accounts they may belong to.

use super::integration::CALLERS_OWN;
use super::rows::Rows;
use crate::apis::error::{AccessDenied, BadRequest, Error};
use crate::id::{AccountId, Arn};

/// Checks the ARN of the role in an integration or the account's settings, if there is one: only a role of the account
/// itself can be passed. Authorizers may have roles of other accounts, as recorded from AWS.
///
/// If a stage variable stands for all or part of the ARN, the account is known only when it is used.
pub(crate) fn check_role(rows: &Rows<'_>, given: Option<&str>) -> Result<(), Error> {
    given.map_or(Ok(()), |arn| check(arn, rows.owners_account()))
}

fn check(text: &str, account: &AccountId) -> Result<(), Error> {
    if text.contains("${stageVariables.") || text == CALLERS_OWN {
        return Ok(());
    }
    let arn = Arn::parse(text).map_err(|_| BadRequest::Arn)?;
    if arn.service != "iam" {
        return Ok(());
    }
    // Account numbers have twelve digits.
    let owner = AccountId::parse(&arn.account).ok_or(BadRequest::Arn)?;
    if owner == *account { Ok(()) } else { Err(AccessDenied::PassRole.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roles_of_the_account_can_be_passed() {
        let account = AccountId::parse("123456789012").unwrap();
        let said = |arn: &str| check(arn, &account).map_err(|error| error.to_string());
        for ok in [
            "arn:aws:iam::123456789012:role/r",
            "arn:aws-cn:iam::123456789012:role/path/r",
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::${stageVariables.account}:role/r",
            "${stageVariables.role}",
        ] {
            assert_eq!(said(ok), Ok(()), "{ok}");
        }
        let foreign = "Cross-account pass role is not allowed.";
        assert_eq!(said("arn:aws:iam::210987654321:role/r").unwrap_err(), foreign);
        for bad in
            ["role", "arn:aws:iam::1234:role/r", "arn:aws:iam:::role/r", "arn:aws:iam::12345678901x:role/r"]
        {
            assert_eq!(said(bad).unwrap_err(), "Invalid ARN specified in the request", "{bad}");
        }
    }
}
