//! A section of the settings file: each setting is declared once, with what it means, what holds without it, and what it may be.
//!
//! The file is read in `config`, which says which section has which settings. Journals have the same structs by serde: other
//! notations of times and words, and a missing field there is a setting that did not exist.

mod bounds;
mod values;

pub(crate) use bounds::{
    MILLISECOND, NONE, SECOND, TENTH, days, hours, minutes, number, seconds, time, within,
};
pub(crate) use values::{
    Raw, absolute, addresses, check_address, choice, few, folders, maybe, path_or_none, plain, program,
    program_or_none, split, table, texts, unknown, web, words,
};

/// A setting, and what reads its value.
pub(crate) struct Setting<'a> {
    pub(crate) name: &'static str,
    /// Its doc comment, line by line: `templates/onerescue.toml` says the same.
    #[cfg(test)]
    pub(crate) doc: &'static [&'static str],
    /// It gets the setting's name with its section, for errors.
    pub(crate) read: Box<Read<'a>>,
}

type Read<'a> = dyn FnMut(&str, Raw) -> Result<(), String> + 'a;

/// What [`section`] declares.
pub(crate) trait Section: Default {
    /// Each of its settings, in their order.
    fn settings(&mut self) -> Vec<Setting<'_>>;
}

/// A struct whose fields are settings: doc comment, name and type, `=` what holds without it, and what reads its value. Behind
/// `and` are fields that the file does not have. The first paragraph of the doc comment stands in `templates/onerescue.toml`
/// too; `#[serde(default)]` is for a setting that journals written before it do not have.
macro_rules! section {
    ($(#[$about:meta])* pub struct $section:ident {
        $($(#[doc = $doc:literal])* $(#[serde($($serde:tt)*)])? pub $name:ident: $type:ty = $default:expr, $read:expr;)*
    } $(and { $($(#[$other_about:meta])* pub $other:ident: $other_type:ty = $other_default:expr;)* })?) => {
        $(#[$about])*
        pub struct $section {
            $($(#[doc = $doc])* $(#[serde($($serde)*)])? pub $name: $type,)*
            $($($(#[$other_about])* pub $other: $other_type,)*)?
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($name: $default,)* $($($other: $other_default,)*)? }
            }
        }

        impl $crate::section::Section for $section {
            fn settings(&mut self) -> Vec<$crate::section::Setting<'_>> {
                vec![$($crate::section::Setting {
                    name: stringify!($name).trim_start_matches("r#"),
                    #[cfg(test)]
                    doc: &[$($doc),*],
                    read: Box::new(|key, raw| {
                        self.$name = $read(key, raw)?;
                        Ok(())
                    }),
                }),*]
            }
        }
    };
}
pub(crate) use section;
