//! The layout of a definition: each level by itself, from the inside out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::definition::{EdgeKind, Flow, State};
use super::layered::{Link, Placed, layered};

/// The height of a state.
pub(super) const STATE_HEIGHT: f64 = 46.0;
const STATE_WIDTH_MIN: f64 = 120.0;
const STATE_WIDTH_MAX: f64 = 230.0;
/// What a character takes on average, and what stands beside the text.
const CHAR_WIDTH: f64 = 7.2;
const BESIDE_TEXT: f64 = 40.0;
/// Start and end.
const TERMINAL: (f64, f64) = (64.0, 26.0);
/// The head of a box with states inside, and what is around them.
pub(super) const BOX_HEAD: f64 = 46.0;
const BOX_PADDING: f64 = 18.0;
/// Between the branches of a Parallel.
const BRANCH_GAP: f64 = 26.0;

/// Layouts that are kept: of the definitions that were drawn last, by this process.
const KEPT_MAX: usize = 8;

/// A level with places.
#[derive(Clone, Debug)]
pub(in super::super) struct Layout {
    pub(super) vertices: Vec<Vertex>,
    pub(super) sizes: Vec<(f64, f64)>,
    pub(super) placed: Placed,
    /// By state of the flow: what lies within it, with its places from the box's left upper corner.
    pub(super) nested: Vec<Vec<Nested>>,
}

/// A level within a state.
#[derive(Clone, Debug)]
pub(super) struct Nested {
    pub(super) at: (f64, f64),
    pub(super) layout: Layout,
}

/// A node of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vertex {
    Start,
    /// A state of the flow, by its number.
    State(usize),
    End,
}

impl Layout {
    /// Lays a definition out.
    pub(in super::super) fn of(flow: &Flow) -> Self {
        Self::level(flow, true)
    }

    /// The same, which is kept: a page that follows an execution draws one definition again and again, and of a large one the
    /// layout takes longest.
    pub(in super::super) fn kept(flow: &Flow) -> Arc<Self> {
        static KEPT: Mutex<VecDeque<(Flow, Arc<Layout>)>> = Mutex::new(VecDeque::new());
        let lock = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let found = lock().iter().find(|(of, _)| of == flow).map(|(_, layout)| layout.clone());
        if let Some(layout) = found {
            return layout;
        }
        let layout = Arc::new(Self::of(flow));
        let mut kept = lock();
        if KEPT_MAX <= kept.len() {
            kept.pop_front();
        }
        kept.push_back((flow.clone(), layout.clone()));
        layout
    }

    /// Only the whole has a start and an end; within a box there is no room for them.
    fn level(flow: &Flow, is_whole: bool) -> Self {
        let mut vertices = Vec::with_capacity(flow.states.len() + 2);
        if is_whole {
            vertices.push(Vertex::Start);
        }
        vertices.extend(flow.start.map(Vertex::State));
        vertices.extend((0..flow.states.len()).filter(|at| Some(*at) != flow.start).map(Vertex::State));
        if is_whole {
            vertices.push(Vertex::End);
        }
        let mut node_of = vec![0; flow.states.len()];
        for (node, vertex) in vertices.iter().enumerate() {
            if let Vertex::State(at) = vertex {
                node_of[*at] = node;
            }
        }
        let nested: Vec<Vec<Nested>> = flow.states.iter().map(side_by_side).collect();
        let sizes: Vec<(f64, f64)> = vertices
            .iter()
            .map(|vertex| match vertex {
                Vertex::Start | Vertex::End => TERMINAL,
                Vertex::State(at) => size(&flow.states[*at], &nested[*at]),
            })
            .collect();
        let mut links: Vec<Link> = Vec::with_capacity(flow.edges.len() + 1);
        for edge in &flow.edges {
            match edge.to {
                Some(to) => links.push((node_of[edge.from], node_of[to], lane(edge.kind))),
                None if is_whole => links.push((node_of[edge.from], vertices.len() - 1, lane(edge.kind))),
                None => {}
            }
        }
        if let Some(start) = flow.start.filter(|_| is_whole) {
            links.push((0, node_of[start], lane(EdgeKind::Next)));
        }
        let placed = layered(&sizes, &links);
        Self { vertices, sizes, placed, nested }
    }
}

/// Errors go their own ways.
fn lane(kind: EdgeKind) -> u8 {
    match kind {
        EdgeKind::Next | EdgeKind::Choice => 0,
        EdgeKind::Catch => 1,
    }
}

fn side_by_side(state: &State) -> Vec<Nested> {
    let mut x = BOX_PADDING;
    let levels = state.nested.iter().map(|flow| {
        let layout = Layout::level(flow, false);
        let at = (x, BOX_HEAD);
        x += layout.placed.width + BRANCH_GAP;
        Nested { at, layout }
    });
    levels.collect()
}

fn size(state: &State, nested: &[Nested]) -> (f64, f64) {
    let longest = state.name.chars().count().max(state.about.chars().count());
    #[allow(clippy::cast_precision_loss)] // Lengths of names are small numbers.
    let text = (longest as f64).mul_add(CHAR_WIDTH, BESIDE_TEXT).clamp(STATE_WIDTH_MIN, STATE_WIDTH_MAX);
    let text = (text / 2.0).ceil() * 2.0;
    let Some(last) = nested.last() else { return (text, STATE_HEIGHT) };
    let width = last.at.0 + last.layout.placed.width + BOX_PADDING;
    let height = nested.iter().map(|it| it.layout.placed.height).fold(0.0, f64::max);
    (width.max(text), BOX_HEAD + height + BOX_PADDING)
}

/// How many characters of a text there is room for.
pub(super) fn chars_max(width: f64) -> usize {
    // Widths are at most some thousand pixels.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let chars = ((width - BESIDE_TEXT + 12.0) / CHAR_WIDTH).max(1.0) as usize;
    chars
}
