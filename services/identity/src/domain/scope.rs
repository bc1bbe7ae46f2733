//! What a key may do.
use std::fmt;
use std::str::FromStr;

/// One permission of an API key, as the public API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    UploadsWrite,
    InvoicesRead,
    InvoicesWrite,
    PaymentsRead,
    PaymentsWrite,
    WebhooksWrite,
    CollectionsRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 7] = [
        Scope::UploadsWrite,
        Scope::InvoicesRead,
        Scope::InvoicesWrite,
        Scope::PaymentsRead,
        Scope::PaymentsWrite,
        Scope::WebhooksWrite,
        Scope::CollectionsRead,
    ];

    /// The scope's public name.
    pub fn name(self) -> &'static str {
        match self {
            Scope::UploadsWrite => "uploads:write",
            Scope::InvoicesRead => "invoices:read",
            Scope::InvoicesWrite => "invoices:write",
            Scope::PaymentsRead => "payments:read",
            Scope::PaymentsWrite => "payments:write",
            Scope::WebhooksWrite => "webhooks:write",
            Scope::CollectionsRead => "collections:read",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope; there are: {all}", all = Scope::ALL.map(Scope::name).join(", "))]
pub struct UnknownScope(String);

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scope, UnknownScope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused_with_the_list() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        let refused = "payments:steal".parse::<Scope>().unwrap_err().to_string();
        assert!(refused.contains("payments:steal") && refused.contains("collections:read"), "{refused}");
    }
}
