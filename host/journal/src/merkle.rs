//! The Merkle tree of RFC 6962 over the log, of which only the right edge is kept: an append costs a few hashes whatever
//! the size. Pure; knows nothing of events, files or signatures.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::digest::sha256;

/// A sha256.
pub type Hash = [u8; 32];

const HASH_BYTES: usize = 32;
const SIZE_BYTES: usize = 8;

/// A complete subtree: its height, and which one of that height it is.
pub type Node = (u32, u64);

/// The hash of a leaf.
pub fn leaf(data: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(data)
        .finalize()
        .into()
}

fn parent(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// A tree that grows: its size, and the roots of its complete subtrees from left to right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _| ());
    }

    /// The same; shows every subtree that the leaf completes, itself first.
    pub fn push_with(&mut self, leaf: Hash, mut completed: impl FnMut(Node, &Hash)) {
        let (mut hash, mut place, mut height) = (leaf, self.size, 0);
        completed((height, place), &hash);
        while place & 1 == 1 {
            let left = self
                .peaks
                .pop()
                .expect("an odd place has a subtree on its left");
            hash = parent(&left, &hash);
            place >>= 1;
            height += 1;
            completed((height, place), &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The hash that stands for all leaves and their order.
    pub fn root(&self) -> Hash {
        bag(&self.peaks).unwrap_or_else(|| sha256(b""))
    }

    /// As it is kept beside the state.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_le_bytes().to_vec();
        bytes.extend(self.peaks.iter().flatten());
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) gave.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, peaks) = bytes.split_first_chunk::<SIZE_BYTES>()?;
        let size = u64::from_le_bytes(*size);
        let (peaks, rest) = peaks.as_chunks::<HASH_BYTES>();
        (rest.is_empty() && peaks.len() == size.count_ones() as usize).then(|| Self {
            size,
            peaks: peaks.to_vec(),
        })
    }

    /// Where its complete subtrees are: height and first leaf, from left to right.
    fn spans(&self) -> impl Iterator<Item = (u32, u64)> + use<> {
        spans(self.size)
    }
}

/// The complete subtrees of a tree of a size: height and first leaf, from left to right.
fn spans(size: u64) -> impl Iterator<Item = (u32, u64)> {
    let mut first = 0;
    let heights = (0..u64::BITS).rev();
    heights
        .filter(move |height| size >> height & 1 == 1)
        .map(move |height| {
            let span = (height, first);
            first += 1 << height;
            span
        })
}

/// One hash for several subtrees that stand side by side, the smallest rightmost.
fn bag(peaks: &[Hash]) -> Option<Hash> {
    let (last, rest) = peaks.split_last()?;
    Some(rest.iter().rfold(*last, |right, left| parent(left, &right)))
}

/// The complete subtrees whose hashes prove that a leaf is in a tree of this size, below the tree's own peaks.
pub fn siblings(leaf: u64, size: u64) -> Vec<Node> {
    let inside = |(height, first): &(u32, u64)| leaf >= *first && leaf - first < 1 << height;
    let Some((top, _)) = spans(size).find(inside) else {
        return Vec::new();
    };
    (0..top)
        .map(|height| (height, (leaf >> height) ^ 1))
        .collect()
}

/// The audit path of a leaf in a tree, given the subtrees that [`siblings`] named.
pub fn path(leaf: u64, tree: &Tree, nodes: &HashMap<Node, Hash>) -> Option<Vec<Hash>> {
    let mut path = siblings(leaf, tree.size)
        .iter()
        .map(|node| nodes.get(node).copied())
        .collect::<Option<Vec<_>>>()?;
    let own = tree
        .spans()
        .position(|(height, first)| leaf >= first && leaf - first < 1 << height)?;
    path.extend(bag(&tree.peaks[own + 1..]));
    path.extend(tree.peaks[..own].iter().rev());
    Some(path)
}

/// The root that a leaf and its audit path lead to in a tree of this size (RFC 9162, 2.1.3.2); `None` if the path has
/// not the length that it must have.
pub fn root_of(leaf: Hash, place: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if place >= size {
        return None;
    }
    let (mut place, mut last, mut hash) = (place, size - 1, leaf);
    for step in path {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            hash = parent(step, &hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = parent(&hash, step);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree_of(leaves: &[Vec<u8>]) -> Tree {
        let mut tree = Tree::default();
        leaves.iter().for_each(|data| tree.push(leaf(data)));
        tree
    }

    /// The definition in RFC 6962, section 2.1, word for word.
    fn by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [one] => leaf(one),
            _ => {
                let half = leaves.len().next_power_of_two() / 2;
                parent(
                    &by_definition(&leaves[..half]),
                    &by_definition(&leaves[half..]),
                )
            }
        }
    }

    fn leaves(count: u64) -> Vec<Vec<u8>> {
        (0..count).map(|n| n.to_be_bytes().to_vec()).collect()
    }

    fn hex(hash: Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The vectors of the certificate-transparency project.
    #[test]
    fn published_vectors() {
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let bytes = |text: &str| {
            (0..text.len() / 2)
                .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
                .collect::<Vec<u8>>()
        };
        let leaves: Vec<_> = leaves.iter().map(|text| bytes(text)).collect();
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(hex(tree_of(&leaves[..size]).root()), *root, "{size} leaves");
        }
    }

    #[test]
    fn a_grown_tree_is_the_defined_one_and_comes_back_from_bytes() {
        for size in 0..130 {
            let leaves = leaves(size);
            let tree = tree_of(&leaves);
            assert_eq!(tree.root(), by_definition(&leaves), "{size} leaves");
            assert_eq!(Tree::from_bytes(&tree.to_bytes()), Some(tree));
        }
        assert_eq!(Tree::from_bytes(&[]), None);
        assert_eq!(Tree::from_bytes(&[1, 0, 0, 0, 0, 0, 0, 0, 9]), None);
        assert_eq!(Tree::from_bytes(&3u64.to_le_bytes()), None);
    }

    #[test]
    fn every_leaf_of_every_tree_is_proved_and_nothing_else() {
        for size in 1..40u64 {
            let leaves = leaves(size);
            let (mut tree, mut nodes) = (Tree::default(), HashMap::new());
            for data in &leaves {
                tree.push_with(leaf(data), |node, hash| {
                    nodes.insert(node, *hash);
                });
            }
            for place in 0..size {
                let own = leaf(&leaves[place as usize]);
                let path = path(place, &tree, &nodes).unwrap();
                assert_eq!(root_of(own, place, size, &path), Some(tree.root()));
                let elsewhere = (place + 1) % size;
                if elsewhere != place {
                    assert_ne!(root_of(own, elsewhere, size, &path), Some(tree.root()));
                }
                for step in 0..path.len() {
                    let mut bent = path.clone();
                    bent[step][7] ^= 1;
                    assert_ne!(root_of(own, place, size, &bent), Some(tree.root()));
                }
                let longer = [&path[..], &[[0; 32]]].concat();
                assert_eq!(root_of(own, place, size, &longer), None);
                if !path.is_empty() {
                    assert_eq!(root_of(own, place, size, &path[1..]), None);
                }
            }
        }
        assert_eq!(root_of([0; 32], 5, 5, &[]), None);
    }
}
