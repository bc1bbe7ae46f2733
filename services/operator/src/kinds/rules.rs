//! What the API server itself refuses: CEL rules, each with a sentence that says what to write.
use kube::core::Rule;

/// How many reductions a schedule may have; a bound lets the API server know what its rules cost.
pub const MAX_REDUCTIONS: u32 = 50;
/// How many receivers beside the agency.
pub const MAX_SPLITS: u32 = 4;

fn rule(cel: &str, message: &str) -> Rule {
    Rule::new(cel).message(message)
}

/// Who is meant does not change under an object: that is another object.
pub fn immutable() -> Rule {
    rule("self == oldSelf", "it says which object this is and does not change; make another object")
}

/// Two persons: who wrote it, and who reviewed it.
pub fn four_eyes() -> Rule {
    rule(
        "self.requestedBy != self.approvedBy",
        "requestedBy and approvedBy are two persons: who reviews it has not written it",
    )
}

pub fn approved_in_time() -> Rule {
    rule(
        "!has(self.approvedOn) || self.approvedOn <= self.validFrom",
        "approvedOn is not after validFrom: a rule is approved before it holds",
    )
}

pub fn person() -> Rule {
    rule(
        "self.matches('^[a-z0-9][a-z0-9._-]{0,62}$')",
        "a name in git: small letters, digits, dots, _ and -, at most 63",
    )
}

pub fn agency() -> Rule {
    rule("self.matches('^[A-Z]{2,8}$')", "an agency has 2 to 8 letters A-Z")
}

pub fn service() -> Rule {
    rule("self.matches('^[A-Z0-9-]{1,32}$')", "a service has 1 to 32 of A-Z, 0-9 and -")
}

pub fn amount() -> Rule {
    rule(
        "self.matches('^(0|[1-9][0-9]{0,5})[.][0-9]{3}$')",
        "an amount is a text with exactly three decimals: '12.500'",
    )
}

pub fn currency() -> Rule {
    rule("self == 'BHD'", "the only currency is BHD")
}

pub fn beneficiary() -> Rule {
    rule(
        "self.matches('^[A-Z][A-Z0-9-]{0,31}$')",
        "a receiver has 1 to 32 capital letters, digits and -, a letter first",
    )
}

pub fn bounds() -> Rule {
    rule(
        "!has(self.minimum) || !has(self.maximum) \
         || int(self.minimum.replace('.', '')) <= int(self.maximum.replace('.', ''))",
        "minimum is not above maximum",
    )
}

pub fn one_reduction() -> Rule {
    rule(
        "(has(self.percent) ? 1 : 0) + (has(self.amount) ? 1 : 0) + (has(self.all) && self.all ? 1 : 0) == 1",
        "a reduction takes one of: percent, amount, all: true",
    )
}

pub fn reduction_code() -> Rule {
    rule("self.matches('^[a-z][a-z0-9_]{0,39}$')", "a code has small letters, digits and _, a letter first")
}

pub fn splits_leave_a_part() -> Rule {
    rule(
        "!has(self.splits) || self.splits.map(split, split.basisPoints).sum() < 10000",
        "the splits leave the agency a part: together below 10000 basis points",
    )
}

pub fn one_penalty() -> Rule {
    rule(
        "has(self.basisPoints) != has(self.amount)",
        "being late costs one of: basisPoints of the fee, an amount",
    )
}

pub fn penalty_ends() -> Rule {
    rule(
        "has(self.everyDays) == has(self.maximum)",
        "a penalty that repeats (everyDays) has a maximum, and only such a one",
    )
}

pub fn takes_money() -> Rule {
    rule(
        "self.exists(channel, channel != 'portal')",
        "leave at least one channel open that takes money; portal alone takes none",
    )
}

pub fn each_once() -> Rule {
    rule("self.all(channel, self.exists_one(other, other == channel))", "write each channel once")
}

pub fn revenue_account() -> Rule {
    rule("self.matches('^[0-9]{1,20}$')", "a revenue account has 1 to 20 digits")
}

pub fn iban() -> Rule {
    rule(
        "self.matches('^BH[0-9]{2}[A-Z]{4}[A-Z0-9]{14}$')",
        "an IBAN of Bahrain has 22 characters: BH, 2 digits, 4 letters, 14 more",
    )
}

pub fn vat_account() -> Rule {
    rule("self.matches('^[0-9]{15}$')", "a VAT account has 15 digits")
}
