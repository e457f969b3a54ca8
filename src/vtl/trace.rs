//! Traces an evaluation step by step.

use crate::vtl::error::Position;
use crate::vtl::value::Value;

/// One step of an evaluation.
#[derive(Debug)]
pub struct Step<'t> {
    /// The position of the directive or reference.
    pub at: Position,
    /// The head of the directive, or the reference, as written.
    pub source: &'t str,
    /// How many blocks and expressions surround the step.
    pub depth: u32,
    /// Whether `at` refers to a text given to `#evaluate` instead of the template.
    pub is_evaluated: bool,
    /// What happened.
    pub action: Action<'t>,
}

/// What happened in a step.
#[derive(Debug)]
pub enum Action<'t> {
    /// A reference was read. If it is printed and null, it prints its own source, or nothing if it is quiet.
    Value(&'t Value),
    /// `#set` received this value; a null leaves the target unchanged.
    Assigned(&'t Value),
    /// The result of the condition of `#if` or `#elseif`.
    Condition(bool),
    /// `#foreach` begins, with this many items.
    Loop(usize),
    /// `#foreach` received this value, which is not a collection, and does nothing.
    Skipped(&'t Value),
    /// An iteration of `#foreach` begins, with its index from 0 and its item.
    Iteration(usize, &'t Value),
    /// A macro is called.
    Macro,
    /// A macro of that name does not exist: the source is printed.
    NoMacro,
    /// `#define` stored its block.
    Defined,
    /// `#evaluate` runs this text.
    Evaluating(&'t str),
    /// `#break` or `#stop` left a block or the template.
    Left,
}

/// Receives the steps of an evaluation.
pub trait Observer {
    /// Called for one step; values are shared, not copied.
    fn step(&mut self, step: &Step<'_>);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vtl::{Host, HostError, Limits, Object, Template};

    struct Nobody;

    impl Host for Nobody {
        fn lookup(&mut self, _: &str) -> Option<Value> {
            None
        }

        fn get(&mut self, _: Object, _: &str) -> Result<Value, HostError> {
            Ok(Value::Null)
        }

        fn set(&mut self, _: Object, _: &str, _: Value) -> Result<(), HostError> {
            Ok(())
        }

        fn call(&mut self, _: Object, _: &str, _: &[Value]) -> Result<Value, HostError> {
            Ok(Value::Null)
        }
    }

    /// Writes `line:column source action` for each step.
    struct Notes(Vec<String>);

    impl Observer for Notes {
        fn step(&mut self, step: &Step<'_>) {
            let Position { line, column } = step.at;
            let action = match &step.action {
                Action::Value(value) => format!("= {}", value.to_display_string()),
                Action::Assigned(value) => format!(":= {}", value.to_display_string()),
                Action::Iteration(index, item) => format!("[{index}] {}", item.to_display_string()),
                other => format!("{other:?}"),
            };
            let evaluated = if step.is_evaluated { "evaluated " } else { "" };
            self.0.push(format!("{evaluated}{line}:{column} {} {action}", step.source));
        }
    }

    #[track_caller]
    fn check(template: &str, expect: &[&str]) {
        let template = Template::parse(template).unwrap();
        let mut notes = Notes(Vec::new());
        let traced = template.trace(&mut Nobody, &Limits::default(), &mut notes);
        assert_eq!(notes.0, expect);
        let plain = template.evaluate(&mut Nobody, &Limits::default());
        assert_eq!(traced.map_err(|e| e.to_string()), plain.map_err(|e| e.to_string()));
    }

    #[test]
    fn directives_tell_what_they_did() {
        check(
            "#set($n = 2)\n#if($n == 3)a#elseif($n == 2)$n#{else}b#end",
            &[
                "1:1 #set($n = 2) := 2",
                "2:5 $n = 2",
                "2:1 #if($n == 3) Condition(false)",
                "2:22 $n = 2",
                "2:14 #elseif($n == 2) Condition(true)",
                "2:30 $n = 2",
            ],
        );
        check(
            "#foreach($i in [7, 8])#if($foreach.count == 2)#break#end$i#end#foreach($i in 1)#end",
            &[
                "1:1 #foreach($i in [7, 8]) Loop(2)",
                "1:1 #foreach($i in [7, 8]) [0] 7",
                "1:27 $foreach.count = 1",
                "1:23 #if($foreach.count == 2) Condition(false)",
                "1:57 $i = 7",
                "1:1 #foreach($i in [7, 8]) [1] 8",
                "1:27 $foreach.count = 2",
                "1:23 #if($foreach.count == 2) Condition(true)",
                "1:47 #break Left",
                "1:63 #foreach($i in 1) Skipped(Int(1))",
            ],
        );
    }

    #[test]
    fn macros_strings_and_evaluated_text_tell_their_places() {
        check(
            "#macro(m $p)[$p]#end#m(\"é$x\")#nope()",
            &["1:21 #m(\"é$x\") Macro", "1:26 $x = ", "1:14 $p = é$x", "1:30 #nope() NoMacro"],
        );
        check(
            "#evaluate('#set($a = 1)$a')#define($d)x#end#stop",
            &[
                "1:1 #evaluate Evaluating(\"#set($a = 1)$a\")",
                "evaluated 1:1 #set($a = 1) := 1",
                "evaluated 1:13 $a = 1",
                "1:28 #define Defined",
                "1:44 #stop Left",
            ],
        );
    }

    #[test]
    fn the_steps_before_an_error_are_told() {
        check("#set($a = [1])$a[0]$a[5]", &["1:1 #set($a = [1]) := [1]", "1:15 $a[0] = 1"]);
    }
}
