//! What a page says: sentences of the reader's language around facts.
use std::sync::LazyLock;

use boot::Lang;
use boot::locale::Texts;
use boot::wire::money_from_wire;
use proto::common::v1::{LocalText, Money};

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::load(&[
        (Lang::En, include_str!("../../../locales/en/portal.ftl")),
        (Lang::Ar, include_str!("../../../locales/ar/portal.ftl")),
    ])
    .expect("the sentences in locales/ are well formed: a test reads them")
});

/// An amount of Bahrain's dinars.
pub(crate) fn dinars(minor_units: i64) -> Money {
    Money { currency: "BHD".to_owned(), minor_units }
}

/// The reader's language, in templates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader(pub Lang);

impl Reader {
    /// A sentence.
    pub fn say(self, key: &str) -> String {
        TEXTS.say(self.0, key, &[])
    }

    /// `en` or `ar`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// `ltr` or `rtl`.
    pub fn dir(self) -> &'static str {
        self.0.dir()
    }

    /// The other language's code.
    pub fn other(self) -> &'static str {
        match self.0 {
            Lang::En => Lang::Ar.code(),
            Lang::Ar => Lang::En.code(),
        }
    }

    /// The reader's side of a text.
    pub fn of(self, text: Option<&LocalText>) -> String {
        let text = text.cloned().unwrap_or_default();
        match self.0 {
            Lang::En => text.en,
            Lang::Ar => text.ar,
        }
    }

    /// `BHD 12.500` or `12.500 د.ب.`.
    pub fn money(self, money: Option<&Money>) -> String {
        money_from_wire("amount", &money.cloned())
            .map_or_else(|_| String::new(), |money| money.page(self.0.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        TEXTS.same_keys().unwrap();
    }

    #[test]
    fn money_has_no_invisible_characters() {
        let money = Money { currency: "BHD".to_owned(), minor_units: 1_234_500 };
        assert_eq!(Reader(Lang::En).money(Some(&money)), "BHD 1,234.500");
        assert_eq!(Reader(Lang::Ar).money(Some(&money)), "1,234.500 د.ب.");
    }
}
