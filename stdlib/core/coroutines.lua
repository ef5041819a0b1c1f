-- Coroutines: a call inside one suspends its resumer too, and the script never sees that.

local native, own = ...
local _ENV <const> = own.globals

local refuse, caught, from_c, can_wait = own.refuse, own.caught, own.from_c, own.can_wait
local places, place_below = own.places, own.place_below
local raw_create, raw_resume, raw_yield, raw_close = coroutine.create, coroutine.resume, coroutine.yield, coroutine.close
local running, pending = coroutine.running, own.pending

local checked_create = from_c("coroutine.create", raw_create)
local function create(f)
	local co = checked_create(f)
	places[co] = place_below(places[running()])
	return co
end

-- A call inside a coroutine suspends its resumer too; the script never sees that.
local function drive(co, ok, ...)
	if ok and select("#", ...) == 1 and (...) == pending then
		return drive(co, raw_resume(co, raw_yield(pending)))
	end
	return ok, ...
end

local function resume(co, ...)
	local place = rawget(places, co)
	if place then
		place.is_stuck = not can_wait() or nil
	end
	return drive(co, raw_resume(co, ...))
end

local checked_close = from_c("coroutine.close", raw_close)

own.raw_create = raw_create

coroutine.create = create

function coroutine.resume(co, ...)
	if type(co) ~= "thread" then
		refuse("coroutine.resume needs a coroutine, not a " .. type(co))
	end
	return caught(resume(co, ...))
end

function coroutine.wrap(f)
	local co = create(f)
	local function deliver(ok, ...)
		if ok then
			return ...
		end
		local err = ...
		raw_close(co)
		if type(err) == "userdata" then
			err = native.stopped(err, places[running()].path) or native.plain(err)
		end
		error(err, 0)
	end
	return function(...)
		return deliver(resume(co, ...))
	end
end

function coroutine.close(co)
	return caught(checked_close(co))
end
