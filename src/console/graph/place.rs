//! Where vertices stand within their rows: close to their neighbours, in order, and never over each other.

use std::collections::VecDeque;

/// How often all rows are gone through.
const SWEEPS: usize = 8;
/// Bends of an edge keep to each other more than to states, so that long edges are straight.
const BEND_PULL: f64 = 4.0;
/// Where a state and a bend want the same place, the bend gives way.
const STATE_WEIGHT: f64 = 1e6;

/// A vertex in its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Width {
    pub(super) width: f64,
    pub(super) is_bend: bool,
}

/// The centre of each vertex. The leftmost edge of all is at 0.
pub(super) fn place(
    rows: &[Vec<usize>],
    widths: &[Width],
    segments: &[(usize, usize)],
    gap: f64,
) -> Vec<f64> {
    let n = widths.len();
    let mut neighbours: Neighbours = vec![(Vec::new(), Vec::new()); n];
    for (from, to) in segments {
        neighbours[*from].1.push(*to);
        neighbours[*to].0.push(*from);
    }
    let mut x = in_blocks(rows, widths, &neighbours, gap);
    for sweep in 0..SWEEPS {
        let is_last = sweep + 2 >= SWEEPS;
        let go = |row: &Vec<usize>, x: &mut Vec<f64>| {
            let wanted: Vec<(f64, f64)> = row
                .iter()
                .map(|vertex| {
                    let (above, below) = &neighbours[*vertex];
                    let near: Vec<usize> = match (is_last, sweep % 2 == 0) {
                        (true, _) => above.iter().chain(below).copied().collect(),
                        (false, true) => above.clone(),
                        (false, false) => below.clone(),
                    };
                    wish(*vertex, &near, widths, x)
                })
                .collect();
            fit(row, widths, gap, &wanted, x);
        };
        match sweep % 2 == 0 {
            true => rows.iter().for_each(|row| go(row, &mut x)),
            false => rows.iter().rev().for_each(|row| go(row, &mut x)),
        }
    }
    let left = rows.iter().flatten().map(|it| x[*it] - widths[*it].width / 2.0).fold(f64::INFINITY, f64::min);
    x.iter().map(|x| ((x - left) * 2.0).round() / 2.0).collect()
}

/// The vertices above and below each one.
type Neighbours = Vec<(Vec<usize>, Vec<usize>)>;

/// A first placement: a vertex stands right below one that it hangs on, as far as lines don't cross, so that a chain of any
/// length is one straight block. Blocks stand in the middle between as far left and as far right as they can.
fn in_blocks(rows: &[Vec<usize>], widths: &[Width], neighbours: &Neighbours, gap: f64) -> Vec<f64> {
    let block = blocks(rows, widths, neighbours);
    // From a block to those on its right, with the least distance.
    let (mut right, mut n_left) = (vec![Vec::new(); widths.len()], vec![0_usize; widths.len()]);
    for row in rows {
        for pair in row.windows(2) {
            let (a, b) = (block[pair[0]], block[pair[1]]);
            right[a].push((b, (widths[pair[0]].width + widths[pair[1]].width) / 2.0 + gap));
            n_left[b] += 1;
        }
    }
    let mut ready: VecDeque<usize> =
        (0..widths.len()).filter(|it| block[*it] == *it && n_left[*it] == 0).collect();
    let (mut least, mut sorted) = (vec![0.0_f64; widths.len()], Vec::with_capacity(widths.len()));
    while let Some(at) = ready.pop_front() {
        sorted.push(at);
        for (other, apart) in &right[at] {
            least[*other] = least[*other].max(least[at] + apart);
            n_left[*other] -= 1;
            if n_left[*other] == 0 {
                ready.push_back(*other);
            }
        }
    }
    let end = sorted.iter().map(|it| least[*it]).fold(0.0, f64::max);
    let mut most = vec![end; widths.len()];
    for at in sorted.iter().rev() {
        for (other, apart) in &right[*at] {
            most[*at] = most[*at].min(most[*other] - apart);
        }
    }
    block.iter().map(|it| f64::midpoint(least[*it], most[*it])).collect()
}

/// Which vertex each one stands below, up to the first of its block.
fn blocks(rows: &[Vec<usize>], widths: &[Width], neighbours: &Neighbours) -> Vec<usize> {
    let mut block: Vec<usize> = (0..widths.len()).collect();
    let mut place_of = vec![0; widths.len()];
    for row in rows {
        row.iter().enumerate().for_each(|(place, vertex)| place_of[*vertex] = place);
    }
    let is_alike = |a: usize, b: usize| widths[a].is_bend == widths[b].is_bend;
    for row in rows {
        // Lines of a row that was begun with don't cross what follows.
        let mut last = None;
        for vertex in row {
            let mut above: Vec<usize> = neighbours[*vertex].0.clone();
            above.sort_by_key(|it| (!is_alike(*it, *vertex), place_of[*it]));
            let n_alike = above.iter().filter(|it| is_alike(**it, *vertex)).count();
            // The middle one of those that are like it comes first.
            if 1 < n_alike {
                above.swap(0, (n_alike - 1) / 2);
            }
            let free = above.into_iter().find(|upper| {
                let is_wanted = neighbours[*upper].1.iter().any(|other| is_alike(*other, *upper));
                last.is_none_or(|last| last < place_of[*upper]) && (is_alike(*upper, *vertex) || !is_wanted)
            });
            if let Some(upper) = free {
                block[*vertex] = block[upper];
                last = Some(place_of[upper]);
            }
        }
    }
    block
}

/// Where a vertex wants to be, and how much.
fn wish(vertex: usize, near: &[usize], widths: &[Width], x: &[f64]) -> (f64, f64) {
    let is_bend = widths[vertex].is_bend;
    let own_weight = if is_bend { 1.0 } else { STATE_WEIGHT };
    let has_state = near.iter().any(|other| !widths[*other].is_bend);
    let pull = |other: &usize| match (is_bend, widths[*other].is_bend) {
        (true, true) => BEND_PULL,
        // A state keeps to states; edges that pass don't draw it aside.
        (false, true) if has_state => 0.0,
        _ => 1.0,
    };
    let total: f64 = near.iter().map(pull).sum();
    if total == 0.0 {
        return (x[vertex], own_weight / 10.0);
    }
    (near.iter().map(|other| x[*other] * pull(other)).sum::<f64>() / total, own_weight)
}

/// Places a row as near to what its vertices want as their order and widths allow, by the least squares: vertices that would
/// overlap form a block that is moved as a whole.
fn fit(row: &[usize], widths: &[Width], gap: f64, wanted: &[(f64, f64)], x: &mut [f64]) {
    struct Block {
        sum: f64,
        weight: f64,
        len: usize,
    }
    let (mut offsets, mut offset) = (Vec::with_capacity(row.len()), 0.0);
    for (at, vertex) in row.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).and_then(|at| row.get(at)) {
            offset += (widths[*before].width + widths[*vertex].width) / 2.0 + gap;
        }
        offsets.push(offset);
    }
    let mut blocks: Vec<Block> = Vec::new();
    for ((wish, weight), offset) in wanted.iter().zip(&offsets) {
        let mut block = Block { sum: (wish - offset) * weight, weight: *weight, len: 1 };
        while let Some(last) = blocks.last() {
            if last.sum / last.weight <= block.sum / block.weight {
                break;
            }
            block = Block {
                sum: last.sum + block.sum,
                weight: last.weight + block.weight,
                len: last.len + block.len,
            };
            blocks.pop();
        }
        blocks.push(block);
    }
    let mut at = 0;
    for block in blocks {
        for _ in 0..block.len {
            x[row[at]] = block.sum / block.weight + offsets[at];
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn box_of(width: f64) -> Width {
        Width { width, is_bend: false }
    }

    #[test]
    fn a_parent_stands_over_the_middle_of_its_children() {
        let x = place(&[vec![0], vec![1, 2]], &[box_of(100.0); 3], &[(0, 1), (0, 2)], 20.0);
        assert_eq!(x, [110.0, 50.0, 170.0]);
    }

    #[test]
    fn a_chain_is_straight() {
        let widths = [box_of(80.0), box_of(200.0), box_of(120.0)];
        let x = place(&[vec![0], vec![1], vec![2]], &widths, &[(0, 1), (1, 2)], 20.0);
        assert_eq!(x, [100.0; 3]);
    }

    #[test]
    fn a_long_chain_is_straight_whatever_passes_it() {
        // A chain of 300 states; at every sixth, an edge passes two of them.
        let n = 300;
        let mut rows: Vec<Vec<usize>> = (0..n).map(|at| vec![at]).collect();
        let mut widths = vec![box_of(120.0); n];
        let mut segments: Vec<(usize, usize)> = (1..n).map(|at| (at - 1, at)).collect();
        for at in (0..n - 6).step_by(6) {
            let bends = [widths.len(), widths.len() + 1];
            widths.extend([Width { width: 6.0, is_bend: true }; 2]);
            rows[at + 1].push(bends[0]);
            rows[at + 2].push(bends[1]);
            segments.extend([(at, bends[0]), (bends[0], bends[1]), (bends[1], at + 3)]);
        }
        let x = place(&rows, &widths, &segments, 20.0);
        assert!(x[..n].iter().all(|it| (it - x[0]).abs() < 1.0), "{:?}", &x[..n]);
        assert!(x[n..].iter().all(|it| (it - x[0] - 83.0).abs() < 2.0), "{:?}", &x[n..]);
    }

    proptest! {
        #[test]
        fn nothing_overlaps(
            widths in prop::collection::vec(1.0..300.0_f64, 12),
            segments in prop::collection::vec((0..4_usize, 0..4_usize, 0..2_usize), 0..20),
        ) {
            let rows = [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8, 9, 10, 11]];
            let segments: Vec<_> =
                segments.into_iter().map(|(from, to, row)| (row * 4 + from, (row + 1) * 4 + to)).collect();
            let widths: Vec<_> = widths.into_iter().map(box_of).collect();
            let x = place(&rows, &widths, &segments, 20.0);
            for row in &rows {
                for pair in row.windows(2) {
                    let least = (widths[pair[0]].width + widths[pair[1]].width) / 2.0 + 20.0;
                    prop_assert!(least <= x[pair[1]] - x[pair[0]] + 1.0);
                }
                prop_assert!(row.iter().all(|it| -0.5 <= x[*it] - widths[*it].width / 2.0));
            }
        }
    }
}
