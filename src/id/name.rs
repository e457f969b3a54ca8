//! The rules for names of state machines, executions and activities.

/// Why a name is refused; `Display` is Step Functions' message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid Name: '{0}'")]
pub struct NameError(pub String);

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Checks a name of a state machine, execution or activity: 1 to 80 characters, no white space, brackets,
/// wildcards, special characters (`" # % \ ^ | ~ ` $ & , ; : /`) or control characters.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
pub fn check_name(name: &str) -> Result<(), NameError> {
    let n_chars = name.chars().count();
    if n_chars == 0 || NAME_CHARS_MAX < n_chars || name.chars().any(is_forbidden) {
        return Err(NameError(name.to_owned()));
    }
    Ok(())
}

fn is_forbidden(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{10ffff}')
        || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert!(check_name(&"a".repeat(80)).is_ok());
        assert!(check_name(&"é".repeat(80)).is_ok());
        assert!(check_name(&"a".repeat(81)).is_err());
        assert!(check_name("").is_err());
    }

    #[test]
    fn forbidden_characters_are_refused_and_echoed() {
        for c in "<>{}[]?*\"#%\\^|~`$&,;:/ \t\u{1f}\u{7f}\u{9f}".chars() {
            let name = format!("a{c}b");
            assert_eq!(check_name(&name).unwrap_err().to_string(), format!("Invalid Name: '{name}'"));
        }
        assert!(check_name("My.Execution_1-2").is_ok());
    }
}
