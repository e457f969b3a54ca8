//! The tokens of Velocity's grammar.

/// The kinds of tokens. The names follow the grammar of Velocity 1.7.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `[` after a reference.
    IndexOpen,
    /// `]` after an index.
    IndexClose,
    ListOpen,
    ListClose,
    Comma,
    DoubleDot,
    Colon,
    MapOpen,
    MapClose,
    ParenOpen,
    /// `)` of a directive, with the blanks and the line end after it.
    ParenClose,
    /// `)` of a method call.
    CallClose,
    /// `\#if` or another escaped directive, with all backslashes.
    EscapedDirective,
    /// `#set(`, with the blanks before it.
    SetDirective,
    LineCommentOpen,
    LineCommentClose,
    BlockComment,
    Textblock,
    DoubleBackslash,
    Backslash,
    Text,
    Whitespace,
    Quoted,
    True,
    False,
    Minus,
    Plus,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    End,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    Word,
    BracketedWord,
    Identifier,
    Dot,
    BraceOpen,
    BraceClose,
    /// `$[` or `$.`, which is plain text.
    EmptyIndex,
    EndOfTemplate,
}

/// A piece of source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where the token begins, including text that the lexer attached in front of it (the `$` of `$name`).
    pub(super) start: usize,
    pub(super) end: usize,
    /// The pieces before `start` that looked like a reference or directive but were not.
    pub(super) specials: Specials,
}

/// A range of the lexer's list of special pieces.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Specials {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Kind {
    /// The token's name for error messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::IndexOpen | Self::ListOpen => "`[`",
            Self::IndexClose | Self::ListClose => "`]`",
            Self::Comma => "`,`",
            Self::DoubleDot => "`..`",
            Self::Colon => "`:`",
            Self::MapOpen | Self::BraceOpen => "`{`",
            Self::MapClose | Self::BraceClose => "`}`",
            Self::ParenOpen => "`(`",
            Self::ParenClose | Self::CallClose => "`)`",
            Self::EscapedDirective => "an escaped directive",
            Self::SetDirective => "`#set(`",
            Self::LineCommentOpen | Self::LineCommentClose | Self::BlockComment => "a comment",
            Self::Textblock => "`#[[…]]#`",
            Self::DoubleBackslash | Self::Backslash => "a backslash",
            Self::Text => "text",
            Self::Whitespace => "a blank",
            Self::Quoted => "a quoted string",
            Self::True => "`true`",
            Self::False => "`false`",
            Self::Minus => "`-`",
            Self::Plus => "`+`",
            Self::Multiply => "`*`",
            Self::Divide => "`/`",
            Self::Modulo => "`%`",
            Self::And => "`&&`",
            Self::Or => "`||`",
            Self::Less => "`<`",
            Self::LessOrEqual => "`<=`",
            Self::Greater => "`>`",
            Self::GreaterOrEqual => "`>=`",
            Self::Equal => "`==`",
            Self::NotEqual => "`!=`",
            Self::Not => "`!`",
            Self::Assign => "`=`",
            Self::End => "`#end`",
            Self::If => "`#if`",
            Self::ElseIf => "`#elseif`",
            Self::Else => "`#else`",
            Self::Integer | Self::Float => "a number",
            Self::Word | Self::BracketedWord | Self::Identifier => "a name",
            Self::Dot => "`.`",
            Self::EmptyIndex => "`$[`",
            Self::EndOfTemplate => "the end of the template",
        }
    }
}
