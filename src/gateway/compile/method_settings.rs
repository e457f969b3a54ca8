//! Which of a stage's method settings apply to a method.

use std::collections::BTreeMap;

use crate::apis::{HttpMethod, MethodSetting};

/// The settings for `verb` on `path`: the method's own entry, as a whole, otherwise that for all methods; and whether
/// it is the method's own.
pub(super) fn method_setting<'a>(
    settings: &'a BTreeMap<String, MethodSetting>,
    path: &str,
    verb: HttpMethod,
) -> Option<(&'a MethodSetting, bool)> {
    let wanted = path.trim_matches('/');
    let own = settings.iter().find(|(key, _)| {
        let Some((key_path, key_verb)) = key.rsplit_once('/') else { return false };
        // Paths have `~1` for `/`, with or without the first slash; see UpdateStage.
        let key_path = key_path.replace("~1", "/").replace("~0", "~");
        key_verb == verb.as_str() && key_path.trim_matches('/') == wanted && key_path != "*"
    });
    own.map(|(_, setting)| (setting, true)).or_else(|| settings.get("*/*").map(|setting| (setting, false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_entry_wins_as_a_whole() {
        let setting = |burst| MethodSetting { throttling_burst_limit: burst, ..MethodSetting::default() };
        let settings = BTreeMap::from([
            ("*/*".to_owned(), setting(1)),
            ("pets/GET".to_owned(), setting(2)),
            ("~1pets~1{id}/GET".to_owned(), setting(3)),
            ("~1/POST".to_owned(), setting(4)),
        ]);
        let burst = |path, verb| {
            let (setting, is_own) = method_setting(&settings, path, verb).unwrap();
            (setting.throttling_burst_limit, is_own)
        };
        assert_eq!(burst("/pets", HttpMethod::Get), (2, true));
        assert_eq!(burst("/pets", HttpMethod::Post), (1, false));
        assert_eq!(burst("/pets/{id}", HttpMethod::Get), (3, true));
        assert_eq!(burst("/", HttpMethod::Post), (4, true));
        assert_eq!(burst("/", HttpMethod::Get), (1, false));
        assert!(method_setting(&BTreeMap::new(), "/", HttpMethod::Get).is_none());
    }
}
