-- wait.for_state: any function, looked at until its answer is the wanted one, with growing pauses.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end
local function sequence(...)
	local states, at = { ... }, 0
	return function()
		at = math.min(at + 1, #states)
		return states[at]
	end
end

local start = time.now()
assert(wait.for_state(sequence("building", "building", "READY"), { done = "ready" }) == "READY", "states are compared without regard to case")
assert(time.now() - start > 2 and time.now() - start < 4, "after two pauses")
assert(wait.for_state(sequence(1, 2, 3), { done = function(n) return n == 3 end }) == 3, "a function decides")
assert(wait.for_state(sequence("a", "c"), { done = { "b", "c" } }) == "c", "one of several states")

local err = fails(wait.for_state, sequence("building", "error"), { done = "ready", failed = { "error", "lost" } })
assert(err.kind == "task" and err.code == "error", "a failed state is an error at once")
start = time.now()
err = fails(wait.for_state, sequence("building"), { done = "ready", timeout = "1m" })
assert(err.kind == "timeout" and err.retryable and tostring(err):find("building", 1, true), "out of time")
assert(time.now() - start >= 60 and time.now() - start < 61)

local calls = 0
err = fails(wait.for_state, function()
	calls = calls + 1
	error("broken", 0)
end, { done = "x" })
assert(err == "broken" and calls == 1, "an error of the function ends it")
calls = 0
assert(wait.for_state(function()
	calls = calls + 1
	if calls < 3 then
		error { retryable = true }
	end
	return "up"
end, { done = "up" }) == "up" and calls == 3, "one that can pass does not")

local tags = wait.for_state(cds.ccs.DescribeTags, { done = function(answer) return answer.Code == "Success" end })
assert(meta(tags).action == "cds.ccs.DescribeTags", "an Action is a function too")
for what, bad in pairs {
	["no goal"] = function() wait.for_state(print, {}) end,
	["a number as goal"] = function() wait.for_state(function() return 1 end, { done = 1 }) end,
	["a state that the catalogue lacks"] = function() wait.for_state("mcs.instanc", { id = "i", done = "running" }) end,
	["no id"] = function() wait.for_state("mcs.instance", { done = "running" }) end,
	["an unknown option"] = function() wait.for_state(print, { done = "x", every = 3 }) end,
	["no subject"] = function() wait.for_state(nil, { done = "x" }) end,
} do
	assert(fails(bad).kind == "validation", what .. " is a validation error")
end
assert(tostring(fails(wait.for_state, "mcs.instanc", { done = "x" })):find("mcs.instance", 1, true), "the nearest is suggested")
