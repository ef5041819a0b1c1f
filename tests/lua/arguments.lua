-- A mistyped argument is an error value with the script's line, and shows nothing of the inside of the runtime.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local r = cds.ccs.CreateTag { TagName = "x" }
for what, wrong in pairs {
	["secret()"] = function() secret() end,
	["env()"] = function() env() end,
	["json.decode()"] = function() json.decode() end,
	["json.encode({}, 5)"] = function() json.encode({}, 5) end,
	["time.format('x')"] = function() time.format("x") end,
	["task()"] = function() task() end,
	["wait(r, '5m')"] = function() wait(r, "5m") end,
	["cds.call()"] = function() cds.call() end,
	["cds.call('x')"] = function() cds.call("x") end,
	["require()"] = function() require() end,
	["io.open()"] = function() io.open() end,
	["io.open with a bad mode"] = function() io.open("x", "q") end,
	["io.lines of a missing file"] = function() io.lines("missing") end,
	["os.date with a bad form"] = function() os.date("%Q") end,
	["coroutine.resume(5)"] = function() coroutine.resume(5) end,
	["help(print)"] = function() help(print) end,
} do
	local text = tostring(fails(wrong))
	assert(not text:find("cumulua]", 1, true) and not text:find("raw_", 1, true) and not text:find("converting Lua", 1, true), what .. " shows the inside: " .. text)
	assert(text:find("arguments.lua:%d+"), what .. " names the script's line: " .. text)
end
