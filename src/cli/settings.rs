//! The configuration file, and the arguments that override it.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::arguments::{LogFormat, Serve};
use crate::server;

/// The whole file: the server's settings and the logging settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) server: server::Options,
    pub(super) log: Log,
}

/// The `[log]` section.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) format: LogFormat,
    pub(super) level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Auto, level: "info".to_owned() }
    }
}

impl Settings {
    /// Loads the file, if one is given, and applies the arguments.
    pub(super) fn load(arguments: &Serve) -> anyhow::Result<Self> {
        let mut settings = match &arguments.config {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        settings.server.origins.extend(origins(arguments));
        let server = &mut settings.server;
        server.accept_loss = arguments.accept_loss;
        server.file.clone_from(&arguments.config);
        if let Some(data_dir) = &arguments.data_dir {
            server.data_dir.clone_from(data_dir);
        }
        if let Some(url) = &arguments.store_url {
            server.store.url = Some(server::DatabaseUrl(url.clone()));
        }
        if let Some(listen) = arguments.listen {
            server.listen.address = listen;
        }
        if arguments.tls_listen.is_some() {
            server.tls.address = arguments.tls_listen;
        }
        if let Some(format) = arguments.log_format {
            settings.log.format = format;
        }
        let Log { format, level } = &settings.log;
        let log = [("log.format", format!("{format:?}").to_lowercase()), ("log.level", level.clone())];
        settings.server.beside = log.map(|(key, value)| (key.to_owned(), value)).into();
        Ok(settings)
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut table: toml::Table = toml::from_str(text)?;
        let mut keys = Vec::new();
        written("", &table, &mut keys);
        let log = match table.remove("log") {
            Some(log) => log.try_into().context("[log]")?,
            None => Log::default(),
        };
        let mut server: server::Options = table.try_into()?;
        server.origins = keys.into_iter().map(|key| (key, server::Origin::File)).collect();
        Ok(Self { server, log })
    }
}

/// The keys that a file has, with those of the tables around them.
fn written(before: &str, table: &toml::Table, keys: &mut Vec<String>) {
    for (key, value) in table {
        let key = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
        match value {
            toml::Value::Table(inner) => written(&key, inner, keys),
            _ => keys.push(key),
        }
    }
}

/// The settings that arguments have put in place of others. An argument that says the same as its variable is the variable's.
fn origins(arguments: &Serve) -> impl Iterator<Item = (String, server::Origin)> {
    let text = |path: &std::path::PathBuf| path.display().to_string();
    let format = |format: &LogFormat| format!("{format:?}").to_lowercase();
    [
        ("data_dir", "STEPGATE_DATA_DIR", arguments.data_dir.as_ref().map(text)),
        ("store.url", "STEPGATE_STORE_URL", arguments.store_url.clone()),
        ("listen.address", "STEPGATE_LISTEN", arguments.listen.map(|it| it.to_string())),
        ("tls.address", "STEPGATE_TLS_LISTEN", arguments.tls_listen.map(|it| it.to_string())),
        ("log.format", "STEPGATE_LOG_FORMAT", arguments.log_format.as_ref().map(format)),
    ]
    .into_iter()
    .filter_map(|(key, variable, value)| {
        let is_variable = std::env::var(variable).ok() == Some(value?);
        let origin = if is_variable { server::Origin::Environment } else { server::Origin::Argument };
        Some((key.to_owned(), origin))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_file_shows_the_defaults() {
        let mut settings = Settings::parse(include_str!("../../config/stepgate.toml")).unwrap();
        let origins = std::mem::take(&mut settings.server.origins);
        assert_eq!(origins.get("limits.http2.streams"), Some(&server::Origin::File));
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        for (text, word) in [
            ("data_dri = 'x'", "data_dri"),
            ("[listen]\nport = 1", "port"),
            ("[log]\nlevels = 'x'", "levels"),
            ("[listen]\naddress = 'nowhere'", "address"),
        ] {
            let error = format!("{:#}", Settings::parse(text).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn arguments_win_over_defaults() {
        let arguments = Serve { data_dir: Some("elsewhere".into()), ..Serve::default() };
        let settings = Settings::load(&arguments).unwrap();
        assert_eq!(settings.server.data_dir, Path::new("elsewhere"));
        assert_eq!(settings.server.origins.get("data_dir"), Some(&server::Origin::Argument));
        assert_eq!(settings.server.origins.get("listen.address"), None);
    }
}
