//! `stepgate doctor`

mod exposure;
mod files;
mod finding;
mod limits;
mod services;

use std::process::ExitCode;

use serde_json::json;

use self::finding::Finding;
use super::arguments::Doctor;
use super::output;
use super::settings::Settings;

pub(super) fn run(arguments: &Doctor) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.as_serve())?;
    let findings = look(&settings, arguments);
    let n_musts = findings.iter().filter(|finding| finding.is_must).count();
    if arguments.json {
        let findings: Vec<_> = findings.iter().map(Finding::to_json).collect();
        let report = json!({ "production": arguments.production, "ok": n_musts == 0, "findings": findings });
        output::line(&report.to_string());
    } else {
        findings.iter().for_each(|finding| output::line(&finding.report()));
        output::line(&format!("{n_musts} to be mended, {} to be considered", findings.len() - n_musts));
    }
    Ok(if n_musts == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All problems of the settings, and with `--production` what attackers could use. What has to be fixed comes first.
fn look(settings: &Settings, arguments: &Doctor) -> Vec<Finding> {
    let server = &settings.server;
    let mut findings = files::broken(server);
    findings.extend(limits::impossible(&server.limits));
    findings.extend(services::broken(server));
    if arguments.production {
        findings.extend(exposure::look(server));
        findings.extend(files::exposed(server, arguments.config.as_deref()));
        findings.extend(limits::lax(server));
        findings.extend(services::open(server));
    }
    findings.sort_by_key(|finding| !finding.is_must);
    findings
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// A directory for one test, which only its owner can read.
    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("stepgate-doctor-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        restrict(&path, 0o700);
        path
    }

    fn restrict(path: &Path, mode: u32) {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(path, permissions).unwrap();
    }

    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        restrict(path, 0o600);
    }

    /// The codes of the findings in a settings file; in capitals if they have to be fixed, otherwise in small letters.
    fn codes(dir: &Path, text: &str) -> Vec<String> {
        let config = dir.join("stepgate.toml");
        write(&config, text);
        let arguments = Doctor { config: Some(config), production: true, ..Doctor::default() };
        let settings = Settings::load(&arguments.as_serve()).unwrap();
        look(&settings, &arguments)
            .iter()
            .map(
                |finding| if finding.is_must { finding.code.to_owned() } else { finding.code.to_lowercase() },
            )
            .collect()
    }

    /// The settings recommended in `docs/security.md`, in a test's directory.
    fn recommended(dir: &Path) -> String {
        let document = include_str!("../../docs/security.md");
        let begin = document.find("```toml\n").unwrap() + "```toml\n".len();
        let end = document[begin..].find("```").unwrap();
        let key = dir.join("server.key");
        write(&key, "");
        write(&dir.join("server.pem"), "");
        write(&dir.join("store.key"), "");
        document[begin..begin + end]
            .replace("/etc/stepgate", dir.to_str().unwrap())
            .replace("/var/lib/stepgate", dir.join("data").to_str().unwrap())
    }

    #[test]
    fn the_settings_for_the_internet_are_clean() {
        let dir = directory("clean");
        assert_eq!(codes(&dir, &recommended(&dir)), Vec::<String>::new());
    }

    #[test]
    fn each_of_them_is_needed() {
        let dir = directory("needed");
        let whole = recommended(&dir);
        let public = "[listen]\naddress = \"0.0.0.0:4566\"\n";
        for (text, want) in [
            (public.to_owned(), "CONTROL_EXPOSED"),
            (public.to_owned(), "PLAIN_LISTENER"),
            (public.to_owned(), "DEFAULT_CREDENTIALS"),
            (public.to_owned(), "NO_ADDRESS_LIMIT"),
            ("[tls]\naddress = \"0.0.0.0:443\"\n".to_owned(), "DEVELOPMENT_CERTIFICATE"),
            ("[tls]\naddress = \"0.0.0.0:443\"\n".to_owned(), "CONTROL_EXPOSED"),
            (whole.replace("data = \"127.0.0.1", "data = \"0.0.0.0"), "PLAIN_LISTENER"),
            (whole.replace("control = \"127.0.0.1", "control = \"0.0.0.0"), "CONTROL_EXPOSED"),
            (
                whole.replace("control = \"127.0.0.1", "control = \"0.0.0.0")
                    + &format!(
                        "[control_tls]\ncertificate = \"{0}\"\nprivate_key = \"{0}\"\n",
                        dir.join("server.key").display()
                    ),
                "CONTROL_EXPOSED",
            ),
            (whole.replace("server.key", "missing.key"), "UNREADABLE_FILE"),
            (whole.replace("tutorial = false", "tutorial = true"), "tutorial"),
            (whole.replace("account_rate_limit", "# account_rate_limit"), "no_rate_limit"),
            (whole.replace("deny =", "# deny ="), "open_egress"),
            (whole.replace("10.0.0.5:8080", "169.254.169.254"), "METADATA_REACHABLE"),
            (format!("{whole}[iam]\nenforcement = \"enforced\"\n"), "unknown_roles"),
            (format!("{whole}[iam]\nenforcement = \"warn\"\n"), "ROLES_NOT_ASKED"),
            (whole.replace("key_file", "# key_file"), "key_beside_data"),
            (whole.replace("store.key", "missing.key"), "UNREADABLE_FILE"),
            ("[limits]\nbody_rate_min = 0\n".to_owned(), "NO_LEAST_RATE"),
            ("[services]\ndefault = \"localhost\"\n".to_owned(), "UNUSABLE_ENDPOINT"),
            ("[services.sqs]\nendpoint = \"ftp://h\"\n".to_owned(), "UNUSABLE_ENDPOINT"),
            ("[services]\ndefault = \"http://localhost:1\"\n".to_owned(), "open_services"),
            (
                "[services]\ndefault = \"https://{service}.{region}.amazonaws.com\"\n".to_owned(),
                "foreign_key",
            ),
            ("[limits]\nidle_timeout_s = 301\n".to_owned(), "long_timeout"),
            ("[limits]\nheader_read_timeout_s = 0\n".to_owned(), "NO_TIME"),
        ] {
            let found = codes(&dir, &text);
            assert!(found.iter().any(|code| code == want), "{want} is not among {found:?} of\n{text}");
        }
        let short = whole.replace("a-secret-of-forty-characters-or-so", "short");
        assert!(codes(&dir, &short).contains(&"WEAK_SECRET".to_owned()));
    }

    #[test]
    fn what_others_may_read_is_found() {
        let dir = directory("readable");
        let text = recommended(&dir);
        let data = dir.join("data");
        std::fs::create_dir_all(&data).unwrap();
        write(&data.join("stepgate.db"), "");
        restrict(&data, 0o700);
        assert_eq!(codes(&dir, &text), Vec::<String>::new());
        for path in [data.clone(), data.join("stepgate.db"), dir.join("server.key"), dir.join("store.key")] {
            let mode = if path == data { 0o755 } else { 0o640 };
            restrict(&path, mode);
            assert_eq!(codes(&dir, &text), ["READABLE_BY_OTHERS"], "{}", path.display());
            restrict(&path, mode & 0o700);
        }
        // The settings contain secrets too.
        let config = dir.join("stepgate.toml");
        restrict(&config, 0o644);
        let arguments = Doctor { config: Some(config), production: true, ..Doctor::default() };
        let settings = Settings::load(&arguments.as_serve()).unwrap();
        let found = look(&settings, &arguments);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, "READABLE_BY_OTHERS");
    }

    #[test]
    fn a_laptop_is_told_only_what_is_broken() {
        let arguments = Doctor::default();
        assert_eq!(look(&Settings::default(), &arguments), []);
    }
}
