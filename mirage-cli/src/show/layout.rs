//! Placing boxes in layers: whatever stands on something is drawn above it.
//!
//! Sugiyama's method in its plainest form: layers by the longest way from the top, points where an arrow crosses a
//! layer, an order in each layer by what its members are joined to, and then places.

use super::picture::Picture;

/// Between boxes of one layer, and between layers, in pixels.
const GAP: (f64, f64) = (28.0, 64.0);

/// Sweeps over the layers; more change nothing that can be seen.
const SWEEPS: usize = 12;

/// Where a box or a point of an arrow is: its middle, and half its size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spot {
    pub x: f64,
    pub y: f64,
    pub half: (f64, f64),
}

/// A placed picture.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Where each box is.
    pub boxes: Vec<Spot>,
    /// The points each arrow goes through, its ends excluded.
    pub bends: Vec<Vec<Spot>>,
    /// Width and height of it all.
    pub size: (f64, f64),
}

/// Places boxes of these sizes.
pub fn layout(picture: &Picture, sizes: &[(f64, f64)]) -> Layout {
    let layer = layers(picture);
    let mut members: Vec<(usize, (f64, f64))> = layer.iter().copied().zip(sizes.iter().copied()).collect();
    // An arrow over several layers is a chain of points, one a layer.
    let mut chains: Vec<Vec<usize>> = vec![];
    for arrow in &picture.arrows {
        let mut chain = vec![arrow.from];
        for between in layer[arrow.from] + 1..layer[arrow.to] {
            chain.push(members.len());
            members.push((between, (12.0, 0.0)));
        }
        chain.push(arrow.to);
        chains.push(chain);
    }
    let mut rows: Vec<Vec<usize>> = vec![vec![]; members.iter().map(|member| member.0 + 1).max().unwrap_or(0)];
    for (id, member) in members.iter().enumerate() {
        rows[member.0].push(id);
    }
    let (mut above, mut below) = (vec![vec![]; members.len()], vec![vec![]; members.len()]);
    for link in chains.iter().flat_map(|chain| chain.windows(2)) {
        below[link[0]].push(link[1]);
        above[link[1]].push(link[0]);
    }
    order(&mut rows, &above, &below);
    let spots = place(&rows, &members, &above, &below);
    let right = spots.iter().map(|spot| spot.x + spot.half.0).fold(0.0, f64::max);
    let bottom = spots.iter().map(|spot| spot.y + spot.half.1).fold(0.0, f64::max);
    let bends = chains.iter().map(|chain| chain[1..chain.len() - 1].iter().map(|&id| spots[id]).collect()).collect();
    Layout { boxes: spots[..sizes.len()].to_vec(), bends, size: (right, bottom) }
}

/// The longest way from a job or from something nothing stands on.
fn layers(picture: &Picture) -> Vec<usize> {
    let mut layers = vec![0; picture.boxes.len()];
    // A graph has no circles, so that this ends after as many rounds as there are layers; bounded all the same.
    for _ in 0..picture.boxes.len() {
        let mut changed = false;
        for arrow in &picture.arrows {
            if layers[arrow.to] <= layers[arrow.from] {
                layers[arrow.to] = layers[arrow.from] + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layers
}

/// Orders each row by the middle of what its members are joined to, down and up in turn.
fn order(rows: &mut [Vec<usize>], above: &[Vec<usize>], below: &[Vec<usize>]) {
    let count = above.len();
    let mut position = vec![0.0; count];
    let number = |row: &[usize]| row.iter().enumerate().map(|(index, &id)| (id, index as f64)).collect::<Vec<_>>();
    for sweep in 0..SWEEPS {
        for row in rows.iter() {
            for (id, index) in number(row) {
                position[id] = index;
            }
        }
        let down = sweep % 2 == 0;
        let neighbours = if down { above } else { below };
        let indices: Vec<usize> = if down { (0..rows.len()).collect() } else { (0..rows.len()).rev().collect() };
        for index in indices {
            let key = |id: usize| match neighbours[id].len() {
                0 => position[id],
                joined => neighbours[id].iter().map(|&other| position[other]).sum::<f64>() / joined as f64,
            };
            let mut keyed: Vec<(f64, usize)> = rows[index].iter().map(|&id| (key(id), id)).collect();
            keyed.sort_by(|left, right| left.0.total_cmp(&right.0));
            rows[index] = keyed.into_iter().map(|(_, id)| id).collect();
            for (id, index) in number(&rows[index]) {
                position[id] = index;
            }
        }
    }
}

/// Gives every row its height and every member a place near what it is joined to, without overlaps.
fn place(
    rows: &[Vec<usize>],
    members: &[(usize, (f64, f64))],
    above: &[Vec<usize>],
    below: &[Vec<usize>],
) -> Vec<Spot> {
    let mut spots = vec![Spot::default(); members.len()];
    let mut top = 0.0;
    for row in rows {
        let height = row.iter().map(|&id| members[id].1.1).fold(0.0, f64::max);
        let mut left = 0.0;
        for &id in row {
            let (width, own) = members[id].1;
            spots[id] = Spot { x: left + width / 2.0, y: top + height / 2.0, half: (width / 2.0, own / 2.0) };
            left += width + GAP.0;
        }
        top += height + GAP.1;
    }
    for sweep in 0..SWEEPS * 4 {
        let neighbours = if sweep % 2 == 0 { above } else { below };
        for row in rows {
            let wanted: Vec<f64> = row
                .iter()
                .map(|&id| match neighbours[id].len() {
                    0 => spots[id].x,
                    joined => neighbours[id].iter().map(|&other| spots[other].x).sum::<f64>() / joined as f64,
                })
                .collect();
            settle(row, &wanted, &mut spots);
        }
    }
    let left = spots.iter().map(|spot| spot.x - spot.half.0).fold(f64::INFINITY, f64::min);
    spots.iter_mut().for_each(|spot| spot.x -= left.min(f64::MAX));
    spots
}

/// Moves a row's members towards the places they want, keeping order and gaps: pushed right from the left and left
/// from the right, and the middle of the two taken.
fn settle(row: &[usize], wanted: &[f64], spots: &mut [Spot]) {
    let gap = |left: usize, right: usize, spots: &[Spot]| spots[left].half.0 + spots[right].half.0 + GAP.0;
    let mut rightwards = wanted.to_vec();
    for index in 1..row.len() {
        let least = rightwards[index - 1] + gap(row[index - 1], row[index], spots);
        rightwards[index] = rightwards[index].max(least);
    }
    let mut leftwards = wanted.to_vec();
    for index in (1..row.len()).rev() {
        let most = leftwards[index] - gap(row[index - 1], row[index], spots);
        leftwards[index - 1] = leftwards[index - 1].min(most);
    }
    for (index, &id) in row.iter().enumerate() {
        spots[id].x = f64::midpoint(rightwards[index], leftwards[index]);
    }
}
