//! The order within rows, with few crossings: each vertex goes to the mean place of its neighbours, row by row, down and up.

/// How often all rows are gone through.
const SWEEPS: usize = 8;

/// Orders rows of vertices. `segments` connect a vertex of a row with one of the next.
pub(super) fn order(mut rows: Vec<Vec<usize>>, n: usize, segments: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let (mut above, mut below) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    for (from, to) in segments {
        below[*from].push(*to);
        above[*to].push(*from);
    }
    let mut places = vec![0; n];
    let mut best = (crossings(&rows, &below, &mut places), rows.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let is_down = sweep % 2 == 0;
        let neighbours = if is_down { &above } else { &below };
        note(&rows, &mut places);
        let n_rows = rows.len();
        for step in 1..n_rows {
            let row = &mut rows[if is_down { step } else { n_rows - 1 - step }];
            let mut keyed: Vec<(f64, usize)> =
                row.iter().map(|vertex| (mean(&neighbours[*vertex], &places, *vertex), *vertex)).collect();
            // Stable: who has the same mean stays in order.
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (place, (_, vertex)) in keyed.into_iter().enumerate() {
                row[place] = vertex;
                places[vertex] = place;
            }
        }
        let found = crossings(&rows, &below, &mut places);
        if found < best.0 {
            best = (found, rows.clone());
        }
    }
    best.1
}

/// The mean of the neighbours' places; without any, a vertex stays where it is.
fn mean(neighbours: &[usize], places: &[usize], vertex: usize) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Places are small numbers.
    let as_f64 = |n: usize| n as f64;
    if neighbours.is_empty() {
        return as_f64(places[vertex]);
    }
    as_f64(neighbours.iter().map(|other| places[*other]).sum()) / as_f64(neighbours.len())
}

fn note(rows: &[Vec<usize>], places: &mut [usize]) {
    for row in rows {
        row.iter().enumerate().for_each(|(place, vertex)| places[*vertex] = place);
    }
}

/// How many segments cross: the inversions of the lower ends, counted with a Fenwick tree.
fn crossings(rows: &[Vec<usize>], below: &[Vec<usize>], places: &mut [usize]) -> usize {
    note(rows, places);
    let mut n = 0;
    for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
        let mut tree = vec![0_usize; next.len() + 1];
        let mut n_seen = 0;
        for vertex in row {
            let mut ends: Vec<usize> = below[*vertex].iter().map(|end| places[*end]).collect();
            ends.sort_unstable();
            for end in &ends {
                n += n_seen - sum(&tree, end + 1);
            }
            for end in &ends {
                add(&mut tree, end + 1);
            }
            n_seen += ends.len();
        }
    }
    n
}

fn add(tree: &mut [usize], mut at: usize) {
    while at < tree.len() {
        tree[at] += 1;
        at += at & at.wrapping_neg();
    }
}

fn sum(tree: &[usize], mut at: usize) -> usize {
    let mut sum = 0;
    while 0 < at {
        sum += tree[at];
        at &= at - 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_crossings(rows: &[Vec<usize>], n: usize, segments: &[(usize, usize)]) -> usize {
        let mut below = vec![Vec::new(); n];
        segments.iter().for_each(|(from, to)| below[*from].push(*to));
        crossings(rows, &below, &mut vec![0; n])
    }

    #[test]
    fn crossings_are_counted() {
        let rows = [vec![0, 1, 2], vec![3, 4, 5]];
        assert_eq!(n_crossings(&rows, 6, &[(0, 3), (1, 4), (2, 5)]), 0);
        assert_eq!(n_crossings(&rows, 6, &[(0, 5), (1, 4), (2, 3)]), 3);
        // Lines that meet in a vertex don't cross.
        assert_eq!(n_crossings(&rows, 6, &[(0, 4), (1, 4), (0, 3), (0, 5)]), 1);
    }

    #[test]
    fn what_can_be_untangled_is() {
        let segments = [(0, 5), (1, 4), (2, 3), (5, 6), (4, 7), (3, 8)];
        let rows = order(vec![vec![0, 1, 2], vec![3, 4, 5], vec![6, 7, 8]], 9, &segments);
        assert_eq!(n_crossings(&rows, 9, &segments), 0, "{rows:?}");
    }
}
