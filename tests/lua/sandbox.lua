-- What could leave the sandbox is not there.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

assert(not string.dump and not io.tmpfile and not package.loadlib and not package.cpath and not ffi, "no bytecode, no C modules")
for name in pairs(debug) do
	assert(name == "traceback", "debug has tracebacks only, not " .. name)
end
assert(type(debug.traceback()) == "string" and debug.traceback("m"):sub(1, 1) == "m", "tracebacks work")
local f, problem = load("\27Lua")
assert(not f and type(problem) == "string", "bytecode is not loaded")
assert(not load("return 1", "x", "b"), "mode b loads nothing")
assert(load("return 1", "x", "bt")() == 1 and load("return x", "x", "t", { x = 3 })() == 3, "text is loaded, with its environment")
local parts = { "return ", "4", 2 and "2" }
assert(load(function() return table.remove(parts, 1) end)() == 42, "from a reader too")
assert(fails(io.popen, "true").kind == "policy" and tostring(fails(os.execute, "true")):find("--allow-run", 1, true), "processes are refused with the remedy")
assert(not pcall(require, "debug.sethook") and not pcall(require, "ffi"), "require finds no libraries of the system")
local order = {}
for key in pairs { a = 1, b = 2, c = 3, d = 4, e = 5 } do
	order[#order + 1] = key
end
assert(#order == 5, "pairs walks")
fails(string.rep, "x", math.maxinteger)
local function deep(n)
	return n == 0 and 0 or 1 + deep(n - 1)
end
assert(deep(100000) == 100000 and not pcall(deep, 1e8), "deep recursion ends in an error")
assert(#args == 0 and select("#", ...) == 0, "args are the script's own")
