//! The Choice state: rules over the input, the first that holds decides.

use super::super::data_error::DataError;
use super::super::data_flow::InOut;
use super::super::diagnostics::Code;
use super::super::fields::{Fields, Queried};
use super::super::intrinsic::Scope;
use super::super::path_expr::PathExpr;
use super::super::program::StateId;
use super::super::query::Query;
use super::super::siblings::Siblings;
use super::super::template::{DEPTH_MAX, Template};
use super::comparison::{Comparison, is_comparator};

/// A Choice state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html>
#[derive(Clone, Debug)]
pub struct Choice {
    /// `Choices`, in order; at least one.
    pub rules: Vec<ChoiceRule>,
    /// `Default`.
    pub default: Option<StateId>,
    /// Filters.
    pub flow: InOut,
    /// `Assign` of the state: counts when `Default` is taken.
    pub assign: Option<Template>,
}

/// One of `Choices`.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    test: Test,
    /// `Next`.
    pub next: StateId,
    /// `Assign` of the rule, which stands in for the state's.
    pub assign: Option<Template>,
    /// `Output` of the rule, which stands in for the state's.
    pub output: Option<Template>,
}

/// What a Choice decided.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The rule that matched; `None` is `Default`.
    pub rule: Option<usize>,
    /// Where to go.
    pub next: StateId,
    /// The assignments to make on the way: the rule's, or for `Default` the state's.
    pub assign: Option<&'a Template>,
    /// The `Output` that goes with it: the rule's, or for `Default` the state's.
    pub output: Option<&'a Template>,
}

/// When a rule holds.
#[derive(Clone, Debug)]
enum Test {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare {
        variable: PathExpr,
        comparison: Comparison,
    },
    /// `Condition`, a literal.
    Literal(bool),
    /// `Condition`, an expression.
    Query(Query),
}

/// Whether a rule in JSONPath may have this field, and one in JSONata not.
fn is_of_paths(name: &str) -> bool {
    name == "Variable" || OPERATORS.contains(&name) || is_comparator(name)
}

/// What every rule has one of, in AWS's order.
const SELECTORS: &[&str] = &["And", "Or", "Not", "Variable", "Condition"];

/// Those that hold other rules.
const OPERATORS: &[&str] = &["And", "Or", "Not"];

impl Choice {
    pub(super) fn read(state: &Fields<'_>, siblings: &Siblings) -> Option<Self> {
        state.require(&["Choices"]);
        let rules = state.filled_objects("Choices");
        let rules: Vec<ChoiceRule> =
            rules.iter().filter_map(|(rule, _)| ChoiceRule::read(rule, siblings)).collect();
        let default = siblings.target(state, "Default");
        let flow = InOut::read(state);
        let assign = siblings.assign(state);
        (!rules.is_empty()).then_some(Self { rules, default, flow, assign })
    }

    /// The first rule that holds, or else `Default`. `scope`'s `$` is the effective input.
    ///
    /// # Errors
    /// `States.Runtime` if there is neither (not the `States.NoChoiceMatched` that the guide speaks of), and for a
    /// `Variable` that leads nowhere.
    pub fn decide(&self, scope: &dyn Scope) -> Result<Decision<'_>, DataError> {
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.test.holds(scope)? {
                let (assign, output) = (rule.assign.as_ref(), rule.output.as_ref());
                return Ok(Decision { rule: Some(index), next: rule.next, assign, output });
            }
        }
        match self.default {
            Some(next) => {
                let (assign, output) = (self.assign.as_ref(), self.flow.output.as_ref());
                Ok(Decision { rule: None, next, assign, output })
            }
            None => Err(DataError::runtime(
                "Failed to transition out of the state. The state does not point to a next state.",
            )),
        }
    }
}

impl ChoiceRule {
    fn read(rule: &Fields<'_>, siblings: &Siblings) -> Option<Self> {
        rule.require(&["Next"]);
        let next = siblings.target(rule, "Next");
        let assign = siblings.assign(rule);
        let (test, output) = match rule.is_jsonata() {
            true => (Test::read_condition(rule), rule.template("Output")),
            false => (Test::read(rule, &["Next", "Assign"], 0), None),
        };
        Some(Self { test: test?, next: next?, assign, output })
    }
}

impl Test {
    /// Reads the `Condition` of a rule in JSONata.
    fn read_condition(rule: &Fields<'_>) -> Option<Self> {
        rule.require(&["Condition"]);
        rule.string("Comment");
        let of_paths: Vec<&str> =
            rule.iter().map(|(name, _)| name).filter(|name| is_of_paths(name)).collect();
        rule.allow_in_language(&["Next", "Assign", "Comment"], &of_paths, &["Condition", "Output"]);
        match rule.query("Condition") {
            Queried::Query(query) => Some(Self::Query(query)),
            Queried::Broken => None,
            Queried::None => rule.boolean("Condition").map(Self::Literal),
        }
    }

    /// Reads a rule, or one inside it. `more` are fields that it may have besides those of a test.
    fn read(rule: &Fields<'_>, more: &[&str], depth: usize) -> Option<Self> {
        if DEPTH_MAX < depth {
            let message = format!("Rules are nested deeper than {DEPTH_MAX} levels");
            rule.findings.field(Code::TooDeeplyNested, &rule.at, message);
            return None;
        }
        rule.string("Comment");
        let own: Vec<&str> = rule.iter().map(|(name, _)| name).filter(|name| is_of_paths(name)).collect();
        let jsonata = if more.is_empty() { &[][..] } else { &["Condition", "Output"] };
        rule.allow_in_language(&[&["Comment"], more].concat(), &own, jsonata);
        let n_kinds = SELECTORS.iter().filter(|name| rule.has(name)).count();
        if n_kinds != 1 {
            rule.problem(format!(
                "The object must have only one of the following fields, [{}]",
                SELECTORS.join(", ")
            ));
            return None;
        }
        let mut tests = Vec::new();
        for (name, _) in rule.iter() {
            if OPERATORS.contains(&name) || is_comparator(name) {
                tests.push(name);
            }
        }
        let [test] = tests.as_slice() else {
            // AWS's wording is not recorded.
            match tests.is_empty() {
                true => rule.problem("A choice rule needs a comparison operator"),
                false => rule.problem(format!(
                    "There should only be one of the following fields: [{}]",
                    tests.join(", ")
                )),
            }
            return None;
        };
        match *test {
            "And" => Self::read_all(rule, "And", depth).map(Self::And),
            "Or" => Self::read_all(rule, "Or", depth).map(Self::Or),
            "Not" => Self::read(&rule.object("Not")?, &[], depth + 1).map(Box::new).map(Self::Not),
            comparator => {
                let variable = rule.path_of_rule("Variable");
                let comparison = Comparison::read(rule, comparator);
                Some(Self::Compare { variable: variable?, comparison: comparison? })
            }
        }
    }

    fn read_all(rule: &Fields<'_>, name: &str, depth: usize) -> Option<Vec<Self>> {
        let values = rule.filled_array(name)?;
        let tests: Vec<Self> =
            rule.objects(name).iter().filter_map(|(rule, _)| Self::read(rule, &[], depth + 1)).collect();
        (tests.len() == values.len()).then_some(tests)
    }

    /// `And` and `Or` stop at the first that decides, so that `IsPresent` can guard what follows it.
    fn holds(&self, scope: &dyn Scope) -> Result<bool, DataError> {
        match self {
            Self::And(tests) => {
                for test in tests {
                    if !test.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(tests) => {
                for test in tests {
                    if test.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(test) => Ok(!test.holds(scope)?),
            Self::Literal(holds) => Ok(*holds),
            Self::Query(query) => query.expect("boolean", scope, serde_json::Value::as_bool),
            Self::Compare { variable, comparison } => comparison.holds(variable, scope),
        }
    }
}

#[cfg(test)]
mod tests;
