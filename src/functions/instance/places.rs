//! Where an instance finds its folders: at AWS's paths if it can have a view of the file system of its own.

use std::path::{Path, PathBuf};

const TMP: &str = "/tmp";
const OPT: &str = "/opt";

/// Where an instance finds its folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// Temporary files.
    pub(crate) tmp: PathBuf,
    /// Layers, if it has any.
    pub(crate) opt: PathBuf,
    /// Folders, and where else they have to be found for that.
    pub(crate) binds: Vec<(PathBuf, PathBuf)>,
}

impl Places {
    /// The places of an instance whose folder for temporary files is `tmp`, and whose layers are in `layers`. `needed` is
    /// what it needs besides: nothing of that may be hidden behind a folder of its own.
    pub(crate) fn of(tmp: &Path, layers: Option<&Path>, needed: &[&Path], can_bind: bool) -> Self {
        let mut binds = Vec::new();
        let mut place = |own: &Path, shown: &str| {
            let shown = Path::new(shown);
            if can_bind && shown.is_dir() && !needed.iter().any(|path| path.starts_with(shown)) {
                binds.push((own.to_owned(), shown.to_owned()));
                shown.to_owned()
            } else {
                own.to_owned()
            }
        };
        let tmp = place(tmp, TMP);
        let opt = layers.map(|layers| place(layers, OPT)).unwrap_or_default();
        Self { tmp, opt, binds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_needed_is_hidden() {
        let (tmp, layers, python) =
            (Path::new("/d/i/tmp"), Path::new("/d/opt/x"), Path::new("/usr/bin/python3"));
        let bind = |from: &Path, to: &str| (from.to_owned(), PathBuf::from(to));
        let own = Places { tmp: tmp.into(), opt: layers.into(), binds: Vec::new() };
        assert_eq!(Places::of(tmp, Some(layers), &[python], false), own);
        let shown = Places::of(tmp, None, &[python], true);
        assert_eq!((shown.tmp, shown.binds), (PathBuf::from("/tmp"), vec![bind(tmp, "/tmp")]));
        let data = Places::of(tmp, None, &[Path::new("/tmp/data"), python], true);
        assert_eq!((data.tmp, data.binds), (tmp.into(), Vec::new()));
        if Path::new(OPT).is_dir() {
            let shown = Places::of(tmp, Some(layers), &[python], true);
            assert_eq!(
                (shown.opt, shown.binds),
                (PathBuf::from(OPT), vec![bind(tmp, "/tmp"), bind(layers, OPT)])
            );
            let node = Places::of(tmp, Some(layers), &[Path::new("/opt/node/bin/node")], true);
            assert_eq!((node.opt, node.binds), (layers.into(), vec![bind(tmp, "/tmp")]));
        }
    }
}
