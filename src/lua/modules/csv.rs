//! `csv.encode` and `csv.decode`: tables as RFC 4180 has them; text stays exact.

use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::memory_budget::{BudgetedText, MemoryBudget, used_up};
use crate::lua::params;
use csv::{ByteRecord, QuoteStyle, ReaderBuilder, Terminator, WriterBuilder};
use cumulua_core::catalog::suggest;
use cumulua_core::controls;
use mlua::{BString, Lua, LuaString, Table, Value};
use std::collections::BTreeSet;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function(
        "csv_encode",
        |lua, _, (rows, options): (Table, Option<Table>)| {
            let bad = |problem| Raised::invalid(format!("csv.encode: {problem}"));
            let known = ["columns", "header", "separator", "crlf"];
            let options = Options::of(options.as_ref(), &known).map_err(bad)?;
            let text =
                encode(&rows, &options, &MemoryBudget::of(lua)).map_err(
                    |failure| match failure {
                        Failed::Text(problem) => bad(problem),
                        Failed::Lua(failure) => failure.into(),
                    },
                )?;
            Ok(lua.create_string(text)?)
        },
    )?;
    bindings.function(
        "csv_decode",
        |lua, _, (text, options): (LuaString, Option<Table>)| {
            let bad = |problem| Raised::invalid(format!("csv.decode: {problem}"));
            let options = Options::of(options.as_ref(), &["header", "separator"]).map_err(bad)?;
            decode(lua, &text.as_bytes(), &options).map_err(|failure| match failure {
                Failed::Text(problem) => bad(problem),
                Failed::Lua(failure) => failure.into(),
            })
        },
    )
}

/// The byte order mark with which some programs begin a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

struct Options {
    /// What stands first, and in which order; all names in alphabetical order where it is not
    /// given.
    columns: Option<Vec<BString>>,
    header: bool,
    separator: u8,
    crlf: bool,
}

impl Options {
    fn of(table: Option<&Table>, known: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            columns: None,
            header: true,
            separator: b',',
            crlf: false,
        };
        for (key, value) in table
            .into_iter()
            .flat_map(|table| table.pairs::<Value, Value>().flatten())
        {
            let key = key.to_string().unwrap_or_default();
            let key = &*controls::name(&key);
            if !known.contains(&key) {
                let near = suggest::nearest(key, known.iter().copied());
                return Err(format!(
                    "unknown option {key:?}{}",
                    suggest::did_you_mean(&near)
                ));
            }
            match (key, value) {
                ("header", Value::Boolean(header)) => options.header = header,
                ("crlf", Value::Boolean(crlf)) => options.crlf = crlf,
                ("separator", Value::String(text))
                    if text.as_bytes().len() == 1 && !b"\"\r\n".contains(&text.as_bytes()[0]) =>
                {
                    options.separator = text.as_bytes()[0];
                }
                ("columns", Value::Table(names)) => {
                    let names: mlua::Result<Vec<BString>> = names.sequence_values().collect();
                    options.columns = Some(names.map_err(|_| "columns must be a list of names")?);
                }
                ("separator", _) => {
                    return Err("separator must be one character, as \";\" or \"\\t\"".to_owned());
                }
                ("columns", _) => return Err("columns must be a list of names".to_owned()),
                _ => return Err(format!("{key} must be true or false")),
            }
        }
        Ok(options)
    }
}

/// Bytes, because a field need not be UTF-8.
fn encode(rows: &Table, options: &Options, budget: &MemoryBudget) -> Result<Vec<u8>, Failed> {
    let rows: Vec<Table> = (1..=rows.raw_len())
        .map(|index| match rows.raw_get(index) {
            Ok(Value::Table(row)) => Ok(row),
            Ok(other) => Err(format!(
                "row {index} is a {}, must be a table",
                other.type_name()
            )),
            Err(failure) => Err(failure.to_string()),
        })
        .collect::<Result<_, _>>()?;
    // Lists of lists have no names; what a first empty row is decides nothing.
    let is_list = rows.iter().any(|row| row.raw_len() > 0);
    let mut writer = WriterBuilder::new()
        .delimiter(options.separator)
        .terminator(if options.crlf {
            Terminator::CRLF
        } else {
            Terminator::Any(b'\n')
        })
        .quote_style(QuoteStyle::Necessary)
        .flexible(true)
        .from_writer(BudgetedText::new(budget));
    let columns = match (&options.columns, is_list) {
        (Some(columns), _) => columns.clone(),
        (None, true) => Vec::new(),
        (None, false) => names(&rows)?,
    };
    if options.header && !columns.is_empty() {
        writer.write_record(&columns)?;
    }
    for (index, row) in rows.iter().enumerate() {
        let mut record = ByteRecord::new();
        if is_list {
            for position in 1..=row.raw_len() {
                cell(
                    &mut record,
                    row.raw_get(position),
                    index + 1,
                    &position.to_string(),
                    budget,
                )?;
            }
        } else {
            for name in &columns {
                cell(
                    &mut record,
                    row.get(name.clone()),
                    index + 1,
                    &name.to_string(),
                    budget,
                )?;
            }
        }
        writer.write_byte_record(&record)?;
        budget.give(record.as_slice().len());
    }
    let written = writer
        .into_inner()
        .map_err(|failure| csv::Error::from(failure.into_error()))?;
    let text = written.into_bytes();
    // Readers drop a mark at the beginning, which would be the first field's own.
    Ok(if text.starts_with(MARK) {
        [MARK, &text].concat()
    } else {
        text
    })
}

/// All names of all records.
fn names(rows: &[Table]) -> Result<Vec<BString>, String> {
    let mut names = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        for (key, _) in row.pairs::<Value, Value>().flatten() {
            match &key {
                Value::String(name) => names.insert(BString::from(&*name.as_bytes())),
                other => {
                    return Err(format!(
                        "row {} has the key {}, which is no name",
                        index + 1,
                        other.to_string().unwrap_or_default()
                    ));
                }
            };
        }
    }
    Ok(names.into_iter().collect())
}

fn cell(
    record: &mut ByteRecord,
    value: mlua::Result<Value>,
    row: usize,
    column: &str,
    budget: &MemoryBudget,
) -> Result<(), Failed> {
    let before = record.as_slice().len();
    match value? {
        Value::Nil => record.push_field(b""),
        Value::String(text) => {
            // Given back with the row.
            budget.take(text.as_bytes().len())?;
            record.push_field(&text.as_bytes());
            return Ok(());
        }
        Value::Table(_) => {
            return Err(Failed::Text(format!(
                "row {row}, {column}: is a table, which is no field; take json.encode of it"
            )));
        }
        other => match params::json(&other)? {
            serde_json::Value::Null => record.push_field(b""),
            serde_json::Value::String(text) => record.push_field(text.as_bytes()),
            scalar => record.push_field(scalar.to_string().as_bytes()),
        },
    }
    budget.take(record.as_slice().len() - before)?;
    Ok(())
}

/// Names that a header may have: each is held while the rows are read, and mlua holds a million
/// values at most.
const MOST_NAMES: usize = 100_000;

/// The rows, and the names of the columns where a header gives any.
type Decoded = (Table, Option<Vec<LuaString>>);

/// Why a text does not become tables, or they do not become a text.
enum Failed {
    /// They are none of the kind, and what is wrong.
    Text(String),
    /// Lua has no room for it.
    Lua(mlua::Error),
}

impl From<String> for Failed {
    fn from(problem: String) -> Self {
        Self::Text(problem)
    }
}

impl From<csv::Error> for Failed {
    fn from(failure: csv::Error) -> Self {
        match failure.into_kind() {
            csv::ErrorKind::Io(problem) => match used_up(&problem) {
                Some(failure) => Self::Lua(failure),
                None => Self::Text(problem.to_string()),
            },
            other => Self::Text(format!("{other:?}")),
        }
    }
}

impl From<mlua::Error> for Failed {
    fn from(failure: mlua::Error) -> Self {
        Self::Lua(failure)
    }
}

fn decode(lua: &Lua, text: &[u8], options: &Options) -> Result<Decoded, Failed> {
    // The reader drops a mark itself, and only one.
    let unmarked = text.strip_prefix(MARK).unwrap_or(text);
    if let Some(problem) = quoting_fault(unmarked, options.separator) {
        return Err(Failed::Text(problem));
    }
    if let Some(line) = too_wide(unmarked, options.separator) {
        return Err(Failed::Text(format!(
            "line {line} has more than {MOST_FIELDS} fields"
        )));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(options.separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let rows = lua.create_table()?;
    let mut header: Option<Vec<LuaString>> = None;
    let mut width = None;
    let mut count = 0;
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok((rows, header)),
            Err(failure) => return Err(Failed::Text(failure.to_string())),
        }
        let line = record.position().map_or(0, csv::Position::line);
        // A short or a long row is a misplaced separator or quotation mark, which must not shift
        // fields in silence.
        if *width.get_or_insert(record.len()) != record.len() {
            let expected = width.unwrap_or_default();
            let problem = format!(
                "line {line} has {} fields and the first line {expected}",
                record.len()
            );
            return Err(Failed::Text(problem));
        }
        if options.header && header.is_none() {
            if record.len() > MOST_NAMES {
                let problem = format!(
                    "the header on line {line} has more than {MOST_NAMES} names; header = false gives lists"
                );
                return Err(Failed::Text(problem));
            }
            let names: BTreeSet<_> = record.iter().collect();
            if names.len() < record.len() {
                return Err(Failed::Text(format!(
                    "the header on line {line} has a name twice; header = false gives lists"
                )));
            }
            let names = record.iter().map(|name| lua.create_string(name));
            header = Some(names.collect::<mlua::Result<_>>()?);
            continue;
        }
        let row = lua.create_table()?;
        for (index, field) in record.iter().enumerate() {
            let field = lua.create_string(field)?;
            match &header {
                Some(names) => row.raw_set(&names[index], field)?,
                None => row.raw_set(index + 1, field)?,
            }
        }
        count += 1;
        rows.raw_set(count, row)?;
    }
}

/// Fields of a row at most: the reader has a whole row beside the text, some twenty bytes a field.
const MOST_FIELDS: usize = 2_000_000;

/// The first line, from 1, with more separators than a row may have fields.
fn too_wide(text: &[u8], separator: u8) -> Option<usize> {
    let lines = text.split(|byte| *byte == b'\n');
    let is_wide = |line: &[u8]| {
        line.len() >= MOST_FIELDS && line.split(|byte| *byte == separator).count() > MOST_FIELDS
    };
    lines.into_iter().position(is_wide).map(|line| line + 1)
}

/// Where a text is in its field.
enum Within {
    /// Nothing of the field was there yet.
    Begin,
    /// In a field without quotation marks, where one is a character as any other.
    Plain,
    /// In a field that a mark on this line has opened.
    Quoted(usize),
    /// Behind a mark that has closed the field of that line, or that is the first of two within it.
    Closed(usize),
}

/// What is wrong with the quotation marks: the reader takes what follows one that is never closed for
/// one field, and what follows a closed one for more of it, without a word.
fn quoting_fault(text: &[u8], separator: u8) -> Option<String> {
    let mut line = 1;
    let mut within = Within::Begin;
    for byte in text {
        let is_end = [separator, b'\n', b'\r'].contains(byte);
        within = match (within, *byte) {
            (Within::Begin, b'"') => Within::Quoted(line),
            (Within::Quoted(begun), b'"') => Within::Closed(begun),
            (Within::Closed(begun), b'"') | (Within::Quoted(begun), _) => Within::Quoted(begun),
            (_, _) if is_end => Within::Begin,
            (Within::Closed(_), _) => {
                return Some(format!(
                    "on line {line} a field goes on behind its closing quotation mark; one within a field is written twice"
                ));
            }
            _ => Within::Plain,
        };
        line += usize::from(*byte == b'\n');
    }
    match within {
        Within::Quoted(begun) => Some(format!(
            "the quotation mark on line {begun} is never closed"
        )),
        _ => None,
    }
}
