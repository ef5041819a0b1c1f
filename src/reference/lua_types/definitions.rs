//! Definition files for editors: their Lua language servers complete Actions, parameters and
//! answers from them and find what is misspelled.

use super::class::{self, Classes};
use crate::reference::output_folder::{OutputFolder, ReferenceError};
use cumulua_core::catalog::{Action, Catalog, ProductModel, Required, ServiceModel};
use std::path::{Path, PathBuf};

const HEAD: &str =
    "--- @meta _\n-- DO NOT EDIT: `cumulua types` writes this file from the catalogue.\n";

/// The types of what every script has.
const CORE: &str = include_str!("../../../stdlib/types/core.lua");

/// `(name, text)` of the types of each module of the standard library.
const MODULES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/std_types.rs"));

/// Writes `cumulua.lua` (the runtime's globals and the products), a file for each service, as
/// `cds.ccs.lua`, and one for each module of the standard library, as `std/args.lua`, into
/// `folder`.
pub fn write_types(catalog: &Catalog, folder: &Path) -> Result<Vec<PathBuf>, ReferenceError> {
    let mut output = OutputFolder::into(folder)?;
    let mut runtime = vec![format!("{HEAD}\n{CORE}")];
    let mut kinds = Vec::new();
    let mut states = Vec::new();
    for name in catalog.products() {
        let product = catalog.product(&name)?;
        runtime.push(product_text(&product));
        kinds.extend(product.waiters.keys().cloned());
        states.extend(product.states.keys().map(|state| format!("{name}.{state}")));
    }
    runtime.push(alias("TaskKind", &kinds));
    runtime.push(alias("StateName", &states));
    output.write("cumulua.lua", &runtime.concat())?;
    for (name, text) in MODULES {
        output.write(&format!("std/{name}.lua"), text)?;
    }
    for name in catalog.services() {
        let service = catalog.service(&name)?;
        output.write(
            &format!("{name}.lua"),
            &service_text(&service, &catalog.actions_of(&name)?),
        )?;
    }
    Ok(output.files)
}

/// A type of one of these texts.
fn alias(name: &str, texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
    let union = if texts.is_empty() {
        "string".to_owned()
    } else {
        texts.join("|")
    };
    format!("\n---@alias cumulua.{name} {union}\n")
}

/// What a global of the runtime is, as `time.now`, in its first sentence.
pub fn runtime_summary(name: &str) -> Option<String> {
    let of_block = |block: &str| {
        let defines = |line: &str| {
            let rest = line.strip_prefix("function ").unwrap_or(line);
            rest.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('(') || rest.starts_with(" = "))
        };
        let first = block
            .lines()
            .next()?
            .strip_prefix("---")
            .filter(|text| !text.starts_with('@'))?;
        block.lines().any(defines).then(|| first.to_owned())
    };
    CORE.split("\n\n").find_map(of_block)
}

fn product_text(product: &ProductModel) -> String {
    let name = &product.product;
    let title = &product.title;
    let mut classes = Classes::default();
    classes.answer(&format!("{name}.Reply"), None, &product.reply, name);
    format!(
        "\n---{title}\n---@class {name}\n{name} = {{}}\n\n{}\n\
         ---Calls an Action that the catalogue lacks.\n---@param request cumulua.CallRequest\n---@return table\nfunction {name}.call(request) end\n\n\
         ---The same Actions, bound to another account or region.\n---@param options cumulua.Binding\n---@return {name}\nfunction {name}.with(options) end\n",
        classes.text()
    )
}

fn service_text(service: &ServiceModel, actions: &[Action]) -> String {
    let name = &service.service;
    let mut text = vec![HEAD.to_owned()];
    if name.contains('.') {
        text.push(format!(
            "\n---{}\n---@class {name}\n{name} = {{}}\n",
            service.title
        ));
    }
    let mut shapes = Classes::default();
    for (shape, fields) in &service.shapes {
        shapes.answer(&class::shape(name, shape), None, fields, name);
    }
    text.push(format!("\n{}", shapes.text()));
    text.extend(actions.iter().map(action_text));
    text.concat()
}

fn action_text(action: &Action) -> String {
    let name = &action.full_name;
    let mut classes = Classes::default();
    classes.params(&format!("{name}.Params"), action, &action.params);
    let reply = format!("{}.Reply", action.product.product);
    classes.answer(
        &format!("{name}.Answer"),
        Some(&reply),
        &action.answer.fields,
        &action.service.service,
    );
    let term = action
        .term
        .as_ref()
        .map_or(String::new(), |term| format!(" ({term})"));
    let needed = action
        .params
        .iter()
        .any(|param| param.required == Required::Yes && param.generated.is_none());
    let optional = if needed { "" } else { "?" };
    let deprecated = action.deprecated.as_ref();
    let deprecated = deprecated.map_or(String::new(), |deprecation| {
        format!(
            "---\n---Deprecated: {}.\n---@deprecated\n",
            deprecation.advice()
        )
    });
    format!(
        "\n{}---{}{term}\n{deprecated}---@param params{optional} {name}.Params\n---@param options? cumulua.CallOptions\n---@return {name}.Answer\nfunction {name}(params, options) end\n",
        classes.text(),
        action.summary
    )
}

#[cfg(test)]
mod tests {
    use super::{CORE, write_types};
    use cumulua_core::catalog::Catalog;
    use std::fs;

    fn file(name: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        write_types(&Catalog::default(), folder.path()).unwrap();
        fs::read_to_string(folder.path().join(name)).unwrap()
    }

    #[test]
    fn an_action_has_classes_for_its_parameters_and_its_answer() {
        let text = file("cds.ccs.lua");
        for line in [
            "--- @meta _",
            "---@field RegionId string",
            "---@field InstanceChargeType? \"PrePaid\"|\"PostPaid\"",
            "---@field AutoRenew? 1|0",
            "---@field Password string|cumulua.Secret",
            "---@field DataDisks? cds.ccs.CreateInstance.Params.DataDisks[]",
            "---@class cds.ccs.CreateInstance.Answer: cds.Reply",
            "---@param params cds.ccs.CreateInstance.Params",
            "---@param params? cds.ccs.DescribeInstances.Params",
            "---@return cds.ccs.CreateInstance.Answer",
            "function cds.ccs.CreateInstance(params, options) end",
            "---@field Instances cds.ccs.Shape.Instance[]",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line}");
        }
    }

    #[test]
    fn what_is_no_more_to_be_used_is_marked_for_editors() {
        let text = file("cds.ccs.lua");
        let lines: Vec<&str> = text.lines().collect();
        let above = |function: &str| {
            let declared = format!("function cds.ccs.{function}(params, options) end");
            let at = lines.iter().position(|line| *line == declared).unwrap();
            let mut before = lines[..at].iter().rev();
            let comment = before.by_ref().take_while(|line| line.starts_with("---"));
            comment.copied().collect::<Vec<_>>()
        };
        let old = above("CreateSecurityGroup");
        assert!(old.contains(&"---@deprecated"), "{old:?}");
        assert!(
            old.iter()
                .any(|line| line.ends_with("; use cds.ccs.CreateNSG."))
        );
        assert!(!above("CreateNSG").contains(&"---@deprecated"));
    }

    #[test]
    fn a_table_of_parameters_takes_no_other_name() {
        let class = file("cds.ccs.lua")
            .lines()
            .find(|line| line.starts_with("---@class cds.ccs.CreateInstance.Params.SystemDisk:"))
            .map(str::to_owned);
        assert_eq!(
            class.unwrap(),
            "---@class cds.ccs.CreateInstance.Params.SystemDisk: { Type: any, Size: any, IOPS: any, [string]: never }"
        );
    }

    #[test]
    fn the_definitions_are_lua() {
        let folder = tempfile::tempdir().unwrap();
        let lua = mlua::Lua::new();
        for file in write_types(&Catalog::default(), folder.path()).unwrap() {
            let text = fs::read_to_string(&file).unwrap();
            lua.load(text)
                .exec()
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }

    #[test]
    fn the_runtimes_globals_are_defined() {
        for global in "wait task meta defer json log time pp help args secret env null".split(' ') {
            let defined = CORE.contains(&format!("function {global}("))
                || CORE.contains(&format!("\n{global} = "));
            assert!(defined, "{global}");
        }
        assert!(file("cumulua.lua").contains("function cds.with(options) end"));
    }
}
