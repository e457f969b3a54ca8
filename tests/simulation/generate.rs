//! Random machines: sound definitions whose data often doesn't fit.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// How deep branches and iterations are nested at the most.
const DEPTH_MAX: usize = 2;

/// What ARNs of activities and functions begin with; the state's name follows, so that each is known by it.
pub(crate) const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:";
pub(crate) const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:";

/// A machine and its input.
pub(crate) fn machine(random: &mut Random) -> (Value, Value) {
    let mut made = Maker { random, n_states: 0 };
    let mut machine = made.states(0);
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
}

impl Maker<'_> {
    fn states(&mut self, depth: usize) -> Value {
        let n = 1 + self.random.below(4);
        let names: Vec<String> = (0..=n).map(|_| self.name()).collect();
        let mut states = Map::new();
        for (i, name) in names.iter().enumerate() {
            let later = &names[i + 1..];
            let (name, state) = match later.first() {
                None => (name.clone(), self.last()),
                Some(next) => (name.clone(), self.state(&name.clone(), next, later, depth)),
            };
            states.insert(name, state);
        }
        json!({"StartAt": names[0], "States": states})
    }

    fn name(&mut self) -> String {
        self.n_states += 1;
        format!("S{}", self.n_states)
    }

    fn last(&mut self) -> Value {
        match self.random.below(5) {
            0 => json!({"Type": "Fail", "Error": self.error(), "Cause": "of Fail"}),
            1 => json!({"Type": "Fail"}),
            2 => json!({"Type": "Pass", "End": true}),
            _ => json!({"Type": "Succeed"}),
        }
    }

    fn state(&mut self, name: &str, next: &str, later: &[String], depth: usize) -> Value {
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

    /// A Map whose iterations are executions: plain ones, with nothing inside.
    fn distributed(&mut self) -> Value {
        let mut processor = self.states(DEPTH_MAX);
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
        json!({"n.$": self.random.of(&["$.n", "$.n", "$.n", "$.o.p"]), "items": [1, 2], "s": "a", "o.$": "$"})
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
        // The next state is always within reach.
        let mut choice = json!({"Type": "Choice", "Choices": rules});
        match self.random.percent(70) {
            true => choice["Default"] = json!(next),
            false => choice["Choices"][0]["Next"] = json!(next),
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
                        entry["ResultPath"] = path;
                    }
                }
                entry
            };
            state[field] = (0..n).map(|i| entry(i, self)).collect();
        }
    }
}
