//! The patterns of the service models, as code.

use crate::wire::Pattern;

macro_rules! patterns {
    ($($name:ident $text:literal $matches:expr;)+) => {
        $(pub(crate) static $name: Pattern = Pattern { text: $text, matches: $matches };)+
    };
}

fn some(text: &str, is_legal: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_legal)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Letters, marks, symbols, numbers and punctuation of any script.
fn is_printed(c: char) -> bool {
    !c.is_control() && !c.is_whitespace()
}

fn is_printed_or_blank(c: char) -> bool {
    is_printed(c) || c.is_whitespace()
}

/// Six parts, the region may be empty, and up to two more after the resource.
fn is_arn(text: &str) -> bool {
    let legal = |part: &str| part.chars().all(|c| is_word(c) || "+=/,.@-".contains(c));
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, region, account, rest @ ..] = parts.as_slice() else { return false };
    let is_account = some(account, |c| c.is_ascii_digit());
    *arn == "arn"
        && [partition, service].iter().all(|part| !part.is_empty() && legal(part))
        && legal(region)
        && is_account
        && (1..=3).contains(&rest.len())
        && rest.iter().all(|part| !part.is_empty() && legal(part))
}

patterns! {
    DIGITS r"\d+" |text| some(text, |c| c.is_ascii_digit());
    PRINTED r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+" |text| some(text, is_printed);
    WORD_OR_LINE r"[\w_]+" |text| some(text, is_word);
    PROVIDER_NAME r"[\w._:/-]+" |text| some(text, |c| is_word(c) || "._:/-".contains(c));
    DEVELOPER_PROVIDER r"[\w._-]+" |text| some(text, |c| is_word(c) || "._-".contains(c));
    LOGIN_PROVIDER r"[\w.;_/-]+" |text| some(text, |c| is_word(c) || ".;_/-".contains(c));
    IDENTITY r"[\w-]+:[0-9a-f-]+" |text| text.split_once(':').is_some_and(|(region, id)| {
        some(region, |c| is_word(c) || c == '-') && some(id, |c| matches!(c, '0'..='9' | 'a'..='f' | '-'))
    });
    NAME r"[\w\s+=,.@-]+" |text| some(text, |c| is_word(c) || c.is_whitespace() || "+=,.@-".contains(c));
    NO_BLANKS r"[\S]+" |text| some(text, |c| !c.is_whitespace());
    PRINTED_OR_BLANK r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+" |text| some(text, is_printed_or_blank);
    CLIENT r"[\w+]+" |text| some(text, |c| is_word(c) || c == '+');
    USER_POOL r"[\w-]+_[0-9a-zA-Z]+" |text| text.rsplit_once('_').is_some_and(|(region, id)| {
        some(region, |c| is_word(c) || c == '-') && some(id, |c| c.is_ascii_alphanumeric())
    });
    TOKEN r"[A-Za-z0-9-_=.]+" |text| some(text, |c| c.is_ascii_alphanumeric() || "-_=.".contains(c));
    SECRET_HASH r"[\w+=/]+" |text| some(text, |c| is_word(c) || "+=/".contains(c));
    ARN r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?" is_arn;
    SUBJECT r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s]+" |text| some(text, is_printed_or_blank);
    MESSAGE r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*" |text| text.chars().all(is_printed_or_blank);
    MESSAGE_WITH_CODE r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*" |text| {
        text.contains("{####}") && text.chars().all(is_printed_or_blank)
    };
    MESSAGE_WITH_LINK r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{##[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*##\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*" |text| {
        text.split_once("{##").is_some_and(|(_, rest)| rest.contains("##}")) && text.chars().all(is_printed_or_blank)
    };
    SMS_WITH_CODE r".*\{####\}.*" |text| text.contains("{####}");
    SCOPE r"[\x21\x23-\x5B\x5D-\x7E]+" |text| {
        some(text, |c| matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E'))
    };
    PROVIDER_LABEL r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+" |text| some(text, is_printed_or_blank);
    CONFIGURATION_SET "^[a-zA-Z0-9_-]+$" |text| some(text, |c| is_word(c) || c == '-');
    EMAIL r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+@[\p{L}\p{M}\p{S}\p{N}\p{P}]+" |text| {
        text.split_once('@').is_some_and(|(name, host)| some(name, is_printed) && some(host, is_printed))
    };
    DEVICE r"[\w-]+_[0-9a-f-]+" |text| text.rsplit_once('_').is_some_and(|(region, id)| {
        some(region, |c| is_word(c) || c == '-') && some(id, |c| matches!(c, '0'..='9' | 'a'..='f' | '-'))
    });
    ROLE_TYPE "(un)?authenticated" |text| matches!(text, "authenticated" | "unauthenticated");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_patterns() {
        for (pattern, good, bad) in [
            (&DIGITS, "123", "12a"),
            (&PRINTED, "Zoë+1", "a b"),
            (&WORD_OR_LINE, "1_a", "a-b"),
            (&PROVIDER_NAME, "cognito-idp.us-east-1.amazonaws.com/us-east-1_a", "a b"),
            (&DEVELOPER_PROVIDER, "login.mine", "login/mine"),
            (&LOGIN_PROVIDER, "123.apps;4", "a b"),
            (&IDENTITY, "us-east-1:00000000-dead-beef-0000-000000000000", "us-east-1:XYZ"),
            (&NAME, "My pool, 1", "pool/1"),
            (&NO_BLANKS, "a/b", "a b"),
            (&ROLE_TYPE, "unauthenticated", "guest"),
            (&CLIENT, "1a2b", "a-b"),
            (&USER_POOL, "us-east-1_AbC1", "us-east-1"),
            (&TOKEN, "a-b_c.d=", "a b"),
            (&SECRET_HASH, "aB+/=", "a-b"),
            (&ARN, "arn:aws:iam::123456789012:role/R", "arn:aws:iam::x:role/R"),
            (&MESSAGE_WITH_CODE, "Your code: {####}", "Your code"),
            (&MESSAGE_WITH_LINK, "{##here##}", "{##here"),
            (&SMS_WITH_CODE, "{####}", "####"),
            (&EMAIL, "a@b.example", "a b@c"),
            (&DEVICE, "us-east-1_1234-ab", "us-east-1_XYZ"),
            (&SCOPE, "a/b.c", "a b"),
            (&CONFIGURATION_SET, "a-B_1", "a b"),
        ] {
            assert!((pattern.matches)(good), "{} {good}", pattern.text);
            for bad in [bad, ""] {
                assert!(!(pattern.matches)(bad), "{} {bad}", pattern.text);
            }
        }
    }
}
