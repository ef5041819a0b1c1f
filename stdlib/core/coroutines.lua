-- Coroutines: a call inside one suspends its resumer too, and the script never sees that.

local native, own = ...
local _ENV <const> = own.globals

local refuse, caught, from_c, can_wait, complain = own.refuse, own.caught, own.from_c, own.can_wait, own.complain
local places, place_below = own.places, own.place_below
local raw_create, raw_resume, raw_yield, raw_close = coroutine.create, coroutine.resume, coroutine.yield, coroutine.close
local running, isyieldable, pending = coroutine.running, coroutine.isyieldable, own.pending
local status = coroutine.status
local checked_isyieldable = from_c("coroutine.isyieldable", isyieldable)

local checked_create = from_c("coroutine.create", raw_create)
local function create(f)
	local co = checked_create(f)
	local place = place_below(places[running()])
	place.is_coroutine = true
	places[co] = place
	return co
end

-- The script, each task of `parallel` and what is deferred run in coroutines of ours, which a script
-- does not see as such: what it yields there would reach no one.
local function in_coroutine()
	local place = rawget(places, running())
	return place ~= nil and place.is_coroutine == true
end

-- What a script yields where it yields nothing: only the hook, which ends a time slice, yields no
-- value at all.
local function nothing() end

-- mlua takes what suspends its functions from here whenever it makes one.
own.raw_yield = raw_yield

function coroutine.yield(...)
	if not in_coroutine() then
		complain("attempt to yield from outside a coroutine")
	end
	if select("#", ...) == 0 then
		return raw_yield(nothing)
	end
	return raw_yield(...)
end

function coroutine.isyieldable(co)
	if co == nil then
		return isyieldable() and in_coroutine()
	end
	return checked_isyieldable(co)
end

function coroutine.running()
	return running(), not in_coroutine()
end

-- A call inside a coroutine suspends its resumer too, and so does the end of a time slice; the script
-- never sees that.
local function drive(co, ok, ...)
	local count = ok and select("#", ...)
	if count == 1 then
		local value = ...
		if value == pending then
			return drive(co, raw_resume(co, raw_yield(pending)))
		elseif value == nothing then
			return true
		end
	elseif count == 0 and status(co) == "suspended" then
		raw_yield()
		return drive(co, raw_resume(co))
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
