//! JSON: an array, or a document that has one where `ItemsPointer` leads.
//!
//! The document is never in memory as a whole: what the pointer passes by is skipped, and the array's elements are
//! taken one by one. All of it is read, so that one that is cut off, or goes on after its end, is refused; only who
//! wants no more items doesn't learn of what comes after them.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Error, LINE_BYTES_MAX, Sink, Source, json, text};

const NO_ARRAY: &str = "Attempting to map over non-iterable node.";
const NO_MATCH: &str =
    "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.";
/// Up to so many bytes, a document that is no JSON is read again for the words that say where.
const DIAGNOSED_BYTES_MAX: usize = LINE_BYTES_MAX;

pub(super) fn read(
    source: &Arc<dyn Source>,
    pointer: Option<&str>,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let allowance = Rc::new(Cell::new(None));
    let mut path: Vec<String> = Vec::new();
    if let Some(pointer) = pointer.filter(|pointer| !pointer.is_empty()) {
        let Some(steps) = pointer.strip_prefix('/') else { return Err(Error::new(NO_MATCH)) };
        path.extend(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")));
    }
    // The array stands as deep as the path leads, and an element may nest as deep as any document.
    let depth_max = path.len() + 1 + json::DEPTH_MAX;
    let text = Bounded {
        text: text::open(source.clone()),
        allowance: allowance.clone(),
        shape: Shape::new(depth_max),
    };
    let mut outcome = None;
    let walk = Walk { path: &path, sink, outcome: &mut outcome, allowance: &allowance };
    let mut reader = serde_json::Deserializer::from_reader(text);
    let read = walk.deserialize(&mut reader).and_then(|()| reader.end());
    match (outcome, read) {
        // What was found out on the way; the walk stopped there.
        (Some(Outcome::Stopped(outcome)), _) => outcome,
        (Some(Outcome::ArrayEnded), Ok(())) => Ok(()),
        (None, Ok(())) => Err(Error::new(NO_MATCH)),
        (_, Err(error)) if error.is_io() => Err(io::Error::from(error).into()),
        (_, Err(error)) => Err(diagnosed(source, &error)),
    }
}

/// What is wrong with a document that is no JSON, in the words of AWS's parser where it is short enough.
fn diagnosed(source: &Arc<dyn Source>, error: &serde_json::Error) -> Error {
    match text::whole(text::open(source.clone()), DIAGNOSED_BYTES_MAX).map(|text| json::validate(&text)) {
        Ok(Err(error)) => Error::new(error.to_string()),
        Ok(Ok(())) | Err(_) => Error::new(error.to_string()),
    }
}

/// How a walk ended.
enum Outcome {
    /// Before the document did.
    Stopped(Result<(), Error>),
    /// With the array's end, after which the document has to end too.
    ArrayEnded,
}

/// Text of which only so much may be read before somebody says that more may be, and that is no deeper and has no longer
/// strings, numbers and white space than it may.
struct Bounded<R> {
    text: R,
    allowance: Rc<Cell<Option<usize>>>,
    shape: Shape,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A few at a time: the parser asks for single bytes.
        let n = self.text.read(buffer)?;
        if let Some(left) = self.allowance.get() {
            let Some(left) = left.checked_sub(n) else {
                let problem = format!("An element has more than {LINE_BYTES_MAX} bytes.");
                return Err(io::Error::other(problem));
            };
            self.allowance.set(Some(left));
        }
        for byte in buffer.iter().take(n) {
            self.shape.see(*byte)?;
        }
        Ok(n)
    }
}

/// The shape of a document as far as it is read. The parser counts neither depth nor length in what it skips.
struct Shape {
    depth: usize,
    depth_max: usize,
    /// The length of the string, the number or the white space that it stands in.
    run: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Shape {
    fn new(depth_max: usize) -> Self {
        Self { depth: 0, depth_max, run: 0, in_string: false, is_escaped: false }
    }

    fn see(&mut self, byte: u8) -> io::Result<()> {
        self.run += 1;
        if LINE_BYTES_MAX < self.run {
            let problem = format!(
                "The document has a string, a number or white space of more than {LINE_BYTES_MAX} bytes."
            );
            return Err(io::Error::other(problem));
        }
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' if self.in_string => self.is_escaped = true,
            b'"' => (self.in_string, self.run) = (!self.in_string, 0),
            _ if self.in_string => {}
            b'[' | b'{' => {
                (self.depth, self.run) = (self.depth + 1, 0);
                if self.depth_max < self.depth {
                    let problem = format!("The document nests deeper than {} levels.", self.depth_max);
                    return Err(io::Error::other(problem));
                }
            }
            b']' | b'}' => (self.depth, self.run) = (self.depth.saturating_sub(1), 0),
            b',' | b':' => self.run = 0,
            _ => {}
        }
        Ok(())
    }
}

/// Goes down a path, and through the array at its end.
struct Walk<'a, 's> {
    path: &'a [String],
    sink: &'a mut Sink<'s>,
    outcome: &'a mut Option<Outcome>,
    allowance: &'a Cell<Option<usize>>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Walk<'_, '_> {
    /// A scalar: neither on the way nor iterable.
    fn scalar<E>(self) -> Result<(), E> {
        let cause = if self.path.is_empty() { NO_ARRAY } else { NO_MATCH };
        *self.outcome = Some(Outcome::Stopped(Err(Error::new(cause))));
        Ok(())
    }

    /// Each element to the sink; an error that stops the parser if the sink wants no more.
    fn elements<'de, A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        loop {
            self.allowance.set(Some(LINE_BYTES_MAX));
            let element = array.next_element::<Box<RawValue>>();
            self.allowance.set(None);
            let Some(element) = element? else {
                *self.outcome = Some(Outcome::ArrayEnded);
                return Ok(());
            };
            let taken = super::parse(element.get()).and_then(|value| (self.sink)(json::compact(&value)));
            let ended = match taken {
                Ok(ControlFlow::Continue(())) => continue,
                Ok(ControlFlow::Break(())) => Ok(()),
                Err(error) => Err(error),
            };
            *self.outcome = Some(Outcome::Stopped(ended));
            return Err(A::Error::custom("stopped"));
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let Some((step, path)) = self.path.split_first() else { return self.elements(array) };
        // RFC 6901: digits without a zero in front.
        let is_index = !step.is_empty()
            && step.bytes().all(|byte| byte.is_ascii_digit())
            && (step.len() == 1 || !step.starts_with('0'));
        let Some(index) = is_index.then(|| step.parse::<usize>().ok()).flatten() else {
            while array.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        for _ in 0..index {
            if array.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        let walk = Walk { path, sink: self.sink, outcome: self.outcome, allowance: self.allowance };
        array.next_element_seed(walk)?;
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Some((step, path)) = self.path.split_first() else {
            *self.outcome = Some(Outcome::Stopped(Err(Error::new(NO_ARRAY))));
            return Err(A::Error::custom("stopped"));
        };
        loop {
            self.allowance.set(Some(LINE_BYTES_MAX));
            let key = object.next_key::<String>();
            self.allowance.set(None);
            match key? {
                None => return Ok(()),
                Some(key) if key == *step => break,
                Some(_) => object.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        let walk = Walk { path, sink: self.sink, outcome: self.outcome, allowance: self.allowance };
        object.next_value_seed(walk)?;
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar()
    }
}
