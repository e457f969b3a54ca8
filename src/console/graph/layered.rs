//! Places nodes in rows and bends edges around them.

use std::collections::{HashMap, HashSet};

use super::order::order;
use super::place::{Width, place};
use super::ranks::{Ranks, rank};

/// Between rows, in pixels.
pub(super) const ROW_GAP: f64 = 44.0;
/// Between nodes of a row.
const NODE_GAP: f64 = 28.0;
/// The width of a bend.
const BEND_WIDTH: f64 = 6.0;
/// Bends of all edges together. Beyond, edges are drawn straight, whatever they pass under.
const BENDS_MAX: usize = 20_000;

/// An edge: the nodes that it connects, and which edges it may be drawn as one with where they lead to the same node.
pub(super) type Link = (usize, usize, u8);

/// Where nodes stand, and how edges lead.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Placed {
    /// The centres of the nodes.
    pub(super) centres: Vec<(f64, f64)>,
    /// By edge: the stops on its way, with the numbers of the vertices that they belong to, in the edge's direction.
    pub(super) ways: Vec<Vec<Stop>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A stop: an edge comes into a row at its upper side and leaves it at its lower one, or the other way round. Nodes that are
/// lower than their row stand at its top, so that lines bend between rows alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    pub(super) vertex: usize,
    /// Where the edge comes into the row, and where it meets the node.
    pub(super) enter: (f64, f64),
    pub(super) into: (f64, f64),
    /// Where it leaves the node, and where the row.
    pub(super) out: (f64, f64),
    pub(super) leave: (f64, f64),
}

/// Places nodes of these sizes. Node 0 comes first.
pub(super) fn layered(sizes: &[(f64, f64)], links: &[Link]) -> Placed {
    if sizes.is_empty() {
        return Placed::default();
    }
    let pairs: Vec<(usize, usize)> = links.iter().map(|(from, to, _)| (*from, *to)).collect();
    let Ranks { of: rank_of, is_back } = rank(sizes.len(), &pairs);
    let n_rows = rank_of.iter().max().map_or(1, |last| last + 1);
    let mut bent = Bent::new(sizes, &rank_of);
    let chains: Vec<Vec<usize>> =
        links.iter().enumerate().map(|(edge, link)| bent.chain(edge, *link, is_back[edge])).collect();
    let Bent { rank_of, widths, segments, .. } = bent;

    let rows = order(first_order(&rank_of, n_rows, &segments), widths.len(), &segments);
    let x = place(&rows, &widths, &segments, NODE_GAP);

    let mut tops = Vec::with_capacity(n_rows);
    let (mut y, mut heights) = (0.0, vec![0.0_f64; n_rows]);
    for (node, (_, height)) in sizes.iter().enumerate() {
        heights[rank_of[node]] = heights[rank_of[node]].max(*height);
    }
    for height in &heights {
        tops.push(y);
        y += height + ROW_GAP;
    }
    let height = |vertex: usize| sizes.get(vertex).map_or(heights[rank_of[vertex]], |(_, height)| *height);
    let centre = |vertex: usize| (x[vertex], tops[rank_of[vertex]] + height(vertex) / 2.0);
    let stop = |vertex: usize| {
        let (x, top) = (x[vertex], tops[rank_of[vertex]]);
        let (bottom, end) = (top + height(vertex), top + heights[rank_of[vertex]]);
        Stop { vertex, enter: (x, top), into: (x, top), out: (x, bottom), leave: (x, end) }
    };
    let ways = chains
        .iter()
        .zip(&is_back)
        .map(|(chain, is_back)| {
            let stops = chain.iter().map(|vertex| stop(*vertex));
            match is_back {
                // It was laid from its end to its beginning.
                true => stops
                    .rev()
                    .map(|it| Stop { enter: it.leave, into: it.out, out: it.into, leave: it.enter, ..it })
                    .collect(),
                false => stops.collect(),
            }
        })
        .collect();
    let right = (0..widths.len()).map(|it| x[it] + widths[it].width / 2.0).fold(0.0, f64::max);
    Placed {
        centres: (0..sizes.len()).map(centre).collect(),
        ways,
        width: right,
        height: (y - ROW_GAP).max(0.0),
    }
}

/// Nodes, and the bends of edges that pass rows.
struct Bent {
    rank_of: Vec<usize>,
    widths: Vec<Width>,
    segments: Vec<(usize, usize)>,
    /// Bends that edges to one node share: by node, lane and row.
    shared: HashMap<(usize, u32, usize), usize>,
    known: HashSet<(usize, usize)>,
    n_nodes: usize,
}

impl Bent {
    fn new(sizes: &[(f64, f64)], rank_of: &[usize]) -> Self {
        Self {
            rank_of: rank_of.to_vec(),
            widths: sizes.iter().map(|(width, _)| Width { width: *width, is_bend: false }).collect(),
            segments: Vec::new(),
            shared: HashMap::new(),
            known: HashSet::new(),
            n_nodes: sizes.len(),
        }
    }

    /// The vertices of an edge, from the higher row to the lower.
    fn chain(&mut self, edge: usize, (from, to, lane): Link, is_back: bool) -> Vec<usize> {
        let (upper, lower) = if is_back { (to, from) } else { (from, to) };
        if upper == lower {
            return vec![upper, lower];
        }
        // Edges that go back have ways of their own.
        let lane = if is_back { u32::MAX - u32::try_from(edge).unwrap_or(0) } else { u32::from(lane) };
        let mut chain = vec![upper];
        for row in self.rank_of[upper] + 1..self.rank_of[lower] {
            let key = (lower, lane, row);
            let bend = match self.shared.get(&key) {
                Some(bend) => *bend,
                None if BENDS_MAX <= self.rank_of.len() - self.n_nodes => break,
                None => {
                    self.rank_of.push(row);
                    self.widths.push(Width { width: BEND_WIDTH, is_bend: true });
                    let bend = self.rank_of.len() - 1;
                    self.shared.insert(key, bend);
                    bend
                }
            };
            chain.push(bend);
        }
        chain.push(lower);
        for pair in chain.windows(2) {
            // Where an edge is cut short, its last piece passes rows and pulls nothing.
            if self.rank_of[pair[1]] == self.rank_of[pair[0]] + 1 && self.known.insert((pair[0], pair[1])) {
                self.segments.push((pair[0], pair[1]));
            }
        }
        chain
    }
}

/// Rows in the order in which their vertices are reached, depth first.
fn first_order(rank_of: &[usize], n_rows: usize, segments: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut below = vec![Vec::new(); rank_of.len()];
    for (from, to) in segments {
        below[*from].push(*to);
    }
    let (mut rows, mut is_placed) = (vec![Vec::new(); n_rows], vec![false; rank_of.len()]);
    for root in 0..rank_of.len() {
        let mut open = vec![root];
        while let Some(vertex) = open.pop() {
            if std::mem::replace(&mut is_placed[vertex], true) {
                continue;
            }
            rows[rank_of[vertex]].push(vertex);
            open.extend(below[vertex].iter().rev().copied());
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: (f64, f64) = (120.0, 40.0);

    #[test]
    fn a_chain_stands_in_a_column() {
        let placed = layered(&[SIZE; 3], &[(0, 1, 0), (1, 2, 0)]);
        assert_eq!(placed.centres, [(60.0, 20.0), (60.0, 104.0), (60.0, 188.0)]);
        assert_eq!((placed.width, placed.height), (120.0, 208.0));
        let way: Vec<_> = placed.ways[0].iter().map(|stop| (stop.enter, stop.leave)).collect();
        assert_eq!(way, [((60.0, 0.0), (60.0, 40.0)), ((60.0, 84.0), (60.0, 124.0))]);
    }

    #[test]
    fn an_edge_that_passes_a_row_bends_around_its_node() {
        let placed = layered(&[SIZE; 3], &[(0, 1, 0), (1, 2, 0), (0, 2, 0)]);
        let bend = placed.ways[2][1];
        assert_eq!(placed.ways[2].len(), 3);
        assert!(60.0 < (bend.enter.0 - placed.centres[1].0).abs(), "{placed:?}");
        assert!(bend.enter.1 <= 84.0 && 124.0 <= bend.leave.1);
    }

    #[test]
    fn an_edge_back_leads_from_its_beginning_to_its_end() {
        let placed = layered(&[SIZE; 3], &[(0, 1, 0), (1, 2, 0), (2, 1, 0), (1, 1, 0)]);
        let way = &placed.ways[2];
        assert_eq!((way[0].vertex, way[1].vertex), (2, 1));
        assert!(way[1].enter.1 < way[0].leave.1, "it leads up");
        assert_eq!(placed.ways[3].len(), 2);
    }

    #[test]
    fn edges_to_one_node_are_drawn_as_one_where_they_pass() {
        let n = 40;
        let mut links: Vec<Link> = (1..n).map(|at| (at - 1, at, 0)).collect();
        links.extend((0..n - 1).map(|at| (at, n, 1)));
        let placed = layered(&vec![SIZE; n + 1], &links);
        let vertices: std::collections::BTreeSet<usize> =
            placed.ways.iter().flatten().map(|stop| stop.vertex).collect();
        assert!(vertices.len() < n * 2 + 2, "{}", vertices.len());
    }

    #[test]
    fn more_bends_than_are_laid_are_left_out() {
        let n = 400;
        let mut links: Vec<Link> = (1..n).map(|at| (at - 1, at, 0)).collect();
        links.extend((0..n - 2).flat_map(|at| (at + 2..n).step_by(3).map(move |to| (at, to, 0))));
        let placed = layered(&vec![SIZE; n], &links);
        assert!(placed.ways.iter().all(|way| 2 <= way.len()));
    }

    proptest! {
        #[test]
        fn nodes_never_overlap_and_the_same_is_placed_the_same(
            edges in prop::collection::vec((0..12_usize, 0..12_usize, 0..2_u8), 0..30),
            sizes in prop::collection::vec((40.0..200.0_f64, 30.0..90.0_f64), 12),
        ) {
            let placed = layered(&sizes, &edges);
            prop_assert_eq!(&placed, &layered(&sizes, &edges));
            for (a, (ax, ay)) in placed.centres.iter().enumerate() {
                prop_assert!(ax - sizes[a].0 / 2.0 >= -0.5 && ax + sizes[a].0 / 2.0 <= placed.width + 0.5);
                for (b, (bx, by)) in placed.centres.iter().enumerate().skip(a + 1) {
                    let is_beside = (sizes[a].0 + sizes[b].0) / 2.0 <= (ax - bx).abs() + 1.0;
                    let is_below = (sizes[a].1 + sizes[b].1) / 2.0 <= (ay - by).abs() + 1.0;
                    prop_assert!(is_beside || is_below, "{} and {}", a, b);
                }
            }
        }
    }
}
