//! `.length()`, `.sum()`, `.concat(…)` and the other functions of a path.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Number, Value};

use super::eval::{Abort, Evaluator};
use super::filter::read_lenient;
use super::show::shown;
use super::token::Tokens;

/// A function call: its name and its arguments, in addition to the node to which it is applied.
#[derive(Debug)]
pub(super) struct Call {
    name: String,
    /// `None` for an unknown name, which is an error only if the call is evaluated.
    function: Option<Function>,
    arguments: Vec<Argument>,
    is_written_with_arguments: bool,
}

#[derive(Debug, Clone, Copy)]
enum Function {
    Average,
    StandardDeviation,
    Sum,
    Min,
    Max,
    Concat,
    Length,
    Append,
    Keys,
    First,
    Last,
    Index,
}

/// An argument: a path, which is read from the document, or JSON.
#[derive(Debug)]
pub(super) enum Argument {
    Path(Tokens),
    Json(Value),
}

impl Argument {
    pub(super) fn path(tokens: Tokens) -> Self {
        Self::Path(tokens)
    }

    pub(super) fn json(text: &str) -> Self {
        // Text that is not JSON is a bare string, as inside lists.
        Self::Json(read_lenient(text).unwrap_or_else(|| Value::String(text.to_owned())))
    }

    fn value<'a>(&self, eval: &Evaluator<'a, '_>) -> Result<Cow<'a, Value>, Abort> {
        match self {
            Self::Path(tokens) => eval.read_from(tokens, eval.root),
            Self::Json(value) => Ok(Cow::Owned(value.clone())),
        }
    }
}

impl Call {
    pub(super) fn new(name: String, arguments: Vec<Argument>) -> Self {
        let function = match name.as_str() {
            "avg" => Some(Function::Average),
            "stddev" => Some(Function::StandardDeviation),
            "sum" => Some(Function::Sum),
            "min" => Some(Function::Min),
            "max" => Some(Function::Max),
            "concat" => Some(Function::Concat),
            "length" | "size" => Some(Function::Length),
            "append" => Some(Function::Append),
            "keys" => Some(Function::Keys),
            "first" => Some(Function::First),
            "last" => Some(Function::Last),
            "index" => Some(Function::Index),
            _ => None,
        };
        let is_written_with_arguments = !arguments.is_empty();
        Self { name, function, arguments, is_written_with_arguments }
    }

    pub(super) fn set_argument(&mut self, argument: Argument) {
        self.arguments = vec![argument];
    }

    /// Calls the function on `model`.
    pub(super) fn invoke<'a>(
        &self,
        model: &'a Value,
        eval: &Evaluator<'a, '_>,
    ) -> Result<Cow<'a, Value>, Abort> {
        let Some(function) = self.function else {
            return Err(Abort::Invalid(format!("Function with name: {} does not exist.", self.name)));
        };
        let given: Vec<Cow<'a, Value>> =
            self.arguments.iter().map(|argument| argument.value(eval)).collect::<Result<_, _>>()?;
        Ok(match function {
            Function::Average
            | Function::StandardDeviation
            | Function::Sum
            | Function::Min
            | Function::Max => Cow::Owned(aggregate(function, &numbers(model, &given))?),
            Function::Concat => Cow::Owned(Value::String(concat(model, &given, eval)?)),
            Function::Length => Cow::Owned(self.length(model, eval)?),
            Function::Append => match model {
                Value::Array(items) if !given.is_empty() => {
                    eval.budget.spend_copy(model)?;
                    let given = given.into_iter().map(Cow::into_owned);
                    Cow::Owned(Value::Array(items.iter().cloned().chain(given).collect()))
                }
                _ => Cow::Borrowed(model),
            },
            Function::Keys => Cow::Owned(match model {
                Value::Object(members) => members.keys().cloned().map(Value::String).collect(),
                _ => Value::Null,
            }),
            Function::First => at_index(model, 0)?,
            Function::Last => at_index(model, -1)?,
            Function::Index => {
                let given = numbers(&Value::Null, &given);
                let index = given
                    .first()
                    .ok_or_else(|| Abort::OutOfBounds("Index 0 out of bounds for length 0".to_owned()))?;
                at_index(model, *index as i64)?
            }
        })
    }

    /// The number of the node's children; with a path as argument, the number of children of what the path finds.
    fn length<'a>(&self, model: &'a Value, eval: &Evaluator<'a, '_>) -> Result<Value, Abort> {
        match self.arguments.first() {
            Some(Argument::Path(path)) => {
                let below = Evaluator { root: model, budget: eval.budget, dialect: eval.dialect };
                if let Some(n) = n_children(path, model, &below)? {
                    return Ok(n.into());
                }
            }
            Some(Argument::Json(_)) => {
                return Err(Abort::Failed(format!("{}() takes a path, not JSON", self.name)));
            }
            None => {}
        }
        Ok(match model {
            Value::Array(items) => items.len().into(),
            Value::Object(members) => members.len().into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
        })
    }
}

/// `path` is read with `.*` appended. If it is indefinite, the result is the number of nodes found. If it is definite,
/// only the last node counts, and only if it is an array; people see this quirk as "the length of the whole document".
fn n_children<'a>(path: &Tokens, model: &'a Value, eval: &Evaluator<'a, '_>) -> Result<Option<usize>, Abort> {
    if path.is_function() || path.all().is_empty() {
        return Ok(eval.read_from(path, model)?.as_array().map(Vec::len));
    }
    let found = eval.walk(path, model, false)?;
    if !path.is_definite() {
        let n = found.iter().map(|node| match &**node {
            Value::Array(items) => items.len(),
            Value::Object(members) => members.len(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        });
        return Ok(Some(n.sum()));
    }
    let last = match found.last().map(|node| &**node) {
        Some(Value::Array(items)) => items.last(),
        Some(Value::Object(members)) => members.values().next_back(),
        _ => None,
    };
    match last {
        Some(last) => Ok(last.as_array().map(Vec::len)),
        None => Err(Abort::NotFound(format!("No results for path: {path}[*]"))),
    }
}

/// The numbers of an array and of the arguments, including those inside array arguments.
fn numbers(model: &Value, given: &[Cow<'_, Value>]) -> Vec<f64> {
    let of_array = |value: &Value| -> Vec<f64> {
        value.as_array().map(|items| items.iter().filter_map(Value::as_f64).collect()).unwrap_or_default()
    };
    let mut all = of_array(model);
    for value in given {
        match &**value {
            value @ Value::Array(_) => all.extend(of_array(value)),
            value => all.extend(value.as_f64()),
        }
    }
    all
}

fn aggregate(function: Function, numbers: &[f64]) -> Result<Value, Abort> {
    if numbers.is_empty() {
        return Err(empty_aggregate());
    }
    let n = numbers.len() as f64;
    let sum = || numbers.iter().sum::<f64>();
    let result = match function {
        Function::Average => sum() / n,
        Function::StandardDeviation => {
            let squares = numbers.iter().map(|number| number * number).sum::<f64>();
            (squares / n - sum() * sum() / n / n).sqrt()
        }
        Function::Min => numbers.iter().copied().fold(f64::MAX, f64::min),
        // Jayway starts from the smallest *positive* double, so that is the maximum of negative numbers.
        Function::Max => numbers.iter().copied().fold(f64::from_bits(1), f64::max),
        _ => sum(),
    };
    Number::from_f64(result)
        .map(Value::Number)
        .ok_or_else(|| Abort::Failed("Aggregation function went beyond the range of a double".to_owned()))
}

fn concat(model: &Value, given: &[Cow<'_, Value>], eval: &Evaluator<'_, '_>) -> Result<String, Abort> {
    let mut out = String::new();
    for text in model.as_array().into_iter().flatten().filter_map(Value::as_str) {
        out.push_str(text);
    }
    let mut push = |value: &Value| {
        if !value.is_null() {
            out.push_str(&shown(value));
        }
    };
    for value in given {
        match &**value {
            Value::Array(items) => items.iter().for_each(&mut push),
            value => push(value),
        }
    }
    eval.budget.spend(out.len() / 64)?;
    Ok(out)
}

fn at_index(model: &Value, index: i64) -> Result<Cow<'_, Value>, Abort> {
    let Value::Array(items) = model else { return Err(empty_aggregate()) };
    let from_start = if index < 0 { index + items.len() as i64 } else { index };
    if index < 0 && from_start <= 0 {
        return Err(Abort::Failed(format!("Target index:{index} larger than object count:{}", items.len())));
    }
    usize::try_from(from_start).ok().and_then(|i| items.get(i)).map(Cow::Borrowed).ok_or_else(|| {
        Abort::OutOfBounds(format!("Index {from_start} out of bounds for length {}", items.len()))
    })
}

fn empty_aggregate() -> Abort {
    Abort::Failed("Aggregation function attempted to calculate value using empty array".to_owned())
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = if self.is_written_with_arguments { "(...)" } else { "()" };
        write!(f, ".{}{arguments}", self.name)
    }
}
