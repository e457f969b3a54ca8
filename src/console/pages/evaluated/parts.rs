//! The parts of an expression that have a value of their own, innermost first, so that it can be gone through step by step.
//!
//! They are found by brackets, separators and operators alone. Where the context is another one (behind the steps of a JSONata
//! path, in a predicate, in a function's body), nothing is taken out. What is not understood has no parts.

/// Parts of an expression at most.
const PARTS_MAX: usize = 40;
/// A longer expression has no parts.
const BYTES_MAX: usize = 8 * 1024;
/// Brackets within brackets that are looked into.
const DEPTH_MAX: usize = 12;

/// A part: where it stands in the expression, and what evaluates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Its first byte.
    pub(super) at: usize,
    /// It as it stands.
    pub(super) text: String,
    /// It with the statements before it, on which it may depend.
    pub(super) evaluates: String,
    /// How deep it stands.
    pub(super) depth: usize,
}

/// The parts of an expression, without itself.
pub(super) fn parts(expression: &str, is_jsonata: bool) -> Vec<Part> {
    let mut finder = Finder { text: expression, is_jsonata, parts: Vec::new() };
    if BYTES_MAX < expression.len() || finder.expression(0, expression.len(), 0).is_none() {
        return Vec::new();
    }
    let mut parts = finder.parts;
    parts.retain(|part| part.text != expression.trim());
    parts.truncate(PARTS_MAX);
    parts
}

struct Finder<'t> {
    text: &'t str,
    is_jsonata: bool,
    parts: Vec<Part>,
}

/// A piece of the text at the top of another piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// A bracket with what is in it.
    Brackets(u8, usize, usize),
    Quoted(usize),
    Operator(usize, usize),
    Dot(usize),
    Word(usize, usize),
}

impl Token {
    fn begin(self) -> usize {
        match self {
            Self::Brackets(_, at, _)
            | Self::Quoted(at)
            | Self::Operator(at, _)
            | Self::Dot(at)
            | Self::Word(at, _) => at,
        }
    }
}

impl Finder<'_> {
    /// Finds the parts between two places; `None` for what is not understood.
    fn expression(&mut self, from: usize, to: usize, depth: usize) -> Option<()> {
        if DEPTH_MAX < depth {
            return Some(());
        }
        let tokens = self.tokens(from, to)?;
        let is_operator = |token: &Token| matches!(token, Token::Operator(..));
        for (n, operand) in tokens.split(is_operator).enumerate() {
            let before = operand.first().and_then(|first| self.operator_before(&tokens, *first));
            // What a chain hands on to is a function, and what a name is bound to stands behind it.
            let is_function = matches!(operand.first(), Some(Token::Word(from, to)) if FUNCTIONS.contains(&self.text.get(*from..*to)?));
            let is_value = !is_function
                && before != Some("~>")
                && !(n == 0 && self.operator_behind(&tokens, operand) == Some(":="));
            if let (Some(first), true) = (operand.first(), is_value) {
                let end = operand.last().map_or_else(|| first.begin(), |last| self.end(*last));
                let below = if operand.len() == tokens.len() { depth } else { depth + 1 };
                self.operand(operand, below)?;
                self.add(first.begin(), end, None, below);
            }
        }
        Some(())
    }

    fn operator_before(&self, tokens: &[Token], first: Token) -> Option<&str> {
        let at = tokens.iter().position(|token| *token == first)?;
        match tokens.get(at.checked_sub(1)?)? {
            Token::Operator(from, to) => self.text.get(*from..*to),
            _ => None,
        }
    }

    fn operator_behind(&self, tokens: &[Token], operand: &[Token]) -> Option<&str> {
        match tokens.get(operand.len())? {
            Token::Operator(from, to) => self.text.get(*from..*to),
            _ => None,
        }
    }

    /// A value with the steps behind it.
    fn operand(&mut self, tokens: &[Token], depth: usize) -> Option<()> {
        let (first, rest) = tokens.split_first()?;
        let start = first.begin();
        let mut rest = rest;
        match *first {
            Token::Brackets(kind, open, close) => match kind {
                b'(' => self.block(open + 1, close, depth + 1)?,
                b'[' => self.list(open + 1, close, depth + 1)?,
                _ => self.object(open + 1, close, depth + 1)?,
            },
            Token::Word(from, to) => {
                let word = self.text.get(from..to)?;
                // `States.Format(`: the name of an intrinsic function has a dot.
                let is_intrinsic = !self.is_jsonata && word == "States";
                if is_intrinsic && let [Token::Dot(_), Token::Word(..), more @ ..] = rest {
                    rest = more;
                }
                if let [Token::Brackets(b'(', open, close), more @ ..] = rest {
                    self.list(open + 1, *close, depth + 1)?;
                    rest = more;
                }
            }
            Token::Quoted(_) => {}
            Token::Dot(_) | Token::Operator(..) => return None,
        }
        let mut rest = rest.iter().peekable();
        while let Some(token) = rest.next() {
            match token {
                // The end of the last step.
                Token::Dot(at) | Token::Brackets(b'[', at, _) => self.add(start, *at, None, depth + 1),
                _ => continue,
            }
            if matches!(token, Token::Dot(_)) {
                rest.next();
            }
        }
        Some(())
    }

    /// Statements, each with those before it.
    fn block(&mut self, from: usize, to: usize, depth: usize) -> Option<()> {
        let statements = self.separated(from, to, b';')?;
        if let [(from, to)] = statements.as_slice() {
            return self.expression(*from, *to, depth);
        }
        for (at, end) in statements {
            let so_far = self.text.get(from..end)?.to_owned();
            self.add(at, end, Some(format!("({so_far})")), depth);
        }
        Some(())
    }

    /// Arguments of a function, or items of a list.
    fn list(&mut self, from: usize, to: usize, depth: usize) -> Option<()> {
        for (at, end) in self.separated(from, to, b',')? {
            self.expression(at, end, depth)?;
        }
        Some(())
    }

    fn object(&mut self, from: usize, to: usize, depth: usize) -> Option<()> {
        for (at, end) in self.separated(from, to, b',')? {
            if let [_, (value, end)] = self.separated(at, end, b':')?.as_slice() {
                self.expression(*value, *end, depth)?;
            }
        }
        Some(())
    }

    /// The pieces between separators at the top.
    fn separated(&self, from: usize, to: usize, separator: u8) -> Option<Vec<(usize, usize)>> {
        let bytes = self.text.as_bytes();
        let (mut pieces, mut begin, mut at) = (Vec::new(), from, from);
        while at < to {
            match *bytes.get(at)? {
                byte if byte == separator => {
                    pieces.push((begin, at));
                    begin = at + 1;
                    at += 1;
                }
                _ => at = self.behind(at, to)?,
            }
        }
        pieces.push((begin, to));
        pieces.retain(|(from, to)| self.text.get(*from..*to).is_some_and(|text| !text.trim().is_empty()));
        Some(pieces)
    }

    fn tokens(&self, from: usize, to: usize) -> Option<Vec<Token>> {
        let bytes = self.text.as_bytes();
        let (mut tokens, mut at) = (Vec::new(), from);
        while at < to {
            let byte = *bytes.get(at)?;
            let end = self.behind(at, to)?;
            let is_value_before =
                tokens.last().is_some_and(|it| !matches!(it, Token::Operator(..) | Token::Dot(_)));
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b'(' | b'[' | b'{' => tokens.push(Token::Brackets(byte, at, end - 1)),
                b'\'' | b'"' | b'`' => tokens.push(Token::Quoted(at)),
                // Two dots search all levels.
                b'.' if bytes.get(at + 1) == Some(&b'.') => return None,
                b'.' => tokens.push(Token::Dot(at)),
                _ if is_word(byte) => {
                    let text = self.text.get(at..end)?;
                    let is_operator =
                        self.is_jsonata && is_value_before && matches!(text, "and" | "or" | "in");
                    tokens.push(if is_operator { Token::Operator(at, end) } else { Token::Word(at, end) });
                }
                // All members, or the parent.
                b'*' | b'%' if !is_value_before => tokens.push(Token::Word(at, end)),
                b'-' if !is_value_before => {}
                // A pattern, which may have anything in it.
                b'/' if !is_value_before => return None,
                _ if self.is_jsonata && OPERATORS.contains(&self.text.get(at..end)?) => {
                    tokens.push(Token::Operator(at, end));
                }
                _ => return None,
            }
            at = end;
        }
        Some(tokens)
    }

    /// The end of what begins there.
    fn behind(&self, at: usize, to: usize) -> Option<usize> {
        let bytes = self.text.as_bytes().get(..to)?;
        let byte = *bytes.get(at)?;
        match byte {
            b'(' | b'[' | b'{' => {
                let (mut inner, mut n_open) = (at, 0_usize);
                loop {
                    match *bytes.get(inner)? {
                        b'(' | b'[' | b'{' => n_open += 1,
                        b')' | b']' | b'}' if n_open == 1 => return Some(inner + 1),
                        b')' | b']' | b'}' => n_open -= 1,
                        quote @ (b'\'' | b'"' | b'`') => inner = behind_quoted(bytes, inner, quote)? - 1,
                        _ => {}
                    }
                    inner += 1;
                }
            }
            b'\'' | b'"' | b'`' => behind_quoted(bytes, at, byte),
            _ if is_word(byte) => {
                let more = bytes.get(at..)?.iter().take_while(|byte| is_word(**byte)).count();
                Some(at + more)
            }
            _ => {
                let operator = OPERATORS
                    .iter()
                    .find(|it| self.text.get(at..).is_some_and(|rest| rest.starts_with(**it)));
                Some(at + operator.map_or(1, |it| it.len()))
            }
        }
    }

    fn end(&self, token: Token) -> usize {
        match token {
            Token::Brackets(_, _, close) => close + 1,
            Token::Word(_, to) | Token::Operator(_, to) => to,
            Token::Dot(at) => at + 1,
            Token::Quoted(at) => self.behind(at, self.text.len()).unwrap_or(self.text.len()),
        }
    }

    /// Takes a part, if it is worth looking at.
    fn add(&mut self, from: usize, to: usize, evaluates: Option<String>, depth: usize) {
        let Some(text) = self.text.get(from..to) else { return };
        let at = from + text.len() - text.trim_start().len();
        let text = text.trim();
        let is_plain = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '\'' | '"'))
            || matches!(
                text,
                "" | "$" | "$$" | "$states" | "true" | "false" | "null" | "States" | "function"
            );
        if is_plain || self.parts.iter().any(|part| part.text == text && evaluates.is_none()) {
            return;
        }
        let evaluates = evaluates.unwrap_or_else(|| text.to_owned());
        self.parts.push(Part { at, text: text.to_owned(), evaluates, depth });
    }
}

fn behind_quoted(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut inner = at + 1;
    loop {
        match *bytes.get(inner)? {
            b'\\' if quote != b'`' => inner += 2,
            byte if byte == quote => return Some(inner + 1),
            _ => inner += 1,
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || 0x80 <= byte
}

/// What functions of one's own begin with.
const FUNCTIONS: [&str; 2] = ["function", "λ"];

/// JSONata's, the longer ones first.
const OPERATORS: [&str; 16] =
    ["!=", "<=", ">=", "~>", ":=", "+", "-", "*", "/", "%", "&", "=", "<", ">", "?", ":"];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(expression: &str, is_jsonata: bool) -> Vec<String> {
        parts(expression, is_jsonata).into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn paths_and_intrinsic_functions_have_parts() {
        for (expression, want) in [
            ("$.a", &[][..]),
            ("$.items[0].sku", &["$.items", "$.items[0]"]),
            ("$['a b'].c[?(@.x == 'y)')][0]", &["$['a b']", "$['a b'].c", "$['a b'].c[?(@.x == 'y)')]"]),
            ("$$.Execution.Id", &["$$.Execution"]),
            ("$..sku", &[]),
            (
                "States.Format('{} (of {})', $.items[0].sku, States.ArrayLength($.items))",
                &["$.items", "$.items[0]", "$.items[0].sku", "States.ArrayLength($.items)"],
            ),
            ("States.Format('no end", &[]),
        ] {
            assert_eq!(texts(expression, false), want, "{expression}");
        }
    }

    #[test]
    fn jsonata_has_parts_where_the_context_is_the_same() {
        for (expression, want) in [
            (
                "$sum($states.input.items.(price * quantity))",
                &["$states.input", "$states.input.items", "$states.input.items.(price * quantity)"][..],
            ),
            ("$a.b + 2 * $c", &["$a", "$a.b", "$c"]),
            ("$states.input.n > 1 ? 'many' : $one", &["$states.input", "$states.input.n", "$one"]),
            ("$map($states.input.n, function($v) { $v + 1 })", &["$states.input", "$states.input.n"]),
            ("{'a': $x.y, 'b': [$z, 1]}", &["$x", "$x.y", "$z", "[$z, 1]"]),
            ("$x[price > 2].sku", &["$x", "$x[price > 2]"]),
            ("$x ~> $sum()", &["$x"]),
            ("$replace($x, /a(/, 'b')", &[]),
            ("$x.*", &["$x"]),
            ("", &[]),
            ("((((", &[]),
        ] {
            assert_eq!(texts(expression, true), want, "{expression}");
        }
    }

    #[test]
    fn statements_are_evaluated_with_those_before_them() {
        let parts = parts("( $a := 1; $b := $a + 1; $b * 2 )", true);
        let told: Vec<_> = parts.iter().map(|it| (it.text.as_str(), it.evaluates.as_str())).collect();
        assert_eq!(
            told,
            [
                ("$a := 1", "( $a := 1)"),
                ("$b := $a + 1", "( $a := 1; $b := $a + 1)"),
                ("$b * 2", "( $a := 1; $b := $a + 1; $b * 2 )"),
            ]
        );
        assert_eq!(parts[1].at, "( $a := 1; ".len());
    }

    proptest::proptest! {
        #[test]
        fn anything_has_parts_or_none(text in "[$a-cé.\\[\\](){}'\"`,;:?*+/ 0-9=~>-]{0,60}", is_jsonata: bool) {
            for part in parts(&text, is_jsonata) {
                proptest::prop_assert!(text[part.at..].starts_with(&part.text));
            }
        }
    }
}
