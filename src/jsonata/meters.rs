//! The host functions with which an expression charges its budget; `names` lists them.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::functions::array::values_equal;
use jsonata_core::value::JValue;

use crate::budget::{Budget, ITEM_BYTES, TEXT_BYTES_MAX, TEXT_LENGTH_MAX, WORK_MAX, exhausted, overdue};
use crate::host::HostFunctions;
use crate::names::{
    COPIED, CREATED, DISTINCT, EXPANDED, INTEGER, INTEGER_PICTURE, IS_FUNCTION, IS_PLAIN, JOINED, KEPT, KEYS,
    LAST, LENGTH, LIMIT, MATCH, PASSED, PICKED, PICTURE, PRETTY, REPLACE, SEPARATOR, SORT_KEY, SPLIT, SPREAD,
    SUBJECT, TARGETS, TUPLES,
};
use crate::text_functions;

/// The longest picture of a number or a date, in bytes. The library's time for one grows with its square.
const PICTURE_BYTES_MAX: usize = 4_096;
/// The largest number in Roman digits: a thousand of them is one more `M`.
const ROMAN_MAX: f64 = 1e9;
/// What a tuple takes in memory, beside what is bound in it.
const TUPLE_BYTES: usize = 400;

type Outcome = Result<JValue, EvaluatorError>;
type Shared = Rc<RefCell<Budget>>;

/// Adds the functions.
///
/// # Errors
/// If the library refuses to add one of them, which would be a bug of ours.
pub(crate) fn register(host: &mut HostFunctions<'_>, budget: &Shared) -> Result<(), EvaluatorError> {
    type Charge = fn(&mut Budget, &[JValue]) -> Result<(), EvaluatorError>;
    let charges: [(&str, Charge); 16] = [
        (CREATED, |budget, args| {
            budget.charge(bytes(args.get(1)))?;
            budget.created(first(args))
        }),
        (KEPT, |budget, args| budget.kept(first(args))),
        (PASSED, |budget, args| budget.passed(first(args))),
        (TUPLES, |budget, args| {
            let count = if let JValue::Array(items) = first(args) { items.len() } else { 1 };
            budget.charge(count * TUPLE_BYTES)?;
            budget.passed(first(args))
        }),
        (SPREAD, |budget, args| budget.spread(first(args))),
        (SORT_KEY, |budget, args| match first(args) {
            JValue::String(text) => budget.pass(text.len()),
            _ => Ok(()),
        }),
        (COPIED, |budget, args| {
            let length = |arg: Option<&JValue>| arg.and_then(JValue::as_str).map_or(0, str::len);
            let between = if args.get(2).is_some_and(is_function) { length(args.get(1)) } else { 0 };
            budget.pass(length(args.first()) + between)
        }),
        (LENGTH, |_, args| match first(args).as_f64() {
            Some(length) if TEXT_LENGTH_MAX as f64 <= length.abs() => Err(exhausted()),
            Some(_) | None => Ok(()),
        }),
        (PICTURE, |_, args| picture(first(args))),
        (INTEGER, |budget, args| {
            finite(first(args))?;
            budget.remember(usize::from(first(args).as_f64().is_some_and(|number| ROMAN_MAX < number.abs())));
            Ok(())
        }),
        (INTEGER_PICTURE, |budget, args| {
            finite(args.get(1).unwrap_or(&JValue::Undefined))?;
            let is_large = match args.get(1) {
                Some(context) => context.as_f64().is_some_and(|number| ROMAN_MAX < number.abs()),
                None => budget.recall() == 1,
            };
            let is_roman = first(args).as_str().is_some_and(|picture| picture.contains(['I', 'i']));
            if is_large && is_roman { Err(exhausted()) } else { picture(first(args)) }
        }),
        (JOINED, |budget, args| {
            budget.remember(if let JValue::Array(items) = first(args) { items.len() } else { 1 });
            Ok(())
        }),
        (SEPARATOR, |budget, args| {
            let count = budget.recall();
            let length = first(args).as_str().map_or(0, str::len);
            if TEXT_BYTES_MAX < count.saturating_mul(length) { Err(exhausted()) } else { Ok(()) }
        }),
        (PRETTY, |budget, args| {
            let size = budget.size(first(args))?;
            let indents = size.nodes.saturating_mul(2 * size.depth);
            if TEXT_BYTES_MAX < indents { Err(exhausted()) } else { Ok(()) }
        }),
        (SUBJECT, |budget, args| budget.subject(first(args), bytes(args.get(1)))),
        (TARGETS, targets),
    ];
    for (name, charge) in charges {
        let budget = budget.clone();
        host.add(name, move |args: &[JValue]| {
            charge(&mut budget.borrow_mut(), args)?;
            Ok(first(args).clone())
        })?;
    }
    type Make = fn(&mut Budget, &[JValue]) -> Outcome;
    let makes: [(&str, Make); 10] = [
        (LAST, |_, args| Ok(args.last().cloned().unwrap_or(JValue::Undefined))),
        (DISTINCT, |budget, args| distinct(budget, first(args))),
        (KEYS, |budget, args| keys(budget, first(args))),
        (PICKED, |_, args| picked(args)),
        (IS_FUNCTION, |_, args| Ok(JValue::Bool(is_function(first(args))))),
        (IS_PLAIN, |_, args| match args {
            // The call is the library's if its name was given to something else.
            [JValue::Builtin { name }, JValue::String(of), context, args @ ..] if name == of => {
                Ok(JValue::Bool(text_functions::is_plain(of, context, args)))
            }
            _ => Ok(JValue::Bool(false)),
        }),
        (MATCH, |budget, args| plain(budget, args, text_functions::matches)),
        (SPLIT, |budget, args| plain(budget, args, text_functions::split)),
        (REPLACE, |budget, args| plain(budget, args, text_functions::replace)),
        (EXPANDED, |_, args| {
            text_functions::expanded(first(args), args.get(1).unwrap_or(&JValue::Undefined))
        }),
    ];
    for (name, make) in makes {
        let budget = budget.clone();
        host.add(name, move |args: &[JValue]| make(&mut budget.borrow_mut(), args))?;
    }
    let limits = budget.clone();
    host.add(LIMIT, move |args: &[JValue]| {
        let most = limits.borrow().sequence_max() as f64 + 1.0;
        Ok(match args.first() {
            Some(JValue::Number(limit)) => JValue::Number(limit.min(most)),
            Some(JValue::Undefined) | None => JValue::Number(most),
            Some(other) => other.clone(),
        })
    })?;
    let zipped = budget.clone();
    host.replace("zip", move |args: &[JValue]| zip(&mut zipped.borrow_mut(), args))
}

fn first(args: &[JValue]) -> &JValue {
    args.first().unwrap_or(&JValue::Undefined)
}

fn bytes(arg: Option<&JValue>) -> usize {
    arg.and_then(JValue::as_f64).map_or(0, |bytes| bytes as usize)
}

fn is_function(value: &JValue) -> bool {
    matches!(value, JValue::Lambda(_) | JValue::Builtin { .. })
}

/// Refuses numbers that no picture can show: the library would look for the words of infinity until its stack ends, as the
/// reference implementation does.
fn finite(value: &JValue) -> Result<(), EvaluatorError> {
    match value.as_f64() {
        Some(number) if !number.is_finite() => {
            let number = if number.is_nan() {
                "NaN"
            } else if number < 0.0 {
                "-Infinity"
            } else {
                "Infinity"
            };
            Err(EvaluatorError::EvaluationError(format!("D1001: Number out of range: {number}")))
        }
        Some(_) | None => Ok(()),
    }
}

fn picture(value: &JValue) -> Result<(), EvaluatorError> {
    let is_long = |value: &JValue| value.as_str().is_some_and(|text| PICTURE_BYTES_MAX < text.len());
    let options_are_long = matches!(value, JValue::Object(members) if members.values().any(is_long));
    if is_long(value) || options_are_long { Err(exhausted()) } else { Ok(()) }
}

/// A transform compares each value in its input with each that it changes.
fn targets(budget: &mut Budget, args: &[JValue]) -> Result<(), EvaluatorError> {
    let located = budget.size(first(args))?.nodes;
    let input = budget.size(args.get(1).unwrap_or(&JValue::Undefined))?;
    // The copy is not yet charged.
    budget.pass(input.bytes)?;
    if WORK_MAX < located.saturating_mul(input.nodes) { Err(overdue()) } else { Ok(()) }
}

fn picked(args: &[JValue]) -> Outcome {
    Ok(match args {
        [JValue::Builtin { name }, JValue::String(of), stand_in] if name == of => stand_in.clone(),
        [value, ..] => value.clone(),
        [] => JValue::Undefined,
    })
}

fn plain(
    budget: &mut Budget,
    args: &[JValue],
    call: fn(&mut Budget, usize, &JValue, &[JValue]) -> Outcome,
) -> Outcome {
    match args {
        [_, weight, context, args @ ..] => call(budget, bytes(Some(weight)), context, args),
        _ => Err(exhausted()),
    }
}

/// Each value once. The library compares each with all others, without looking at the time.
fn distinct(budget: &mut Budget, value: &JValue) -> Outcome {
    let items = match value {
        JValue::Array(items) if 1 < items.len() => items,
        other => return Ok(other.clone()),
    };
    let mut texts: HashSet<Rc<str>> = HashSet::new();
    let mut numbers: HashSet<u64> = HashSet::new();
    let (mut is_true, mut is_false, mut is_null) = (false, false, false);
    let mut others: Vec<JValue> = Vec::new();
    let mut left = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let is_new = match item {
            JValue::String(text) => {
                budget.pass(text.len())?;
                texts.insert(text.clone())
            }
            JValue::Number(number) if number.is_nan() => true,
            // The two zeros are equal.
            JValue::Number(number) => numbers.insert((number + 0.0).to_bits()),
            JValue::Bool(true) => !std::mem::replace(&mut is_true, true),
            JValue::Bool(false) => !std::mem::replace(&mut is_false, true),
            JValue::Null => !std::mem::replace(&mut is_null, true),
            other => {
                let nodes = budget.size(other)?.nodes;
                let is_new = !others.iter().any(|known| values_equal(other, known));
                budget.pass(others.len().saturating_mul(nodes))?;
                if is_new {
                    others.push(other.clone());
                }
                is_new
            }
        };
        if is_new {
            left.push(item.clone());
        }
        if index.is_multiple_of(16) {
            budget.on_time()?;
        }
    }
    // A sequence stays one.
    Ok(if items.sequence { JValue::sequence(left) } else { JValue::array(left) })
}

/// The keys of an array's objects, as those of one object.
fn keys(budget: &mut Budget, value: &JValue) -> Outcome {
    let JValue::Array(items) = value else { return Ok(value.clone()) };
    let mut names = HashSet::new();
    let mut members = Vec::new();
    for item in items.iter() {
        let JValue::Object(object) = item else { continue };
        for name in object.keys() {
            budget.pass(name.len() + ITEM_BYTES)?;
            if names.insert(name.as_str()) {
                members.push((name.clone(), JValue::Null));
            }
        }
    }
    if members.is_empty() {
        return Ok(value.clone());
    }
    let all = JValue::object(members.into_iter().collect());
    budget.created(&all)?;
    Ok(all)
}

/// `$zip(arrays…)`.
fn zip(budget: &mut Budget, args: &[JValue]) -> Outcome {
    if args.is_empty() {
        return Err(EvaluatorError::EvaluationError("zip() requires at least 1 argument".to_owned()));
    }
    let mut arrays: Vec<&[JValue]> = Vec::with_capacity(args.len());
    for arg in args {
        match arg {
            JValue::Array(items) => arrays.push(items),
            JValue::Null | JValue::Undefined => return Ok(JValue::array(Vec::new())),
            other => arrays.push(std::slice::from_ref(other)),
        }
    }
    let shortest = arrays.iter().map(|items| items.len()).min().unwrap_or(0);
    budget.allows(shortest.saturating_mul((arrays.len() + 2) * ITEM_BYTES))?;
    let tuple =
        |index: usize| JValue::array(arrays.iter().filter_map(|items| items.get(index).cloned()).collect());
    let zipped = JValue::array((0..shortest).map(tuple).collect());
    budget.created(&zipped)?;
    Ok(zipped)
}
