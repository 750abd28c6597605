//! What the hook manager hands a hook: a host document in base64, and options, on stdin or as arguments.
//!
//! Splits and decodes, and stops there: what the options mean is `clap`'s business. Nothing here decides
//! anything about the host; the document may be hours old, so its id is all that can be relied upon.

use super::documents::Decode;
use super::xml::{Element, Limits, shorten};
use crate::error::{Error, Result};
use crate::model::{Host, Vm};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Options that are followed by a value.
const WITH_VALUE: [&str; 5] = ["-p", "--pause", "--host", "--vm", "--config"];
/// Options that make a template unnecessary.
const WITHOUT_TEMPLATE: [&str; 6] = ["--host", "--vm", "-h", "--help", "-V", "--version"];

/// Padding may be there or not, and the last character's unused bits may be set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The host document of a hook call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookDocument {
    /// The document as it came, `<HOST>…</HOST>`, for programs that want it so.
    pub xml: String,
    /// The same, read.
    pub host: Host,
}

/// One hook call. Shape: `PEhPU1Q+… -m -p 5`, the document in base64 and options, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookCall {
    /// The document; `None` where there is none, as in a call by hand with `--host`.
    pub document: Option<HookDocument>,
    /// All other words, `["-m", "-p", "5"]`: those of the command line first.
    pub options: Vec<String>,
}

impl HookCall {
    /// Bytes that are read at most. Read one more from stdin, so that too long an input is seen as such.
    pub const MAX_INPUT: usize = Limits::HOOK.bytes;

    /// Whether the document must come from stdin: the command line has neither one nor an option, such as
    /// `--host`, that makes it unnecessary.
    #[must_use]
    pub fn wants_stdin(argv: &[String]) -> bool {
        let unneeded = |word: &String| {
            let name = word.split('=').next().unwrap_or_default();
            WITHOUT_TEMPLATE.contains(&name)
        };
        let words = split(argv.iter().map(String::as_str));
        !words.options.iter().any(unneeded) && words.template.is_empty()
    }

    /// Read one hook call. `argv` is without the program's name. stdin counts where `argv` has no document.
    /// Line breaks inside the base64 text, its padding and a final newline do not matter.
    /// Source: `src/hem/onehem-server.rb`, unchanged from 5.10 to 7.5.
    ///
    /// # Errors
    /// [`Error::HookCall`] for too much input, a word that is neither option nor base64, or bad base64;
    /// [`Error::HookDocument`] if the document is not a HOST.
    pub fn read(stdin: &[u8], argv: &[String]) -> Result<HookCall> {
        let words = read_words(stdin, argv)?;
        let document = match words.template.as_str() {
            "" => None,
            template => Some(decode(template)?),
        };
        Ok(HookCall { document, options: words.options })
    }
}

/// One call of a VM's hook: the same shape, with a VM document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmCall {
    /// The VM as the event has it; `None` where there is no document.
    pub vm: Option<Vm>,
    /// All other words.
    pub options: Vec<String>,
}

impl VmCall {
    /// Read one call of a VM's hook, as [`HookCall::read`] does it.
    ///
    /// # Errors
    /// The same.
    pub fn read(stdin: &[u8], argv: &[String]) -> Result<VmCall> {
        let words = read_words(stdin, argv)?;
        let vm = match words.template.as_str() {
            "" => None,
            template => Some(read_document(&decode_text(template)?)?),
        };
        Ok(VmCall { vm, options: words.options })
    }
}

fn read_words(stdin: &[u8], argv: &[String]) -> Result<Words> {
    let length = argv.iter().map(String::len).sum::<usize>();
    if length > HookCall::MAX_INPUT || stdin.len() > HookCall::MAX_INPUT {
        return Err(Error::HookCall(format!("more than {} bytes", HookCall::MAX_INPUT)));
    }
    let mut words = split(argv.iter().map(String::as_str));
    if words.template.is_empty() && words.stray.is_none() {
        let text = String::from_utf8_lossy(stdin);
        let mut more = split(text.split_ascii_whitespace());
        words.options.append(&mut more.options);
        words.template = more.template;
        words.stray = more.stray;
    }
    match words.stray.take() {
        Some(stray) => Err(Error::HookCall(stray)),
        None => Ok(words),
    }
}

#[derive(Default)]
struct Words {
    options: Vec<String>,
    /// The base64 text, joined.
    template: String,
    /// The first word that is neither.
    stray: Option<String>,
}

/// Options go to the options, with their values; other words that follow each other are one base64 text.
fn split<'a>(words: impl Iterator<Item = &'a str>) -> Words {
    let mut found = Words::default();
    let mut value_follows = false;
    let mut closed = false;
    for word in words {
        if value_follows || word.starts_with('-') {
            value_follows = !value_follows && takes_value(word);
            closed = !found.template.is_empty();
            found.options.push(word.to_owned());
            continue;
        }
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        let part: String = word.split_ascii_whitespace().collect();
        if part.bytes().all(base64) && (part.is_empty() || !closed) {
            found.template.push_str(&part);
        } else if found.stray.is_none() {
            let why = if closed { "stands behind the template" } else { "is neither an option nor base64" };
            found.stray = Some(format!("\"{}\" {why}", shorten(word)));
        }
    }
    found
}

/// `-p`, `--host` …, and `-mp`, which is `-m -p`.
fn takes_value(option: &str) -> bool {
    let flags = option.strip_prefix('-').and_then(|rest| rest.strip_suffix('p'));
    WITH_VALUE.contains(&option)
        || flags.is_some_and(|flags| !flags.is_empty() && flags.bytes().all(|byte| b"mrdfu".contains(&byte)))
}

fn decode(template: &str) -> Result<HookDocument> {
    let xml = decode_text(template)?;
    let host = read_document(&xml)?;
    Ok(HookDocument { xml, host })
}

fn decode_text(template: &str) -> Result<String> {
    let bytes = BASE64
        .decode(template)
        .map_err(|error| Error::HookCall(format!("\"{}\" is not base64: {error}", shorten(template))))?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn read_document<D: Decode>(xml: &str) -> Result<D> {
    Element::parse_root(xml, D::ROOT, Limits::HOOK)
        .and_then(|root| D::decode(&root))
        .map_err(Error::HookDocument)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, HostState};
    use crate::wire::xml::XmlError;
    use base64::prelude::BASE64_STANDARD;

    const STDIN: &str = include_str!("../../tests/corpus/hook/host-error.stdin");
    const ARGV: &str = include_str!("../../tests/corpus/hook/host-error.argv");

    fn argv(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn read(stdin: &str, words: &str) -> Result<HookCall> {
        HookCall::read(stdin.as_bytes(), &argv(words))
    }

    fn template() -> &'static str {
        STDIN.split(' ').next().unwrap()
    }

    fn encoded(xml: &str) -> String {
        BASE64_STANDARD.encode(xml)
    }

    #[test]
    fn both_recorded_forms_are_read() {
        for call in [read(STDIN, "").unwrap(), read("", ARGV).unwrap()] {
            let document = call.document.unwrap();
            assert_eq!(document.host.id, HostId(2));
            assert_eq!(document.host.name, "node2");
            assert_eq!(document.host.state, HostState::Error);
            assert!(document.xml.starts_with("<HOST>"));
            assert_eq!(call.options, ["-m", "-p", "5"]);
        }
    }

    #[test]
    fn the_order_the_padding_and_line_breaks_do_not_matter() {
        let bare = template().trim_end_matches('=');
        let lines = template().as_bytes().chunks(76);
        let wrapped: Vec<&str> = lines.map(|line| std::str::from_utf8(line).unwrap()).collect();
        for text in [
            format!("-m -p 5 {bare}\n"),
            format!("-m\t{bare} -p 5"),
            format!("-m -p 5 {}\n\n", wrapped.join("\n")),
            format!("{}\r\n -m -p 5", wrapped.join("\r\n")),
        ] {
            for call in [read(&text, "").unwrap(), read("", &text).unwrap()] {
                assert_eq!(call.document.unwrap().host.id, HostId(2));
                assert_eq!(call.options, ["-m", "-p", "5"]);
            }
        }
        let one_word = vec![wrapped.join("\n")];
        assert!(HookCall::read(b"", &one_word).unwrap().document.is_some());
    }

    #[test]
    fn options_come_from_both_and_the_document_from_the_command_line_first() {
        let call = read(&format!("{} -f", template()), "-m --host 12").unwrap();
        assert_eq!(call.options, ["-m", "--host", "12", "-f"]);
        assert!(call.document.is_some());
        let ignored = read("rubbish!", &format!("{} -m", template())).unwrap();
        assert_eq!(ignored.options, ["-m"]);
    }

    #[test]
    fn the_value_of_an_option_is_not_taken_for_base64() {
        for options in ["-p 5", "--pause 5 -m", "-mp 5", "--pause=5", "-p5", "--config here --host 7"] {
            let call = read(&format!("{options} {}", template()), "").unwrap();
            assert_eq!(call.options.join(" "), options);
            assert!(call.document.is_some());
        }
    }

    #[test]
    fn stdin_is_wanted_only_where_it_can_help() {
        assert!(HookCall::wants_stdin(&[]));
        assert!(HookCall::wants_stdin(&argv("-m -p 5")));
        for words in ["--host 5", "--host=5 -m", "-m -h", "PEhP -m"] {
            assert!(!HookCall::wants_stdin(&argv(words)), "{words}");
        }
        assert_eq!(read("", "--host 5 -m").unwrap().document, None);
    }

    #[test]
    fn what_is_not_a_hook_call_is_an_error_of_one_short_line() {
        let deep = encoded(&format!("{}{}", "<HOST>".repeat(70), "</HOST>".repeat(70)));
        let doctype = encoded("<!DOCTYPE a [<!ENTITY b 'c'>]><HOST/>");
        for stdin in [
            "node-7!",
            "PEh*U1Q+ -m",
            "P",
            "PEhP -m PEhP",
            "5 -p 5",
            &encoded("<HOST>"),
            &encoded("<HOST><ID>x</ID></HOST>"),
            &deep,
            &doctype,
            &template()[..template().len() / 2],
        ] {
            let error = read(stdin, "").unwrap_err().chain();
            assert!(error.len() < 200 && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_vm_is_not_a_host() {
        let vm = include_str!("../../tests/corpus/hook/vm-unknown.stdin").split(' ').next().unwrap();
        assert!(matches!(
            read(vm, ""),
            Err(Error::HookDocument(XmlError::Root { found, .. })) if found == "VM"
        ));
    }

    #[test]
    fn the_recorded_vm_calls_are_read_and_a_host_is_no_vm() {
        for (stdin, id, state) in [
            (include_str!("../../tests/corpus/hook/vm-unknown.stdin"), 0, "UNKNOWN"),
            (include_str!("../../tests/corpus/hook/vm-poweroff-crash.stdin"), 1, "POWEROFF"),
            (include_str!("../../tests/corpus/hook/vm-poweroff-by-user.stdin"), 2, "POWEROFF"),
        ] {
            // The recorded hook had a word of its own behind the template.
            let word = stdin.split(' ').next().unwrap();
            let call = VmCall::read(word.as_bytes(), &[]).unwrap();
            let vm = call.vm.unwrap();
            assert_eq!((vm.id.0, vm.state.to_string().as_str(), vm.history.len()), (id, state, 2));
        }
        assert!(matches!(VmCall::read(STDIN.as_bytes(), &[]), Err(Error::HookDocument(_))));
        assert!(matches!(VmCall::read(b"!", &[]), Err(Error::HookCall(_))));
        assert_eq!(VmCall::read(b"", &argv("--vm 4")).unwrap().vm, None);
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let long = vec![b'A'; HookCall::MAX_INPUT + 1];
        assert!(matches!(HookCall::read(&long, &[]), Err(Error::HookCall(_))));
        let long = vec![String::from_utf8(long).unwrap()];
        assert!(matches!(HookCall::read(b"", &long), Err(Error::HookCall(_))));
    }
}
