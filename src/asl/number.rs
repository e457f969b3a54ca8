//! Numbers that a definition gives as a literal or as a path into the data.

use serde_json::Value;

use super::data_error::{DataError, shown};
use super::intrinsic::Scope;
use super::path_expr::PathExpr;
use super::query::Query;

/// `TimeoutSeconds` / `HeartbeatSeconds` or their `…Path`.
#[derive(Clone, Debug)]
pub enum Seconds {
    /// A number in the definition, at least 1.
    Literal(u64),
    /// A path; the data must hold a positive integer, as a number or a text.
    Path(PathExpr),
    /// An expression; its value must be a positive integer.
    Query(Query),
}

/// `MaxConcurrency`, `ToleratedFailureCount` or their `…Path`.
#[derive(Clone, Debug)]
pub enum Count {
    /// A number in the definition.
    Literal(u64),
    /// A path; the data must hold an integer from 0, as a number or a text.
    Path(PathExpr),
    /// An expression; its value must be an integer from 0.
    Query(Query),
}

/// `ToleratedFailurePercentage` or its `…Path`.
#[derive(Clone, Debug)]
pub enum Percentage {
    /// A number in the definition, from 0 to 100.
    Literal(f64),
    /// A path; the data must hold a number from 0 to 100, or its text.
    Path(PathExpr),
    /// An expression; its value must be a number from 0 to 100.
    Query(Query),
}

impl Seconds {
    /// The seconds for this input. `field` is the literal's name, such as `TimeoutSeconds`.
    pub fn resolve(&self, field: &'static str, scope: &dyn Scope) -> Result<u64, DataError> {
        match self {
            Self::Literal(seconds) => Ok(*seconds),
            Self::Path(path) => {
                let value = path.read(scope)?;
                match integer(&value) {
                    Some(seconds) if 0 < seconds => Ok(seconds.unsigned_abs()),
                    // In the manner of the others; AWS's wording is not recorded.
                    Some(_) => Err(DataError::runtime(format!("{field} must be positive."))),
                    None => Err(not_a("integer", field, path, &value)),
                }
            }
            Self::Query(query) => match integer_of(query, scope)? {
                seconds if 0 < seconds => Ok(seconds.unsigned_abs()),
                // As of paths.
                _ => Err(query.error(format!("{field} must be positive."))),
            },
        }
    }
}

impl Count {
    /// The count for this input. `field` is the literal's name, such as `MaxConcurrency`.
    pub fn resolve(&self, field: &'static str, scope: &dyn Scope) -> Result<u64, DataError> {
        match self {
            Self::Literal(count) => Ok(*count),
            Self::Path(path) => {
                let value = path.read(scope)?;
                match integer(&value) {
                    Some(count) => u64::try_from(count)
                        .map_err(|_| DataError::runtime(format!("{field} cannot be negative."))),
                    None => Err(not_a("integer", field, path, &value)),
                }
            }
            Self::Query(query) => {
                let count = integer_of(query, scope)?;
                // As of paths.
                u64::try_from(count).map_err(|_| query.error(format!("{field} cannot be negative.")))
            }
        }
    }
}

impl Percentage {
    /// The percentage for this input. `field` is the literal's name, `ToleratedFailurePercentage`.
    pub fn resolve(&self, field: &'static str, scope: &dyn Scope) -> Result<f64, DataError> {
        match self {
            Self::Literal(percentage) => Ok(*percentage),
            Self::Path(path) => {
                let value = path.read(scope)?;
                let number = match &*value {
                    Value::String(text) => text.parse().ok(),
                    other => other.as_f64(),
                };
                match number {
                    Some(percentage) if (0.0..=100.0).contains(&percentage) => Ok(percentage),
                    Some(_) => Err(DataError::runtime(format!("{field} must be between 0 and 100."))),
                    None => Err(not_a("float", field, path, &value)),
                }
            }
            Self::Query(query) => match query.expect("number", scope, Value::as_f64)? {
                percentage if (0.0..=100.0).contains(&percentage) => Ok(percentage),
                // As of paths.
                _ => Err(query.error(format!("{field} must be between 0 and 100."))),
            },
        }
    }
}

/// An integer of the data: a number, or a text of digits.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

/// The integer that an expression comes to. AWS's word for a number with a fraction is not recorded.
pub(super) fn integer_of(query: &Query, scope: &dyn Scope) -> Result<i64, DataError> {
    let value = query.expect("number", scope, |value| value.is_number().then(|| value.clone()))?;
    value.as_i64().ok_or_else(|| query.unexpected("integer", &value))
}

fn not_a(kind: &str, field: &str, path: &PathExpr, value: &Value) -> DataError {
    let shown = shown(value);
    let path = path.text();
    DataError::runtime(format!(
        "The {field}Path field refers to value \"{shown}\" which is not a valid {kind}: {path}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::test_scope::TestScope;
    use super::*;

    #[track_caller]
    fn check<T>(
        found: impl Fn(&PathExpr, &dyn Scope) -> Result<T, DataError>,
        value: Value,
        expect: Result<T, &str>,
    ) where
        T: PartialEq + std::fmt::Debug,
    {
        let scope = TestScope::of(json!({"n": value}));
        let found = found(&PathExpr::parse("$.n").unwrap(), &scope).map_err(|e| e.to_string());
        assert_eq!(found, expect.map_err(|e| format!("States.Runtime: {e}")));
    }

    #[test]
    fn counts_are_integers_from_zero() {
        let count =
            |path: &PathExpr, scope: &dyn Scope| Count::Path(path.clone()).resolve("MaxConcurrency", scope);
        let refers = |shown: &str| {
            format!(
                "The MaxConcurrencyPath field refers to value \"{shown}\" which is not a valid integer: $.n"
            )
        };
        check(count, json!(0), Ok(0));
        check(count, json!(7), Ok(7));
        check(count, json!("7"), Ok(7));
        check(count, json!("1.5"), Err(&refers("1.5")));
        check(count, json!(""), Err(&refers("")));
        check(count, json!("-1"), Err("MaxConcurrency cannot be negative."));
        check(count, json!({}), Err(&refers("{}")));
        check(count, json!("NoNumber"), Err(&refers("NoNumber")));
        check(count, json!(1.5), Err(&refers("1.5")));
        check(count, json!(-1), Err("MaxConcurrency cannot be negative."));
    }

    #[test]
    fn percentages_are_numbers_up_to_a_hundred() {
        let field = "ToleratedFailurePercentage";
        let percentage =
            |path: &PathExpr, scope: &dyn Scope| Percentage::Path(path.clone()).resolve(field, scope);
        check(percentage, json!(0), Ok(0.0));
        check(percentage, json!(100), Ok(100.0));
        check(percentage, json!("12.5"), Ok(12.5));
        check(percentage, json!("100.1"), Err("ToleratedFailurePercentage must be between 0 and 100."));
        check(percentage, json!("NaN"), Err("ToleratedFailurePercentage must be between 0 and 100."));
        check(percentage, json!(100.1), Err("ToleratedFailurePercentage must be between 0 and 100."));
        check(percentage, json!(-1.1), Err("ToleratedFailurePercentage must be between 0 and 100."));
        check(
            percentage,
            json!({}),
            Err(
                "The ToleratedFailurePercentagePath field refers to value \"{}\" which is not a valid float: $.n",
            ),
        );
    }

    #[test]
    fn seconds_are_positive_integers() {
        let seconds =
            |path: &PathExpr, scope: &dyn Scope| Seconds::Path(path.clone()).resolve("TimeoutSeconds", scope);
        check(seconds, json!(5), Ok(5));
        check(seconds, json!("5"), Ok(5));
        check(seconds, json!(0), Err("TimeoutSeconds must be positive."));
        check(
            seconds,
            json!("x"),
            Err("The TimeoutSecondsPath field refers to value \"x\" which is not a valid integer: $.n"),
        );
        let nowhere = Seconds::Path(PathExpr::parse("$.NoSuch").unwrap());
        let said = nowhere.resolve("TimeoutSeconds", &TestScope::of(json!({}))).unwrap_err();
        assert_eq!(said.cause, "Invalid path '$.NoSuch' : No results for path: $['NoSuch']");
    }
}
