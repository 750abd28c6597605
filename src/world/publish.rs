//! Pages in files: whoever reads one at the same time sees the old one or the new one, whole.
//!
//! Names of VMs may be confidential: a file that is asked for by name is its owner's alone, and one of a site may be read by
//! whom the mode of its folder lets in.

pub(crate) use super::kept::{Readers, write};

use super::journal::trusted;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// More is read of no page that is there: what is asked for stands in its head.
const HEAD: u64 = 64 * 1024;

/// The folder of a site, made for its owner alone if it is missing; who may read the files in it.
///
/// # Errors
/// As the system says, or that others may write it.
pub(crate) fn folder(path: &Path) -> io::Result<Readers> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    trusted(path)?;
    Ok(Readers::Mode(0o600 | fs::metadata(path)?.permissions().mode() & 0o044))
}

/// The begin of a file, or nothing.
pub(crate) fn head(path: &Path) -> String {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut text));
    read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

/// How long a file is.
pub(crate) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// The names of the files in a folder.
///
/// # Errors
/// As the system says.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_owners_and_a_site_lets_in_whom_its_folder_does() {
        let place = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let page = place.path().join("page.html");
        write(&page, "one", Readers::Owner).unwrap();
        write(&page, "two", Readers::Owner).unwrap();
        assert_eq!((head(&page).as_str(), mode(&page)), ("two", 0o600));
        assert_eq!(names(place.path()).unwrap(), ["page.html"]);

        let site = place.path().join("a/site");
        assert_eq!((folder(&site).unwrap(), mode(&site)), (Readers::Mode(0o600), 0o700));
        for (of_folder, of_file) in [(0o750, 0o640), (0o755, 0o644)] {
            fs::set_permissions(&site, fs::Permissions::from_mode(of_folder)).unwrap();
            assert_eq!(folder(&site).unwrap(), Readers::Mode(of_file));
            write(&site.join("index.html"), "x", Readers::Mode(of_file)).unwrap();
            assert_eq!(mode(&site.join("index.html")), of_file);
        }
        fs::set_permissions(&site, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(folder(&site).unwrap_err().to_string().contains("group or others may write it"));
        assert!(write(&place.path().join("no/such/folder"), "x", Readers::Owner).is_err());
        assert_eq!(head(&place.path().join("none")), "");
    }
}
