//! A second opinion: the Amazon States Language as a plain recursive function over the definition's JSON, which knows
//! no events, frames or journal, only when each state begins and ends.
//!
//! Where two branches fail in the same millisecond, either may be first; all such lives are asked for in turn.

use serde_json::{Map, Value, json};

use crate::query::{Seen, fill};
use crate::work::work;

/// Stands for a text whose wording is not the reference's business.
pub(crate) const ANY: &str = "\u{1}any";
/// Most iterations of a Map at one time.
const CONCURRENCY_MAX: usize = 40;
/// Lives looked at; a machine with more ties than that is passed over.
const LIVES_MAX: usize = 64;

/// How a machine, branch or iteration ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Succeeded(Value),
    /// Error and cause.
    Failed(Value, Value),
    TimedOut,
}

/// When and how.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) at: i64,
    pub(crate) outcome: Outcome,
}

/// Everything that may become of the machine; `None` if that is too much to say.
pub(crate) fn ends(seed: u64, machine: &Value, input: &Value, at: i64) -> Option<Vec<End>> {
    let machine = &told(machine);
    let mut ends = Vec::new();
    let mut script = Vec::new();
    for _ in 0..LIVES_MAX {
        let mut life = Life { seed, script, asked: Vec::new() };
        let end = life.states(machine, input.clone(), at, &Map::new());
        let timeout = machine["TimeoutSeconds"].as_i64().map(|seconds| at + 1_000 * seconds);
        let late = timeout.map(|at| End { at, outcome: Outcome::TimedOut });
        match late {
            Some(late) if late.at < end.at => ends.push(late),
            Some(late) if late.at == end.at => ends.extend([late, end]),
            Some(_) | None => ends.push(end),
        }
        // The next script: the last tie that has another answer is answered so.
        let mut asked = life.asked;
        loop {
            match asked.pop() {
                None => return Some(ends),
                Some((answer, n)) if answer + 1 < n => {
                    script = asked.iter().map(|(answer, _)| *answer).collect();
                    script.push(answer + 1);
                    break;
                }
                Some(_) => {}
            }
        }
    }
    None
}

/// How a state failed: when, by what name Retry and Catch know it, and what it says.
struct Fault {
    at: i64,
    name: String,
    error: Value,
    cause: Value,
}

impl Fault {
    /// An error of the language itself.
    fn of(at: i64, name: &str) -> Self {
        Self { at, name: name.to_owned(), error: json!(name), cause: json!(ANY) }
    }

    fn timeout(at: i64, name: &str) -> Self {
        Self { at, name: name.to_owned(), error: json!("States.Timeout"), cause: Value::Null }
    }

    /// Whether one of `names` means it.
    fn is_meant(&self, names: &Value, is_parallel: bool) -> bool {
        if self.name == "States.Runtime" {
            return false;
        }
        let is_timeout = matches!(&*self.name, "States.Timeout" | "States.HeartbeatTimeout");
        names.as_array().expect("ErrorEquals").iter().any(|name| match name.as_str().expect("a name") {
            "States.ALL" => true,
            "States.TaskFailed" => !is_timeout,
            "States.Timeout" => is_timeout,
            "States.BranchFailed" => is_parallel,
            name => name == self.name,
        })
    }
}

struct Life {
    seed: u64,
    /// Answers to ties; 0 where there is none.
    script: Vec<usize>,
    /// The answers given, and how many there were.
    asked: Vec<(usize, usize)>,
}

impl Life {
    /// `around` are the variables that the machine sees and can't assign.
    fn states(&mut self, machine: &Value, input: Value, at: i64, around: &Map<String, Value>) -> End {
        let mut variables = around.clone();
        let mut name = machine["StartAt"].as_str().expect("StartAt");
        let (mut input, mut at) = (input, at);
        loop {
            let state = &machine["States"][name];
            match self.state(state, &input, at, &variables) {
                Ok(Left { output, at: left, next, assigned }) => {
                    at = left;
                    variables.extend(assigned);
                    match next {
                        Some(next) => (name, input) = (next, output),
                        None => return End { at, outcome: Outcome::Succeeded(output) },
                    }
                }
                Err(fault) => {
                    return End { at: fault.at, outcome: Outcome::Failed(fault.error, fault.cause) };
                }
            }
        }
    }

    fn state<'m>(
        &mut self,
        state: &'m Value,
        input: &Value,
        at: i64,
        variables: &Map<String, Value>,
    ) -> Result<Left<'m>, Fault> {
        let next = state["Next"].as_str();
        if is_in_jsonata(state) && !matches!(state["Type"].as_str(), Some("Task" | "Parallel" | "Map")) {
            return in_jsonata(state, input, at, variables);
        }
        let left = |output, at, assigned| Ok(Left { output, at, next, assigned });
        match state["Type"].as_str().expect("a type") {
            "Pass" => {
                let effective = select(state, "InputPath", input, at)?;
                let result = match (state.get("Result"), state.get("Parameters")) {
                    (Some(result), _) => result.clone(),
                    (None, Some(template)) => evaluate(template, &effective, None, at, variables)?,
                    (None, None) => effective,
                };
                let assigned = assigned(state, &result, at, variables)?;
                let placed = place(state, input, result, at)?;
                left(select(state, "OutputPath", &placed, at)?, at, assigned)
            }
            "Succeed" => left(input.clone(), at, Map::new()),
            "Fail" => {
                let text = |field: &str| state.get(field).cloned().unwrap_or_default();
                let name = state["Error"].as_str().unwrap_or("States.TaskFailed").to_owned();
                Err(Fault { at, name, error: text("Error"), cause: text("Cause") })
            }
            "Wait" => {
                let effective = select(state, "InputPath", input, at)?;
                let seconds = match state["SecondsPath"].as_str() {
                    Some(path) => {
                        find(path, &effective).and_then(Value::as_i64).filter(|seconds| 0 <= *seconds)
                    }
                    None => state["Seconds"].as_i64(),
                };
                let at = at + 1_000 * seconds.ok_or_else(|| Fault::of(at, "States.Runtime"))?;
                let assigned = assigned(state, &effective, at, variables)?;
                left(select(state, "OutputPath", &effective, at)?, at, assigned)
            }
            "Choice" => {
                for rule in state["Choices"].as_array().expect("Choices") {
                    if holds(rule, input).ok_or_else(|| Fault::of(at, "States.Runtime"))? {
                        let (output, next) = (input.clone(), rule["Next"].as_str());
                        return Ok(Left { output, at, next, assigned: Map::new() });
                    }
                }
                match state["Default"].as_str() {
                    Some(next) => {
                        let assigned = assigned(state, input, at, variables)?;
                        Ok(Left { output: input.clone(), at, next: Some(next), assigned })
                    }
                    // The error that AWS ends the execution with; nothing catches it.
                    None => Err(Fault::of(at, "States.Runtime")),
                }
            }
            _ => self.with_recovery(state, input, at, variables),
        }
    }

    /// Task, Parallel and Map: tries, waits, tries again, or goes another way.
    fn with_recovery<'m>(
        &mut self,
        state: &'m Value,
        input: &Value,
        mut at: i64,
        variables: &Map<String, Value>,
    ) -> Result<Left<'m>, Fault> {
        let is_parallel = state["Type"] == "Parallel";
        let list = |field: &str| state[field].as_array().map_or(&[][..], Vec::as_slice);
        let retry = list("Retry");
        let mut n_retries = vec![0; retry.len()];
        let fault = loop {
            let fault = match self.attempt(state, input, at, variables) {
                Ok((output, at, assigned)) => {
                    return Ok(Left { output, at, next: state["Next"].as_str(), assigned });
                }
                Err(fault) => fault,
            };
            let meant = retry.iter().position(|r| fault.is_meant(&r["ErrorEquals"], is_parallel));
            let Some(i) = meant.filter(|i| n_retries[*i] < retry[*i]["MaxAttempts"].as_i64().unwrap_or(3))
            else {
                break fault;
            };
            n_retries[i] += 1;
            let rate = retry[i]["BackoffRate"].as_f64().unwrap_or(2.0);
            let mut seconds = retry[i]["IntervalSeconds"].as_f64().unwrap_or(1.0);
            for _ in 1..n_retries[i] {
                seconds *= rate;
            }
            let seconds = seconds.min(retry[i]["MaxDelaySeconds"].as_f64().unwrap_or(f64::INFINITY));
            #[allow(clippy::cast_possible_truncation)] // Rates are such that milliseconds are whole.
            let delay = (seconds * 1_000.0) as i64;
            at = fault.at + delay;
        };
        let Some(catcher) = list("Catch").iter().find(|c| fault.is_meant(&c["ErrorEquals"], is_parallel))
        else {
            return Err(fault);
        };
        let output = json!({"Error": fault.error, "Cause": fault.cause});
        let (at, next) = (fault.at, catcher["Next"].as_str());
        if is_in_jsonata(state) {
            let seen = Seen { input, result: None, error: Some(&output), item: None, variables };
            let (assigned, output) = out(catcher, &output, at, &seen)?;
            return Ok(Left { output, at, next, assigned });
        }
        let assigned = assigned(catcher, &output, at, variables)?;
        Ok(Left { output: place(catcher, input, output, at)?, at, next, assigned })
    }

    fn attempt(
        &mut self,
        state: &Value,
        input: &Value,
        at: i64,
        variables: &Map<String, Value>,
    ) -> Result<(Value, i64, Map<String, Value>), Fault> {
        if is_in_jsonata(state) {
            let (result, at) = self.attempt_in_jsonata(state, input, at, variables)?;
            let seen = Seen { input, result: Some(&result), error: None, item: None, variables };
            let (assigned, output) = out(state, &result, at, &seen)?;
            return Ok((output, at, assigned));
        }
        let effective = select(state, "InputPath", input, at)?;
        let (result, at) = match state["Type"].as_str().expect("a type") {
            "Task" => {
                if let Some(template) = state.get("Parameters") {
                    evaluate(template, &effective, None, at, variables)?;
                }
                self.task(state, at)?
            }
            "Parallel" => {
                let input = match state.get("Parameters") {
                    Some(template) => evaluate(template, &effective, None, at, variables)?,
                    None => effective,
                };
                self.branches(state, &input, at, variables)?
            }
            _ => {
                let found = find(state["ItemsPath"].as_str().unwrap_or("$"), &effective);
                let items = found.and_then(Value::as_array).ok_or_else(|| Fault::of(at, "States.Runtime"))?;
                self.map(state, &effective, items, at, variables)?
            }
        };
        let selected = match state.get("ResultSelector") {
            Some(template) => evaluate(template, &result, None, at, variables)?,
            None => result.clone(),
        };
        let assigned = assigned(state, &result, at, variables)?;
        let placed = place(state, input, selected, at)?;
        Ok((select(state, "OutputPath", &placed, at)?, at, assigned))
    }

    fn attempt_in_jsonata(
        &mut self,
        state: &Value,
        input: &Value,
        at: i64,
        variables: &Map<String, Value>,
    ) -> Result<(Value, i64), Fault> {
        let seen = Seen { input, result: None, error: None, item: None, variables };
        let filled = |field: &str| match state.get(field) {
            None => Ok(None),
            Some(template) => fill(template, &seen).map(Some).ok_or_else(|| Fault::of(at, QUERY)),
        };
        match state["Type"].as_str().expect("a type") {
            "Task" => {
                filled("Arguments")?;
                self.task(state, at)
            }
            "Parallel" => {
                let input = filled("Arguments")?.unwrap_or_else(|| input.clone());
                self.branches(state, &input, at, variables)
            }
            _ => {
                let items = filled("Items")?.unwrap_or_else(|| input.clone());
                let items = items.as_array().ok_or_else(|| Fault::of(at, QUERY))?;
                self.map(state, input, items, at, variables)
            }
        }
    }

    fn branches(
        &mut self,
        state: &Value,
        input: &Value,
        at: i64,
        variables: &Map<String, Value>,
    ) -> Result<(Value, i64), Fault> {
        let branches = state["Branches"].as_array().expect("Branches");
        let ends = branches.iter().map(|branch| self.states(branch, input.clone(), at, variables)).collect();
        self.join(ends, at)
    }

    fn task(&self, state: &Value, at: i64) -> Result<(Value, i64), Fault> {
        let timeout = state["TimeoutSeconds"].as_i64().map(|seconds| 1_000 * seconds);
        let heartbeat = state["HeartbeatSeconds"].as_i64().map(|seconds| 1_000 * seconds);
        let work = work(self.seed, state["Resource"].as_str().expect("Resource"), at, timeout.is_some());
        let mut silent = None;
        if let (Some(heartbeat), Some(taken)) = (heartbeat, work.taken) {
            // The first silence that lasts too long.
            let mut last = taken;
            for moment in work.beats.iter().copied().chain([work.done.unwrap_or(i64::MAX)]) {
                if last + heartbeat < moment {
                    silent = Some(last + heartbeat);
                    break;
                }
                last = moment;
            }
        }
        let ends = [
            (timeout.unwrap_or(i64::MAX), "States.Timeout"),
            (silent.unwrap_or(i64::MAX), "States.HeartbeatTimeout"),
            (work.done.unwrap_or(i64::MAX), ""),
        ];
        let (first, name) = *ends.iter().min_by_key(|(at, _)| *at).expect("there are three");
        match (name, work.result) {
            ("", Ok(result)) => Ok((result, at + first)),
            ("", Err(error)) => {
                let (error, cause) = (json!(error), json!("of work"));
                let name = error.as_str().expect("a name").to_owned();
                Err(Fault { at: at + first, name, error, cause })
            }
            (name, _) => Err(Fault::timeout(at + first, name)),
        }
    }

    fn map(
        &mut self,
        state: &Value,
        effective: &Value,
        items: &[Value],
        at: i64,
        variables: &Map<String, Value>,
    ) -> Result<(Value, i64), Fault> {
        let is_distributed = state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED";
        if is_distributed {
            return self.spread(state, effective, items, at, variables);
        }
        let limit = match state["MaxConcurrency"].as_u64() {
            None | Some(0) => CONCURRENCY_MAX,
            Some(limit) => usize::try_from(limit).expect("it is small"),
        };
        let mut ends: Vec<End> = Vec::new();
        // When each place becomes free; an iteration takes the one that is free first.
        let mut free = vec![at; limit.min(items.len())];
        for (index, item) in items.iter().enumerate() {
            let place = (0..free.len()).min_by_key(|place| free[*place]).expect("there is one for an item");
            let begins = free[place];
            let failed = |end: &End| !matches!(end.outcome, Outcome::Succeeded(_)) && end.at < begins;
            if ends.iter().any(failed) {
                break;
            }
            let input = selected(state, effective, (index, item), begins, variables)?;
            let end = self.states(&state["ItemProcessor"], input, begins, variables);
            // What fails gives its place to nobody.
            free[place] = if matches!(end.outcome, Outcome::Succeeded(_)) { end.at } else { i64::MAX };
            ends.push(end);
        }
        self.join(ends, at)
    }

    /// A Map in DISTRIBUTED mode: what failed leaves its place to the next, until too many have.
    fn spread(
        &mut self,
        state: &Value,
        effective: &Value,
        items: &[Value],
        at: i64,
        variables: &Map<String, Value>,
    ) -> Result<(Value, i64), Fault> {
        let limit = match state["MaxConcurrency"].as_u64() {
            None | Some(0) => items.len(),
            Some(limit) => usize::try_from(limit).expect("it is small"),
        };
        let mut ends: Vec<End> = Vec::new();
        let mut free = vec![at; limit.min(items.len())];
        let mut bad: Option<Fault> = None;
        for (index, item) in items.iter().enumerate() {
            let place = (0..free.len()).min_by_key(|place| free[*place]).expect("there is one for an item");
            let begins = free[place];
            let input = match selected(state, effective, (index, item), begins, variables) {
                Ok(input) => input,
                Err(fault) => {
                    bad = Some(fault);
                    break;
                }
            };
            // Executions of their own see none of the variables.
            let end = self.states(&state["ItemProcessor"], input, begins, &Map::new());
            free[place] = end.at;
            ends.push(end);
        }
        let mut failures: Vec<i64> = ends.iter().filter(|end| is_bad(end)).map(|end| end.at).collect();
        failures.sort_unstable();
        let too_many = |n: usize| {
            let n_items = items.len();
            let count = state["ToleratedFailureCount"].as_u64().map(|most| most < n as u64);
            let share = state["ToleratedFailurePercentage"].as_u64().map(|most| most * n_items as u64);
            let share = share.map(|most| most < 100 * n as u64);
            match (count, share) {
                (None, None) => 0 < n,
                (count, share) => count == Some(true) || share == Some(true),
            }
        };
        let exceeded = (1..=failures.len()).find(|n| too_many(*n)).map(|n| failures[n - 1]);
        match (exceeded, bad) {
            (Some(at), Some(fault)) if fault.at < at => Err(fault),
            (Some(at), _) => Err(Fault::of(at, "States.ExceedToleratedFailureThreshold")),
            (None, Some(fault)) => Err(fault),
            (None, None) => {
                let at = ends.iter().map(|end| end.at).max().unwrap_or(at);
                let results = ends.into_iter().filter_map(|end| match end.outcome {
                    Outcome::Succeeded(output) => Some(output),
                    Outcome::Failed(..) | Outcome::TimedOut => None,
                });
                Ok((results.collect(), at))
            }
        }
    }

    /// All results, or the first failure.
    fn join(&mut self, ends: Vec<End>, at: i64) -> Result<(Value, i64), Fault> {
        let failures = ends.iter().filter(|end| !matches!(end.outcome, Outcome::Succeeded(_)));
        let Some(first) = failures.clone().map(|end| end.at).min() else {
            let at = ends.iter().map(|end| end.at).max().unwrap_or(at);
            let results = ends.into_iter().map(|end| match end.outcome {
                Outcome::Succeeded(output) => output,
                Outcome::Failed(..) | Outcome::TimedOut => unreachable!("none failed"),
            });
            return Ok((results.collect(), at));
        };
        let mut ties: Vec<&Outcome> = Vec::new();
        for end in failures.filter(|end| end.at == first) {
            if !ties.contains(&&end.outcome) {
                ties.push(&end.outcome);
            }
        }
        let answer = match ties.len() {
            1 => 0,
            n => self.tie(n),
        };
        let Outcome::Failed(error, cause) = ties[answer].clone() else {
            unreachable!("branches have no timeout")
        };
        let name = error.as_str().unwrap_or("States.TaskFailed").to_owned();
        Err(Fault { at: first, name, error, cause })
    }

    fn tie(&mut self, n: usize) -> usize {
        let answer = self.script.get(self.asked.len()).copied().unwrap_or(0);
        self.asked.push((answer, n));
        answer
    }
}

/// How a state was left.
struct Left<'m> {
    output: Value,
    at: i64,
    next: Option<&'m str>,
    assigned: Map<String, Value>,
}

const QUERY: &str = "States.QueryEvaluationError";

/// Whether the state is in JSONata; those of a machine that is as a whole are told so by [`told`].
fn is_in_jsonata(state: &Value) -> bool {
    state["QueryLanguage"] == "JSONata"
}

/// The machine with its language written into every state.
fn told(machine: &Value) -> Value {
    fn tell(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut told: Map<String, Value> =
                    members.iter().map(|(name, value)| (name.clone(), tell(value))).collect();
                if told.get("Type").is_some_and(Value::is_string) {
                    told.insert("QueryLanguage".to_owned(), json!("JSONata"));
                }
                told.into()
            }
            Value::Array(items) => items.iter().map(tell).collect(),
            other => other.clone(),
        }
    }
    match machine["QueryLanguage"] == "JSONata" {
        true => tell(machine),
        false => machine.clone(),
    }
}

/// Assign and Output in JSONata, both of which see the variables as they were.
fn out(
    fields: &Value,
    otherwise: &Value,
    at: i64,
    seen: &Seen<'_>,
) -> Result<(Map<String, Value>, Value), Fault> {
    let filled = |field: &str| match fields.get(field) {
        None => Ok(None),
        Some(template) => fill(template, seen).map(Some).ok_or_else(|| Fault::of(at, QUERY)),
    };
    let assigned = match filled("Assign")? {
        Some(Value::Object(assigned)) => assigned,
        _ => Map::new(),
    };
    Ok((assigned, filled("Output")?.unwrap_or_else(|| otherwise.clone())))
}

/// A state in JSONata that has no work done.
fn in_jsonata<'m>(
    state: &'m Value,
    input: &Value,
    at: i64,
    variables: &Map<String, Value>,
) -> Result<Left<'m>, Fault> {
    let seen = Seen { input, result: None, error: None, item: None, variables };
    let filled = |template: &Value| fill(template, &seen).ok_or_else(|| Fault::of(at, QUERY));
    let mut next = state["Next"].as_str();
    let (mut fields, mut left) = (state, at);
    match state["Type"].as_str().expect("a type") {
        "Fail" => {
            let error = filled(&state["Error"])?;
            let Some(name) = error.as_str().map(str::to_owned) else { return Err(Fault::of(at, QUERY)) };
            return Err(Fault { at, name, error, cause: state["Cause"].clone() });
        }
        "Wait" => {
            let seconds = filled(&state["Seconds"])?.as_u64().ok_or_else(|| Fault::of(at, QUERY))?;
            left += 1_000 * i64::try_from(seconds).expect("it is small");
        }
        "Choice" => {
            let mut rule = None;
            for candidate in state["Choices"].as_array().expect("Choices") {
                let holds = filled(&candidate["Condition"])?;
                if holds.as_bool().ok_or_else(|| Fault::of(at, QUERY))? {
                    rule = Some(candidate);
                    break;
                }
            }
            next = match rule {
                Some(rule) => {
                    fields = rule;
                    rule["Next"].as_str()
                }
                None => state["Default"].as_str(),
            };
            if next.is_none() {
                return Err(Fault::of(at, "States.Runtime"));
            }
        }
        _ => {}
    }
    let (assigned, output) = out(fields, input, left, &seen)?;
    Ok(Left { output, at: left, next, assigned })
}

/// Assign in JSONPath.
fn assigned(
    fields: &Value,
    input: &Value,
    at: i64,
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    match fields.get("Assign") {
        None => Ok(Map::new()),
        Some(template) => match evaluate(template, input, None, at, variables)? {
            Value::Object(assigned) => Ok(assigned),
            other => panic!("{other}"),
        },
    }
}

/// What an iteration over `item` begins with.
fn selected(
    state: &Value,
    effective: &Value,
    item: (usize, &Value),
    at: i64,
    variables: &Map<String, Value>,
) -> Result<Value, Fault> {
    match state.get("ItemSelector") {
        None => Ok(item.1.clone()),
        Some(selector) if is_in_jsonata(state) => {
            let seen = Seen { input: effective, result: None, error: None, item: Some(item), variables };
            fill(selector, &seen).ok_or_else(|| Fault::of(at, QUERY))
        }
        Some(selector) => evaluate(selector, effective, Some(item), at, variables),
    }
}

fn is_bad(end: &End) -> bool {
    !matches!(end.outcome, Outcome::Succeeded(_))
}

/// What becomes of a child execution, which has no ties.
pub(crate) fn child(seed: u64, machine: &Value, input: &Value, at: i64) -> End {
    let ends = ends(seed, machine, input, at).expect("it is plain");
    let [end] = &ends[..] else { panic!("it has ties: {ends:?}") };
    end.clone()
}

fn find<'v>(path: &str, value: &'v Value) -> Option<&'v Value> {
    let steps = path.strip_prefix('$').expect("a path").split('.').skip(1);
    steps.into_iter().try_fold(value, |value, name| value.as_object()?.get(name))
}

/// InputPath or OutputPath.
fn select(state: &Value, field: &str, value: &Value, at: i64) -> Result<Value, Fault> {
    match state.get(field) {
        None => Ok(value.clone()),
        Some(Value::Null) => Ok(json!({})),
        Some(path) => {
            let found = find(path.as_str().expect("a path"), value);
            found.cloned().ok_or_else(|| Fault::of(at, "States.Runtime"))
        }
    }
}

/// ResultPath.
fn place(state: &Value, input: &Value, result: Value, at: i64) -> Result<Value, Fault> {
    match state.get("ResultPath") {
        Some(Value::Null) => Ok(input.clone()),
        None => Ok(result),
        Some(path) => {
            let mut output = input.clone();
            let mut node = &mut output;
            for name in path.as_str().expect("a path").split('.').skip(1) {
                let Value::Object(members) = node else {
                    return Err(Fault::of(at, "States.ResultPathMatchFailure"));
                };
                node = members.entry(name).or_insert_with(|| json!({}));
            }
            *node = result;
            Ok(output)
        }
    }
}

fn evaluate(
    template: &Value,
    input: &Value,
    item: Option<(usize, &Value)>,
    at: i64,
    variables: &Map<String, Value>,
) -> Result<Value, Fault> {
    let Value::Object(members) = template else { return Ok(template.clone()) };
    let mut made = Map::new();
    for (name, value) in members {
        match name.strip_suffix(".$") {
            None => made.insert(name.clone(), evaluate(value, input, item, at, variables)?),
            Some(name) => {
                let found = match (value.as_str().expect("a path"), item) {
                    ("$$.Map.Item.Value", Some((_, item))) => Some(item.clone()),
                    ("$$.Map.Item.Index", Some((index, _))) => Some(json!(index)),
                    (path, _) if path.starts_with("$v") => variables.get(&path[1..]).cloned(),
                    (path, _) => find(path, input).cloned(),
                };
                made.insert(name.to_owned(), found.ok_or_else(|| Fault::of(at, "States.Runtime"))?)
            }
        };
    }
    Ok(made.into())
}

/// Whether a rule holds; `None` if it asks for what is not there.
fn holds(rule: &Value, input: &Value) -> Option<bool> {
    let list = |field: &str| rule[field].as_array();
    if let Some(rules) = list("And") {
        return rules.iter().try_fold(true, |all, rule| if all { holds(rule, input) } else { Some(false) });
    }
    if let Some(rules) = list("Or") {
        return rules.iter().try_fold(false, |any, rule| if any { Some(true) } else { holds(rule, input) });
    }
    if let Some(rule) = rule.get("Not") {
        return holds(rule, input).map(|holds| !holds);
    }
    let found = find(rule["Variable"].as_str().expect("Variable"), input);
    if let Some(present) = rule["IsPresent"].as_bool() {
        return Some(found.is_some() == present);
    }
    let (value, number) = (found?, |field: &str| rule[field].as_f64());
    if let Some(null) = rule["IsNull"].as_bool() {
        return Some(value.is_null() == null);
    }
    if let Some(text) = rule["StringEquals"].as_str() {
        return Some(value.as_str() == Some(text));
    }
    let value = value.as_f64();
    let compare = |field: &str, test: fn(f64, f64) -> bool| Some(test(value?, number(field)?));
    #[allow(clippy::float_cmp)] // Small integers.
    let equals = |a: f64, b: f64| a == b;
    Some(
        compare("NumericEquals", equals)
            .or_else(|| compare("NumericGreaterThan", |a, b| a > b))
            .or_else(|| compare("NumericLessThanEquals", |a, b| a <= b))
            .unwrap_or(false),
    )
}

/// Whether what happened is what the reference says, but for texts that it leaves open.
pub(crate) fn is_same(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (_, Value::String(any)) if any == ANY => true,
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && b.iter().all(|(name, b)| a.get(name).is_some_and(|a| is_same(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (a, b) => a == b,
    }
}
