//! Shapes for the template: boxes of states and lines of transitions, marked with what an execution did.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::definition::{EdgeKind, Flow, State};
use super::layered::{ROW_GAP, Stop};
use super::layout::{BOX_HEAD, Layout, Vertex, chars_max};

/// Around the whole.
const MARGIN: f64 = 16.0;
/// The side of what folds a box.
const FOLD: f64 = 20.0;

/// What an execution did; nothing if the picture is of a definition alone.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Marks {
    /// By the name of the state.
    pub(in super::super) states: HashMap<String, StateMark>,
    /// Transitions that were taken, by the names of their states.
    pub(in super::super) taken: HashSet<(String, String)>,
    /// Whether the execution came to its end.
    pub(in super::super) ended: bool,
    /// The state that is looked at.
    pub(in super::super) selected: Option<String>,
    /// The numbers of the boxes that are folded.
    pub(in super::super) folded: BTreeSet<usize>,
    /// The state in which an execution goes another way than it did.
    pub(in super::super) diverges: Option<String>,
}

/// What became of a state.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct StateMark {
    /// A word of [`Status`](super::super::history::Status).
    pub(in super::super) status: &'static str,
    /// Said in a corner: how often it was entered, retried.
    pub(in super::super) badge: String,
    /// Whether nothing follows it.
    pub(in super::super) is_last: bool,
}

/// A picture.
#[derive(Clone, Debug, Default, Serialize)]
pub(in super::super) struct Drawing {
    width: f64,
    height: f64,
    nodes: Vec<Node>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, Serialize)]
struct Node {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    cx: f64,
    /// Where the texts stand.
    name_y: f64,
    about_y: f64,
    text_x: f64,
    badge_x: f64,
    kind: String,
    name: String,
    /// As much of the texts as there is room for.
    label: String,
    about: String,
    status: &'static str,
    badge: String,
    selected: bool,
    diverges: bool,
    is_terminal: bool,
    is_box: bool,
    fold: Option<Fold>,
}

/// What folds a box, or unfolds it.
#[derive(Clone, Debug, Serialize)]
struct Fold {
    x: f64,
    y: f64,
    number: usize,
    is_folded: bool,
    /// The boxes that are folded then.
    then: String,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    d: String,
    kind: &'static str,
    taken: bool,
    label: String,
    has_arrow: bool,
}

/// Draws a definition.
pub(in super::super) fn draw(flow: &Flow, layout: &Layout, marks: &Marks) -> Drawing {
    let mut drawing = Drawing {
        width: layout.placed.width + 2.0 * MARGIN,
        height: layout.placed.height + 2.0 * MARGIN,
        ..Drawing::default()
    };
    level(&mut drawing, flow, layout, (MARGIN, MARGIN), marks);
    // What was taken lies over what was not.
    drawing.lines.sort_by_key(|line| line.taken);
    drawing
}

fn level(drawing: &mut Drawing, flow: &Flow, layout: &Layout, at: (f64, f64), marks: &Marks) {
    for (node, vertex) in layout.vertices.iter().enumerate() {
        let ((cx, cy), (width, height)) = (layout.placed.centres[node], layout.sizes[node]);
        let corner = (at.0 + cx - width / 2.0, at.1 + cy - height / 2.0);
        match vertex {
            Vertex::Start => {
                drawing.nodes.push(terminal("Start", corner, (width, height), !marks.states.is_empty()))
            }
            Vertex::End => drawing.nodes.push(terminal("End", corner, (width, height), marks.ended)),
            Vertex::State(state) => {
                let nested = &layout.nested[*state];
                let state = &flow.states[*state];
                drawing.nodes.push(box_of(state, corner, (width, height), marks));
                let total: f64 = nested.last().map_or(0.0, |last| last.at.0 + last.layout.placed.width);
                let first = nested.first().map_or(0.0, |first| first.at.0);
                // What is within stands in the middle of a box that its name makes wider.
                let shift = (width - total - first) / 2.0;
                for (flow, inner) in state.nested.iter().zip(nested) {
                    let inner_at = (corner.0 + inner.at.0 + shift, corner.1 + inner.at.1);
                    level(drawing, flow, &inner.layout, inner_at, marks);
                }
            }
        }
    }
    lines(drawing, flow, layout, at, marks);
}

fn lines(drawing: &mut Drawing, flow: &Flow, layout: &Layout, at: (f64, f64), marks: &Marks) {
    let is_whole = layout.vertices.first() == Some(&Vertex::Start);
    // In the order of the layout's links: edges of the flow that it has, then the one from the start.
    let edges = flow.edges.iter().filter(|edge| edge.to.is_some() || is_whole).map(Some).chain([None]);
    let mut drawn = HashSet::new();
    for (edge, way) in edges.zip(&layout.placed.ways) {
        let name = |state: usize| flow.states[state].name.clone();
        let (kind, label, taken) = match edge {
            None => ("next", String::new(), !marks.states.is_empty()),
            Some(edge) => {
                let taken = match edge.to {
                    Some(to) => marks.taken.contains(&(name(edge.from), name(to))),
                    None => {
                        marks.ended
                            && marks.states.get(&flow.states[edge.from].name).is_some_and(|it| it.is_last)
                    }
                };
                (word(edge.kind), edge.label.clone(), taken)
            }
        };
        // Where edges go as one, they are drawn once.
        let end =
            way.windows(2).position(|pair| !drawn.insert((pair[0].vertex, pair[1].vertex, kind, taken)));
        let shown = match end {
            Some(end) if 0 < end => &way[..=end],
            // The whole edge has been drawn: two rules of a Choice, for example.
            Some(_) => continue,
            None => way,
        };
        let is_loop = way.first().map(|it| it.vertex) == way.last().map(|it| it.vertex);
        let d = if is_loop { own_loop(shown, layout, at) } else { path(shown, at) };
        drawing.lines.push(Line { d, kind, taken, label, has_arrow: end.is_none() });
    }
}

fn word(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Next => "next",
        EdgeKind::Choice => "choice",
        EdgeKind::Catch => "catch",
    }
}

/// A smooth line from stop to stop: straight through rows, bent between them.
fn path(stops: &[Stop], (dx, dy): (f64, f64)) -> String {
    let mut d = String::new();
    let Some((first, last)) = stops.first().zip(stops.last()) else { return d };
    let _ = write!(d, "M{} {}", first.out.0 + dx, first.out.1 + dy);
    for pair in stops.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0].leave, pair[1].enter);
        let (x0, y0, x1, y1) = (x0 + dx, y0 + dy, x1 + dx, y1 + dy);
        if pair[0].out != pair[0].leave || pair[0].vertex != first.vertex {
            let _ = write!(d, "L{x0} {y0}");
        }
        if (x0 - x1).abs() < 0.5 {
            let _ = write!(d, "L{x1} {y1}");
        } else {
            let bend = ((y1 - y0) * 0.6).clamp(-ROW_GAP, ROW_GAP);
            let _ = write!(d, "C{x0} {} {x1} {} {x1} {y1}", y0 + bend, y1 - bend);
        }
    }
    // An arrow points as the last piece does, which therefore has a length.
    if last.into != last.enter {
        let _ = write!(d, "L{} {}", last.into.0 + dx, last.into.1 + dy);
    }
    d
}

/// A line from a state to itself, around its right side.
fn own_loop(stops: &[Stop], layout: &Layout, (dx, dy): (f64, f64)) -> String {
    let Some(stop) = stops.first() else { return String::new() };
    let (x, top, bottom) =
        (stop.out.0 + dx, stop.out.1.min(stop.into.1) + dy, stop.out.1.max(stop.into.1) + dy);
    let right = x + layout.sizes[stop.vertex].0 / 2.0;
    let out = right + 18.0;
    format!(
        "M{x} {bottom}C{x} {} {out} {} {out} {}C{out} {} {x} {} {x} {top}",
        bottom + 22.0,
        bottom + 22.0,
        (top + bottom) / 2.0,
        top - 22.0,
        top - 22.0
    )
}

fn terminal(name: &str, (x, y): (f64, f64), (width, height): (f64, f64), is_reached: bool) -> Node {
    Node {
        x,
        y,
        width,
        height,
        cx: x + width / 2.0,
        name_y: y + height / 2.0 + 4.0,
        about_y: 0.0,
        text_x: x + width / 2.0,
        badge_x: 0.0,
        kind: "Terminal".to_owned(),
        name: name.to_owned(),
        label: name.to_owned(),
        about: String::new(),
        status: if is_reached { "reached" } else { "" },
        badge: String::new(),
        selected: false,
        diverges: false,
        is_terminal: true,
        is_box: false,
        fold: None,
    }
}

fn box_of(state: &State, (x, y): (f64, f64), (width, height): (f64, f64), marks: &Marks) -> Node {
    let mark = marks.states.get(&state.name).cloned().unwrap_or_default();
    let head = if state.nested.is_empty() { height } else { BOX_HEAD };
    let fold = state.fold.map(|(number, is_folded)| {
        let then = marks
            .folded
            .symmetric_difference(&BTreeSet::from([number]))
            .map(usize::to_string)
            .collect::<Vec<_>>();
        Fold { x: x + width - FOLD - 6.0, y: y + 6.0, number, is_folded, then: then.join(",") }
    });
    let badge_x = x + width - if fold.is_some() && !state.nested.is_empty() { FOLD + 12.0 } else { 10.0 };
    Node {
        x,
        y,
        width,
        height,
        cx: x + width / 2.0,
        name_y: y + head / 2.0 - 3.0,
        about_y: y + head / 2.0 + 13.0,
        text_x: x + 14.0,
        badge_x,
        kind: state.kind.clone(),
        name: state.name.clone(),
        label: cut(&state.name, width),
        about: cut(&state.about, width + 8.0),
        status: mark.status,
        badge: match (mark.badge.is_empty(), state.retries) {
            (true, true) => "↻".to_owned(),
            (_, _) => mark.badge,
        },
        selected: marks.selected.as_deref() == Some(&state.name),
        diverges: marks.diverges.as_deref() == Some(&state.name),
        is_terminal: false,
        is_box: !state.nested.is_empty(),
        fold,
    }
}

fn cut(text: &str, width: f64) -> String {
    let max = chars_max(width);
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn picture(definition: &Value, marks: &Marks) -> Drawing {
        let flow = Flow::read(definition).unwrap();
        draw(&flow, &Layout::of(&flow), marks)
    }

    #[test]
    fn states_lie_within_their_boxes() {
        let inner = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
        let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true,
            "Branches": [inner("A"), {"StartAt": "M", "States": {"M": {"Type": "Map", "Iterator": inner("I"), "End": true}}}]}}});
        let drawing = picture(&definition, &Marks::default());
        let node = |name: &str| drawing.nodes.iter().find(|node| node.name == name).unwrap();
        for (inside, outside) in [("A", "P"), ("M", "P"), ("I", "M"), ("I", "P")] {
            let (inside, outside) = (node(inside), node(outside));
            assert!(outside.x < inside.x && outside.y + BOX_HEAD <= inside.y, "{inside:?} {outside:?}");
            assert!(inside.x + inside.width < outside.x + outside.width, "{inside:?} {outside:?}");
            assert!(inside.y + inside.height < outside.y + outside.height, "{inside:?} {outside:?}");
        }
        assert!(node("A").x + node("A").width < node("M").x);
        assert_eq!(drawing.lines.len(), 2, "from the start and to the end; none within");
        assert!(node("P").x + node("P").width <= drawing.width);
    }

    #[test]
    fn what_was_taken_is_marked() {
        let definition = json!({"StartAt": "A", "States": {
            "A": {"Type": "Choice", "Choices": [{"Next": "B"}, {"Next": "B"}], "Default": "C"},
            "B": {"Type": "Pass", "End": true}, "C": {"Type": "Wait", "Next": "C"}}});
        let mark = |status, is_last| StateMark { status, is_last, ..StateMark::default() };
        let marks = Marks {
            states: [("A".to_owned(), mark("succeeded", false)), ("B".to_owned(), mark("succeeded", true))]
                .into(),
            taken: [("A".to_owned(), "B".to_owned())].into(),
            ended: true,
            selected: Some("B".to_owned()),
            ..Marks::default()
        };
        let drawing = picture(&definition, &marks);
        let taken: Vec<_> = drawing.lines.iter().map(|line| (line.kind, line.taken)).collect();
        assert_eq!(
            taken,
            [("choice", false), ("next", false), ("choice", true), ("next", true), ("next", true)]
        );
        let shown: Vec<_> =
            drawing.nodes.iter().map(|it| (it.name.as_str(), it.status, it.selected)).collect();
        assert_eq!(
            shown,
            [
                ("Start", "reached", false),
                ("A", "succeeded", false),
                ("B", "succeeded", true),
                ("C", "", false),
                ("End", "reached", false)
            ]
        );
    }

    #[test]
    fn boxes_say_what_folding_them_makes_of_the_others() {
        let inner = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
        let definition = json!({"StartAt": "A", "States": {
            "A": {"Type": "Map", "Iterator": inner, "Next": "B"}, "B": {"Type": "Map", "Iterator": inner, "End": true}}});
        let mut flow = Flow::read(&definition).unwrap();
        let marks = Marks { folded: [1].into(), ..Marks::default() };
        flow.fold(&marks.folded);
        let drawing = draw(&flow, &Layout::of(&flow), &marks);
        let folds: Vec<_> = drawing
            .nodes
            .iter()
            .filter_map(|it| Some((it.is_box, it.fold.as_ref()?.then.as_str())))
            .collect();
        assert_eq!(folds, [(true, "0,1"), (false, "")]);
        assert_eq!(drawing.nodes.iter().filter(|it| it.name == "I").count(), 1);
    }

    #[test]
    fn five_hundred_states_are_drawn_quickly_and_within_bounds() {
        let states: serde_json::Map<String, Value> = (0..500)
            .map(|at| {
                let next = format!("State {}", (at + 1) % 500);
                let catch =
                    json!([{"ErrorEquals": ["States.ALL"], "Next": format!("State {}", 400 + at % 100)}]);
                (
                    format!("State {at}"),
                    json!({"Type": "Task", "Resource": "r", "Next": next, "Catch": catch}),
                )
            })
            .collect();
        let drawing = picture(&json!({"StartAt": "State 0", "States": states}), &Marks::default());
        let bytes: usize = drawing.lines.iter().map(|line| line.d.len()).sum();
        assert!(bytes < 4_000_000, "{bytes}");
        assert_eq!(drawing.nodes.len(), 502);
    }

    #[test]
    fn long_names_are_cut() {
        let definition = json!({"StartAt": "A", "States": {"é".repeat(80): {"Type": "Pass"}}});
        let drawing = picture(&definition, &Marks::default());
        let node = drawing.nodes.iter().find(|node| !node.is_terminal).unwrap();
        assert!(
            node.label.ends_with('…') && node.label.chars().count() < 40 && node.name.chars().count() == 80
        );
    }
}
