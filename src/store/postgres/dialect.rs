//! From the SQL that rooms write to PostgreSQL's.

/// What stands in statements that make tables, and what it is here. Texts compare by their bytes.
const TABLE_WORDS: &[(&str, &str)] =
    &[("INTEGER", "BIGINT"), ("BLOB", "BYTEA"), ("TEXT", "TEXT COLLATE \"C\"")];
/// How SQLite is told to keep a table in the order of its key.
const WITHOUT_ROWID: &str = "WITHOUT ROWID";

/// A statement with parameters: `?1` is `$1`.
pub(super) fn statement(sql: &str) -> String {
    outside_quotes(sql, |part, into| into.push_str(&part.replace('?', "$")))
}

/// Statements that make tables.
pub(super) fn tables(sql: &str) -> String {
    outside_quotes(sql, |part, into| {
        let part = part.replace(WITHOUT_ROWID, "");
        let mut rest = part.as_str();
        while let Some(from) = rest.find(is_of_word) {
            let len = rest[from..].find(|c| !is_of_word(c)).unwrap_or(rest.len() - from);
            let word = &rest[from..from + len];
            let known = TABLE_WORDS.iter().find(|(own, _)| *own == word);
            into.push_str(&rest[..from]);
            into.push_str(known.map_or(word, |(_, theirs)| theirs));
            rest = &rest[from + len..];
        }
        into.push_str(rest);
    })
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Lets `part` write what is outside of literals, and copies these.
fn outside_quotes(sql: &str, part: impl Fn(&str, &mut String)) -> String {
    let mut into = String::with_capacity(sql.len() + 16);
    // A quote in a literal is doubled: it ends one literal and begins another.
    for (n, piece) in sql.split('\'').enumerate() {
        if n % 2 == 0 {
            part(piece, &mut into);
        } else {
            into.push('\'');
            into.push_str(piece);
            into.push('\'');
        }
    }
    into
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_named_alike_and_literals_stay() {
        assert_eq!(
            statement("SELECT a FROM t WHERE b = ?1 AND (?12 = '' OR c = 'what?1''s')"),
            "SELECT a FROM t WHERE b = $1 AND ($12 = '' OR c = 'what?1''s')"
        );
    }

    #[test]
    fn tables_have_types_of_this_database() {
        assert_eq!(
            tables(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, TEXTS BLOB, PRIMARY KEY (a)) WITHOUT ROWID;
INSERT INTO t VALUES (1, 'a TEXT', 'INTEGER')"
            ),
            "CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT COLLATE \"C\", TEXTS BYTEA, PRIMARY KEY (a)) ;
INSERT INTO t VALUES (1, 'a TEXT', 'INTEGER')"
        );
    }
}
