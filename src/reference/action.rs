//! The page of an Action.

use super::document::{Block, Document, Line, Row};
use super::{describe, example, lifecycle};
use cumulua_core::catalog::{
    Action, Again, Matcher, PageStyle, PaginatorModel, Required, TaskState,
};

/// Everything that the catalogue has on an Action.
pub(super) fn document(action: &Action) -> Document {
    let mut page = Document::new(
        &action.full_name,
        action.term.as_deref(),
        Line::prose(&action.summary, &action.service),
    );
    page.blocks.push(Block::Facts(facts(action)));
    page.section("Parameters", parameters(action));
    page.section("Example call", [Block::lua(example_call(action))]);
    page.section(
        "Example answer",
        [Block::Code {
            language: "json",
            text: example::answer(action),
        }],
    );
    page.section("Answer fields", answer_fields(action));
    page.section("Waiting", waiting(action));
    page.section("Lifecycle", lifecycle::section(action));
    page.section(
        "Paging",
        action
            .paginator
            .as_ref()
            .map(|paginator| paging(action, paginator))
            .unwrap_or_default(),
    );
    page.section("Errors", errors(action));
    page.section("Sending again", sending_again(action));
    let notes: Vec<Line> = action
        .notes
        .iter()
        .map(|note| Line::prose(note, &action.service))
        .collect();
    page.section("Notes", (!notes.is_empty()).then_some(Block::Notes(notes)));
    page
}

fn facts(action: &Action) -> Vec<(&'static str, Line)> {
    let mut facts = Vec::new();
    if let Some(deprecation) = &action.deprecated {
        let mut line = Line::text(&deprecation.why);
        for (index, name) in deprecation.instead.iter().enumerate() {
            line = line.and(if index == 0 { "; use " } else { " or " });
            line = line.and_link(name, name);
        }
        facts.push(("Deprecated", line));
    }
    facts.push(("Effect", Line::text(describe::effect(action))));
    let others = action.methods[1.min(action.methods.len())..]
        .iter()
        .map(|method| method.as_str());
    let method = Line::code(action.method().as_str());
    let others: Vec<_> = others.collect();
    facts.push((
        "Method",
        if others.is_empty() {
            method
        } else {
            method.and(format!(" ({} is documented too)", others.join(", ")))
        },
    ));
    match action.host() {
        Some(host) => facts.push(("Host", Line::code(host))),
        None => facts.push(("Host", Line::text("the URL that the profile gives"))),
    }
    if action.host().is_some() {
        facts.push(("Path", Line::code(action.path())));
    }
    facts.extend(
        action
            .version()
            .map(|version| ("Version", Line::code(version))),
    );
    facts.push((
        "Service",
        Line::link(&action.service.service)
            .and(": ")
            .and(&action.service.title),
    ));
    let source = action.source();
    let line = action
        .line
        .map_or(String::new(), |line| format!(", line {line}"));
    facts.push((
        "Source",
        Line::text(format!("{}{line} ({})", source.file, source.title)),
    ));
    if let Some(download) = &action.download {
        facts.push((
            "File",
            Line::text("the option ")
                .and_code("file = PATH")
                .and(" receives what stands at ")
                .and_code(&download.url),
        ));
    }
    if let Some((newer, line)) = action.newer_source() {
        let text = format!("{}, line {line} ({})", newer.file, newer.title);
        facts.push(("Newer source", Line::text(text)));
    }
    facts
}

fn parameters(action: &Action) -> Vec<Block> {
    let Some(table) = describe::params(action) else {
        return vec![Block::Text(Line::text("Takes no parameters."))];
    };
    let one_of = action.one_of.iter().map(|group| {
        Block::Text(
            Line::text("Exactly one of ")
                .and_codes(group.iter().map(String::as_str))
                .and(" is given."),
        )
    });
    std::iter::once(table).chain(one_of).collect()
}

fn example_call(action: &Action) -> String {
    let call = example::call(action);
    if action.task.is_some() {
        return format!(
            "local answer = {call}\nlocal ids = wait(answer, {{ timeout = \"15m\" }})\npp(ids)"
        );
    }
    format!("local answer = {call}\npp(answer)")
}

fn answer_fields(action: &Action) -> Vec<Block> {
    describe::fields(action)
        .into_iter()
        .chain(describe::reply(&action.product).map(Block::Text))
        .collect()
}

fn waiting(action: &Action) -> Vec<Block> {
    let Some(task) = &action.task else {
        return Vec::new();
    };
    let ids = Line::text("Starts a task. Its id stands at ")
        .and_codes(task.ids.iter().map(String::as_str));
    let Some(waiter) = action.product.waiters.get(&task.waiter) else {
        return vec![Block::Text(ids.and("."))];
    };
    let polled = ids
        .and("; ")
        .and_code("wait")
        .and(" asks ")
        .and_link(&waiter.operation, &waiter.operation);
    let mut line =
        polled.and(" until the task has ended and gives the ids of what it made or changed.");
    for (state, word) in [
        (TaskState::Success, "Done"),
        (TaskState::Failure, "Failed"),
        (TaskState::Retry, "Running"),
    ] {
        let acceptors = waiter
            .acceptors
            .iter()
            .filter(|acceptor| acceptor.state == state && acceptor.matcher == Matcher::Path);
        let expected: Vec<&str> = acceptors
            .flat_map(|acceptor| acceptor.expected.iter().map(String::as_str))
            .collect();
        if !expected.is_empty() {
            line = line.and(format!(" {word}: ")).and_codes(expected).and(".");
        }
    }
    let again = if task.with.is_empty() {
        format!(
            "wait(task({}, id), {{ timeout = \"15m\" }})",
            example::lua_string(&task.waiter)
        )
    } else {
        "wait(meta(answer).task, { timeout = \"15m\" })".to_owned()
    };
    let mut blocks = vec![
        Block::Text(line),
        Block::Text(
            Line::text("A task is waited for later by ")
                .and_code(again)
                .and("."),
        ),
    ];
    let notes: Vec<Line> = waiter.notes.iter().map(Line::text).collect();
    if !notes.is_empty() {
        blocks.push(Block::Notes(notes));
    }
    blocks
}

fn paging(action: &Action, paginator: &PaginatorModel) -> Vec<Block> {
    let params = [
        &paginator.page,
        &paginator.size,
        &paginator.offset,
        &paginator.marker,
        &paginator.limit,
    ];
    let params: Vec<&str> = params.into_iter().flatten().map(String::as_str).collect();
    let how = match paginator.style {
        PageStyle::Page => "Pages have numbers from 1",
        PageStyle::Offset => "Pages begin at an offset from 0",
        PageStyle::Marker => "A page begins behind the last item of the one before",
        PageStyle::None => "The answer is the whole list",
    };
    let mut line = Line::text(how);
    if !params.is_empty() {
        line = line.and(" (").and_codes(params.iter().copied()).and(")");
    }
    line = line.and("; the items stand at ").and_code(&paginator.items);
    match (&paginator.total, &paginator.pages) {
        (Some(total), _) => line = line.and(", their number at ").and_code(total),
        (None, Some(pages)) => line = line.and(", the number of pages at ").and_code(pages),
        (None, None) => {}
    }
    line = line
        .and(". ")
        .and_code("items")
        .and(" gives all items one by one, ")
        .and_code("pages")
        .and(" the answers page by page.");
    let before = format!("for item in items({}, ", action.full_name);
    // The runtime counts the pages; their size it leaves to the script where the service insists on
    // one.
    let counted = |name: &&str| {
        Some(*name) == paginator.page.as_deref() || Some(*name) == paginator.offset.as_deref()
    };
    let optional = |name: &&str| {
        action
            .param(name)
            .is_none_or(|param| param.required != Required::Yes)
    };
    let left_out: Vec<&str> = params
        .iter()
        .copied()
        .filter(|name| counted(name) || optional(name))
        .collect();
    let table = example::call_without(action, &left_out, before.len() + ") do".len())
        .unwrap_or_else(|| "{}".to_owned());
    let shown = match &paginator.id {
        Some(id) if example::is_identifier(id) => format!("print(item.{id})"),
        Some(id) => format!("print(item[{}])", example::lua_string(id)),
        None => "pp(item)".to_owned(),
    };
    vec![
        Block::Text(line),
        Block::lua(format!("{before}{table}) do\n  {shown}\nend")),
    ]
}

fn errors(action: &Action) -> Option<Block> {
    let rows = action.errors.iter().map(|error| {
        let model = error.own.as_ref().or_else(|| action.error(&error.code));
        let http = model
            .and_then(|model| model.http)
            .map_or(String::new(), |http| http.to_string());
        let meaning = model.map_or("", |model| model.meaning.as_str());
        Row::of([
            Line::code(&error.code),
            Line::text(http),
            Line::prose(meaning, &action.service),
        ])
    });
    Block::table(&["Code", "HTTP", "Meaning"], rows.collect())
}

/// What is known of a call whose answer was lost.
fn sending_again(action: &Action) -> Vec<Block> {
    if action.read_only {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    if let Some(token) = &action.idempotency_token {
        let line =
            Line::code(token).and(" makes a repeated call be carried out once. The runtime makes one where the script gives none");
        blocks.push(Block::Text(
            line.and(" and keeps it over the retries of a call."),
        ));
    }
    if let Some(lookup) = &action.lookup {
        let mut line = Line::text("Where the answer of a call was lost, ")
            .and_link(&lookup.action, &lookup.action);
        for (index, (theirs, ours)) in lookup.params.iter().enumerate() {
            let join = if index == 0 { " with " } else { " and " };
            line = line
                .and(join)
                .and_code(theirs)
                .and(" = the call's ")
                .and_code(ours);
        }
        // What is found has to be judged, where the catalogue cannot.
        line = line.and(match lookup.carried_out_when {
            Some(_) => " shows whether it was carried out",
            None => " shows what there is",
        });
        if let Some(when) = &lookup.carried_out_when {
            let found = if when == "absent" {
                "nothing"
            } else {
                "something"
            };
            line = line.and(format!(": it was if {found} is found"));
        }
        for (index, (path, ours)) in lookup.compare.iter().enumerate() {
            let join = if index == 0 { " where " } else { " and " };
            line = line
                .and(join)
                .and_code(path)
                .and(" is the call's ")
                .and_code(ours);
        }
        for (index, (path, texts)) in lookup.constants().enumerate() {
            let is_first = index == 0 && lookup.compare.is_empty();
            let join = if is_first { " where " } else { " and " };
            line = line
                .and(join)
                .and_code(path)
                .and(" is ")
                .and_code(texts.join(" or "));
        }
        line = line.and(".");
        if lookup.each.is_some() {
            line = line.and(" A site that the call does not name is any of the product's.");
        }
        if lookup.carried_out_when.is_some() {
            let minutes = lookup.settles(action.task.is_some()).div_ceil(60);
            line = line.and(format!(
                " Until {minutes} minutes after the call it may show what was before; "
            ));
            line = line.and_code("outcome(e)").and(" waits for that.");
        }
        blocks.push(Block::Text(line));
    }
    let harmless = "A second call like the first does nothing more: things are as the first one left them, or it is refused.";
    if action.again == Again::Harmless {
        let mut line = Line::text(harmless);
        if !action.already.is_empty() {
            let codes = action.already.iter().map(String::as_str);
            line = line.and(" A refusal with ").and_codes(codes);
            line = line.and(" says that it is so already.");
        }
        blocks.push(Block::Text(line));
    }
    if let Some(why) = &action.unproven {
        blocks.push(Block::Text(Line::text(format!("{why}."))));
    }
    if blocks.is_empty() {
        let line = "Nothing shows whether a call whose answer was lost was carried out: look before sending it again.";
        blocks.push(Block::Text(Line::text(line)));
    }
    blocks
}
