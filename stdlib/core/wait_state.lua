-- wait.for_state: looks at something until it is in a state.

local native, own = ...
local _ENV <const> = own.globals

local finish, raise, refuse, caught = own.finish, own.raise, own.refuse, own.caught
local need_wait, next_place = own.need_wait, own.next_place
local places, place_below, running = own.places, own.place_below, coroutine.running
local answers, action_names, text_of = own.answers, own.action_names, own.tostring
local list_length, known_options = own.list_length, own.known_options

local state_options = { done = true, failed = true, timeout = true, params = true, id = true, profile = true, region = true }

-- Whether what was seen is what an option names: by a function, or by one or several names of a
-- state.
local function is_state(option, wanted, answer, state)
	local kind = type(wanted)
	if kind == "function" then
		return wanted(answer, state)
	elseif kind == "table" then
		for index = 1, list_length("wait.for_state: the option " .. option, wanted) do
			if is_state(option, wanted[index], answer, state) then
				return true
			end
		end
		return false
	elseif kind == "string" then
		return (state or "gone"):lower() == wanted:lower()
	end
	refuse("wait.for_state: the option " .. option .. " must be a function, a state or a list of states, not a " .. kind)
end

-- How to look: by a function of the script, or as the catalogue describes. Gives the answer, its
-- state and whether that is a failure.
local function looker(subject, options)
	local function without(with, ...)
		for _, option in ipairs({ ... }) do
			if options[option] ~= nil then
				refuse("wait.for_state: the option " .. option .. " means nothing with " .. with)
			end
		end
	end
	if type(subject) == "string" then
		finish(native.has_state(subject))
		without("a state", "params")
		return function()
			local state, has_failed, answer, about =
				finish(native.read_state(next_place(), subject, options.id, options.profile, options.region))
			if answer then
				answers[answer] = about
			end
			return answer, state, has_failed
		end, subject .. " " .. tostring(options.id)
	elseif type(subject) == "function" then
		local account
		if action_names[subject] then
			without("an Action", "id")
			finish(native.only_reads(action_names[subject]))
			account = { profile = options.profile, region = options.region }
		else
			without("a function", "id", "profile", "region")
		end
		return function()
			local answer = subject(options.params, account)
			return answer, type(answer) ~= "table" and text_of(answer) or "", false
		end, action_names[subject] or "a function"
	end
	refuse("wait.for_state needs a function or a state of the catalogue, as \"mcs.instance\", not a " .. type(subject))
end

-- Calls a function whose effects stand at a place of their own.
local function call_at(place, f)
	local co = running()
	local outer = places[co]
	local function back(...)
		outer.is_stuck = place.is_stuck
		places[co] = outer
		return caught(...)
	end
	place.is_stuck, place.is_coroutine = outer.is_stuck, outer.is_coroutine
	places[co] = place
	return back(pcall(f))
end

-- However a watch ends, nothing shows that it goes on.
local watch_meta = {
	__close = function(watch)
		native.watched(watch.handle, "no longer waited for", false)
	end,
}

-- So many answers in a row may be no answers, as a gateway's page is none.
local UNREADABLE_IN_A_ROW = 5

-- Whether looking again can help after a failure.
local function may_pass(watch, err)
	if type(err) ~= "table" or #native.lost_below(watch.place.path) > 0 then
		-- The next look would make a change again whose answer was lost.
		return false
	elseif err.kind == "response" then
		watch.unreadable = watch.unreadable + 1
		return err.retryable == true or watch.unreadable <= UNREADABLE_IN_A_ROW
	end
	watch.unreadable = 0
	return err.retryable == true
end

-- Looks once. A failure that can pass is no answer, nor is one that comes of the watch's own end;
-- any other ends the watch.
local function look_once(watch, look)
	local ok, answer, state, has_failed = call_at(watch.place, look)
	if ok then
		watch.is_failing, watch.unreadable = false, 0
		return true, answer, state, has_failed
	elseif native.is_stopped(watch.place.path) then
		return false
	elseif not may_pass(watch, answer) then
		native.watched(watch.handle, text_of(answer), false)
		raise(answer)
	end
	-- The first failure of a row is reported, so that an hour of silence is none.
	native.log(watch.is_failing and "debug" or "warn", "looking failed and is tried again: " .. text_of(answer))
	watch.is_failing = true
	return false
end

-- Looks until the state is the wanted one; `look` gives an answer, its state and whether that is a
-- failure.
local function watch_for(what, look, options)
	local place = place_below(places[running()])
	local handle = finish(native.watch(what, options.timeout, place.path))
	local watch <close> = setmetatable({ place = place, handle = handle, unreadable = 0 }, watch_meta)
	local shown = ""
	while true do
		local seen, answer, state, has_failed = look_once(watch, look)
		if seen then
			shown = state or "gone"
			if is_state("done", options.done, answer, state) then
				native.watched(watch.handle, shown == "" and "done" or shown, true)
				return answer
			elseif has_failed or options.failed ~= nil and is_state("failed", options.failed, answer, state) then
				native.watched(watch.handle, shown == "" and "failed" or shown, false)
				raise(native.state_failure(what, shown))
			end
		end
		finish(native.pause(next_place(), watch.handle, shown))
	end
end

function _G.wait.for_state(subject, options)
	need_wait()
	options = known_options("wait.for_state", options, state_options)
	if options.done == nil then
		refuse("wait.for_state needs the option done: a function, a state or a list of states")
	end
	local look, what = looker(subject, options)
	return watch_for(what, look, options)
end

own.call_at, own.watch_for = call_at, watch_for
