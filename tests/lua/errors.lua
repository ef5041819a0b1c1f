-- Every failing call raises one error value; it stays the same value wherever it goes.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local call = cds.ccs.DescribeTask
local err = fails(function() call { TaskId = "nonsense" } end)
assert(type(err) == "table" and err.kind == "service", "a refusal has the kind service")
assert(err.action == "cds.ccs.DescribeTask" and type(err.code) == "string" and #err.code > 0, "it has action and code")
assert(type(err.message) == "string" and err.http_status == 400 and type(err.request_id) == "string", "message, http_status and request_id")
assert(err.attempts == 1 and err.retryable == false, "it was sent once and trying again does not help")
local text = tostring(err)
assert(text:find("errors.lua:9:", 1, true) and text:find(err.code, 1, true) and not text:find("table: 0x", 1, true), "tostring is a sentence with the script's line: " .. text)
assert(("x" .. err):sub(2) == text and (err .. "y") == text .. "y", "it joins with text")
assert(string.format("%s", err) == text, "%s shows it")

assert(select(2, pcall(error, err)) == err, "error(e) raises it again unchanged")
assert(select(2, pcall(error, err, 2)) == err and tostring(err) == text, "with a level too")
assert(select(2, pcall(coroutine.wrap(function() error(err) end))) == err, "through coroutine.wrap")
assert(select(2, coroutine.resume(coroutine.create(function() error(err) end))) == err, "through coroutine.resume")
assert(select(2, xpcall(error, function(e) return e end, err)) == err, "through xpcall")
assert(debug.traceback(err) == err, "debug.traceback hands a value on that is no string")
local seen
do
	local ok = pcall(function()
		local guard <close> = setmetatable({}, { __close = function(_, e) seen = e end })
		call { TaskId = "nonsense" }
	end)
	assert(not ok and seen.kind == "service", "a to-be-closed variable sees it")
end

assert(fails(cds.ccs.CreateTag).kind == "validation" and fails(cds.ccs.CreateTag).sent == "no", "bad input was not sent")
assert(select(2, pcall(error, "text", 0)) == "text" and select(2, pcall(error)) == nil, "errors of a script's own stay as they are")
local own = setmetatable({}, { __tostring = function() return "own" end })
assert(select(2, pcall(error, own)) == own, "its tables too")
assert(select(2, pcall(error, { kind = "service", message = "mine" })).message == "mine", "even one that looks like ours")

-- Every error value can be looked into as a text.
for what, f in pairs {
	["a call"] = function() cds.ccs.StopInstance {} end,
	["a file that is not granted"] = function() io.open "/etc/passwd" end,
	["bad input"] = function() json.decode "{" end,
	["a wait"] = function() wait.for_state("no.such", {}) end,
} do
	local ok, err = pcall(f)
	assert(not ok and type(err) == "table" and err.kind, what)
	local text = tostring(err)
	assert(err:find "%a" == text:find "%a" and err:match "^(.-):" == text:match "^(.-):" and err:gsub("%d", "") == text:gsub("%d", ""), what)
	assert(err:lower() == text:lower() and err:sub(1, 3) == text:sub(1, 3) and err:len() == #text and (err .. "!"):sub(-1) == "!", what)
	assert(err.no_such_field == nil, what)
	local fine, problem = pcall(err.find, err)
	assert(not fine and problem:find("bad argument #2 to 'find'", 1, true), problem)
end
