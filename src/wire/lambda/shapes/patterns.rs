//! What texts have to look like, as the service's model has it: the pattern that a refusal names, and the check itself.

use crate::wire::Pattern;

pub(super) static NAMESPACED_FUNCTION_NAME_PATTERN: Pattern = Pattern {
    text: r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    matches: function_name,
};
pub(super) static STATEMENT_ID_PATTERN: Pattern = Pattern { text: r"([a-zA-Z0-9-_]+)", matches: word };
pub(super) static ACTION_PATTERN: Pattern =
    Pattern { text: r"(lambda:[*]|lambda:[a-zA-Z]+|[*])", matches: action };
pub(super) static PRINCIPAL_PATTERN: Pattern = Pattern { text: r"[^\s]+", matches: no_blank };
pub(super) static ARN_PATTERN: Pattern = Pattern {
    text: r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    matches: arn,
};
pub(super) static SOURCE_OWNER_PATTERN: Pattern = Pattern { text: r"\d{12}", matches: account };
pub(super) static EVENT_SOURCE_TOKEN_PATTERN: Pattern =
    Pattern { text: r"[a-zA-Z0-9._\-]+", matches: dotted };
pub(super) static NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN: Pattern =
    Pattern { text: r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+", matches: qualifier };
pub(super) static PRINCIPAL_ORG_ID_PATTERN: Pattern =
    Pattern { text: r"o-[a-z0-9]{10,32}", matches: organization };
pub(super) static FUNCTION_NAME_PATTERN: Pattern = Pattern {
    text: r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    matches: function_name,
};
pub(super) static ALIAS_PATTERN: Pattern = Pattern { text: r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", matches: alias };
pub(super) static VERSION_WITH_LATEST_PUBLISHED_PATTERN: Pattern =
    Pattern { text: r"(\$LATEST(\.PUBLISHED)?|[0-9]+)", matches: version };
pub(super) static ADDITIONAL_VERSION_PATTERN: Pattern = Pattern { text: r"[0-9]+", matches: digits };
pub(super) static ROLE_ARN_PATTERN: Pattern =
    Pattern { text: r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", matches: role_arn };
pub(super) static HANDLER_PATTERN: Pattern = Pattern { text: r"[^\s]+", matches: no_blank };
pub(super) static ENVIRONMENT_VARIABLE_NAME_PATTERN: Pattern =
    Pattern { text: r"[a-zA-Z]([a-zA-Z0-9_])+", matches: variable_name };
pub(super) static LAYER_VERSION_ARN_PATTERN: Pattern = Pattern {
    text: r"((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))",
    matches: layer_version,
};
pub(super) static LOG_GROUP_PATTERN: Pattern = Pattern { text: r"[\.\-_/#A-Za-z0-9]+", matches: log_group };
pub(super) static LAYER_NAME_OR_ARN_PATTERN: Pattern = Pattern {
    text: r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]{1,140}|[a-zA-Z0-9-_]{1,140})",
    matches: layer,
};
pub(super) static QUALIFIER_PATTERN: Pattern =
    Pattern { text: r"(|[a-zA-Z0-9$_-]+)", matches: qualifier_or_none };
pub(super) static TAGGABLE_RESOURCE_PATTERN: Pattern = Pattern {
    text: r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})",
    matches: arn,
};
pub(super) static DESTINATION_ARN_PATTERN: Pattern = Pattern {
    text: r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    matches: destination,
};
pub(super) static NAMESPACED_STATEMENT_ID_PATTERN: Pattern =
    Pattern { text: r"([a-zA-Z0-9-_.]+)", matches: dotted };

pub(super) static FUNCTION_URL_QUALIFIER_PATTERN: Pattern =
    Pattern { text: r"((?!^\d+$)^[0-9a-zA-Z-_]+$)", matches: alias };
pub(super) static LAYER_ACTION_PATTERN: Pattern =
    Pattern { text: r"lambda:GetLayerVersion", matches: |text| text == "lambda:GetLayerVersion" };
pub(super) static LAYER_PRINCIPAL_PATTERN: Pattern =
    Pattern { text: r"\d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root", matches: layer_principal };
pub(super) static RUNTIME_VERSION_PATTERN: Pattern = Pattern {
    text: r"arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}::runtime:.+",
    matches: |text| arn(text) && text.contains("::runtime:"),
};
pub(super) static CODE_SIGNING_CONFIG_PATTERN: Pattern = Pattern {
    text: r"arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}:\d{12}:code-signing-config:csc-[a-z0-9]{17}",
    matches: |text| arn(text) && text.contains(":code-signing-config:csc-"),
};

fn layer_principal(text: &str) -> bool {
    text == "*" || account(text) || arn(text) && text.contains(":iam::") && text.ends_with(":root")
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_word)
}

fn dotted(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| is_word(b) || b == b'.')
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn account(text: &str) -> bool {
    text.len() == 12 && digits(text)
}

fn no_blank(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

fn version(text: &str) -> bool {
    matches!(text, "$LATEST" | "$LATEST.PUBLISHED") || digits(text)
}

fn qualifier(text: &str) -> bool {
    matches!(text, "$LATEST" | "$LATEST.PUBLISHED")
        || !text.is_empty() && text.bytes().all(|b| is_word(b) || b == b'$')
}

fn qualifier_or_none(text: &str) -> bool {
    text.is_empty() || qualifier(text)
}

fn alias(text: &str) -> bool {
    word(text) && !digits(text)
}

fn action(text: &str) -> bool {
    let name = text.strip_prefix("lambda:").unwrap_or_default();
    matches!(text, "*" | "lambda:*") || !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic())
}

fn organization(text: &str) -> bool {
    let id = text.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn log_group(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| is_word(b) || b"./#".contains(&b))
}

fn variable_name(text: &str) -> bool {
    1 < text.len()
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Six parts, the account's and the region's perhaps empty.
fn arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, owner, _]
        if partition.starts_with("aws") && !service.is_empty() && (owner.is_empty() || account(owner)))
}

fn destination(text: &str) -> bool {
    text.is_empty() || arn(text) || text.starts_with("kafka://")
}

fn role_arn(text: &str) -> bool {
    let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
    let name = resource.strip_prefix("role").unwrap_or_default();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    arn(text) && text.contains(":iam::") && !name.is_empty() && name.bytes().all(legal)
}

fn layer_version(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(layer, version)| digits(version) && self::layer(layer) && layer.starts_with("arn:"))
}

fn layer(text: &str) -> bool {
    let name = text.rsplit(':').next().unwrap_or_default();
    let is_arn = arn(text) && text.contains(":lambda:") && text.contains(":layer:");
    (is_arn || !text.contains(':')) && name.len() <= 140 && word(name)
}

/// A name, an ARN, or what is between: each perhaps with a version or an alias.
fn function_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let own = |rest: &[&str]| match rest {
        [] => true,
        [one] => qualifier(one),
        _ => false,
    };
    match parts.as_slice() {
        ["arn", partition, "lambda", _, owner, "function", name, rest @ ..] => {
            partition.starts_with("aws") && account(owner) && dotted(name) && own(rest)
        }
        [owner, "function", name, rest @ ..] => account(owner) && dotted(name) && own(rest),
        ["function", name, rest @ ..] => dotted(name) && own(rest),
        [name, rest @ ..] => dotted(name) && own(rest),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_as_the_patterns_tell_them() {
        let arn_of = "arn:aws:lambda:us-east-1:123456789012:function:f";
        for (matches, yes, no) in [
            (
                function_name as fn(&str) -> bool,
                vec!["f", "f:1", "f:$LATEST", arn_of, "123456789012:function:f:live"],
                vec!["", "f g", "f:", "a:b:c", "arn:aws:lambda:us-east-1:1:function:f"],
            ),
            (alias, vec!["live", "v1"], vec!["1", "", "a b"]),
            (version, vec!["$LATEST", "12"], vec!["live", ""]),
            (action, vec!["lambda:InvokeFunction", "lambda:*", "*"], vec!["lambda:", "s3:Get", "lambda:A1"]),
            (
                role_arn,
                vec!["arn:aws:iam::123456789012:role/a/R"],
                vec!["R", "arn:aws:iam::1:role/R", "arn:aws:iam::123456789012:user/U"],
            ),
            (
                layer_version,
                vec!["arn:aws:lambda:us-east-1:123456789012:layer:l:1"],
                vec!["l:1", "arn:aws:lambda:us-east-1:123456789012:layer:l"],
            ),
            (
                layer_principal,
                vec!["*", "123456789012", "arn:aws:iam::123456789012:root"],
                vec!["", "1", "arn:aws:iam::123456789012:user/u"],
            ),
            (variable_name, vec!["AB", "a_1"], vec!["A", "1A", "A-B", ""]),
        ] {
            for text in yes {
                assert!(matches(text), "{text}");
            }
            for text in no {
                assert!(!matches(text), "{text}");
            }
        }
    }
}
