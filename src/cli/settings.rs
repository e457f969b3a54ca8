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
        Ok(settings)
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut table: toml::Table = toml::from_str(text)?;
        let log = match table.remove("log") {
            Some(log) => log.try_into().context("[log]")?,
            None => Log::default(),
        };
        Ok(Self { server: table.try_into()?, log })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_file_shows_the_defaults() {
        let settings = Settings::parse(include_str!("../../config/stepgate.toml")).unwrap();
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
        assert_eq!(Settings::load(&arguments).unwrap().server.data_dir, Path::new("elsewhere"));
    }
}
