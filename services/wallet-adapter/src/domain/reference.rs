//! Our references at providers: one per attempt or refund, never used again. The only converter, both ways.

use ids::{AttemptId, RefundId};

/// `PI-` and the attempt's id in capitals: starts with a letter, A-Z, 0-9 and `-`, 39 characters.
pub fn of_attempt(attempt: AttemptId) -> String {
    format!("PI-{}", attempt.to_string().to_uppercase())
}

/// `RF-` and the refund's id in capitals: no refund has the reference of an attempt.
pub fn of_refund(refund: RefundId) -> String {
    format!("RF-{}", refund.to_string().to_uppercase())
}

/// The attempt of a reference, if it is one of ours in our one spelling.
pub fn to_attempt(reference: &str) -> Option<AttemptId> {
    let attempt: AttemptId = reference.strip_prefix("PI-")?.parse().ok()?;
    (of_attempt(attempt) == reference).then_some(attempt)
}

/// Digits of a short reference: what any 128 bits need in base 36, and what a QR field holds at most.
const SHORT_DIGITS: usize = 25;

/// The same attempt in 25 characters A-Z and 0-9, for the QR code, whose fields hold no more.
pub fn short(attempt: AttemptId) -> String {
    let mut rest = attempt.0.as_u128();
    let mut digits = Vec::with_capacity(SHORT_DIGITS);
    for _ in 0..SHORT_DIGITS {
        let digit = u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36));
        digits.push(digit.unwrap_or('0').to_ascii_uppercase());
        rest /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// The attempt of a short reference: shows that none is lost.
    fn from_short(short: &str) -> Option<AttemptId> {
        let capitals = short.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if short.len() != SHORT_DIGITS || !capitals {
            return None;
        }
        u128::from_str_radix(short, 36).ok().map(|bits| AttemptId(Uuid::from_u128(bits)))
    }

    #[test]
    fn each_attempt_has_one_reference_and_comes_back_from_it() {
        for bits in [0, 1, 0x0192_1d2e_7a3b_7c4d_8e5f_a0b1_c2d3_e4f5, u128::MAX] {
            let attempt = AttemptId(Uuid::from_u128(bits));
            let reference = of_attempt(attempt);
            assert_eq!(reference.len(), 39);
            assert_eq!(to_attempt(&reference), Some(attempt));
            assert_eq!(to_attempt(&reference.to_lowercase()), None);
            let short = super::short(attempt);
            assert_eq!(short.len(), 25);
            assert_eq!(from_short(&short), Some(attempt));
        }
        let id: AttemptId = "019b1d2e-7a3b-7c4d-8e5f-a0b1c2d3e4f5".parse().unwrap();
        assert_eq!(of_attempt(id), "PI-019B1D2E-7A3B-7C4D-8E5F-A0B1C2D3E4F5");
        let of_refund = of_refund(RefundId(id.0));
        assert_eq!(of_refund, "RF-019B1D2E-7A3B-7C4D-8E5F-A0B1C2D3E4F5");
        assert_eq!(to_attempt(&of_refund), None);
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        for text in ["", "PI-", "PI-0001", "019B1D2E-7A3B-7C4D-8E5F-A0B1C2D3E4F5"] {
            assert_eq!(to_attempt(text), None);
        }
        assert_eq!(from_short("Z".repeat(25).as_str()), None, "more than 128 bits");
        assert_eq!(from_short("0"), None);
    }
}
