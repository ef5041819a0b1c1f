-- require finds the script's own modules beside it.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local m = require "modules.counted"
assert(m.n == 1 and m.name == "modules.counted" and require "modules.counted" == m, "a module runs once and knows its name")
package.loaded["modules.counted"] = nil
assert(require "modules.counted".n == 2, "and again once package.loaded forgets it")
assert(require "modules.sub" == "init of sub", "a folder's init.lua is its module")
assert(require "modules.sub.calls".code == "Success", "calls work while a module loads")
assert(require "modules.nothing" == true and require "modules.gives_false" == false, "what a module gives")
assert(require "json" == json and require "string" == string, "the runtime's own modules can be required")
package.loaded.mine = 5
assert(require "mine" == 5, "package.loaded can be set")
local err = fails(require, "modules.missing")
assert(tostring(err):find("modules/missing.lua", 1, true), "a missing module is an error with where it was looked for")
assert(tostring(fails(require, "modules.broken")):find("broken.lua:2", 1, true), "a module that does not parse names its line")
assert(tostring(fails(require, "modules.raises")):find("raises.lua:2", 1, true), "an error in a module names its line")
local failed = fails(require, "modules.bad_call")
assert(failed.kind == "validation" and tostring(failed):find("bad_call.lua:1", 1, true), "an error value of a call in a module names its line")
assert(tostring(fails(require, "modules.cycle_a")):find("requires itself", 1, true), "a module that requires itself is an error")
for _, name in ipairs { "", ".", "..", "../require", "modules/counted", "/etc/passwd", "modules..counted" } do
	fails(require, name)
end

-- What public libraries look at.
package.preload.given = function(name, where) return { name = name, where = where } end
local given = require "given"
assert(given.name == "given" and given.where == ":preload:" and require "given" == given, "a loader of package.preload")
assert(package.config:sub(1, 1) == "/" and package.path:find("?.lua", 1, true), "path and config are texts")
math.randomseed(42)
local first = { math.random(1000), math.random(1000) }
math.randomseed(42)
assert(first[1] == math.random(1000) and first[2] == math.random(1000), "the same seed gives the same numbers")
math.randomseed()
assert(not pcall(math.randomseed, {}), "its arguments are checked")

-- What a library looks for in the error of a module that is missing, or is no Lua, it finds.
local ok, problem = pcall(require, "modules.missing")
assert(not ok and type(problem) == "string" and ("x").find(problem, "module 'modules.missing' not found", 1, true) and problem:find("^[^:]+:%d+: "), problem)
ok, problem = pcall(require, "modules.broken")
assert(not ok and type(problem) == "string" and problem:match "broken.lua:2: error loading module 'modules.broken': ", problem)
ok, problem = pcall(require, "std.none")
assert(not ok and string.find(problem, "module 'std.none' not found", 1, true), problem)

-- The arguments as libraries read them.
assert(type(arg) == "table" and type(arg[0]) == "string" and #arg == #args, "arg has the script and its arguments")
