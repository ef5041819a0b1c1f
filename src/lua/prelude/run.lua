-- How a chunk is run, and what it defers.

local native, own = ...

local refuse, places = own.refuse, own.places
local raw_xpcall, running, rawget, type = own.globals.xpcall, coroutine.running, rawget, type

-- What was deferred, in order, with the task that it belongs to.
local deferred = {}
function defer(f)
	if type(f) ~= "function" then
		refuse("defer needs a function, not a " .. type(f))
	end
	local task = places[running()].task
	if task then
		task.has_deferred = true
	end
	deferred[#deferred + 1] = { f = f, task = task }
end

-- The value, its traceback and, for a string, nothing else: where it happened stands in front of the string.
local function handler(err)
	local source, line = native.script_frame()
	return { value = err, traceback = native.traceback(nil, 2), source = source, line = line }
end

local function report(ok, ...)
	if ok then
		return true, ...
	end
	local caught_error = ...
	if type(caught_error) == "table" and rawget(caught_error, "traceback") and rawget(caught_error, "kind") == nil then
		return false, caught_error.value, caught_error.traceback, caught_error.source, caught_error.line
	end
	return false, caught_error, ""
end

own.handler, own.report, own.deferred = handler, report, deferred

-- Runs a chunk; true, or false with the error and its traceback.
function own.run(chunk, ...)
	return report(raw_xpcall(chunk, handler, ...))
end

-- Runs what was deferred and has not run yet; the errors that came up.
function own.run_deferred()
	return own.part("deferred").run(nil)
end

function own.has_deferred()
	return #deferred > 0
end
