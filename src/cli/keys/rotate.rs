//! `stepgate keys rotate`: another access key in the settings, which the running server takes over.
//!
//! The file is changed first. If the server doesn't take the key over, the file is put back as it was.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use http::Method;
use serde::Deserialize;
use toml::Spanned;

use crate::cli::arguments::Rotate;
use crate::cli::output;
use crate::cli::remote::{Remote, block_on, nobody};
use crate::clock::{Ids, RandomIds};
use crate::connect;
use crate::identity::{Credential, Secret};

/// What the server answers.
#[derive(Debug, Deserialize)]
struct Reread {
    keys: Vec<String>,
    ending: Vec<Ending>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ending {
    access_key_id: String,
    until: String,
}

/// The keys in a file, with their places in it.
#[derive(Deserialize)]
struct OfFile {
    #[serde(default)]
    credentials: Vec<InFile>,
}

#[derive(Deserialize)]
struct InFile {
    access_key_id: Spanned<String>,
    secret_access_key: Spanned<String>,
}

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    id: String,
    secret: String,
}

pub(super) fn run(arguments: &Rotate) -> anyhow::Result<ExitCode> {
    let Rotate { config, access_key_id, overlap, offline, endpoint } = arguments;
    // Whoever links to the file keeps the link.
    let file = fs::canonicalize(config).with_context(|| format!("cannot read {}", config.display()))?;
    let before = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let ids = RandomIds;
    let new = Key { id: format!("AKIA{}", ids.upper_alphanumeric(16)), secret: ids.alphanumeric(40) };
    let (old, after) = replaced(&before, access_key_id.as_deref(), &new)
        .with_context(|| format!("{} was not changed", file.display()))?;
    put(&file, &after)?;
    let shown = config.display();
    if *offline {
        output::line(&format!(
            "{} is in {shown} in place of {}, from the server's next start on",
            new.id, old.id
        ));
        return Ok(ExitCode::SUCCESS);
    }
    match taken_over(endpoint, &old, &new, *overlap) {
        Ok(reread) => {
            output::line(&format!("{} is in {shown} and signs from now on", new.id));
            for Ending { access_key_id, until } in reread.ending {
                match overlap {
                    0 => output::line(&format!("{access_key_id} signs no more")),
                    _ => output::line(&format!("{access_key_id} signs until {until}")),
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if may_be_taken_over(&error) => {
            Err(error.context(format!("whether the server has {} is not known; it is in {shown}", new.id)))
        }
        Err(error) => {
            put(&file, &before)?;
            Err(error.context(format!("{shown} is as it was")))
        }
    }
}

/// Whether the request may have arrived, although there is no answer.
fn may_be_taken_over(error: &anyhow::Error) -> bool {
    let of_call = error.chain().find_map(|cause| cause.downcast_ref::<connect::Error>());
    of_call.is_some_and(|error| {
        !matches!(
            error,
            connect::Error::Connect(_) | connect::Error::InvalidAddress(_) | connect::Error::Tls(_)
        )
    })
}

/// Has the server read its settings' keys again.
fn taken_over(endpoint: &str, old: &Key, new: &Key, overlap: u64) -> anyhow::Result<Reread> {
    let remote = Remote { endpoint };
    let credential = Credential::root(nobody()?, &old.id, Secret::new(&old.secret));
    let path = format!("/_stepgate/keys/reread?overlap={overlap}");
    let answer = block_on(remote.send(remote.request_as(&credential, Method::POST, &path, "iam")?))?;
    if !answer.status.is_success() {
        match answer.refusal() {
            Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
            None => bail!("{endpoint} is no Stepgate server: it answered {}", answer.status),
        }
    }
    let reread: Reread =
        serde_json::from_slice(&answer.body).with_context(|| format!("{endpoint} is no Stepgate server"))?;
    if !reread.keys.contains(&new.id) {
        // It reads the keys again at once, without the new one.
        bail!("the server at {endpoint} has other settings than this file");
    }
    Ok(reread)
}

/// The text with another key in place of `wanted`, or of the only one; and the key that was there.
fn replaced(text: &str, wanted: Option<&str>, new: &Key) -> anyhow::Result<(Key, String)> {
    // The parser's message may show a line with a secret.
    let OfFile { credentials } = toml::from_str(text).map_err(|_| anyhow!("it is not valid"))?;
    let fits = |it: &&InFile| wanted.is_none_or(|wanted| it.access_key_id.get_ref() == wanted);
    let found: Vec<&InFile> = credentials.iter().filter(fits).collect();
    let found = match found.as_slice() {
        [one] => *one,
        [] if credentials.is_empty() && wanted.is_none_or(|wanted| wanted == "test") => {
            let old = Key { id: "test".to_owned(), secret: "test".to_owned() };
            let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            let Key { id, secret } = new;
            let table = format!(
                "{separator}\n[[credentials]]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n"
            );
            return Ok((old, format!("{text}{table}")));
        }
        [] => bail!("it has no key {}", wanted.unwrap_or_default()),
        _ => bail!("it has several keys: say which by --access-key-id"),
    };
    let old =
        Key { id: found.access_key_id.get_ref().clone(), secret: found.secret_access_key.get_ref().clone() };
    let mut places = [(found.access_key_id.span(), &new.id), (found.secret_access_key.span(), &new.secret)];
    // From behind, so that the first place stays where it is.
    places.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut changed = text.to_owned();
    for (Range { start, end }, value) in places {
        changed.replace_range(start..end, &format!("\"{value}\""));
    }
    Ok((old, changed))
}

/// Writes a file whole or not at all, for whom it was for before.
fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    let said = || format!("cannot write {}", file.display());
    let beside = file.with_extension("toml.new");
    let permissions = fs::metadata(file).with_context(said)?.permissions();
    let written = (|| {
        let mut new = fs::File::create(&beside)?;
        new.set_permissions(permissions)?;
        std::io::Write::write_all(&mut new, text.as_bytes())?;
        new.sync_all()?;
        fs::rename(&beside, file)
    })();
    if written.is_err() {
        // There may be none.
        let _ = fs::remove_file(&beside);
    }
    written.with_context(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Key {
        Key { id: "AKIANEW".to_owned(), secret: "n\u{e9}w".to_owned() }
    }

    #[test]
    fn a_key_takes_the_place_of_another_and_nothing_else_changes() {
        let text = "# mine\n[log]\nlevel = 'info'\n[[credentials]] # the first\naccess_key_id = \"A\" # a\n\
                    secret_access_key = 'é'\n[[credentials]]\nsecret_access_key = \"s\"\naccess_key_id=\"B\"\n";
        let (old, first) = replaced(text, Some("A"), &new()).unwrap();
        assert_eq!(old, Key { id: "A".to_owned(), secret: "é".to_owned() });
        let expect = text.replace("\"A\" # a", "\"AKIANEW\" # a").replace("'é'", "\"néw\"");
        assert_eq!(first, expect);
        let (_, second) = replaced(text, Some("B"), &new()).unwrap();
        assert_eq!(second, text.replace("\"s\"", "\"néw\"").replace("\"B\"", "\"AKIANEW\""));
        // Which of both is not said.
        assert!(replaced(text, None, &new()).is_err());
        assert!(replaced(text, Some("C"), &new()).is_err());
    }

    #[test]
    fn the_default_key_is_replaced_by_one_of_its_own() {
        for text in ["", "[log]\nlevel = \"info\"", "[log]\nlevel = \"info\"\n"] {
            let (old, changed) = replaced(text, None, &new()).unwrap();
            assert_eq!(old.id, "test");
            let OfFile { credentials } = toml::from_str(&changed).unwrap();
            assert_eq!(credentials[0].access_key_id.get_ref(), "AKIANEW");
            assert!(changed.starts_with(text));
        }
        assert!(replaced("", Some("other"), &new()).is_err());
    }

    #[test]
    fn a_file_that_can_not_be_read_is_not_shown() {
        let error = replaced("[[credentials]]\nsecret_access_key = \"hush", None, &new()).unwrap_err();
        assert!(!format!("{error:#}").contains("hush"), "{error:#}");
    }
}
