//! Sentences for people, in every language, out of `locales/`.

use std::{collections::BTreeSet, fmt, str::FromStr};

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

/// A value inside a sentence: text or a number.
pub use fluent_bundle::FluentValue as Value;

/// A language people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    En,
    Ar,
}

/// Not a language we have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language we have; use en or ar")]
pub struct UnknownLang(String);

impl Lang {
    /// Every language.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Ar];

    /// `en` or `ar`, as in HTML's `lang`.
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ar => "ar",
        }
    }

    /// `ltr` or `rtl`, as in HTML's `dir`.
    pub fn dir(self) -> &'static str {
        match self {
            Lang::En => "ltr",
            Lang::Ar => "rtl",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Lang {
    type Err = UnknownLang;

    /// Takes a tag with a region too: `ar-BH`.
    fn from_str(text: &str) -> Result<Lang, UnknownLang> {
        let primary = text.split(['-', '_']).next().unwrap_or(text);
        Lang::ALL
            .into_iter()
            .find(|lang| lang.code().eq_ignore_ascii_case(primary))
            .ok_or_else(|| UnknownLang(text.to_owned()))
    }
}

/// Why sentences did not load, or do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file does not parse.
    #[error("the {lang} sentences do not parse: {what}")]
    Syntax { lang: Lang, what: String },
    /// The same key stands in two files.
    #[error("the {lang} sentences have a key twice: {what}")]
    Twice { lang: Lang, what: String },
    /// Keys that one language has and another has not.
    #[error("the {lang} sentences lack: {}", keys.join(", "))]
    Missing { lang: Lang, keys: Vec<String> },
}

impl From<Lang> for money::Lang {
    fn from(lang: Lang) -> money::Lang {
        match lang {
            Lang::En => money::Lang::En,
            Lang::Ar => money::Lang::Ar,
        }
    }
}

/// The sentences of one part of the platform.
pub struct Texts {
    en: Language,
    ar: Language,
}

struct Language {
    bundle: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
}

impl Texts {
    /// Reads fluent sources; a language may come in several.
    ///
    /// # Errors
    /// [`Error::Syntax`] or [`Error::Twice`].
    pub fn load(sources: &[(Lang, &str)]) -> Result<Texts, Error> {
        let mut texts = Texts { en: Language::new(Lang::En), ar: Language::new(Lang::Ar) };
        for (lang, source) in sources {
            texts.language_mut(*lang).add(*lang, source)?;
        }
        Ok(texts)
    }

    /// Wraps each inserted value in Unicode isolation marks: for pages that mix directions. Off otherwise,
    /// because SMS and terminals show the marks.
    #[must_use]
    pub fn isolating(mut self) -> Texts {
        for lang in Lang::ALL {
            self.language_mut(lang).bundle.set_use_isolating(true);
        }
        self
    }

    /// The sentence of `key`, which may name an attribute (`pay.title`). A missing key or value is logged
    /// and shown as the key: a page with one odd word is better than no page. [`Texts::same_keys`] and the
    /// tests keep it from happening.
    pub fn say(&self, lang: Lang, key: &str, values: &[(&str, Value<'_>)]) -> String {
        let bundle = &self.language(lang).bundle;
        let (id, attribute) = key.split_once('.').map_or((key, None), |(id, name)| (id, Some(name)));
        let message = bundle.get_message(id);
        let pattern = message.and_then(|message| match attribute {
            Some(name) => message.get_attribute(name).map(|attribute| attribute.value()),
            None => message.value(),
        });
        let Some(pattern) = pattern else {
            tracing::error!(%lang, key, "a sentence is missing");
            return key.to_owned();
        };
        let arguments: FluentArgs = values.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        for error in errors {
            tracing::error!(%lang, key, %error, "a sentence lacks a value");
        }
        text
    }

    /// Does this language have `key`?
    pub fn has(&self, lang: Lang, key: &str) -> bool {
        self.language(lang).keys.contains(key)
    }

    /// Every key, from all languages.
    pub fn keys(&self) -> BTreeSet<String> {
        Lang::ALL.into_iter().flat_map(|lang| self.language(lang).keys.iter().cloned()).collect()
    }

    /// Every language has every key: for a test of each folder of sentences.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first language that lacks one.
    pub fn same_keys(&self) -> Result<(), Error> {
        let all = self.keys();
        for lang in Lang::ALL {
            let keys: Vec<String> = all.difference(&self.language(lang).keys).cloned().collect();
            if !keys.is_empty() {
                return Err(Error::Missing { lang, keys });
            }
        }
        Ok(())
    }

    fn language(&self, lang: Lang) -> &Language {
        match lang {
            Lang::En => &self.en,
            Lang::Ar => &self.ar,
        }
    }

    fn language_mut(&mut self, lang: Lang) -> &mut Language {
        match lang {
            Lang::En => &mut self.en,
            Lang::Ar => &mut self.ar,
        }
    }
}

impl Language {
    fn new(lang: Lang) -> Language {
        let tag = lang.code().parse().expect("our language codes are tags");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        bundle.set_use_isolating(false);
        Language { bundle, keys: BTreeSet::new() }
    }

    fn add(&mut self, lang: Lang, source: &str) -> Result<(), Error> {
        let resource = FluentResource::try_new(source.to_owned())
            .map_err(|(_, errors)| Error::Syntax { lang, what: lines(&errors) })?;
        for entry in resource.entries() {
            if let fluent_syntax::ast::Entry::Message(message) = entry {
                let id = message.id.name;
                self.keys.extend(message.value.as_ref().map(|_| id.to_owned()));
                self.keys.extend(message.attributes.iter().map(|a| format!("{id}.{}", a.id.name)));
            }
        }
        self.bundle.add_resource(resource).map_err(|errors| Error::Twice { lang, what: lines(&errors) })
    }
}

fn lines<E: fmt::Display>(errors: &[E]) -> String {
    errors.iter().map(E::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texts").field("en", &self.en.keys.len()).field("ar", &self.ar.keys.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: &str = "paid = You paid { $amount }.\npay = Pay\n    .title = Pay now\n";
    const AR: &str = "paid = دفعت { $amount }.\npay = ادفع\n    .title = ادفع الآن\n";

    #[test]
    fn each_language_says_its_own_sentence() {
        let texts = Texts::load(&[(Lang::En, EN), (Lang::Ar, AR)]).unwrap();
        let amount = [("amount", Value::from("BHD 12.500"))];
        assert_eq!(texts.say(Lang::En, "paid", &amount), "You paid BHD 12.500.");
        assert_eq!(texts.say(Lang::Ar, "paid", &amount), "دفعت BHD 12.500.");
        assert_eq!(texts.say(Lang::Ar, "pay.title", &[]), "ادفع الآن");
        assert_eq!(texts.say(Lang::En, "gone", &[]), "gone");
        assert_eq!(texts.isolating().say(Lang::Ar, "paid", &amount), "دفعت \u{2068}BHD 12.500\u{2069}.");
    }

    #[test]
    fn a_key_that_one_language_lacks_is_found() {
        let texts = Texts::load(&[(Lang::En, EN), (Lang::Ar, AR)]).unwrap();
        assert_eq!(texts.same_keys(), Ok(()));

        let texts = Texts::load(&[(Lang::En, EN), (Lang::Ar, "pay = ادفع\n")]).unwrap();
        let keys = vec!["paid".to_owned(), "pay.title".to_owned()];
        assert_eq!(texts.same_keys(), Err(Error::Missing { lang: Lang::Ar, keys }));
    }

    #[test]
    fn a_broken_source_and_a_double_key_do_not_load() {
        let broken = Texts::load(&[(Lang::En, "paid = { $amount")]);
        assert!(matches!(broken, Err(Error::Syntax { lang: Lang::En, .. })));
        let twice = Texts::load(&[(Lang::En, "a = 1"), (Lang::En, "a = 2")]);
        assert!(matches!(twice, Err(Error::Twice { lang: Lang::En, .. })));
    }

    #[test]
    fn a_language_is_read_from_its_tag() {
        assert_eq!("ar-BH".parse(), Ok(Lang::Ar));
        assert_eq!("EN".parse(), Ok(Lang::En));
        assert!("fr".parse::<Lang>().is_err());
    }
}
