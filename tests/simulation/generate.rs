//! Random state machines: valid definitions whose data often doesn't fit.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// How deep branches and iterations nest.
const DEPTH_MAX: usize = 2;

/// The beginnings of ARNs of activities and functions; the state's name follows, so that each can be identified.
pub(crate) const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:";
pub(crate) const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// A machine and its input.
pub(crate) fn machine(random: &mut Random) -> (Value, Value) {
    let is_jsonata = random.percent(20);
    let mut made = Maker { random, n_states: 0, n_machines: 0, is_jsonata, variables: Vec::new() };
    let mut machine = made.states(0);
    if is_jsonata {
        machine["QueryLanguage"] = json!("JSONata");
    }
    if made.random.percent(15) {
        let seconds = [1, 5, 30, 1_000][made.random.below(4)];
        machine["TimeoutSeconds"] = json!(seconds);
    }
    let input = match random.below(8) {
        0 => json!(7),
        1 => json!([{"n": 1}, {"n": 2}]),
        _ => json!({"n": random.below(4), "s": random.of(&["a", "b"]), "o": {"p": random.below(9)},
                    "items": (0..random.below(5)).map(|n| json!({"n": n, "s": "a"})).collect::<Vec<_>>()}),
    };
    (machine, input)
}

struct Maker<'a> {
    random: &'a mut Random,
    n_states: usize,
    n_machines: usize,
    /// Whether every state is in JSONata.
    is_jsonata: bool,
    /// The variables in scope; the innermost machine assigns the last one.
    variables: Vec<String>,
}

impl Maker<'_> {
    fn states(&mut self, depth: usize) -> Value {
        let n = 1 + self.random.below(4);
        let names: Vec<String> = (0..=n).map(|_| self.name()).collect();
        self.n_machines += 1;
        self.variables.push(format!("v{}", self.n_machines));
        let mut states = Map::new();
        for (i, name) in names.iter().enumerate() {
            let later = &names[i + 1..];
            let (name, state) = match later.first() {
                None => (name.clone(), self.last()),
                Some(next) => (name.clone(), self.state(&name.clone(), next, later, depth)),
            };
            states.insert(name, state);
        }
        self.variables.pop();
        json!({"StartAt": names[0], "States": states})
    }

    fn name(&mut self) -> String {
        self.n_states += 1;
        format!("S{}", self.n_states)
    }

    fn last(&mut self) -> Value {
        if self.is_jsonata || self.random.percent(20) {
            return self.last_in_jsonata();
        }
        match self.random.below(5) {
            0 => json!({"Type": "Fail", "Error": self.error(), "Cause": "of Fail"}),
            1 => json!({"Type": "Fail"}),
            2 => json!({"Type": "Pass", "End": true}),
            _ => json!({"Type": "Succeed"}),
        }
    }

    fn state(&mut self, name: &str, next: &str, later: &[String], depth: usize) -> Value {
        if self.is_jsonata || self.random.percent(30) {
            return self.state_in_jsonata(name, next, later, depth);
        }
        let kinds = if depth < DEPTH_MAX { 12 } else { 9 };
        let mut state = match self.random.below(kinds) {
            0 => self.pass(),
            1 => return self.choice(name, next, later),
            2 | 3 => {
                let seconds = [0, 1, 2, 3, 10, 31_536_000][self.random.below(6)];
                match self.random.percent(80) {
                    true => json!({"Type": "Wait", "Seconds": seconds}),
                    false => json!({"Type": "Wait", "SecondsPath": "$.n"}),
                }
            }
            4..=8 => self.task(name),
            9 | 10 => {
                let branches: Vec<Value> =
                    (0..=self.random.below(3)).map(|_| self.states(depth + 1)).collect();
                json!({"Type": "Parallel", "Branches": branches})
            }
            _ => {
                let mut map = match self.random.percent(30) {
                    true => self.distributed(),
                    false => json!({"Type": "Map", "ItemProcessor": self.states(depth + 1)}),
                };
                if self.random.percent(90) {
                    map["ItemsPath"] = json!("$.items");
                }
                if self.random.percent(60) {
                    map["MaxConcurrency"] = json!(self.random.below(4));
                }
                if self.random.percent(30) {
                    map["ItemSelector"] =
                        json!({"item.$": "$$.Map.Item.Value", "n.$": "$$.Map.Item.Index", "whole.$": "$"});
                }
                map
            }
        };
        state["Next"] = json!(next);
        let kind = state["Type"].as_str().expect("a state has a type").to_owned();
        if self.random.percent(15) {
            state["Assign"] = self.assign();
        }
        if self.random.percent(8) {
            state["InputPath"] = self.path();
        }
        if self.random.percent(8) {
            state["OutputPath"] = self.path();
        }
        if kind != "Wait" && self.random.percent(45) {
            state["ResultPath"] =
                [json!(null), json!("$.r"), json!("$.o.p"), json!("$")][self.random.below(4)].clone();
        }
        if matches!(&*kind, "Task" | "Parallel" | "Map") {
            if self.random.percent(10) {
                state["ResultSelector"] = json!({"all.$": "$", "n": 2});
            }
            if kind != "Map" && self.random.percent(10) {
                state["Parameters"] = self.template();
            }
            self.recovery(&mut state, later);
        }
        state
    }

    /// A Map whose iterations are executions: simple ones, without nesting.
    fn distributed(&mut self) -> Value {
        // Children don't see the variables around them.
        let around = std::mem::take(&mut self.variables);
        let mut processor = self.states(DEPTH_MAX);
        self.variables = around;
        processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
        let mut map = json!({"Type": "Map", "ItemProcessor": processor});
        if self.random.percent(60) {
            map["ToleratedFailureCount"] = json!(self.random.below(4));
        }
        if self.random.percent(30) {
            map["ToleratedFailurePercentage"] = json!([0, 34, 50, 100][self.random.below(4)]);
        }
        map
    }

    fn pass(&mut self) -> Value {
        match self.random.below(4) {
            0 => json!({"Type": "Pass"}),
            1 => json!({"Type": "Pass", "Parameters": self.template()}),
            2 => {
                json!({"Type": "Pass", "Result": {"n": self.random.below(4), "items": [1, {"n": 0}], "s": "b"}})
            }
            _ => json!({"Type": "Pass", "Result": [self.random.below(4), null, "text"]}),
        }
    }

    fn template(&mut self) -> Value {
        let mut made = json!({"n.$": self.random.of(&["$.n", "$.n", "$.n", "$.o.p"]), "items": [1, 2], "s": "a", "o.$": "$"});
        if self.random.percent(15) {
            made["v.$"] = json!(format!("${}", self.variable()));
        }
        made
    }

    fn variable(&mut self) -> String {
        self.variables[self.random.below(self.variables.len())].clone()
    }

    /// `Assign` of a state in JSONPath.
    fn assign(&mut self) -> Value {
        let name = self.variables.last().expect("a machine has one").clone();
        match self.random.below(4) {
            0 => json!({ name: self.random.below(4) }),
            1 => json!({ format!("{name}.$"): "$" }),
            2 => json!({ name: {"n.$": self.random.of(&["$", "$.n"])} }),
            _ => json!({ format!("{name}.$"): format!("${}", self.variable()) }),
        }
    }

    fn path(&mut self) -> Value {
        [json!("$"), json!("$.o"), json!("$.n"), json!("$.items"), json!(null), json!("$.r")]
            [self.random.below(6)]
        .clone()
    }

    fn choice(&mut self, name: &str, next: &str, later: &[String]) -> Value {
        let mut rules = Vec::new();
        for _ in 0..=self.random.below(3) {
            let mut rule = self.test(0);
            rule["Next"] = json!(later[self.random.below(later.len())]);
            rules.push(rule);
        }
        // The next state is always reachable.
        let mut choice = json!({"Type": "Choice", "Choices": rules});
        match self.random.percent(70) {
            true => choice["Default"] = json!(next),
            false => choice["Choices"][0]["Next"] = json!(next),
        }
        if self.random.percent(15) {
            choice["Assign"] = self.assign();
        }
        choice["Comment"] = json!(name);
        choice
    }

    fn test(&mut self, depth: usize) -> Value {
        let variable = self.random.of(&["$.n", "$.n", "$.n", "$.s", "$.o.p", "$.r"]);
        match self.random.below(if depth == 0 { 9 } else { 6 }) {
            0 => json!({"Variable": variable, "NumericEquals": self.random.below(4)}),
            1 => json!({"Variable": variable, "NumericGreaterThan": self.random.below(4)}),
            2 => json!({"Variable": variable, "StringEquals": "a"}),
            3 => json!({"Variable": variable, "IsPresent": self.random.percent(50)}),
            4 => json!({"Variable": variable, "NumericLessThanEquals": self.random.below(4)}),
            5 => json!({"Variable": "$", "IsNull": self.random.percent(50)}),
            6 => json!({"Not": self.test(1)}),
            7 => json!({"And": [self.test(1), self.test(1)]}),
            _ => json!({"Or": [self.test(1), self.test(1)]}),
        }
    }

    fn task(&mut self, name: &str) -> Value {
        if self.random.percent(25) {
            return match self.random.percent(50) {
                true => json!({"Type": "Task", "Resource": format!("{FUNCTION}{name}")}),
                false => {
                    json!({"Type": "Task", "Resource": format!("{FUNCTION}{name}"), "TimeoutSeconds": 4})
                }
            };
        }
        let mut task = json!({"Type": "Task", "Resource": format!("{ACTIVITY}{name}")});
        match self.random.below(3) {
            0 => {}
            1 => task["TimeoutSeconds"] = json!(2 + self.random.below(8)),
            _ => {
                task["HeartbeatSeconds"] = json!(1 + self.random.below(2));
                task["TimeoutSeconds"] = json!(3 + self.random.below(8));
            }
        }
        task
    }

    fn error(&mut self) -> &'static str {
        self.random.of(&["E1", "E2", "E3"])
    }

    fn equals(&mut self) -> Value {
        match self.random.below(6) {
            0 => json!([self.error()]),
            1 => json!([self.error(), "States.Timeout"]),
            2 => json!(["States.TaskFailed"]),
            3 => json!(["States.HeartbeatTimeout", "States.ResultPathMatchFailure"]),
            4 => json!(["States.BranchFailed"]),
            _ => json!(["States.Timeout"]),
        }
    }

    /// Retry and Catch.
    fn recovery(&mut self, state: &mut Value, later: &[String]) {
        for (field, chance) in [("Retry", 40), ("Catch", 50)] {
            if !self.random.percent(chance) {
                continue;
            }
            let n = 1 + self.random.below(2);
            let entry = |i: usize, maker: &mut Self| {
                let is_last = i + 1 == n;
                let equals = match is_last && maker.random.percent(70) {
                    true => json!(["States.ALL"]),
                    false => maker.equals(),
                };
                let mut entry = json!({"ErrorEquals": equals});
                match field {
                    "Retry" => {
                        entry["MaxAttempts"] = json!(maker.random.below(4));
                        entry["IntervalSeconds"] = json!(1 + maker.random.below(3));
                        entry["BackoffRate"] =
                            [json!(1), json!(2), json!(1.5)][maker.random.below(3)].clone();
                        if maker.random.percent(20) {
                            entry["MaxDelaySeconds"] = json!(4);
                        }
                    }
                    _ => {
                        entry["Next"] = json!(later[maker.random.below(later.len())]);
                        let path = [json!("$"), json!("$.r"), json!(null)][maker.random.below(3)].clone();
                        if state["QueryLanguage"] == "JSONata" || maker.is_jsonata {
                            if maker.random.percent(50) {
                                entry["Output"] = maker.query_template(Reach::Error);
                            }
                            if maker.random.percent(30) {
                                entry["Assign"] = maker.query_assign(Reach::Error);
                            }
                        } else {
                            entry["ResultPath"] = path;
                            if maker.random.percent(15) {
                                entry["Assign"] = maker.assign();
                            }
                        }
                    }
                }
                entry
            };
            state[field] = (0..n).map(|i| entry(i, self)).collect();
        }
    }

    fn last_in_jsonata(&mut self) -> Value {
        let mut state = match self.random.below(5) {
            0 => json!({"Type": "Fail", "Error": self.query(Reach::Input), "Cause": "of Fail"}),
            1 => json!({"Type": "Pass", "End": true}),
            _ => json!({"Type": "Succeed"}),
        };
        if state["Type"] != "Fail" && self.random.percent(60) {
            state["Output"] = self.query_template(Reach::Input);
        }
        self.in_jsonata(state)
    }

    fn in_jsonata(&self, mut state: Value) -> Value {
        if !self.is_jsonata {
            state["QueryLanguage"] = json!("JSONata");
        }
        state
    }

    fn state_in_jsonata(&mut self, name: &str, next: &str, later: &[String], depth: usize) -> Value {
        let kinds = if depth < DEPTH_MAX { 12 } else { 9 };
        let mut state = match self.random.below(kinds) {
            0 => json!({"Type": "Pass"}),
            1 => return self.choice_in_jsonata(next, later),
            2 | 3 => match self.random.percent(50) {
                true => json!({"Type": "Wait", "Seconds": self.random.below(4)}),
                false => json!({"Type": "Wait", "Seconds": "{% $states.input.n %}"}),
            },
            4..=8 => self.task(name),
            9 | 10 => {
                let branches: Vec<Value> =
                    (0..=self.random.below(3)).map(|_| self.states(depth + 1)).collect();
                json!({"Type": "Parallel", "Branches": branches})
            }
            _ => {
                let mut map = match self.random.percent(30) {
                    true => self.distributed(),
                    false => json!({"Type": "Map", "ItemProcessor": self.states(depth + 1)}),
                };
                match self.random.below(8) {
                    0 => {}
                    1 => map["Items"] = json!([1, "{% $states.input.n %}", {"n": 2}]),
                    _ => map["Items"] = json!("{% $states.input.items %}"),
                }
                if self.random.percent(60) {
                    map["MaxConcurrency"] = json!(self.random.below(4));
                }
                if self.random.percent(40) {
                    map["ItemSelector"] = json!({"item": "{% $states.context.Map.Item.Value %}",
                        "n": "{% $states.context.Map.Item.Index %}", "whole": "{% $states.input %}"});
                }
                map
            }
        };
        state["Next"] = json!(next);
        let reach = match state["Type"].as_str() {
            Some("Task" | "Parallel" | "Map") => Reach::Result,
            _ => Reach::Input,
        };
        if self.random.percent(50) {
            state["Output"] = self.query_template(reach);
        }
        if self.random.percent(35) {
            state["Assign"] = self.query_assign(reach);
        }
        if matches!(state["Type"].as_str(), Some("Task" | "Parallel")) && self.random.percent(25) {
            state["Arguments"] = self.query_template(Reach::Input);
        }
        let mut state = self.in_jsonata(state);
        if reach == Reach::Result {
            self.recovery(&mut state, later);
        }
        state
    }

    fn choice_in_jsonata(&mut self, next: &str, later: &[String]) -> Value {
        let mut rules = Vec::new();
        for _ in 0..=self.random.below(3) {
            let term = self.term(Reach::Input);
            let condition = match self.random.below(6) {
                0 => json!(self.random.percent(50)),
                1 => json!(format!("{{% {term} > 1 %}}")),
                2 => json!(format!("{{% {term} %}}")),
                3 => json!(format!("{{% $exists({term}) %}}")),
                _ => json!(format!("{{% {term} = {} %}}", self.random.below(4))),
            };
            let mut rule = json!({"Condition": condition, "Next": later[self.random.below(later.len())]});
            if self.random.percent(30) {
                rule["Output"] = self.query_template(Reach::Input);
            }
            if self.random.percent(30) {
                rule["Assign"] = self.query_assign(Reach::Input);
            }
            rules.push(rule);
        }
        let mut choice = json!({"Type": "Choice", "Choices": rules});
        match self.random.percent(80) {
            true => choice["Default"] = json!(next),
            false => choice["Choices"][0]["Next"] = json!(next),
        }
        if self.random.percent(20) {
            choice["Output"] = self.query_template(Reach::Input);
        }
        self.in_jsonata(choice)
    }

    fn query_assign(&mut self, reach: Reach) -> Value {
        let name = self.variables.last().expect("a machine has one").clone();
        json!({ name: self.query_template(reach) })
    }

    fn query_template(&mut self, reach: Reach) -> Value {
        match self.random.below(5) {
            0 => json!("{% $states.input %}"),
            1 => self.query(reach),
            2 => json!([self.query(reach), 1]),
            _ => {
                json!({"n": self.query(reach), "items": [1, {"n": 2}], "s": "a", "o": "{% $states.input %}"})
            }
        }
    }

    fn query(&mut self, reach: Reach) -> Value {
        let term = self.term(reach);
        json!(match self.random.below(8) {
            0 => format!("{{% {term} + 1 %}}"),
            1 => format!("{{% $exists({term}) %}}"),
            2..=4 => format!("{{% $exists({term}) ? {term} : 'none' %}}"),
            _ => format!("{{% {term} %}}"),
        })
    }

    fn term(&mut self, reach: Reach) -> String {
        match self.random.below(9) {
            0 => "$states.input.o.p".to_owned(),
            1 => "$states.input.s".to_owned(),
            2 => "$states.input.items.n".to_owned(),
            3 => "$states.input.items".to_owned(),
            4 | 5 if reach == Reach::Result => "$states.result".to_owned(),
            4 | 5 if reach == Reach::Error => "$states.errorOutput.Error".to_owned(),
            4..=6 => format!("${}", self.variable()),
            _ => "$states.input.n".to_owned(),
        }
    }
}

/// What an expression may look at beside its state's input.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Input,
    Result,
    Error,
}
