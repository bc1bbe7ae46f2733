//! Canonical form: one text for one meaning, its hash, ids made of it, and what differs between two.
use ids::Uuid;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Of a value whose keys are sorted, as those of `serde_json` are.
pub fn hash(value: &Value) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(value.to_string())))
}

/// An id made from what it names: who asks again asks for the same.
pub fn id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(Sha256::digest(part));
    }
    let mut id = [0; 16];
    id.iter_mut().zip(hash.finalize()).for_each(|(byte, of)| *byte = of);
    Uuid::from_bytes(id).to_string()
}

/// What differs, a line each: `terms.fee: "fixed:5.000" in the object, "fixed:6.000" in force`.
pub fn differences(wanted: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", wanted, found, &mut lines);
    lines
}

fn compare(path: &str, wanted: &Value, found: &Value, lines: &mut Vec<String>) {
    if wanted == found {
        return;
    }
    let (Value::Object(ours), Value::Object(theirs)) = (wanted, found) else {
        lines.push(format!("{path}: {wanted} in the object, {found} in force"));
        return;
    };
    let only_theirs = theirs.keys().filter(|key| !ours.contains_key(*key));
    for key in ours.keys().chain(only_theirs) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let of = |side: &serde_json::Map<String, Value>| side.get(key).cloned().unwrap_or_default();
        compare(&path, &of(ours), &of(theirs), lines);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_changes_nothing_and_any_value_does() {
        let (one, other): (Value, Value) = (
            serde_json::from_str(r#"{"b": {"y": 1, "x": [2]}, "a": null}"#).unwrap(),
            serde_json::from_str(r#"{"a": null, "b": {"x": [2], "y": 1}}"#).unwrap(),
        );
        assert_eq!(hash(&one), hash(&other));
        assert_eq!(
            hash(&json!({})),
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert_ne!(hash(&one), hash(&json!({ "a": null, "b": { "x": [2], "y": 2 } })));
    }

    #[test]
    fn an_id_is_of_its_parts_and_not_of_their_letters() {
        assert_eq!(id(&["ab", "c"]), id(&["ab", "c"]));
        assert_ne!(id(&["ab", "c"]), id(&["a", "bc"]));
        assert!(id(&["x"]).parse::<ids::DraftId>().is_ok());
    }

    #[test]
    fn a_difference_says_where_and_both_sides() {
        let wanted = json!({ "terms": { "fee": "fixed:5.000", "tax": "outside" }, "only": 1 });
        let found = json!({ "terms": { "fee": "fixed:6.000", "tax": "outside" }, "more": [2] });
        assert_eq!(
            differences(&wanted, &found),
            [
                "only: 1 in the object, null in force",
                "terms.fee: \"fixed:5.000\" in the object, \"fixed:6.000\" in force",
                "more: null in the object, [2] in force",
            ]
        );
        assert!(differences(&wanted, &wanted).is_empty());
    }
}
