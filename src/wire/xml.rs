//! As much XML as services answer in: elements and their texts. Attributes are passed over, and nothing is expanded
//! but the five entities that XML has and characters by number.

/// How deep elements may nest.
const DEPTH_MAX: usize = 64;
/// Elements of a document: the least of them takes thirty times the memory of its text.
const ELEMENTS_MAX: usize = 200_000;

/// An element.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Without its prefix.
    pub name: String,
    /// All text directly inside.
    pub text: String,
    /// The elements directly inside, in order.
    pub children: Vec<Self>,
}

impl Element {
    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element of this name, at any depth.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

/// The document's element; `None` for what is none.
pub fn parse(text: &str) -> Option<Element> {
    let mut rest = text;
    // The elements that are open, outermost first; the first holds the document.
    let mut open = vec![Element::default()];
    let mut n_elements = 0_usize;
    while let Some(start) = rest.find('<') {
        let (before, markup) = rest.split_at(start);
        push_text(&mut open.last_mut()?.text, before)?;
        if let Some(after) = markup.strip_prefix("<!--") {
            rest = after.split_once("-->")?.1;
        } else if let Some(after) = markup.strip_prefix("<![CDATA[") {
            let (data, after) = after.split_once("]]>")?;
            open.last_mut()?.text.push_str(data);
            rest = after;
        } else if let Some(after) = markup.strip_prefix("<?") {
            rest = after.split_once("?>")?.1;
        } else if let Some(after) = markup.strip_prefix("</") {
            let (name, after) = after.split_once('>')?;
            let element = open.pop()?;
            if element.name != local(name.trim_end()) {
                return None;
            }
            open.last_mut()?.children.push(element);
            rest = after;
        } else {
            let end = tag_end(markup)?;
            let tag = &markup[1..end];
            rest = &markup[end + 1..];
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let name = tag.split_ascii_whitespace().next().filter(|name| !name.starts_with('!'))?;
            let element = Element { name: local(name).to_owned(), ..Element::default() };
            n_elements += 1;
            if ELEMENTS_MAX < n_elements {
                return None;
            }
            if is_empty {
                open.last_mut()?.children.push(element);
            } else if open.len() <= DEPTH_MAX {
                open.push(element);
            } else {
                return None;
            }
        }
    }
    let mut document = open.pop().filter(|_| open.is_empty())?;
    let root = document.children.pop().filter(|_| document.children.is_empty())?;
    (document.text.trim().is_empty() && rest.trim().is_empty()).then_some(root)
}

/// Where the tag ends that `markup` begins with; a quoted `>` does not end it.
fn tag_end(markup: &str) -> Option<usize> {
    let mut quote = None;
    markup.bytes().position(|b| {
        match quote {
            Some(mark) if mark == b => quote = None,
            Some(_) => {}
            None if b == b'"' || b == b'\'' => quote = Some(b),
            None => return b == b'>',
        }
        false
    })
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn push_text(out: &mut String, mut text: &str) -> Option<()> {
    while let Some((before, after)) = text.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';')?;
        out.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            other => {
                let number = other.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        text = after;
    }
    out.push_str(text);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_nest_and_texts_are_read() {
        let text = "<?xml version=\"1.0\"?>\n<a:Root xmlns:a=\"x>y\"><!-- <no> --><B>1 &lt; 2 &#65;&#x42;</B>\
            <C/><D><![CDATA[<raw>]]></D></a:Root>\n";
        let root = parse(text).unwrap();
        assert_eq!(root.name, "Root");
        assert_eq!(root.child("B").unwrap().text, "1 < 2 AB");
        assert_eq!(root.child("C").unwrap(), &Element { name: "C".to_owned(), ..Element::default() });
        assert_eq!(root.find("D").unwrap().text, "<raw>");
    }

    #[test]
    fn what_is_no_xml_is_nothing() {
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&nope;</a>",
            "<a>&#xD800;</a>",
            "<a",
            "<!DOCTYPE x><a/>",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn documents_are_so_deep_and_so_large_and_no_more() {
        let deep = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
        assert!(parse(&deep(DEPTH_MAX)).is_some());
        assert_eq!(parse(&deep(DEPTH_MAX + 1)), None);
        assert_eq!(parse(&"<a>".repeat(1_000_000)), None);
        let wide = |n: usize| format!("<r>{}</r>", "<a/>".repeat(n - 1));
        assert_eq!(parse(&wide(ELEMENTS_MAX)).unwrap().children.len(), ELEMENTS_MAX - 1);
        assert_eq!(parse(&wide(ELEMENTS_MAX + 1)), None);
        // Nothing is expanded, so a text is never longer than it was.
        let entities = "<!DOCTYPE a [<!ENTITY x \"0123456789\">]><a>&x;</a>";
        assert_eq!(parse(entities), None);
        let text = "&#65;".repeat(100_000);
        assert_eq!(parse(&format!("<a>{text}</a>")).unwrap().text.len(), 100_000);
    }
}
