//! Evaluates the tokens of a path against a document.
//!
//! The evaluation follows Jayway's, token by token, because whether something is an error or merely missing depends on
//! the steps before: whether all earlier tokens were definite, and whether a token is the last.

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::show::{Trace, class_name, shown};
use super::token::{Token, Tokens};

/// The nodes that one read may visit, including those of paths inside filters.
pub(super) const STEPS_MAX: usize = 2_000_000;
/// How deep the evaluation may recurse; a parsed document nests less than a fifth of it.
const RECURSION_MAX: usize = 700;

/// Why an evaluation ended early.
#[derive(Debug)]
pub(super) enum Abort {
    /// Jayway's `PathNotFoundException`.
    NotFound(String),
    /// The same, because the path's last index is past the end of its array. Early dialect only.
    PastEnd(String),
    /// Jayway's `InvalidPathException`; in a filter it counts as false.
    Invalid(String),
    /// Jayway's `JsonPathException`, and exceptions that it did not anticipate.
    Failed(String),
    /// An index outside an array, inside a function; for an index token the node counts as missing.
    OutOfBounds(String),
    /// Too many nodes.
    TooManySteps,
}

/// The steps and results that one read may still use.
#[derive(Debug)]
pub(super) struct Budget {
    steps: Cell<usize>,
    depth: Cell<usize>,
}

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self { steps: Cell::new(steps), depth: Cell::new(0) }
    }

    pub(super) fn left(&self) -> usize {
        self.steps.get()
    }

    pub(super) fn spend(&self, n: usize) -> Result<(), Abort> {
        let left = self.steps.get().checked_sub(n).ok_or(Abort::TooManySteps)?;
        self.steps.set(left);
        Ok(())
    }

    /// Charges for a copy of `value`.
    pub(super) fn spend_copy(&self, value: &Value) -> Result<(), Abort> {
        self.spend(1)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.spend_copy(item)),
            Value::Object(members) => members.values().try_for_each(|member| self.spend_copy(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    fn deeper<T>(&self, run: impl FnOnce() -> Result<T, Abort>) -> Result<T, Abort> {
        let depth = self.depth.get();
        if RECURSION_MAX <= depth {
            return Err(Abort::TooManySteps);
        }
        self.depth.set(depth + 1);
        let result = run();
        self.depth.set(depth);
        result
    }
}

/// Reads paths from one document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluator<'a, 'b> {
    /// The value of `$`.
    pub(super) root: &'a Value,
    pub(super) budget: &'b Budget,
    /// The dialect in which the paths were compiled.
    pub(super) dialect: Dialect,
}

impl<'a, 'b> Evaluator<'a, 'b> {
    /// Reads a path inside a filter: `$` is the document, `@` is `item`.
    pub(super) fn read(&self, tokens: &Tokens, item: &'a Value) -> Result<Cow<'a, Value>, Abort> {
        let start = match tokens.root() {
            super::token::Root::Document => self.root,
            super::token::Root::Item => item,
        };
        self.read_from(tokens, start)
    }

    /// Reads a path that starts at `start`.
    pub(super) fn read_from(&self, tokens: &Tokens, start: &'a Value) -> Result<Cow<'a, Value>, Abort> {
        let mut results = self.walk(tokens, start, false)?;
        if !tokens.is_definite() {
            for result in &results {
                self.budget.spend_copy(result)?;
            }
            return Ok(Cow::Owned(Value::Array(results.into_iter().map(Cow::into_owned).collect())));
        }
        // A function adds its own result and those of the tokens after it; the last one counts.
        results.pop().ok_or_else(|| Abort::NotFound(format!("No results for path: {tokens}")))
    }

    /// Whether a path finds something from `item`, even one that starts with `$`. In such a path every property has to
    /// exist, and an indefinite path exists even if it finds nothing. In the early dialect, `null` does not count as
    /// existing.
    pub(super) fn exists(&self, tokens: &Tokens, item: &'a Value) -> Result<bool, Abort> {
        match self.walk(tokens, item, true) {
            Ok(results) if tokens.is_definite() => Ok(match self.dialect {
                Dialect::Current => !results.is_empty(),
                Dialect::Early => results.last().is_some_and(|found| !found.is_null()),
            }),
            Ok(_) => Ok(true),
            Err(Abort::NotFound(_) | Abort::PastEnd(_)) => Ok(false),
            Err(abort) => Err(abort),
        }
    }

    /// Everything that a path finds, starting at `start`.
    pub(super) fn walk(
        &self,
        tokens: &Tokens,
        start: &'a Value,
        all_required: bool,
    ) -> Result<Vec<Cow<'a, Value>>, Abort> {
        let mut walk =
            Walk { tokens, eval: *self, all_required, scanned_at: Vec::new(), results: Vec::new() };
        walk.step(0, start, &Trace::root(tokens.root()))?;
        Ok(walk.results)
    }
}

struct Walk<'a, 'b, 't> {
    tokens: &'t Tokens,
    eval: Evaluator<'a, 'b>,
    /// Whether any missing property is an error (in an existence check).
    all_required: bool,
    /// For a token after `..[…]`: the index of the element to which it was last applied.
    scanned_at: Vec<Option<i64>>,
    results: Vec<Cow<'a, Value>>,
}

impl<'a> Walk<'a, '_, '_> {
    /// Applies the token at `index` and those after it to `model`.
    fn step(&mut self, index: usize, model: &'a Value, at: &Trace<'_>) -> Result<(), Abort> {
        let budget = self.eval.budget;
        budget.spend(1)?;
        budget.deeper(|| match self.tokens.get(index) {
            None => self.found(Cow::Borrowed(model)),
            Some(Token::Properties { names, .. }) => self.properties(index, names, model, at),
            Some(Token::Indexes(indexes)) => {
                let Some(items) = self.array(index, model, at)? else { return Ok(()) };
                indexes.iter().try_for_each(|i| self.array_index(index, i64::from(*i), items, at))
            }
            Some(Token::FromEnd(distance)) => {
                let Some(items) = self.array(index, model, at)? else { return Ok(()) };
                self.array_index(index, items.len() as i64 - i64::from(*distance), items, at)
            }
            Some(Token::Slice { from, to }) => {
                let Some(items) = self.array(index, model, at)? else { return Ok(()) };
                slice(*from, *to, items.len()).try_for_each(|i| self.array_index(index, i, items, at))
            }
            Some(Token::Wildcard) => match model {
                Value::Object(members) => {
                    members.iter().try_for_each(|(name, member)| self.member(index, name, member, at))
                }
                Value::Array(items) => {
                    for (i, item) in (0..).zip(items) {
                        match self.element(index, i, item, at) {
                            Err(Abort::NotFound(_) | Abort::PastEnd(_)) if !self.all_required => {}
                            result => result?,
                        }
                    }
                    Ok(())
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
            },
            Some(Token::Filter(filter)) => match model {
                Value::Object(_) => {
                    if filter.accepts(model, &self.eval)? {
                        self.step(index + 1, model, at)?;
                    }
                    Ok(())
                }
                Value::Array(items) => {
                    for (i, item) in (0..).zip(items) {
                        if filter.accepts(item, &self.eval)? {
                            self.element(index, i, item, at)?;
                        }
                    }
                    Ok(())
                }
                _ if !self.tokens.is_upstream_definite(index) => Ok(()),
                _ => Err(Abort::Invalid(format!(
                    "Filter: {} can not be applied to primitives. Current context is: {}",
                    self.tokens.shown_from(index),
                    shown(model)
                ))),
            },
            Some(Token::Scan) => {
                if self.tokens.is_leaf(index) {
                    return Err(Abort::Failed("Current path token is a leaf".to_owned()));
                }
                self.scan(index + 1, model, at)
            }
            Some(Token::Call(call)) => {
                let result = call.invoke(model, &self.eval)?;
                let is_leaf = self.tokens.is_leaf(index);
                match result {
                    result if is_leaf => self.found(result),
                    // A function's own result is one of the path's results, in addition to those of the tokens after
                    // it.
                    Cow::Borrowed(model) => {
                        self.found(Cow::Borrowed(model))?;
                        self.step(index + 1, model, at)
                    }
                    Cow::Owned(model) => {
                        budget.spend_copy(&model)?;
                        self.found(Cow::Owned(model.clone()))?;
                        self.step_on_made(index + 1, &model, at)
                    }
                }
            }
        })
    }

    fn found(&mut self, result: Cow<'a, Value>) -> Result<(), Abort> {
        self.results.push(result);
        Ok(())
    }

    /// Continues with a value that lives only during this call, so the results have to be copied.
    fn step_on_made(&mut self, index: usize, model: &Value, at: &Trace<'_>) -> Result<(), Abort> {
        let mut walk = Walk {
            tokens: self.tokens,
            eval: self.eval,
            all_required: self.all_required,
            scanned_at: std::mem::take(&mut self.scanned_at),
            results: Vec::new(),
        };
        walk.step(index, model, at)?;
        for result in walk.results {
            self.eval.budget.spend_copy(&result)?;
            self.results.push(Cow::Owned(result.into_owned()));
        }
        Ok(())
    }

    // === Properties ===

    fn properties(
        &mut self,
        index: usize,
        names: &[String],
        model: &'a Value,
        at: &Trace<'_>,
    ) -> Result<(), Abort> {
        let Value::Object(members) = model else {
            if !self.tokens.is_upstream_definite(index) {
                return Ok(());
            }
            let token = self.tokens.get(index).map(ToString::to_string).unwrap_or_default();
            if self.eval.dialect.is_early() {
                return Err(Abort::NotFound(format!("Property {token} not found in path {at}")));
            }
            return Err(Abort::NotFound(format!(
                "Expected to find an object with property {token} in path {at} but found '{}'. This is not a json \
                 object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'.",
                class_name(model)
            )));
        };
        match names {
            [name] => self.property(index, name, members, at),
            names if self.tokens.is_leaf(index) => {
                let mut merged = Map::new();
                for name in names {
                    match members.get(name) {
                        Some(member) => {
                            self.eval.budget.spend_copy(member)?;
                            merged.insert(name.clone(), member.clone());
                        }
                        None if self.all_required => {
                            return Err(Abort::NotFound(format!("Missing property in path {at}['{name}']")));
                        }
                        None => {}
                    }
                }
                self.found(Cow::Owned(Value::Object(merged)))
            }
            names if self.eval.dialect.is_early() => Err(Abort::Invalid(format!(
                "Multi properties can only be used as path leafs: {at}['{}']",
                names.join("', '")
            ))),
            names => names.iter().try_for_each(|name| self.property(index, name, members, at)),
        }
    }

    fn property(
        &mut self,
        index: usize,
        name: &str,
        members: &'a Map<String, Value>,
        at: &Trace<'_>,
    ) -> Result<(), Abort> {
        if let Some(member) = members.get(name) {
            return self.member(index, name, member, at);
        }
        let at = at.property(name);
        if self.tokens.is_leaf(index) {
            if self.all_required {
                return Err(Abort::NotFound(format!("No results for path: {at}")));
            }
            return Ok(());
        }
        let is_definite = self.tokens.is_upstream_definite(index) && self.tokens.is_token_definite(index);
        if is_definite || self.all_required {
            return Err(Abort::NotFound(format!("Missing property in path {at}")));
        }
        Ok(())
    }

    fn member(&mut self, index: usize, name: &str, member: &'a Value, at: &Trace<'_>) -> Result<(), Abort> {
        if !self.tokens.is_leaf(index) {
            return self.step(index + 1, member, &at.property(name));
        }
        // `$..[1].a` visits every element and keeps only what comes from the requested one.
        let scanned_at = self.scanned_at.get(index).copied().flatten();
        if scanned_at.is_none_or(|i| self.tokens.before_tail() == format!("[{i}]")) {
            self.eval.budget.spend(1)?;
            self.found(Cow::Borrowed(member))?;
        }
        Ok(())
    }

    // === Arrays ===

    fn array(&self, index: usize, model: &'a Value, at: &Trace<'_>) -> Result<Option<&'a [Value]>, Abort> {
        match model {
            Value::Array(items) => Ok(Some(items)),
            _ if !self.tokens.is_upstream_definite(index) => Ok(None),
            Value::Null => Err(Abort::NotFound(format!("The path {at} is null"))),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(Abort::NotFound(format!(
                    "Filter: {} can only be applied to arrays. Current context is: {}",
                    self.tokens.shown_from(index),
                    shown(model)
                )))
            }
        }
    }

    /// Continues with the element at an index from either end, if it exists.
    fn array_index(
        &mut self,
        index: usize,
        position: i64,
        items: &'a [Value],
        at: &Trace<'_>,
    ) -> Result<(), Abort> {
        let is_early = self.eval.dialect.is_early();
        let counts_back = position < 0 && !is_early;
        let names_one = self.tokens.is_upstream_definite(index) && self.tokens.is_token_definite(index);
        let from_start = if counts_back { position + items.len() as i64 } else { position };
        match usize::try_from(from_start).ok().and_then(|from_start| items.get(from_start)) {
            Some(item) => self.element(index, position, item, at),
            None if is_early && names_one => {
                let message = format!("Index out of bounds when evaluating path {}", at.index(position));
                let is_past_end = 0 <= position && self.tokens.is_leaf(index);
                Err(if is_past_end { Abort::PastEnd(message) } else { Abort::NotFound(message) })
            }
            None => Ok(()),
        }
    }

    /// Continues with an element; `position` is its index as the path counts.
    fn element(&mut self, index: usize, position: i64, item: &'a Value, at: &Trace<'_>) -> Result<(), Abort> {
        match self.step(index + 1, item, &at.index(position)) {
            Err(Abort::OutOfBounds(_)) => Ok(()),
            result => result,
        }
    }

    // === Scan ===

    /// Applies the token at `index` to `model` and to everything below it that the token fits.
    fn scan(&mut self, index: usize, model: &'a Value, at: &Trace<'_>) -> Result<(), Abort> {
        let budget = self.eval.budget;
        budget.spend(1)?;
        budget.deeper(|| match model {
            Value::Object(members) => {
                if self.fits(index, model)? {
                    self.step(index, model, at)?;
                }
                members.iter().try_for_each(|(name, member)| self.scan(index, member, &at.property(name)))
            }
            Value::Array(items) => {
                if self.fits(index, model)? {
                    self.scan_array(index, model, items, at)?;
                }
                (0..).zip(items).try_for_each(|(i, item)| self.scan(index, item, &at.index(i)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        })
    }

    fn scan_array(
        &mut self,
        index: usize,
        model: &'a Value,
        items: &'a [Value],
        at: &Trace<'_>,
    ) -> Result<(), Abort> {
        if self.tokens.is_leaf(index) {
            return self.step(index, model, at);
        }
        for (i, item) in (0..).zip(items) {
            let next = index + 1;
            if self.scanned_at.len() <= next {
                self.scanned_at.resize(next + 1, None);
            }
            self.scanned_at[next] = Some(i);
            self.step(next, item, &at.index(i))?;
        }
        Ok(())
    }

    /// Whether a token after `..` can be applied to `model`.
    fn fits(&self, index: usize, model: &'a Value) -> Result<bool, Abort> {
        Ok(match self.tokens.get(index) {
            Some(Token::Properties { names, .. }) => match model {
                Value::Object(members) => {
                    !self.tokens.is_token_definite(index)
                        || names.iter().all(|name| members.contains_key(name))
                }
                _ => false,
            },
            Some(Token::Indexes(_) | Token::FromEnd(_) | Token::Slice { .. }) => model.is_array(),
            Some(Token::Wildcard) => true,
            Some(Token::Filter(filter)) => filter.accepts(model, &self.eval)?,
            Some(Token::Scan | Token::Call(_)) | None => false,
        })
    }
}

/// The positions of a slice. Only if an end is open, a negative bound counts from the end of the array. If both bounds
/// are given, they are used as they are, so `[-2:-1]` works and `[0:-1]` is empty.
fn slice(from: Option<i32>, to: Option<i32>, length: usize) -> std::ops::Range<i64> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |bound: i32| if bound < 0 { length + i64::from(bound) } else { i64::from(bound) };
    match (from, to) {
        (Some(from), None) => from_end(from).max(0)..length,
        (None, Some(to)) => 0..from_end(to).min(length),
        (Some(from), Some(to)) => i64::from(from).max(-length)..i64::from(to).min(length),
        (None, None) => 0..length,
    }
}
