//! "Did you mean": the known name nearest to a mistyped one.

/// The nearest of `known`, if it is near enough to be meant: two letters off at most, and less than half the name.
pub fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let length = typed.chars().count();
    if length > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|name| (distance(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(off, _)| *off <= 2 && off.saturating_mul(2) < length.max(2))
        .min_by_key(|(off, _)| *off)
        .map(|(_, name)| name)
}

/// Letters to insert, drop or replace.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (number, from) in left.chars().enumerate() {
        let mut next = vec![number.saturating_add(1)];
        for ((to, pair), before) in right.iter().zip(row.iter().zip(row.iter().skip(1))).zip(0_usize..) {
            let (diagonal, above) = pair;
            let replaced = diagonal.saturating_add(usize::from(from != *to));
            let beside = next.get(before).copied().unwrap_or(usize::MAX).saturating_add(1);
            next.push(replaced.min(beside).min(above.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = ["pages", "rent", "min", "max"];
        assert_eq!(nearest("page", known), Some("pages"));
        assert_eq!(nearest("Rnet", known), None, "half of the word is off");
        assert_eq!(nearest("mx", known), None);
        assert_eq!(nearest("maxx", known), Some("max"));
        assert_eq!(nearest("years", known), None);
        assert_eq!((distance("kitten", "sitting"), distance("", "ab"), distance("a", "a")), (3, 2, 0));
    }
}
