---@meta std.args

---The arguments of a script: `--name value`, `--name=value`, and `--name` alone for what is true or false. Each default decides what kind of
---value its option takes: text, a whole number, or true or false. What the run was given as `run.params` goes before
---the defaults, and the command line before both. `usage` is what an error shows of the rest. An argument that is not
---known, or has no value where it needs one, is an error.
---@param known { usage: string, [string]: string|integer|boolean }
---@return table<string, any> options The values, by their names: each of the kind of its default
local function parse(known) end

return parse
