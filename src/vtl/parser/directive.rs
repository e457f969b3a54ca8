//! Directives with arguments, macros, and calls of macros.

use std::sync::Arc;

use super::{Nodes, Parser};
use crate::vtl::ast::{
    Block, Call, Constant, Expression, Foreach, Macro, Node, Reference, ReferenceKind, Slot,
};
use crate::vtl::error::ParseError;
use crate::vtl::token::{Kind, Token};

/// The directives that are not part of the grammar itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Directive {
    Foreach,
    Macro,
    Define,
    Literal,
    Evaluate,
    Break,
    Stop,
    Include,
    Parse,
}

impl Directive {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "foreach" => Self::Foreach,
            "macro" => Self::Macro,
            "define" => Self::Define,
            "literal" => Self::Literal,
            "evaluate" => Self::Evaluate,
            "break" => Self::Break,
            "stop" => Self::Stop,
            "include" => Self::Include,
            "parse" => Self::Parse,
            _ => return None,
        })
    }

    fn has_block(self) -> bool {
        matches!(self, Self::Foreach | Self::Macro | Self::Define | Self::Literal)
    }
}

/// An argument of a directive.
enum Argument {
    /// A bare word, such as the `in` of `#foreach`.
    Word(Token),
    Value(Token, Expression),
}

/// A directive's name, as written and as interpreted.
struct Head<'s> {
    token: Token,
    name: &'s str,
    directive: Option<Directive>,
}

impl<'s> Parser<'s, '_> {
    pub(super) fn directive(&mut self, nodes: &mut Nodes) -> Result<(), ParseError> {
        let token = self.take()?;
        let image = self.image(token);
        let name = match token.kind {
            Kind::BracketedWord => image.get(2..image.len() - 1),
            _ => image.get(1..),
        }
        .unwrap_or_default();
        let directive = Directive::named(name);
        let head = Head { token, name, directive };
        if let Some(refused @ (Directive::Include | Directive::Parse)) = directive {
            let name = if refused == Directive::Include { "#include" } else { "#parse" };
            return Err(self.error(token, &format!("{name} is not available in mapping templates")));
        }
        self.lexer.enter_directive();
        if !self.lexer.is_left_parenthesis_ahead() {
            self.lexer.pop();
            return self.without_arguments(&head, nodes);
        }
        self.skip_whitespace()?;
        self.expect(Kind::ParenOpen, &format!("after #{name}"))?;
        let arguments = self.nested(token, |parser| parser.arguments(&head))?;
        let close = self.expect(Kind::ParenClose, &format!("to close the arguments of #{name}"))?;
        let is_block_call = directive.is_none() && name.starts_with('@');
        if !is_block_call && !directive.is_some_and(Directive::has_block) {
            let node = self.line_directive(&head, arguments, close)?;
            nodes.push(node);
            return Ok(());
        }
        if directive == Some(Directive::Macro) {
            return self.nested(token, |parser| parser.macro_directive(&head, arguments));
        }
        let opener = format!("`#{name}`");
        let (body, end) = self.nested(token, |parser| parser.block(&[Kind::End], Some((token, &opener))))?;
        if directive == Some(Directive::Literal) {
            let mut at = close.end;
            let within = self.comments.iter().filter(|(start, _)| close.end <= *start);
            for (start, comment_end) in within {
                nodes.text(self.source.text.get(at..*start).unwrap_or_default());
                at = *comment_end;
            }
            nodes.text(self.source.text.get(at..end.start).unwrap_or_default());
            return Ok(());
        }
        let node = self.block_directive(&head, arguments, body, (close, end))?;
        nodes.push(node);
        Ok(())
    }

    fn without_arguments(&mut self, head: &Head<'s>, nodes: &mut Nodes) -> Result<(), ParseError> {
        let image = self.image(head.token);
        match head.directive {
            None if head.name.starts_with('@') => nodes.text(&format!("#{}", head.name)),
            None => {
                let mut literal = self.lexer.special_text(head.token.specials);
                literal.push_str(image);
                nodes.push(Node::Call(Box::new(Call {
                    name: head.name.into(),
                    arguments: Box::default(),
                    body: None,
                    literal: literal.into(),
                    at: self.offset(head.token.start),
                })));
            }
            Some(Directive::Stop) => nodes.push(Node::Stop(self.offset(head.token.start))),
            Some(Directive::Break) => nodes.push(Node::Break(None, self.offset(head.token.start))),
            Some(Directive::Macro) => {
                return Err(self.error(head.token, "a #macro needs a name: `#macro(name $argument …)`"));
            }
            Some(
                Directive::Foreach
                | Directive::Define
                | Directive::Literal
                | Directive::Evaluate
                | Directive::Include
                | Directive::Parse,
            ) => return Err(self.error(head.token, &format!("expected `(` after #{}", head.name))),
        }
        Ok(())
    }

    /// Parses arguments, which are separated by blanks or commas.
    fn arguments(&mut self, head: &Head<'s>) -> Result<Vec<Argument>, ParseError> {
        let mut arguments = Vec::new();
        loop {
            self.skip_whitespace()?;
            if self.peek()?.kind == Kind::ParenClose {
                return Ok(arguments);
            }
            if self.take_if(Kind::Comma)?.is_some() {
                self.skip_whitespace()?;
            }
            let token = self.peek()?;
            if token.kind == Kind::Word {
                self.take()?;
                self.check_word(head, arguments.len(), token)?;
                arguments.push(Argument::Word(token));
                continue;
            }
            if head.directive == Some(Directive::Macro) && arguments.is_empty() {
                let message = "the first argument of #macro is its name, a word without quotes or `$`";
                return Err(self.error(token, message));
            }
            let Some(value) = self.simple_value()? else {
                let found = self.describe(token);
                let message = format!(
                    "an argument of #{} must be a reference, a string, a number, a list, a map or a boolean; found {found}",
                    head.name
                );
                return Err(self.error(token, &message));
            };
            arguments.push(Argument::Value(token, value));
        }
    }

    fn check_word(&self, head: &Head<'s>, index: usize, token: Token) -> Result<(), ParseError> {
        let is_allowed = match head.directive {
            Some(Directive::Macro) => index == 0,
            Some(Directive::Foreach) => index == 1,
            Some(
                Directive::Define
                | Directive::Literal
                | Directive::Evaluate
                | Directive::Break
                | Directive::Stop
                | Directive::Include
                | Directive::Parse,
            ) => false,
            // If the macro isn't known yet, the error comes when it is called.
            None => !self.tables.macros.contains_key(head.name),
        };
        if is_allowed {
            return Ok(());
        }
        let word = self.image(token);
        Err(self
            .error(token, &format!("argument `{word}` of #{} is neither quoted nor a reference", head.name)))
    }

    fn line_directive(
        &mut self,
        head: &Head<'s>,
        arguments: Vec<Argument>,
        close: Token,
    ) -> Result<Node, ParseError> {
        match head.directive {
            Some(Directive::Stop) => Ok(Node::Stop(self.offset(head.token.start))),
            Some(Directive::Break) => {
                let at = self.offset(head.token.start);
                let mut arguments = arguments.into_iter();
                match (arguments.next(), arguments.next()) {
                    (None, _) => Ok(Node::Break(None, at)),
                    (Some(Argument::Value(_, scope)), None) => Ok(Node::Break(Some(Box::new(scope)), at)),
                    (Some(_), _) => Err(self.error(head.token, "#break takes one argument at most")),
                }
            }
            Some(Directive::Evaluate) => self.evaluate_directive(head, arguments),
            Some(
                Directive::Foreach
                | Directive::Macro
                | Directive::Define
                | Directive::Literal
                | Directive::Include
                | Directive::Parse,
            )
            | None => Ok(Node::Call(Box::new(self.call(head, arguments, None, close)))),
        }
    }

    fn evaluate_directive(&mut self, head: &Head<'s>, arguments: Vec<Argument>) -> Result<Node, ParseError> {
        let mut arguments = arguments.into_iter();
        let (Some(Argument::Value(token, text)), None) = (arguments.next(), arguments.next()) else {
            return Err(self.error(head.token, "#evaluate takes exactly one argument"));
        };
        if !matches!(token.kind, Kind::Quoted | Kind::Identifier | Kind::BraceOpen) {
            return Err(self.error(token, "#evaluate takes a string or a reference"));
        }
        // The evaluated text may use names that this template does not.
        for name in ["foreach", "velocityCount", "velocityHasNext"] {
            self.tables.names.slot(name);
        }
        Ok(Node::Evaluate(Box::new(text), self.offset(head.token.start)))
    }

    fn call(&self, head: &Head<'s>, arguments: Vec<Argument>, body: Option<Block>, last: Token) -> Call {
        let mut literal = self.lexer.special_text(head.token.specials);
        literal.push_str(self.source.text.get(head.token.start..last.end).unwrap_or_default());
        let arguments = arguments.into_iter().map(|argument| {
            Arc::new(match argument {
                Argument::Value(_, value) => value,
                Argument::Word(token) => Expression::Reference(Box::new(Reference {
                    slot: 0,
                    steps: Box::default(),
                    null_text: Box::default(),
                    literal: self.image(token).into(),
                    prefix: Box::default(),
                    backslashes: Box::default(),
                    is_escaped: false,
                    kind: ReferenceKind::Word,
                    at: self.offset(token.start),
                })),
            })
        });
        Call {
            name: head.name.trim_start_matches('@').into(),
            arguments: arguments.collect(),
            body: body.map(Arc::new),
            literal: literal.into(),
            at: self.offset(head.token.start),
        }
    }

    fn block_directive(
        &mut self,
        head: &Head<'s>,
        arguments: Vec<Argument>,
        body: Block,
        (close, end): (Token, Token),
    ) -> Result<Node, ParseError> {
        match head.directive {
            Some(Directive::Foreach) => self.foreach_directive(head, arguments, body, close),
            Some(Directive::Define) => {
                let mut arguments = arguments.into_iter();
                let (Some(Argument::Value(token, target)), None) = (arguments.next(), arguments.next())
                else {
                    return Err(self.error(head.token, "#define takes one reference: `#define($name)`"));
                };
                let at = self.offset(head.token.start);
                Ok(Node::Define(self.parameter_slot(token, &target), Arc::new(body), at))
            }
            Some(
                Directive::Macro
                | Directive::Literal
                | Directive::Evaluate
                | Directive::Break
                | Directive::Stop
                | Directive::Include
                | Directive::Parse,
            )
            | None => {
                self.tables.names.slot(crate::vtl::BODY_CONTENT);
                Ok(Node::Call(Box::new(self.call(head, arguments, Some(body), end))))
            }
        }
    }

    fn foreach_directive(
        &mut self,
        head: &Head<'s>,
        arguments: Vec<Argument>,
        body: Block,
        close: Token,
    ) -> Result<Node, ParseError> {
        let usage = "expected `#foreach($item in $list)`";
        let n_arguments = arguments.len();
        if !(2..=3).contains(&n_arguments) {
            return Err(self.error(head.token, usage));
        }
        let mut arguments = arguments.into_iter();
        let variable = match arguments.next() {
            Some(Argument::Value(_, Expression::Reference(variable))) => variable.slot,
            Some(Argument::Value(token, other)) => self.parameter_slot(token, &other),
            Some(Argument::Word(_)) | None => return Err(self.error(head.token, usage)),
        };
        if self.tables.names.name(variable) == "foreach" {
            return Err(
                self.error(head.token, "`$foreach` is the loop itself, choose another name for its items")
            );
        }
        let items = match (n_arguments, arguments.nth(1)) {
            (_, Some(Argument::Value(_, items))) => items,
            // Without a list, Velocity loops over nothing.
            (2, None) => Expression::Constant(Constant::Bool(false)),
            (_, Some(Argument::Word(_)) | None) => return Err(self.error(head.token, usage)),
        };
        let (at, end) = (self.offset(head.token.start), self.offset(close.end));
        Ok(Node::Foreach(Box::new(Foreach { variable, items, body, at, end })))
    }

    /// The variable that an argument names. Velocity accepts anything, even what no reference can name.
    fn parameter_slot(&mut self, token: Token, argument: &Expression) -> Slot {
        match argument {
            Expression::Reference(reference) => self.target_slot(reference),
            _ => self.tables.names.slot(self.image(token)),
        }
    }

    fn macro_directive(&mut self, head: &Head<'s>, arguments: Vec<Argument>) -> Result<(), ParseError> {
        let mut arguments = arguments.into_iter();
        let name = match arguments.next() {
            Some(Argument::Word(token)) => self.image(token),
            Some(Argument::Value(..)) | None => {
                return Err(self.error(head.token, "a #macro needs a name: `#macro(name $argument …)`"));
            }
        };
        let mut parameters = Vec::new();
        for argument in arguments {
            match argument {
                Argument::Value(token, parameter) => parameters.push(self.parameter_slot(token, &parameter)),
                Argument::Word(token) => {
                    let found = self.describe(token);
                    let message =
                        format!("a parameter of #macro is a reference such as `$name`, found {found}");
                    return Err(self.error(token, &message));
                }
            }
        }
        let (body, _) = self.block(&[Kind::End], Some((head.token, "`#macro`")))?;
        let parameters = parameters.into();
        self.tables.macros.insert(name.into(), Arc::new(Macro { parameters, body }));
        Ok(())
    }
}
