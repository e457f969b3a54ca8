//! Checks a value against rules, within a budget of steps.
//!
//! Only violations of a value's own rules are listed. For the branches of `anyOf`, `oneOf` and `not`, only the result
//! matters. Results for a branch and a value are remembered: otherwise the cost of a schema that refers to itself from
//! several branches would grow exponentially with each level.

use std::collections::HashMap;

use jsonschema::ValidationError;
use serde_json::{Map, Value};

use super::complaints::Complaints;
use super::rules::{Assertions, Dependency, Items, Others, Pattern, Rule, RuleId, Rules};

/// How many rules may apply at one time, to a value and to the values around it.
const DEPTH_MAX: usize = 1_000;
/// The cost in steps of a match with a pattern that may backtrack.
const BACKTRACKING_STEPS: u64 = 1_000;
/// Patterns up to this weight cost what reading the text costs.
const LIGHT_WEIGHT: usize = 64;
/// Results that took no more steps than this are not remembered.
const REMEMBERED_STEPS: u64 = 16;

/// The budget is spent; the result is unknown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spent;

/// One check of one value.
pub(super) struct Walk<'r> {
    rules: &'r Rules,
    steps_left: u64,
    depth: usize,
    /// Results by rule and value. Both stay at the same address during the check.
    known: HashMap<(RuleId, *const Value), bool>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(rules: &'r Rules, steps_max: u64) -> Self {
        Self { rules, steps_left: steps_max, depth: 0, known: HashMap::new() }
    }

    /// Whether `value` satisfies the rule.
    pub(super) fn fits(&mut self, id: RuleId, value: &Value) -> Result<bool, Spent> {
        let is_container = value.is_array() || value.is_object();
        let key = (id, std::ptr::from_ref(value));
        if is_container && let Some(known) = self.known.get(&key).copied() {
            self.spend(1)?;
            return Ok(known);
        }
        let before = self.steps_left;
        let fits = self.walk(id, value, None)?;
        if is_container && REMEMBERED_STEPS <= before.saturating_sub(self.steps_left) {
            self.known.insert(key, fits);
        }
        Ok(fits)
    }

    /// Reports the violations of `value` until the maximum is reached.
    pub(super) fn complain(
        &mut self,
        id: RuleId,
        value: &Value,
        complaints: &mut Complaints,
    ) -> Result<(), Spent> {
        self.walk(id, value, Some(complaints)).map(drop)
    }

    fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(Spent)?;
        Ok(())
    }

    fn walk(&mut self, id: RuleId, value: &Value, into: Option<&mut Complaints>) -> Result<bool, Spent> {
        if DEPTH_MAX <= self.depth {
            return Err(Spent);
        }
        self.spend(1)?;
        let Some(rule) = self.rules.0.get(id) else { return Ok(true) };
        self.depth += 1;
        let fits = self.apply(rule, value, into);
        self.depth -= 1;
        fits
    }

    /// If violations are not listed, stops at the first one.
    fn apply(
        &mut self,
        rule: &'r Rule,
        value: &Value,
        mut into: Option<&mut Complaints>,
    ) -> Result<bool, Spent> {
        if let Some(id) = rule.reference {
            return self.inside(id, value, into);
        }
        let mut fits = match &rule.assertions {
            Some(assertions) => self.assert(assertions, value, into.as_deref_mut())?,
            None => true,
        };
        if let (Some(pattern), Value::String(text)) = (&rule.pattern, value)
            && !self.matches(pattern, text)?
        {
            fits = false;
            if let Some(complaints) = into.as_deref_mut() {
                complaints.pattern(&pattern.text, value);
            }
        }
        let is_over = |fits: bool, into: &Option<&mut Complaints>| {
            !fits && into.as_ref().is_none_or(|complaints| complaints.is_full())
        };
        if is_over(fits, &into) {
            return Ok(false);
        }
        fits &= match value {
            Value::Object(members) => self.object(rule, value, members, into.as_deref_mut())?,
            Value::Array(items) => self.array(rule, value, items, into.as_deref_mut())?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        };
        for id in &rule.all_of {
            if is_over(fits, &into) {
                return Ok(false);
            }
            fits &= self.inside(*id, value, into.as_deref_mut())?;
        }
        if is_over(fits, &into) {
            return Ok(false);
        }
        Ok(self.branches(rule, value, into)? && fits)
    }

    /// Applies another rule, or a rule to a part. When violations are listed, this first checks whether there are any
    /// and visits only parts that violate a rule. So each visit ends with a violation, and a full list ends them all.
    fn inside(&mut self, id: RuleId, value: &Value, into: Option<&mut Complaints>) -> Result<bool, Spent> {
        let fits = self.fits(id, value)?;
        if let (false, Some(complaints)) = (fits, into) {
            self.walk(id, value, Some(complaints))?;
        }
        Ok(fits)
    }

    fn assert(
        &mut self,
        assertions: &Assertions,
        value: &Value,
        into: Option<&mut Complaints>,
    ) -> Result<bool, Spent> {
        if assertions.reads_all {
            self.spend(cost(value))?;
        }
        if assertions.validator.is_valid(value) {
            return Ok(true);
        }
        if let Some(complaints) = into {
            assertions
                .validator
                .iter_errors(value)
                .for_each(|error: ValidationError<'_>| complaints.broken(&error));
        }
        Ok(false)
    }

    fn branches(
        &mut self,
        rule: &'r Rule,
        value: &Value,
        mut into: Option<&mut Complaints>,
    ) -> Result<bool, Spent> {
        let mut fits = true;
        if !rule.any_of.is_empty() && !self.any_fits(&rule.any_of, value)? {
            fits = false;
            if let Some(complaints) = into.as_deref_mut() {
                complaints.any_of(rule.any_of.len());
            }
        }
        if !rule.one_of.is_empty() {
            let mut matched = 0_usize;
            for id in &rule.one_of {
                matched += usize::from(self.fits(*id, value)?);
                if matched == 2 && into.is_none() {
                    break;
                }
            }
            if matched != 1 {
                fits = false;
                if let Some(complaints) = into.as_deref_mut() {
                    complaints.one_of(matched, rule.one_of.len());
                }
            }
        }
        if let Some(id) = rule.not
            && self.fits(id, value)?
        {
            fits = false;
            if let Some(complaints) = into {
                complaints.not();
            }
        }
        Ok(fits)
    }

    fn any_fits(&mut self, ids: &[RuleId], value: &Value) -> Result<bool, Spent> {
        for id in ids {
            if self.fits(*id, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn object(
        &mut self,
        rule: &'r Rule,
        value: &Value,
        members: &Map<String, Value>,
        mut into: Option<&mut Complaints>,
    ) -> Result<bool, Spent> {
        self.spend(rule.required.len() as u64)?;
        let missing = rule.required.iter().filter(|name| !members.contains_key(*name));
        let mut fits = self.missing(missing, value, into.as_deref_mut());
        for (name, dependency) in &rule.dependencies {
            if !members.contains_key(name) {
                continue;
            }
            fits &= match dependency {
                Dependency::Properties(names) => {
                    self.spend(names.len() as u64)?;
                    let missing = names.iter().filter(|name| !members.contains_key(*name));
                    self.missing(missing, value, into.as_deref_mut())
                }
                Dependency::Rule(id) => self.inside(*id, value, into.as_deref_mut())?,
            };
        }
        let looks = !rule.properties.is_empty()
            || !rule.pattern_properties.is_empty()
            || !matches!(rule.additional_properties, Others::Any);
        if !looks {
            return Ok(fits);
        }
        let mut unexpected = Vec::new();
        for (name, member) in members {
            if !fits && into.as_ref().is_none_or(|complaints| complaints.is_full()) {
                return Ok(false);
            }
            self.spend(1)?;
            let mut is_named = false;
            if let Some(id) = rule.properties.get(name) {
                is_named = true;
                fits &= self.inside(*id, member, into.as_deref_mut())?;
            }
            for (pattern, id) in &rule.pattern_properties {
                if self.matches(pattern, name)? {
                    is_named = true;
                    fits &= self.inside(*id, member, into.as_deref_mut())?;
                }
            }
            match rule.additional_properties {
                _ if is_named => {}
                Others::Any => {}
                Others::None => {
                    fits = false;
                    unexpected.push(name.as_str());
                }
                Others::Rule(id) => fits &= self.inside(id, member, into.as_deref_mut())?,
            }
        }
        if let (false, Some(complaints)) = (unexpected.is_empty(), into) {
            complaints.unexpected(&unexpected);
        }
        Ok(fits)
    }

    /// Whether no property is missing.
    fn missing<'n>(
        &self,
        missing: impl Iterator<Item = &'n String>,
        value: &Value,
        into: Option<&mut Complaints>,
    ) -> bool {
        let mut missing = missing.peekable();
        if missing.peek().is_none() {
            return true;
        }
        if let Some(complaints) = into {
            complaints.missing(value, missing);
        }
        false
    }

    fn matches(&mut self, pattern: &Pattern, text: &str) -> Result<bool, Spent> {
        // A heavy pattern takes many steps for each byte.
        let weight = 1 + (pattern.weight / LIGHT_WEIGHT) as u64;
        self.spend(text_cost(text, pattern.backtracks).saturating_mul(weight))?;
        Ok(pattern.matches(text))
    }

    fn array(
        &mut self,
        rule: &'r Rule,
        value: &Value,
        items: &[Value],
        mut into: Option<&mut Complaints>,
    ) -> Result<bool, Spent> {
        let mut fits = true;
        let (tuple, others) = match &rule.items {
            Items::Any => return Ok(true),
            Items::Each(id) => (&[][..], &Others::Rule(*id)),
            Items::Tuple(ids, others) => (&ids[..], others),
        };
        for (index, item) in items.iter().enumerate() {
            if !fits && into.as_ref().is_none_or(|complaints| complaints.is_full()) {
                return Ok(false);
            }
            match (tuple.get(index), others) {
                (Some(id), _) | (None, Others::Rule(id)) => {
                    fits &= self.inside(*id, item, into.as_deref_mut())?;
                }
                (None, Others::Any) => break,
                (None, Others::None) => {
                    fits = false;
                    if let Some(complaints) = into.as_deref_mut() {
                        complaints.too_many_items(tuple.len(), value);
                    }
                    break;
                }
            }
        }
        Ok(fits)
    }
}

/// The cost of reading a whole value.
fn cost(value: &Value) -> u64 {
    match value {
        Value::String(text) => text_cost(text, false),
        Value::Array(items) => items.len() as u64,
        Value::Object(members) => members.len() as u64,
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn text_cost(text: &str, backtracks: bool) -> u64 {
    let length = 1 + text.len() as u64 / 64;
    if backtracks { length.saturating_mul(BACKTRACKING_STEPS) } else { length }
}
