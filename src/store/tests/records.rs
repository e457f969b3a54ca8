//! Records of this version, of earlier ones and of later ones.

use super::*;
use crate::{Record, RecordKind, Stored, Unreadable};

#[derive(Debug, PartialEq)]
struct Shade(u8);

impl Stored<String> for Shade {
    fn to_stored(&self) -> String {
        self.0.to_string()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        form.parse().map(Self).map_err(|_| Unreadable { what: "shade", value: form })
    }
}

#[derive(Debug, PartialEq)]
struct Paint {
    shade: Shade,
    liters: Vec<i64>,
    label: Option<String>,
}

/// The first form: a colour had no label, and its liters were one number.
#[derive(serde::Deserialize)]
struct PaintV1 {
    shade: String,
    liters: i64,
}

impl Stored<PaintV1> for Paint {
    fn to_stored(&self) -> PaintV1 {
        unreachable!("version 1 is read only")
    }

    fn from_stored(form: PaintV1) -> Result<Self, Unreadable> {
        Ok(Self { shade: Shade::from_stored(form.shade)?, liters: vec![form.liters], label: None })
    }
}

crate::record! {
    /// The second form, and with its label the third.
    struct PaintV3 of Paint {
        "shade" shade: String,
        "amounts" liters: Vec<i64>,
        #[serde(default)]
        "label" label: Option<String>,
    }
}

crate::records! {
    const RECORDS;
    Paint, "paint": 1 => PaintV1, 2 => PaintV3, now 3 => PaintV3;
}

fn decode(text: &str) -> Result<Paint, Error> {
    Paint::decode(text.as_bytes())
}

#[test]
fn records_of_all_versions_up_to_this_one_are_read() {
    let paint = |liters: &[i64], label: Option<&str>| Paint {
        shade: Shade(7),
        liters: liters.to_vec(),
        label: label.map(str::to_owned),
    };
    let new = paint(&[1, 2], Some("x"));
    assert_eq!(new.encode().unwrap(), r#"{"v":3,"r":{"shade":"7","amounts":[1,2],"label":"x"}}"#);
    assert_eq!(decode(&new.encode().unwrap()), Ok(new));
    assert_eq!(decode(r#"{"v":2,"r":{"shade":"7","amounts":[1]}}"#), Ok(paint(&[1], None)));
    assert_eq!(decode(r#"{"v":1,"r":{"shade":"7","liters":4}}"#), Ok(paint(&[4], None)));
    // What was there before records had versions.
    assert_eq!(decode(r#"{"shade":"7","liters":4}"#), Ok(paint(&[4], None)));
}

#[test]
fn a_record_of_a_later_version_is_refused_whatever_it_looks_like() {
    for text in [r#"{"v":4,"r":{"shade":"7","amounts":[1],"label":null}}"#, r#"{"v":4,"zz":7}"#, r#"{"v":4"#]
    {
        assert_eq!(decode(text), Err(Error::NewerRecord { name: "paint", found: 4, known: 3 }), "{text}");
    }
    let huge = decode(r#"{"v":99999999999999999999,"r":{}}"#);
    assert!(matches!(huge, Err(Error::NewerRecord { found: u64::MAX, .. })));
    assert_eq!(
        decode(r#"{"v":4,"r":{}}"#).unwrap_err().to_string(),
        "a record of paint has version 4, this version of the program knows 3: use the newer version again"
    );
}

#[test]
fn what_is_no_record_is_refused() {
    for text in [
        "",
        "nonsense",
        r#"{"v":0,"r":{"shade":"7","liters":4}}"#,
        r#"{"v":3,"r":{"shade":"7","amounts":[1]}"#,
        r#"{"v":3,"r":{"shade":"red","amounts":[1]}}"#,
        r#"{"v":3,"r":{"shade":"7"}}"#,
    ] {
        assert!(matches!(decode(text), Err(Error::Record { name: "paint", .. })), "{text}");
    }
    assert_eq!(
        decode(r#"{"v":3,"r":{"shade":"red","amounts":[1]}}"#).unwrap_err().to_string(),
        "a record of paint can't be read: \"red\" is no shade"
    );
}

#[test]
fn a_store_with_records_of_a_later_version_is_refused() {
    let dir = Dir::new();
    let store = dir.open(Options::default());
    store.declare(RECORDS).unwrap();
    store.declare(&[RecordKind { name: "paint", version: 4 }]).unwrap();
    let newer = Error::NewerRecord { name: "paint", found: 4, known: 3 };
    assert_eq!(store.declare(RECORDS), Err(newer.clone()));
    drop(store);
    assert_eq!(dir.open(Options::default()).declare(RECORDS), Err(newer));
}
