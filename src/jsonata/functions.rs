//! The functions that AWS adds to the language, and the one that it removes.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#states-jsonata-functions>

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::value::JValue;
use md5::Digest;
use serde_json::Value;

use crate::budget::{self, Budget, SEQUENCE_LENGTH_MAX};
use crate::clock::Ids;
use crate::convert::to_jsonata;
use crate::host::HostFunctions;
use crate::java_random;
use crate::json;
use crate::meters;

/// Whether `$eval` is there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Offer {
    /// Step Functions doesn't offer it.
    NoEval,
    /// The language does.
    Eval,
}

/// What a piece of an array takes in memory, with the item that it has at least, in bytes.
const PIECE_BYTES: usize = 96;

type Outcome = Result<JValue, EvaluatorError>;

/// Adds the functions.
///
/// # Errors
/// If the library refuses to add one of them, which would be a bug of ours.
pub(crate) fn register(
    host: &mut HostFunctions<'_>,
    budget: &Rc<RefCell<Budget>>,
    ids: &Arc<dyn Ids>,
    offer: Offer,
) -> Result<(), EvaluatorError> {
    meters::register(host, budget)?;
    let meter = budget.clone();
    host.add("partition", move |args: &[JValue]| {
        let mut budget = meter.borrow_mut();
        // Each piece is an array, at the worst one for each item.
        let count = if let Some(JValue::Array(items)) = args.first() { items.len() } else { 1 };
        budget.allows(count * PIECE_BYTES)?;
        let pieces = partition(args)?;
        budget.created(&pieces)?;
        Ok(pieces)
    })?;
    let meter = budget.clone();
    host.add("range", move |args: &[JValue]| {
        let range = range(args)?;
        meter.borrow_mut().created(&range)?;
        Ok(range)
    })?;
    host.add("hash", hash)?;
    let uuids = ids.clone();
    host.add("uuid", move |args: &[JValue]| match args {
        [] => Ok(JValue::string(uuids.uuid().to_string())),
        [..] => Err(signature("uuid", 1)),
    })?;
    let meter = budget.clone();
    host.add("parse", move |args: &[JValue]| {
        let mut budget = meter.borrow_mut();
        if let Some(JValue::String(text)) = args.first() {
            // Values take many times the size of their text. As a document and as values of the language.
            budget.allows(json::weight(text.as_bytes()).saturating_mul(2))?;
        }
        let parsed = parse(args)?;
        budget.created(&parsed)?;
        Ok(parsed)
    })?;
    let numbers = ids.clone();
    host.replace("random", move |args: &[JValue]| match args {
        [] => Ok(JValue::Number(numbers.unit())),
        [JValue::Number(seed)] => Ok(JValue::Number(java_random::first_double(*seed as i64))),
        [..] => Err(signature("random", 1)),
    })?;
    host.replace("base64decode", base64_decode)?;
    if offer == Offer::Eval {
        return Ok(());
    }
    host.replace("eval", |_: &[JValue]| {
        Err(EvaluatorError::TypeError("T1006: Attempted to invoke a non-function".to_owned()))
    })
}

/// `$partition(array, size)`: splits the array into pieces of that size; the last one may be shorter.
fn partition(args: &[JValue]) -> Outcome {
    let (items, size) = match args {
        [JValue::Undefined, ..] => return Ok(JValue::Undefined),
        [JValue::Array(items), JValue::Number(size)] => (items.iter().cloned().collect::<Vec<_>>(), size),
        [single, JValue::Number(size)] => (vec![single.clone()], size),
        [_, ..] => return Err(signature("partition", 2)),
        [] => return Err(signature("partition", 1)),
    };
    let size = size.trunc();
    if size < 1.0 {
        return Err(thrown("D3137: Argument 2 of function \"partition\" must be a positive number"));
    }
    // A size larger than the array gives one piece.
    let pieces = items.chunks(size.min(items.len().max(1) as f64) as usize);
    Ok(JValue::array(pieces.map(|piece| JValue::array(piece.to_vec())).collect()))
}

/// `$range(first, last, step)`: includes the last number; fractions are truncated.
fn range(args: &[JValue]) -> Outcome {
    let numbers = match args {
        [JValue::Number(first), JValue::Number(last), JValue::Number(step)] => [*first, *last, *step],
        [JValue::Undefined, ..] => return Ok(JValue::Undefined),
        _ => {
            let wrong = args.iter().position(|arg| !arg.is_number()).unwrap_or(args.len()) + 1;
            return Err(signature("range", wrong));
        }
    };
    let [first, last, step] = numbers.map(f64::trunc);
    if step == 0.0 {
        return Err(thrown("D3137: Argument 3 of function \"range\" must not be zero"));
    }
    let count = ((last - first) / step).floor() + 1.0;
    if SEQUENCE_LENGTH_MAX as f64 <= count {
        return Err(budget::exhausted());
    }
    let count = if count.is_nan() { 0 } else { count.max(0.0) as usize };
    // A sequence, of which one item is the item itself: AWS answers 1 for `$range(1, 9, 9)`.
    Ok(JValue::sequence((0..count).map(|index| JValue::Number(first + index as f64 * step)).collect()))
}

/// `$hash(text, algorithm)`, in lower-case hexadecimal.
fn hash(args: &[JValue]) -> Outcome {
    let (text, algorithm) = match args {
        [JValue::Undefined, ..] => return Ok(JValue::Undefined),
        [JValue::String(text), JValue::String(algorithm)] => (text.as_bytes(), &**algorithm),
        [JValue::String(_), ..] => return Err(signature("hash", 2)),
        _ => return Err(signature("hash", 1)),
    };
    Ok(JValue::string(match algorithm {
        "MD5" => hex::encode(md5::Md5::digest(text)),
        "SHA-1" => hex::encode(sha1::Sha1::digest(text)),
        "SHA-256" => hex::encode(sha2::Sha256::digest(text)),
        "SHA-384" => hex::encode(sha2::Sha384::digest(text)),
        "SHA-512" => hex::encode(sha2::Sha512::digest(text)),
        _ => {
            return Err(thrown(
                "D3137: Argument 2 of function \"hash\" must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
            ));
        }
    }))
}

/// `$parse(text)`: parses JSON text.
fn parse(args: &[JValue]) -> Outcome {
    match args {
        [JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::String(text)] => {
            let value: Value = serde_json::from_str(text)
                .map_err(|_| thrown("D3137: Argument 1 of function \"parse\" is not valid JSON"))?;
            Ok(to_jsonata(&value))
        }
        _ => Err(signature("parse", 1)),
    }
}

/// `$base64decode(text)`. Invalid Base64 is an internal error on AWS, whereas the language's own library decodes part
/// of it.
fn base64_decode(args: &[JValue]) -> Outcome {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    match args {
        [] | [JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::String(text)] => {
            let bytes = LENIENT.decode(text.as_bytes()).map_err(|_| thrown("not Base64"))?;
            Ok(JValue::string(String::from_utf8_lossy(&bytes).into_owned()))
        }
        _ => Err(signature("base64decode", 1)),
    }
}

/// The language's error for an argument of the wrong type.
fn signature(function: &str, argument: usize) -> EvaluatorError {
    EvaluatorError::TypeError(format!(
        "T0410: Argument {argument} of function \"{function}\" does not match function signature"
    ))
}

fn thrown(message: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(message.to_owned())
}
