//! What templates may have, as the documents list it.

use super::elsewhere;
use super::intrinsic::FUNCTIONS;
use super::kind::Kind;

/// All functions, and all types with their properties.
pub fn supported() -> String {
    let mut text = format!("Functions: `{}`.\n\n", FUNCTIONS.join("`, `"));
    text.push_str("| type | properties |\n|---|---|\n");
    for kind in Kind::ALL {
        let mut properties = kind.properties().to_vec();
        properties.sort_unstable();
        let properties = match (properties.is_empty(), kind.is_open()) {
            (true, _) => "none".to_owned(),
            (false, false) => properties.join(", "),
            (false, true) => format!("{}, and any other", properties.join(", ")),
        };
        text.push_str(&format!("| `{}` | {properties} |\n", kind.type_name()));
    }
    let native: Vec<&str> = elsewhere::native_types().collect();
    text.push_str(&format!("\nElsewhere, without Cloud Control: `{}`.\n", native.join("`, `")));
    text
}
