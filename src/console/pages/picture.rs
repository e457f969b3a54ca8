//! A definition's graph as pages show it: folded, and with the addresses that fold more or less of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::console::graph::{Flow, Layout, Marks, draw};

/// Boxes that an address may name.
const FOLDED_MAX: usize = 200;

/// The data of the template `graph`; null for a definition that can't be drawn. `fold` says which boxes are folded, and
/// `to` makes the address of the same page with others.
pub(super) fn picture(
    definition: &Value,
    mut marks: Marks,
    fold: &str,
    to: impl Fn(&str) -> String,
) -> Value {
    let Some(mut flow) = Flow::read(definition) else { return Value::Null };
    let boxes = flow.boxes();
    marks.folded = folded(fold, &boxes);
    flow.fold(&marks.folded);
    let mut graph = json!(draw(&flow, &Layout::kept(&flow), &marks));
    let toggles = graph.get_mut("nodes").and_then(Value::as_array_mut).into_iter().flatten();
    for fold in toggles.filter_map(|node| node.get_mut("fold")).filter(|fold| fold.is_object()) {
        fold["href"] = to(fold["then"].as_str().unwrap_or_default()).into();
    }
    graph["foldAll"] = (marks.folded.len() < boxes.len()).then(|| to("all")).into();
    graph["unfoldAll"] = (!marks.folded.is_empty()).then(|| to("")).into();
    graph
}

/// The numbers that an address has: some, or `all`.
fn folded(written: &str, boxes: &BTreeSet<usize>) -> BTreeSet<usize> {
    if written == "all" {
        return boxes.clone();
    }
    let numbers = written.split(',').take(FOLDED_MAX).filter_map(|it| it.parse().ok());
    numbers.filter(|number| boxes.contains(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fold_what_there_is() {
        let boxes = BTreeSet::from([0, 1, 5]);
        for (written, wanted) in [("", &[][..]), ("all", &[0, 1, 5]), ("5,0,5", &[0, 5]), ("2,x,-1,1", &[1])]
        {
            assert_eq!(folded(written, &boxes), wanted.iter().copied().collect(), "{written}");
        }
    }

    #[test]
    fn each_box_has_the_address_of_the_other_way() {
        let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
            "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}}});
        let to = |fold: &str| format!("?fold={fold}");
        let of = |fold: &str| picture(&definition, Marks::default(), fold, to);
        let toggle = |graph: &Value| {
            graph["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .find_map(|it| it["fold"]["href"].as_str().map(str::to_owned))
        };
        assert_eq!(toggle(&of("")).as_deref(), Some("?fold=0"));
        assert_eq!(toggle(&of("0")).as_deref(), Some("?fold="));
        assert_eq!((of("")["foldAll"].as_str(), of("")["unfoldAll"].as_str()), (Some("?fold=all"), None));
        assert_eq!((of("all")["foldAll"].as_str(), of("all")["unfoldAll"].as_str()), (None, Some("?fold=")));
        assert_eq!(picture(&json!({}), Marks::default(), "", to), Value::Null);
    }
}
