//! Ranks: which row a node is in. A transition leads from a row to a lower one, except where the definition has loops.

/// The rows of nodes, and which edges lead upwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranks {
    pub(super) of: Vec<usize>,
    /// By edge: whether it goes back in a loop.
    pub(super) is_back: Vec<bool>,
}

/// Ranks `n` nodes; node 0 comes first.
pub(super) fn rank(n: usize, edges: &[(usize, usize)]) -> Ranks {
    let is_back = back_edges(n, edges);
    let forward = || edges.iter().zip(&is_back).filter(|(_, is_back)| !**is_back).map(|(edge, _)| *edge);
    let mut outgoing = vec![Vec::new(); n];
    let mut n_incoming = vec![0_usize; n];
    for (from, to) in forward() {
        outgoing[from].push(to);
        n_incoming[to] += 1;
    }
    let is_root: Vec<bool> = n_incoming.iter().map(|n| *n == 0).collect();
    let mut of = vec![0_usize; n];
    let mut ready: Vec<usize> = (0..n).rev().filter(|node| is_root[*node]).collect();
    let mut sorted = Vec::with_capacity(n);
    while let Some(node) = ready.pop() {
        sorted.push(node);
        for next in &outgoing[node] {
            of[*next] = of[*next].max(of[node] + 1);
            n_incoming[*next] -= 1;
            if n_incoming[*next] == 0 {
                ready.push(*next);
            }
        }
    }
    // What nothing leads to stands right above what it leads to.
    for node in sorted.into_iter().rev().filter(|node| *node != 0 && is_root[*node]) {
        if let Some(next) = outgoing[node].iter().map(|next| of[*next]).min() {
            of[node] = next.saturating_sub(1);
        }
    }
    Ranks { of, is_back }
}

/// The edges that lead to a node on the way to which they are, found depth first.
fn back_edges(n: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut outgoing = vec![Vec::new(); n];
    for (at, (from, to)) in edges.iter().enumerate() {
        outgoing[*from].push((at, *to));
    }
    let (mut is_back, mut is_known, mut is_open) = (vec![false; edges.len()], vec![false; n], vec![false; n]);
    for root in 0..n {
        if is_known[root] {
            continue;
        }
        let mut way = vec![(root, 0)];
        (is_known[root], is_open[root]) = (true, true);
        while let Some((node, next)) = way.last_mut() {
            let Some((edge, to)) = outgoing[*node].get(*next).copied() else {
                is_open[*node] = false;
                way.pop();
                continue;
            };
            *next += 1;
            if is_open[to] {
                is_back[edge] = true;
            } else if !is_known[to] {
                (is_known[to], is_open[to]) = (true, true);
                way.push((to, 0));
            }
        }
    }
    is_back
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_follow_the_longest_way() {
        let ranks = rank(5, &[(0, 1), (1, 2), (0, 2), (2, 3), (4, 3)]);
        assert_eq!(ranks.of, [0, 1, 2, 3, 2]);
        assert_eq!(ranks.is_back, [false; 5]);
    }

    #[test]
    fn loops_lead_back() {
        let ranks = rank(3, &[(0, 1), (1, 2), (2, 1), (1, 1)]);
        assert_eq!(ranks.of, [0, 1, 2]);
        assert_eq!(ranks.is_back, [false, false, true, true]);
    }

    proptest! {
        #[test]
        fn other_edges_lead_down(edges in prop::collection::vec((0..30_usize, 0..30_usize), 0..90)) {
            let ranks = rank(30, &edges);
            for ((from, to), is_back) in edges.iter().zip(&ranks.is_back) {
                prop_assert!(*is_back || ranks.of[*from] < ranks.of[*to]);
            }
        }
    }
}
