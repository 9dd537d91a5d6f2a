//! Where lines break: as rustfmt would break them at 120 columns with `use_small_heuristics = "Max"`, so that the
//! generated file is one a person could have formatted.
//!
//! Only the shapes main.rs is made of: calls of calls, arrays of them, and generic types.

/// The widest line.
const WIDTH: usize = 120;

/// An expression, or a type: both break in the same way.
#[derive(Clone, Debug)]
pub enum Expr {
    /// Text that never breaks.
    Text(String),
    /// A list between brackets, with something before and something after it.
    List {
        /// What stands before the bracket: a function's name.
        head: String,
        /// The brackets.
        brackets: (char, char),
        /// What is between them.
        items: Vec<Expr>,
        /// What is called on the result: `.await?`.
        tail: &'static str,
    },
}

impl Expr {
    /// Text that never breaks.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// `function(items…)`.
    pub fn call(function: impl Into<String>, items: Vec<Self>) -> Self {
        Self::List { head: function.into(), brackets: ('(', ')'), items, tail: "" }
    }

    /// `&[items…]`.
    pub fn array(items: Vec<Self>) -> Self {
        Self::List { head: "&".into(), brackets: ('[', ']'), items, tail: "" }
    }

    /// `path<items…>`.
    pub fn applied(path: impl Into<String>, items: Vec<Self>) -> Self {
        let path = path.into();
        if items.is_empty() {
            Self::Text(path)
        } else {
            Self::List { head: path, brackets: ('<', '>'), items, tail: "" }
        }
    }

    /// With something called on it.
    pub fn then(self, call: &'static str) -> Self {
        match self {
            Self::Text(text) => Self::Text(text + call),
            Self::List { head, brackets, items, .. } => Self::List { head, brackets, items, tail: call },
        }
    }

    fn flat(&self) -> String {
        self.flat_without_tail() + self.tail()
    }

    fn tail(&self) -> &'static str {
        if let Self::List { tail, .. } = self { tail } else { "" }
    }

    /// Whether the tail goes on a line of its own where there is no room: `.await` does, a mere `?` stays at its bracket.
    fn chained(&self) -> bool {
        self.tail().starts_with('.')
    }

    fn flat_without_tail(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List { head, brackets: (open, close), items, .. } => {
                let items = items.iter().map(Self::flat).collect::<Vec<_>>().join(", ");
                format!("{head}{open}{items}{close}")
            }
        }
    }

    /// The expression in lines, the first of which begins at column `column` and the others at `indent`; `after` is
    /// how much follows the last.
    fn lines(&self, indent: usize, column: usize, after: usize) -> String {
        let flat = self.flat();
        match self {
            Self::List { head, brackets: (open, close), items, tail }
                if column + width(&flat) + after > WIDTH && !items.is_empty() =>
            {
                let inner = indent + 4;
                let margin = " ".repeat(inner);
                let call = self.flat_without_tail();
                if self.chained() && column + width(&call) <= WIDTH {
                    return format!("{call}\n{margin}{tail}");
                }
                let items: String =
                    items.iter().map(|item| format!("{margin}{},\n", item.lines(inner, inner, 1))).collect();
                let margin = " ".repeat(indent);
                let tail = if self.chained() { format!("\n{margin}{tail}") } else { (*tail).to_owned() };
                format!("{head}{open}\n{items}{margin}{close}{tail}")
            }
            _ => flat,
        }
    }
}

/// `left = expression;`, on the next line if it fits there whole and not here.
pub fn assign(indent: usize, left: &str, right: &Expr) -> String {
    let margin = " ".repeat(indent);
    let column = indent + width(left) + 3;
    let (flat, call) = (right.flat(), right.flat_without_tail());
    let tail = right.tail();
    // rustfmt keeps a column free for what a chain ends with.
    let most = WIDTH - usize::from(right.chained());
    if column + width(&flat) < most {
        format!("{margin}{left} = {flat};\n")
    } else if indent + 4 + width(&flat) < most || matches!(right, Expr::Text(_)) {
        format!("{margin}{left} =\n{margin}    {flat};\n")
    } else if right.chained() && indent + 4 + width(&call) <= WIDTH && column + width(&call) >= WIDTH {
        format!("{margin}{left} =\n{margin}    {call}\n{margin}        {tail};\n")
    } else {
        format!("{margin}{left} = {};\n", right.lines(indent, column, 1))
    }
}

/// The expression a block ends with, or a statement if something follows it.
pub fn statement(indent: usize, expression: &Expr, end: &str) -> String {
    format!("{}{}{end}\n", " ".repeat(indent), expression.lines(indent, indent, width(end)))
}

/// Text cut into `// ` lines.
pub fn comment(text: &str) -> String {
    let mut lines: Vec<String> = vec![];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("// {word}")),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// A string as a Rust literal.
pub fn literal(text: &str) -> Expr {
    Expr::Text(format!("{text:?}"))
}

fn width(text: &str) -> usize {
    text.chars().count()
}
