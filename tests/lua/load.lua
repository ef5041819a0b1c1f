-- load and loadfile give nil and a text, as in plain Lua.
local f, problem = load("x = = 1")
assert(not f and type(problem) == "string", "text that does not parse")
f, problem = load("x=" .. ("{"):rep(300))
assert(not f and type(problem) == "string", "text that nests too deep gives a text, not a " .. type(problem))
local ok
ok, f, problem = pcall(loadfile, "missing.lua")
assert(ok and f == nil and type(problem) == "string", "loadfile of a missing file gives nil and a text")
