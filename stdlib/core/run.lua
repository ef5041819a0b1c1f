-- How a chunk is run, and what it defers.

local native, own = ...

local _ENV <const> = own.globals

local refuse, places = own.refuse, own.places
local running, pack, table_remove = coroutine.running, table.pack, table.remove

-- What was deferred, in order, with the task that it belongs to.
local deferred = {}
function _G.defer(f)
	if type(f) ~= "function" then
		refuse("defer needs a function, not a " .. type(f))
	end
	local task = places[running()].task
	if task then
		task.has_deferred = true
	end
	deferred[#deferred + 1] = { f = f, task = task }
end

-- The value, its traceback and, for a string, nothing else: where it happened stands in front of
-- the string.
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

-- Runs what a task deferred, or all that is left, last first; the errors that came up.
local function run_deferred(task)
	local errors = {}
	-- What a deferred function defers runs too.
	local index = #deferred
	while index > 0 do
		local entry = deferred[index]
		if task == nil or entry.task == task then
			table_remove(deferred, index)
			local result = pack(report(xpcall(entry.f, handler)))
			if not result[1] then
				errors[#errors + 1] = result[2] == nil and "nil was raised" or result[2]
			end
			index = #deferred
		else
			index = index - 1
		end
	end
	return errors
end

own.handler, own.report, own.run_deferred = handler, report, run_deferred

-- Runs a chunk at a path of its own; true, or false with the error and its traceback.
function own.run(path, chunk, ...)
	places[running()] = { path = path, number = 0 }
	return report(xpcall(chunk, handler, ...))
end

-- Where what is left at the end runs, however often that is.
local at_the_end = { path = "0.d", number = 0 }

-- Runs what is left, last first; the errors that came up.
function own.run_all_deferred()
	places[running()] = at_the_end
	return run_deferred(nil)
end

function own.has_deferred()
	return #deferred > 0
end
