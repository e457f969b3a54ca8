//! How calls name a function: by name, by ARN, or by half of one.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters>

use crate::functions::error::Error;
use crate::id::AccountRegion;

/// A function that a call names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// A version or an alias.
    pub qualifier: Option<String>,
}

impl Reference {
    /// Reads `text`, which must name a function of `home`; a `qualifier` given apart must not contradict one in it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for contradictions, [`Error::NotFound`] for functions elsewhere.
    pub fn parse(text: &str, qualifier: Option<&str>, home: &AccountRegion) -> Result<Self, Error> {
        let parts: Vec<&str> = text.split(':').collect();
        let (account, name, own) = match parts.as_slice() {
            [name] => (None, *name, None),
            ["function", name, own @ ..] if own.len() < 2 => (None, *name, own.first().copied()),
            [name, own] => (None, *name, Some(*own)),
            [account, "function", name] => (Some(*account), *name, None),
            [account, "function", name, own] => (Some(*account), *name, Some(*own)),
            ["arn", _, "lambda", region, account, "function", name, own @ ..] if own.len() < 2 => {
                if *region != home.region.as_str() {
                    let text = format!(
                        "Functions from '{region}' are not reachable in this region ('{}')",
                        home.region
                    );
                    return Err(Error::NotFound(text));
                }
                (Some(*account), *name, own.first().copied())
            }
            _ => return Err(Error::Invalid(format!("{text} is not a function's name or ARN"))),
        };
        if let Some(account) = account.filter(|account| *account != home.account.as_str()) {
            return Err(Error::NotFound(format!(
                "Function not found: arn:{}:lambda:{}:{account}:function:{name}",
                home.region.partition(),
                home.region
            )));
        }
        let qualifier = match (own, qualifier) {
            (Some(own), Some(given)) if own != given => {
                let text =
                    "The derived qualifier from the function name does not match the specified qualifier.";
                return Err(Error::Invalid(text.to_owned()));
            }
            (own, given) => own.or(given),
        };
        Ok(Self { name: name.to_owned(), qualifier: qualifier.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, Region};

    #[test]
    fn every_way_of_naming_a_function_is_read() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let read = |text: &str, given| Reference::parse(text, given, &home).map(|of| (of.name, of.qualifier));
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        for (text, given, qualifier) in [
            ("f", None, None),
            ("f", Some("1"), Some("1")),
            ("f:live", None, Some("live")),
            ("f:live", Some("live"), Some("live")),
            ("function:f", None, None),
            ("function:f:live", None, Some("live")),
            ("123456789012:function:f", None, None),
            ("123456789012:function:f:2", None, Some("2")),
            (arn, None, None),
            (&format!("{arn}:$LATEST"), None, Some("$LATEST")),
        ] {
            assert_eq!(read(text, given).unwrap(), ("f".to_owned(), qualifier.map(str::to_owned)), "{text}");
        }
        assert!(matches!(read("f:1", Some("2")), Err(Error::Invalid(_))));
        for elsewhere in ["210987654321:function:f", "arn:aws:lambda:eu-west-1:123456789012:function:f"] {
            assert!(matches!(read(elsewhere, None), Err(Error::NotFound(_))), "{elsewhere}");
        }
        for no in ["arn:aws:lambda:us-east-1:123456789012:layer:f", "a:b:c:d:e", &format!("{arn}:1:2")] {
            assert!(matches!(read(no, None), Err(Error::Invalid(_))), "{no}");
        }
    }
}
