//! Merkle trees as RFC 6962 has them: one leaf is proven without showing the others. Leaves and inner nodes are hashed apart,
//! so neither passes for the other.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// A SHA-256. As text: 64 small hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Hash(pub [u8; 32]);

/// A tree that grows by one leaf after the other. It keeps a few hashes, not its leaves.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Roots of the complete trees so far, with their heights, which fall from left to right.
    peaks: Vec<(u32, Hash)>,
    size: i64,
}

/// The hash of a leaf, which its content is then put into.
pub fn leaf() -> Sha256 {
    Sha256::new().chain_update([0])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::of(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0))
}

impl Tree {
    /// Adds a leaf at the right.
    pub fn add(&mut self, leaf: Hash) {
        let (mut height, mut hash) = (0, leaf);
        while let Some((_, left)) = self.peaks.pop_if(|(peak, _)| *peak == height) {
            hash = node(&left, &hash);
            height += 1;
        }
        self.peaks.push((height, hash));
        self.size += 1;
    }

    /// How many leaves it has.
    pub fn size(&self) -> i64 {
        self.size
    }

    /// The root; of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = peaks.next() else { return Hash::of(Sha256::new()) };
        peaks.fold(last, |right, left| node(&left, &right))
    }
}

/// The hashes beside the way from leaf `index` up to the root. `None`: there is no such leaf.
pub fn path(leaves: &[Hash], mut index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut part, mut path) = (leaves, Vec::new());
    while part.len() > 1 {
        // The left tree is complete: the largest power of two that leaves something to the right.
        let (left, right) = part.split_at(part.len().next_power_of_two() / 2);
        if index < left.len() {
            path.push(root(right));
            part = left;
        } else {
            path.push(root(left));
            index -= left.len();
            part = right;
        }
    }
    path.reverse();
    Some(path)
}

/// The root that `leaf`, as number `index` of `size`, leads to by `path`. `None`: the path is not of such a leaf.
///
/// # Source
/// RFC 9162, 2.1.3.2.
pub fn climb(leaf: Hash, (mut index, size): (i64, i64), path: &[Hash]) -> Option<Hash> {
    if index < 0 || index >= size {
        return None;
    }
    let (mut last, mut hash) = (size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if index % 2 == 1 || index == last {
            hash = node(beside, &hash);
            while index % 2 == 0 && index != 0 {
                index /= 2;
                last /= 2;
            }
        } else {
            hash = node(&hash, beside);
        }
        index /= 2;
        last /= 2;
    }
    (last == 0).then_some(hash)
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.add(*leaf);
    }
    tree.root()
}

impl Hash {
    /// What was put into `hasher`.
    pub fn of(hasher: Sha256) -> Hash {
        Hash(hasher.finalize().into())
    }

    /// As stored; `None` when it is not 32 bytes long.
    pub fn stored(bytes: &[u8]) -> Option<Hash> {
        bytes.try_into().ok().map(Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(from)?;
        let mut hash = Hash::default();
        hex::decode_to_slice(&text, &mut hash.0).map_err(de::Error::custom)?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: u8) -> Vec<Hash> {
        (0..n).map(|i| Hash::of(leaf().chain_update([i]))).collect()
    }

    /// As the RFC defines it, by halves.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of(Sha256::new()),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn a_growing_tree_has_the_root_of_the_definition() {
        for n in 0..=70 {
            assert_eq!(root(&leaves(n)), by_definition(&leaves(n)), "{n} leaves");
        }
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Tree::default().root().to_string(), nothing);
    }

    #[test]
    fn each_leaf_is_proven_at_its_place_and_nowhere_else() {
        for n in 1..=33_u8 {
            let leaves = leaves(n);
            let (root, size) = (root(&leaves), i64::from(n));
            for (index, leaf) in (0..size).zip(&leaves) {
                let path = path(&leaves, usize::try_from(index).unwrap()).unwrap();
                assert_eq!(climb(*leaf, (index, size), &path), Some(root), "{index} of {n}");
                for other in (-1..=size).filter(|other| *other != index) {
                    assert_ne!(climb(*leaf, (other, size), &path), Some(root), "{index} as {other} of {n}");
                }
                for other in leaves.iter().filter(|other| *other != leaf) {
                    assert_ne!(climb(*other, (index, size), &path), Some(root), "{index} of {n}");
                }
                let longer = [path.as_slice(), &[*leaf]].concat();
                assert_ne!(climb(*leaf, (index, size), &longer), Some(root));
                if let Some((_, shorter)) = path.split_last() {
                    assert_ne!(climb(*leaf, (index, size), shorter), Some(root));
                }
            }
            assert_eq!(path(&leaves, usize::from(n)), None);
        }
    }

    #[test]
    fn a_changed_hash_on_the_way_is_refused() {
        for n in 2..=33_u8 {
            let leaves = leaves(n);
            let way = path(&leaves, 0).unwrap();
            for at in 0..way.len() {
                let mut way = way.clone();
                way[at].0[31] ^= 1;
                assert_ne!(climb(leaves[0], (0, i64::from(n)), &way), Some(root(&leaves)));
            }
        }
    }

    #[test]
    fn an_inner_node_is_no_leaf() {
        let [a, b] = leaves(2).try_into().unwrap();
        let content = [a.0, b.0].concat();
        assert_ne!(node(&a, &b), Hash::of(leaf().chain_update(content)));
    }
}
