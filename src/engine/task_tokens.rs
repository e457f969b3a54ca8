//! Task tokens: they name the execution, and a secret that only its attempt has.

/// What comes before an attempt's random part.
pub(super) fn prefix(execution: i64) -> String {
    format!("{execution:x}-")
}

/// The execution that a token names; `None` for what is no token of ours.
pub(super) fn execution(token: &str) -> Option<i64> {
    let (execution, secret) = token.split_once('-')?;
    let is_secret =
        secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let canonical = !execution.starts_with(['0', '+']) && execution.bytes().all(|b| !b.is_ascii_uppercase());
    if !is_secret || !canonical {
        return None;
    }
    i64::from_str_radix(execution, 16).ok().filter(|id| 0 < *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_name_their_execution() {
        let token = format!("{}{}", prefix(255), "a".repeat(64));
        assert_eq!(execution(&token), Some(255));
        for bad in ["", "ff", "ff-x", "-aaaa", "zz-", &format!("FF-{}", "a".repeat(64))] {
            assert_eq!(execution(bad), None, "{bad}");
        }
    }
}
