---@meta std.args

---The arguments of a script: `--name value`, `--name=value`, and `--name` alone for what is true or false. Each default says what kind of
---value its option takes: text, a whole number, or true or false. `usage` is what an error shows of the rest. An argument that is not
---known, or has no value where it needs one, is an error.
---@generic T: { usage: string, [string]: string|integer|boolean }
---@param known T
---@return T options The values, by their names
local function parse(known) end

return parse
