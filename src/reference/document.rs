//! A page of the reference as data, before it is terminal text or HTML.

use cumulua_core::catalog::ServiceModel;

/// A page.
#[derive(Debug, Clone)]
pub struct Document {
    /// The name that it is asked for by, as `cds.ccs.CreateInstance`.
    pub name: String,
    /// The vendor's own term.
    pub term: Option<String>,
    /// One or two sentences.
    pub summary: Line,
    /// The rest.
    pub blocks: Vec<Block>,
}

/// Text with code and links in it.
#[derive(Debug, Clone, Default)]
pub struct Line(pub Vec<Span>);

/// A piece of a [`Line`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Prose.
    Text(String),
    /// A name or value as it stands in a script.
    Code(String),
    /// Leads to another page.
    Link {
        /// What the reader sees.
        text: String,
        /// The other page's name.
        page: String,
    },
}

/// A part of a page.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading.
    Heading(&'static str),
    /// A paragraph.
    Text(Line),
    /// Names with a short text each.
    Facts(Vec<(&'static str, Line)>),
    /// A table.
    Table {
        /// Its columns' titles.
        head: Vec<&'static str>,
        /// Its rows.
        rows: Vec<Row>,
    },
    /// A piece of code.
    Code {
        /// `lua` or `json`.
        language: &'static str,
        /// Without a line feed at its end.
        text: String,
    },
    /// Remarks.
    Notes(Vec<Line>),
}

/// A row of a table.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// How deep its first cell is nested.
    pub depth: usize,
    /// A cell is a few short paragraphs.
    pub cells: Vec<Vec<Line>>,
}

impl Line {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().and(text)
    }

    /// One name or value.
    pub fn code(text: impl Into<String>) -> Self {
        Self::default().and_code(text)
    }

    /// A link that shows the page's own name.
    pub fn link(page: &str) -> Self {
        Self::default().and_link(page, page)
    }

    /// Prose of the catalogue, in which the service's Actions become links.
    pub fn prose(text: &str, service: &ServiceModel) -> Self {
        let mut line = Self::default();
        let mut plain = String::new();
        for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            // One capital is an English word that happens to be a name as well.
            let linked = name.chars().filter(char::is_ascii_uppercase).count() > 1;
            match service.action(name).filter(|_| linked) {
                Some(action) => {
                    line = line
                        .and(std::mem::take(&mut plain))
                        .and_link(name, &action.full_name);
                    plain.push_str(&word[name.len()..]);
                }
                None => plain.push_str(word),
            }
        }
        line.and(plain)
    }

    /// The line, followed by prose.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Span::Text(text));
        }
        self
    }

    /// The line, followed by code.
    #[must_use]
    pub fn and_code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }

    /// The line, followed by a link.
    #[must_use]
    pub fn and_link(mut self, text: &str, page: &str) -> Self {
        self.0.push(Span::Link {
            text: text.to_owned(),
            page: page.to_owned(),
        });
        self
    }

    /// The line, followed by code separated by commas.
    #[must_use]
    pub fn and_codes<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Self {
        for (index, code) in codes.into_iter().enumerate() {
            if index > 0 {
                self = self.and(", ");
            }
            self = self.and_code(code);
        }
        self
    }

    /// Without its links and code marks.
    pub fn plain(&self) -> String {
        let text = |span: &Span| match span {
            Span::Text(text) | Span::Code(text) | Span::Link { text, .. } => text.clone(),
        };
        self.0.iter().map(text).collect()
    }
}

impl Row {
    /// A row whose cells have one paragraph each.
    pub fn of(cells: impl IntoIterator<Item = Line>) -> Self {
        Self {
            depth: 0,
            cells: cells.into_iter().map(|line| vec![line]).collect(),
        }
    }
}

impl Document {
    /// An empty page.
    pub fn new(name: &str, term: Option<&str>, summary: Line) -> Self {
        Self {
            name: name.to_owned(),
            term: term.map(str::to_owned),
            summary,
            blocks: Vec::new(),
        }
    }

    /// Adds a heading with what stands below it, or nothing where nothing does.
    pub fn section(&mut self, heading: &'static str, blocks: impl IntoIterator<Item = Block>) {
        let mut blocks = blocks.into_iter().peekable();
        if blocks.peek().is_some() {
            self.blocks.push(Block::Heading(heading));
            self.blocks.extend(blocks);
        }
    }
}

impl Block {
    /// A table, or nothing where it has no rows.
    pub fn table(head: &[&'static str], rows: Vec<Row>) -> Option<Self> {
        (!rows.is_empty()).then(|| Self::Table {
            head: head.to_vec(),
            rows,
        })
    }

    /// Lua code.
    pub fn lua(text: impl Into<String>) -> Self {
        Self::Code {
            language: "lua",
            text: text.into(),
        }
    }
}
