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

-- What looks has no more time than the wait around it: calls, sleeps and tasks side by side end with it.
for what, look in pairs {
	["a sleep"] = function() time.sleep(100) return "x" end,
	["a swallowed end"] = function() while true do pcall(time.sleep, 100) end end,
	["tasks"] = function() parallel { function() time.sleep(100) end } end,
	["a coroutine"] = function() coroutine.wrap(function() time.sleep(100) end)() end,
	["a wait inside"] = function() wait.for_state(sequence("b"), { done = "a", timeout = "1h" }) end,
} do
	start = time.now()
	err = fails(wait.for_state, look, { done = "y", timeout = 10 })
	assert(err.kind == "timeout" and time.now() - start <= 12, what .. " took " .. time.now() - start .. " s: " .. tostring(err))
end
sim.fault { action = "DescribeTags", kind = "delay", seconds = 55 }
start = time.now()
err = fails(wait.for_state, cds.ccs.DescribeTags, { done = function() return false end, timeout = "10s" })
assert(err.kind == "timeout" and time.now() - start <= 12, "a call too")
sim.clear()
time.sleep(1)
assert(meta(cds.ccs.DescribeTags()).attempts == 1, "and what follows has its own time")
local yielded = coroutine.wrap(function()
	return wait.for_state(function() return coroutine.yield("looking") end, { done = "up" })
end)
assert(yielded() == "looking" and yielded("down") == "looking" and yielded("up") == "up", "what looks can yield")

local calls = 0
err = fails(wait.for_state, function()
	calls = calls + 1
	error("broken", 0)
end, { done = "x" })
assert(err == "broken" and calls == 1, "an error of the function ends it")
err = fails(wait.for_state, function() return 1 end, { done = function() error("undecided", 0) end })
assert(err == "undecided", "so does one of the function that decides")
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
	["a profile for a function"] = function() wait.for_state(function() end, { done = "x", profile = "p" }) end,
	["an id for an Action"] = function() wait.for_state(cds.ccs.DescribeTags, { done = function() return true end, id = "x" }) end,
	["parameters for a state"] = function() wait.for_state("mcs.instance", { id = "i", done = "gone", params = {} }) end,
	["no subject"] = function() wait.for_state(nil, { done = "x" }) end,
} do
	assert(fails(bad).kind == "validation", what .. " is a validation error")
end
assert(tostring(fails(wait.for_state, "mcs.instanc", { done = "x" })):find("mcs.instance", 1, true), "the nearest is suggested")
local elsewhere = wait.for_state(cds.ccs.DescribeTags, { done = function() return true end, region = "us" })
assert(meta(elsewhere).region == "us", "an Action is called in the account that the options name")

-- An elastic disk by its state, until it is gone.
local disk = wait(cds.ebs.CreateDisk { AvailableZoneCode = "CN_Hohhot_B", DiskName = "data", DiskFeature = "SSD", Size = 32, BillingMethod = "0" })[1]
wait.for_state("cds.ebs_disk", { id = disk, done = function(answer, state) return #answer.Data.DiskList == 1 and state end, timeout = "1h" })
cds.ebs.DeleteDisk { DiskIds = { disk } }
assert(#wait.for_state("cds.ebs_disk", { id = disk, done = "gone", timeout = "1h" }).Data.DiskList == 0)

-- A page in an answer's place does not end it; many in a row do.
for times, ends in pairs { [1] = "Success", [4] = "Success", [9] = "response" } do
	sim.fault { action = "DescribeInstances", kind = "malformed", times = times }
	local ok, answer = pcall(wait.for_state, cds.ccs.DescribeInstances, { done = function() return true end })
	sim.clear()
	assert((ok and answer.Code or answer.kind) == ends, times .. ": " .. tostring(answer))
end
