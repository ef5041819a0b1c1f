-- Calls on a bad day: for each fault, the requests that reach the cloud are exactly the ones that the rules allow.
local VDC = "0bb08ed7-e686-4168-93e5-e0187579753b"
local ORDER = { RegionId = "CN_Beijing_A", VdcId = VDC, InstanceName = "bad-day", InstanceType = "CCS.C3", Cpu = 2, Ram = 4, Password = "Pass-word-1" }

local seen = 0
-- The requests since the last look.
local function requests()
	local all, fresh = sim.requests(), {}
	for index = seen + 1, #all do
		-- What was refused a connection stands in the log and never reached the cloud.
		if all[index].fault ~= "no-connection" then
			fresh[#fresh + 1] = all[index]
		end
	end
	seen = #all
	return fresh
end
local function failure(f, ...)
	local ok, err = pcall(f, ...)
	return not ok and err or nil
end

-- How often a call reaches the cloud, what the script learns, and whether it was carried out. `never` reaches it: nothing is counted there.
local cases = {
	{ fault = { kind = "no_connection" }, read = 1, write = 1, why = "nothing left, so both are tried again" },
	{ fault = { kind = "drop_before" }, read = 2, write = 1, sent = "maybe", error = "dispatch", why = "not known" },
	{ fault = { kind = "drop_after" }, read = 2, write = 1, sent = "maybe", error = "dispatch", why = "not known" },
	{ fault = { kind = "cut_short" }, read = 2, write = 1, sent = "maybe", error = "response", why = "the answer is lost" },
	{ fault = { kind = "throttle" }, read = 2, write = 2, why = "a refusal for the rate carried nothing out" },
	{ fault = { kind = "throttle", retry_after = 7 }, read = 2, write = 2, pause = 7, why = "and the service's pause is kept" },
	{ fault = { kind = "error", http = 500 }, read = 2, write = 1, sent = "maybe", error = "service", why = "a gateway does not know either" },
	{ fault = { kind = "error", http = 503 }, read = 2, write = 1, sent = "maybe", error = "service", why = "a gateway does not know either" },
	{ fault = { kind = "error_after", http = 500 }, read = 2, write = 1, sent = "maybe", error = "service", why = "carried out and not answered" },
	{ fault = { kind = "delay", seconds = 90 }, read = 2, write = 1, sent = "maybe", error = "timeout", why = "an attempt has a minute" },
}
for number, case in ipairs(cases) do
	local name = case.fault.kind .. (case.fault.http and " " .. case.fault.http or "")
	local before = time.now()
	case.fault.times = 1
	case.fault.action = "DescribeTags"
	sim.fault(case.fault)
	local answer = cds.ccs.DescribeTags()
	local made = #requests()
	assert(made == case.read, name .. ": reading took " .. made .. " requests; " .. case.why)
	assert(meta(answer).attempts == 2, name .. ": reading is tried again")
	assert(time.now() - before >= (case.pause or 0), name .. ": the pause is kept")

	case.fault.action = "CreateTag"
	sim.fault(case.fault)
	local err = failure(cds.ccs.CreateTag, { TagName = "tag-" .. number })
	made = #requests()
	assert(made == case.write, name .. ": writing took " .. made .. " requests; " .. case.why)
	assert((err and err.sent) == case.sent and (err and err.kind) == case.error, name .. ": " .. tostring(err))
	if err then
		assert(not err.retryable and err.lookup, name .. ": the error names the call that shows it: " .. tostring(err))
		assert(err.lookup == "cds.ccs.DescribeTags" and next(err.lookup_params) == nil)
		assert(tostring(err):find("`cumulua call cds.ccs.DescribeTags --sim` shows whether it was (then Data[].TagName is tag-" .. number .. ")", 1, true), tostring(err))
	end
	sim.clear()
end

-- The call that shows it has the parameters of the lost one, and asks its account.
sim.fault { action = "CreateInstance", kind = "drop_after", times = 1 }
local lost = failure(cds.with { region = "asia" }.ccs.CreateInstance, ORDER)
assert(lost.lookup == "cds.ccs.DescribeInstances" and lost.lookup_params.VdcId == VDC)
local command = "`cumulua call cds.ccs.DescribeInstances --region asia --sim VdcId=" .. VDC .. "` shows whether it was (then Data.Instances[].InstanceName is bad-day or that and a number, on any of its pages)"
assert(tostring(lost):find(command, 1, true), tostring(lost))
assert(not tostring(lost):find(ORDER.Password, 1, true))
requests()

-- A service that stays down: some attempts, with growing pauses, then its error.
sim.fault { action = "DescribeTags", kind = "error", http = 503 }
local before = time.now()
local err = failure(cds.ccs.DescribeTags)
assert(err.attempts == 5 and #requests() == 5 and err.http_status == 503)
assert(failure(cds.ccs.DescribeTags, {}, { retries = 1 }).attempts == 2 and #requests() == 2, "as many as the call sets")
-- The run's budget: a script that asks on and on does not multiply its requests for ever.
local calls = 0
repeat
	err = failure(cds.ccs.DescribeTags)
	calls = calls + 1
until err.attempts == 1
local made = #requests()
assert(calls < 40 and made <= 5 * calls, "the budget ends after " .. calls .. " calls and " .. made .. " requests")
-- 14 retries went before, and 15 successes gave one back.
local retries = made - calls + 14
assert(retries == 100 or retries == 101, "a hundred retries a run, and not " .. retries)
sim.clear()
for _ = 1, 10 do
	cds.ccs.DescribeTags()
end
requests()
sim.fault { action = "DescribeTags", kind = "error", http = 503, times = 1 }
assert(meta(cds.ccs.DescribeTags()).attempts == 2, "ten successes give a retry back")
requests()

-- A clock that is off is corrected once, and every attempt is signed anew.
sim.skew(3600)
assert(meta(cds.ccs.DescribeTags()).attempts == 2, "the second attempt has the service's time")
assert(meta(cds.ccs.DescribeTags()).attempts == 1, "and so have all that follow")
requests()
sim.skew(0)
cds.ccs.DescribeTags()
sim.skew(-3600)
assert(meta(mcs.DescribeInstances()).attempts == 2, "a code that is not about the time does not hide that the clocks are hours apart")
sim.skew(0)
mcs.DescribeInstances()
requests()

-- A wait rides out what can pass, and a task that never ends costs no more than its polls.
local order = cds.ccs.CreateInstance(ORDER)
requests()
for _, kind in ipairs { "drop_before", "throttle", "cut_short", "error" } do
	sim.fault { action = "DescribeTask", kind = kind, times = 2, http = kind == "error" and 500 or nil }
end
local ids = wait(order)
assert(#ids == 1)
local polls = requests()
for _, poll in ipairs(polls) do
	assert(poll.action == "DescribeTask", "a wait only polls")
end
assert(#polls >= 8 and #polls < 40, "and seldom: " .. #polls)
sim.clear()
sim.fault { action = "CreateInstance", kind = "task_fails", reason = "no capacity", times = 1 }
err = failure(wait, cds.ccs.CreateInstance(ORDER))
assert(err.kind == "task" and tostring(err):find("no capacity", 1, true) and err.task.id, "a failed task raises with its reason")
requests()
sim.fault { action = "CreateInstance", kind = "task_hangs", times = 1 }
order = cds.ccs.CreateInstance(ORDER)
requests()
before = time.now()
err = failure(wait, order, { timeout = "1h" })
assert(err.kind == "timeout" and err.retryable and time.now() - before >= 3600 and time.now() - before < 3605, "an hour is an hour")
made = #requests()
assert(made > 200 and made < 300, "every 15 s at most: " .. made)

-- A list that changes while it is read is an error that names the items.
wait(cds.ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = VDC, InstanceName = "page", InstanceType = "CCS.C3", Cpu = 2, Ram = 4, Password = "Pass-word-1", Amount = 6,
})
sim.clear()
for _, kind in ipairs { "page_grows", "page_shrinks" } do
	sim.fault { action = "DescribeInstances", kind = kind, times = 1, after = 1 }
	local taken = 0
	err = failure(function()
		for _ in items(cds.ccs.DescribeInstances, { PageSize = 2 }) do
			taken = taken + 1
		end
	end)
	assert(err and err.kind == "response" and err.retryable, kind .. " gave " .. taken .. " items and " .. tostring(err))
	assert(tostring(err):find("the list changed", 1, true) or tostring(err):find("came twice", 1, true), tostring(err))
	sim.clear()
end
requests()

-- The first error stops the siblings; a change that is on its way is waited for, and what it gave is not lost.
local tag
sim.fault { action = "CreateTag", kind = "delay", seconds = 5, times = 1 }
err = failure(parallel, {
	function()
		time.sleep(1)
		error("first", 0)
	end,
	function()
		tag = cds.ccs.CreateTag { TagName = "in-flight" }
		cds.ccs.CreateTag { TagName = "after" }
	end,
	function()
		cds.ccs.DescribeTags({}, { timeout = "1m" })
		time.sleep(100)
		cds.ccs.CreateTag { TagName = "never" }
	end,
})
assert(err == "first" and tag and tag.Code == "Success", "the change that was on its way has its answer")
local names = {}
for _, request in ipairs(requests()) do
	names[#names + 1] = request.action
end
table.sort(names)
assert(table.concat(names, " ") == "CreateTag DescribeTags", "and nothing was sent after the error: " .. table.concat(names, " "))

-- A task fails after so many seconds, beside one that makes a tag: the error, and the tag where there is one.
local function beside_a_failure(seconds, name)
	local made
	local raised = failure(parallel, {
		function()
			time.sleep(seconds)
			error("first", 0)
		end,
		function()
			made = cds.ccs.CreateTag { TagName = name }
		end,
	})
	return raised, made
end

-- Also where an attempt of that change had failed before.
sim.fault { action = "CreateTag", kind = "throttle", times = 1 }
sim.fault { action = "CreateTag", kind = "delay", seconds = 20, times = 1 }
err, tag = beside_a_failure(10, "second attempt")
assert(err == "first" and tag and tag.Code == "Success", "the second attempt was on its way and has its answer")
requests()
-- Between two attempts nothing is on its way, and no other follows.
sim.fault { action = "CreateTag", kind = "throttle", retry_after = 60, times = 1 }
err, tag = beside_a_failure(10, "never")
assert(err == "first" and tag == nil and #requests() == 1)
-- Where the sibling fails while the attempt that will fail is on its way, it is the last.
sim.fault { action = "CreateTag", kind = "no_connection", times = 1 }
err, tag = beside_a_failure(0.01, "never")
assert(err == "first" and tag == nil and #requests() == 0, "the attempt that failed was the last")
