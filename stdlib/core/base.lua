-- What mlua leaves sharp is blunted here, once, before a script runs; the other files of the core
-- build on this one.
--
-- Native functions answer `true, results…` or `false, error`; Lua raises, so that an error is a
-- table with the script's own line. `pcall`, `xpcall`, `coroutine.*`, `tostring` and `require` are
-- replaced, because a call may suspend inside them and because a run that is ended from outside
-- stays ended.
--
-- Every file is loaded before the script is, in the order that `stdlib.rs` gives.

local native, pending = ...

-- Lua's own globals as they were, and of its libraries what is needed: what a script makes of them
-- later changes nothing here.
local globals = {}
for name, value in next, _G do
	globals[name] = value
end
globals.table = { concat = table.concat, pack = table.pack, remove = table.remove, unpack = table.unpack }
globals.math = { floor = math.floor, type = math.type }

local raw_pcall, raw_xpcall, raw_error = pcall, xpcall, error
local isyieldable, running = coroutine.isyieldable, coroutine.running
local type, rawget, rawset, setmetatable = type, rawget, rawset, setmetatable

local weak_keys = { __mode = "k" }

local function raise(err)
	if type(err) == "table" and rawget(err, "where") == nil then
		local source, line, short_source = native.script_frame()
		if source then
			rawset(err, "where", short_source .. ":" .. line)
			rawset(err, "source", source)
			rawset(err, "line", line)
		end
	end
	raw_error(err, 0)
end

-- Raises what Lua's own functions raise: a text that begins with the script's line.
local function complain(problem)
	local _, line, short_source = native.script_frame()
	raw_error(line and short_source .. ":" .. line .. ": " .. problem or problem, 0)
end

-- Raises an error of bad input.
local function refuse(problem)
	raise(native.invalid(problem))
end

local function finish(ok, ...)
	if ok then
		return ...
	end
	raise((...))
end

-- A native function as a script sees it.
local function exported(name)
	return function(...)
		return finish(native[name](...))
	end
end

-- The same for one that cannot fail, and gives its results as they are.
local function forwarded(name)
	return function(...)
		return native[name](...)
	end
end

-- Each coroutine has a place in its run, the same in every replay: its path and the number of its
-- effects so far. The script's is `0`, that of what it deferred `0.d`, that of a prompt's inputs
-- `i1`, `i2`, …; what a coroutine makes stands below its maker's.
local places = setmetatable({}, {
	__mode = "k",
	__index = function()
		raw_error("a coroutine has no place in its run; please report this as a bug", 0)
	end,
})

-- The VM's main thread runs finalizers and what Rust asks for. It has no effects, because it cannot
-- wait.
places[running()] = { path = "main", number = 0 }

-- After something was caught: a run that is ended stays ended, and what Rust raised becomes a
-- string.
local function caught(ok, ...)
	if ok then
		return ok, ...
	end
	local err = ...
	local stop = native.stopped(err, places[running()].path)
	if stop then
		raw_error(stop, 0)
	end
	if type(err) == "userdata" then
		return false, native.plain(err)
	end
	return false, ...
end

-- A function of Lua's own, whose complaints name a script's line and not ours.
local function from_c(name, f)
	local function deliver(ok, ...)
		if ok then
			return ...
		end
		local err = ...
		if type(err) == "string" then
			err = err:gsub("^[^:]*:%-?%d*:? ", "", 1):gsub("to '[^']*'", "to '" .. name .. "'")
			complain(err)
		end
		raw_error(err, 0)
	end
	return function(...)
		return deliver(raw_pcall(f, ...))
	end
end

function pcall(f, ...)
	return caught(raw_pcall(f, ...))
end

function xpcall(f, handler, ...)
	if type(handler) ~= "function" then
		return caught(raw_xpcall(f, handler, ...))
	end
	-- No hook fires inside a handler, so one of an ended run is not called.
	local function guarded(err)
		if native.is_stopped(places[running()].path) then
			return err
		end
		return handler(err)
	end
	return caught(raw_xpcall(f, guarded, ...))
end

-- The place, counted on to its next effect: what each native that suspends is given first.
local function next_at(place)
	place.number = place.number + 1
	return place
end

local function next_place()
	return next_at(places[running()])
end

-- A native effect that ends at once, as a script sees it.
local function placed(name)
	return function(...)
		return finish(native[name](next_place(), ...))
	end
end

-- The task is the innermost `parallel` task that a coroutine belongs to; none is the run itself.
local function place_below(parent)
	parent.children = (parent.children or 0) + 1
	return { path = parent.path .. "." .. parent.children, number = 0, task = parent.task }
end

-- Whether a call can suspend here: this coroutine and all that resumed it can yield.
local function can_wait_at(place)
	return isyieldable() and not place.is_stuck
end

local function can_wait()
	return can_wait_at(places[running()])
end

-- The place of what is about to wait.
local function need_wait()
	local place = places[running()]
	if not can_wait_at(place) then
		raise(native.cannot_wait())
	end
	return place
end

-- What is called like a function, and has other functions in it.
local function callable(f, functions)
	return setmetatable(functions, {
		__call = function(_, ...)
			return f(...)
		end,
		__name = "function",
	})
end

-- What the core's files have in common.
return {
	globals = globals,
	weak_keys = weak_keys,
	pending = pending,
	places = places,
	raise = raise,
	complain = complain,
	refuse = refuse,
	finish = finish,
	exported = exported,
	forwarded = forwarded,
	placed = placed,
	caught = caught,
	from_c = from_c,
	place_below = place_below,
	next_at = next_at,
	next_place = next_place,
	can_wait = can_wait,
	need_wait = need_wait,
	callable = callable,
}
