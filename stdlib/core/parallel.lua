-- Tasks that run side by side.

local native, own = ...
local _ENV <const> = own.globals

local finish, refuse, need_wait, next_place = own.finish, own.refuse, own.need_wait, own.next_place
local places, place_below = own.places, own.place_below
local raw_create, running = own.raw_create, coroutine.running
local handler, report, run_deferred = own.handler, own.report, own.run_deferred
local list_length, known_options, whole_number = own.list_length, own.known_options, own.whole_number

-- What a task did, and what it deferred after that; its own error goes before theirs.
local function ended(task, ok, ...)
	if not task.has_deferred or not native.may_defer(task.path) then
		return ok, ...
	end
	local errors = run_deferred(task)
	native.has_deferred(task.path)
	for index = ok and 2 or 1, #errors do
		native.log("error", "a deferred function failed: " .. own.tostring(errors[index]))
	end
	if ok and errors[1] ~= nil then
		return false, errors[1]
	end
	return ok, ...
end

local function run_task(task, f, ...)
	return ended(task, report(xpcall(f, handler, ...)))
end

-- Runs `count` tasks, of which `start` gives the functions and their arguments.
local function run_tasks(name, count, start, options, usual_limit)
	need_wait()
	options = known_options(name, options, { limit = true, settle = true })
	local limit = whole_number(name, "limit", options.limit, 1) or usual_limit or count
	if options.settle ~= nil and type(options.settle) ~= "boolean" then
		refuse(name .. ": the option settle must be true or false")
	end
	local group = place_below(places[running()])
	local function make(index)
		local task = place_below(group)
		task.task = task
		-- One function for all tasks, which is given what differs: a closure each would be memory
		-- held while they wait.
		local co = raw_create(run_task)
		places[co] = task
		return co, task, start(index)
	end
	return finish(native.parallel(next_place(), make, count, limit, options.settle == true, group.path))
end

-- What `parallel.map` runs at once by default.
local MAP_LIMIT = 16

local function map(list, f, options)
	local count = list_length("parallel.map", list)
	if type(f) ~= "function" then
		refuse("parallel.map needs a function, not a " .. type(f))
	end
	return run_tasks("parallel.map", count, function(index)
		return f, rawget(list, index), index
	end, options, MAP_LIMIT)
end

local function all(functions, options)
	local count = list_length("parallel", functions)
	for index = 1, count do
		if type(functions[index]) ~= "function" then
			refuse("parallel needs functions; element " .. index .. " is a " .. type(functions[index]))
		end
	end
	return run_tasks("parallel", count, function(index)
		return rawget(functions, index)
	end, options)
end

_G.parallel = own.callable(all, { map = map })
