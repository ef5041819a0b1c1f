-- outcome: what became of a call whose answer was lost. ensure: makes a thing that is not there, once.

local native, own = ...
local _ENV <const> = own.globals

local finish, raise, refuse, need_wait, next_place = own.finish, own.raise, own.refuse, own.need_wait, own.next_place
local places, place_below = own.places, own.place_below
local running, status = coroutine.running, coroutine.status
local known_options, call_at, watch_for, meta_of = own.known_options, own.call_at, own.watch_for, own.meta_of
local wait = _G.wait

function _G.outcome(err, options)
	need_wait()
	options = known_options("outcome", options, { timeout = true })
	return finish(native.outcome(next_place(), err, options.timeout))
end

-- How long a thing is looked for that no lookup of the catalogue can judge, in seconds: longer than
-- all but a few tasks take.
local UNJUDGED = 900

-- So often a thing is made whose calls were lost and certainly not carried out.
local MOST_MADE = 3

-- By a thing's name: the coroutine that makes it now and its path; the paths below which it was made
-- before; the error of the last try; and whether it was made and has not been seen yet.
local making, makers, failures, is_made = {}, {}, {}, {}

local function is_there(value)
	return value ~= nil and value ~= false
end

-- The calls that may have made a thing.
local function lost_calls(what)
	local numbers = {}
	for _, path in ipairs(makers[what] or {}) do
		for _, number in ipairs(native.lost_below(path)) do
			numbers[#numbers + 1] = number
		end
	end
	return numbers
end

local function seen(what)
	local numbers = lost_calls(what)
	for _, number in ipairs(numbers) do
		native.found_made(number)
	end
	makers[what], failures[what], is_made[what] = nil, nil, nil
	return #numbers > 0
end

-- Looks until the thing is there and ready.
local function await(what, options, timeout)
	local value
	watch_for("ensure " .. what, function()
		value = options.find()
		if not is_there(value) then
			return nil, "not there"
		elseif options.ready and not is_there(options.ready(value)) then
			return nil, "not ready"
		end
		return value, "ready"
	end, { done = "ready", timeout = timeout })
	seen(what)
	return value
end

-- Makes it and waits for the task that this starts; what became of lost calls is found out after it.
local function make(what, options, left)
	local place = place_below(places[running()])
	local paths = makers[what] or {}
	makers[what] = paths
	paths[#paths + 1] = place.path
	local ok, answer = call_at(place, options.make)
	local is_lost = #native.lost_below(place.path) > 0
	if not ok then
		if not is_lost then
			raise(answer)
		end
		failures[what] = answer
		return
	elseif is_lost and not native.has_changed_below(place.path) then
		-- It has caught the error, and nothing else that it did can have made the thing.
		return
	end
	is_made[what] = true
	local about = type(answer) == "table" and meta_of(answer)
	if about and about.starts_task then
		local done, err = pcall(wait, answer, { timeout = left() })
		if not done then
			-- A task that failed has made nothing; any other may go on.
			is_made[what] = type(err) ~= "table" or err.kind ~= "task" or nil
			raise(err)
		end
	end
end

-- What became of all calls that may have made it.
local function settle(numbers, left)
	local verdict = "not done"
	for _, number in ipairs(numbers) do
		local became = finish(native.outcome_of_call(next_place(), number, left()))
		if became == "unknown" or became == "done" and verdict == "not done" then
			verdict = became
		end
	end
	return verdict
end

-- Finds it, or makes it.
local function find_or_make(what, options, left)
	local count = 0
	while true do
		if is_made[what] then
			return await(what, options, left()), true
		end
		local numbers = lost_calls(what)
		if #numbers > 0 then
			local verdict = settle(numbers, left)
			is_made[what] = verdict == "done" or nil
			if verdict == "unknown" then
				local is_late, value = pcall(await, what, options, native.shorter(left(), UNJUDGED))
				if is_late then
					return value, true
				end
				raise(failures[what] or native.unknown_made(what))
			end
			local value = verdict == "not done" and options.find()
			if is_there(value) then
				seen(what)
				return value, true
			end
		elseif count == MOST_MADE then
			raise(failures[what] or native.unknown_made(what))
		else
			count = count + 1
			make(what, options, left)
		end
	end
end

-- Whether a coroutine's path is below another.
local function is_below(path, outer)
	return path == outer or path:sub(1, #outer + 1) == outer .. "."
end

-- The path of the coroutine that makes a thing now. One that was ended from outside may have had no
-- time to say that it does not any more.
local function maker_of(what)
	local maker = making[what]
	return maker and status(maker.co) ~= "dead" and maker.path or nil
end

-- One coroutine at a time makes a thing.
local function take_turn(what, left)
	local co = running()
	local path = places[co].path
	while maker_of(what) do
		if is_below(path, maker_of(what)) then
			refuse("ensure: " .. what .. " is made by what makes it")
		elseif left() == 0 then
			raise(native.ensure_timeout(what))
		end
		finish(native.sleep(next_place(), native.shorter(left(), 1)))
	end
	making[what] = { co = co, path = path }
	return setmetatable({}, {
		__close = function()
			making[what] = nil
		end,
	})
end

local function check(what, options)
	if type(what) ~= "string" or what == "" then
		refuse("ensure needs the name of what is to be there, a text that is not empty")
	end
	options = known_options("ensure", options, { find = true, make = true, ready = true, timeout = true })
	for _, name in ipairs({ "find", "make", "ready" }) do
		local given = options[name]
		if type(given) ~= "function" and (given ~= nil or name ~= "ready") then
			refuse("ensure: the option " .. name .. " must be a function, not a " .. type(given))
		end
	end
	return options, finish(native.timeout("ensure", options.timeout))
end

function _G.ensure(what, options)
	need_wait()
	local given, timeout = check(what, options)
	local began = native.elapsed()
	local function left()
		return native.rest(timeout, began)
	end
	local turn <close> = take_turn(what, left)
	local value, made = given.find(), false
	if is_there(value) then
		made = seen(what)
	else
		-- Among the runs of one store, one makes it; another may have made it meanwhile.
		finish(native.lock(next_place(), "ensure " .. what, { timeout = left() }))
		value = given.find()
		if is_there(value) then
			made = seen(what)
		else
			value, made = find_or_make(what, given, left)
		end
	end
	if given.ready and not is_there(given.ready(value)) then
		value = await(what, given, left())
	end
	return value, made
end
