-- wait: answers, handles, rebuilt handles and lists of them, on virtual time.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local ccs = cds.ccs
local function create(amount)
	return ccs.CreateInstance {
		RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "wait", Cpu = 2, Ram = 4,
		InstanceType = "CCS.C3", Password = "Abc!12345x", Amount = amount,
	}
end
local r, before = create(3), time.now()
local err = fails(wait, r, { timeout = "5s" })
assert(err.kind == "timeout" and err.retryable, "a wait stops at its timeout")
assert(tostring(err):find(meta(r).task.id, 1, true), "and names the task that still runs")
assert(time.now() - before >= 5, "after that time")
local ids = wait(err.task, { timeout = "1h" })
assert(#ids == 3 and type(ids[1]) == "string", "the error's handle can be waited for again")
assert(time.now() - before > 30, "virtual time passes while a task runs")
for what, again in pairs { answer = r, handle = meta(r).task, rebuilt = task("cds_task", meta(r).task.id), ["a list"] = { r } } do
	local same = wait(again)
	assert(table.concat(same, " ") == table.concat(ids, " "), "the same ids in order from " .. what)
end
local first, second = create(1), create(2)
local both = wait { second, meta(first).task }
assert(#both == 3 and both[3] == wait(first)[1], "a list gives all ids in its order")
assert(#wait {} == 0, "an empty list is over at once")
assert(#wait(ccs.CreateTag { TagName = "t" }) == 0, "an answer without a task gives an empty list")
for what, bad in pairs {
	["an Action that never starts a task"] = ccs.DescribeTags(),
	["a table"] = { a = 1 },
	["a string"] = "190982",
	["a list of numbers"] = { 190982 },
} do
	assert(fails(wait, bad).kind == "validation", what .. " is a validation error")
end
assert(fails(wait).kind == "validation", "nothing is a validation error")
assert(fails(wait, r, { timeuot = 5 }).kind == "validation", "an unknown option too")
assert(fails(wait, r, { timeout = -1 }).kind == "validation", "a negative timeout too")
assert(fails(wait, task("cds_task", "999999999")).kind == "service", "a task that the service does not know is its refusal")
assert(tostring(task("cds_task", 7)) == "cds_task 7" and task("cds_task", 7).id == "7", "a handle has the task's id")
local unknown = fails(task, "cds_tsk", 1)
assert(unknown.kind == "validation" and tostring(unknown):find("cds_task", 1, true), "an unknown dialect suggests the nearest")
assert(fails(task, "cds_task", { {} }).kind == "validation", "ids are texts")
local incomplete = fails(wait, task("desktop_task", "7"))
assert(incomplete.kind == "validation" and incomplete.sent == "no" and tostring(incomplete):find("requestId", 1, true), tostring(incomplete))
assert(fails(task, "cds_task").kind == "validation", "a task has an id")

-- What can come in an answer's place while a task goes on, and does not end the wait.
local function waits_through(fault, times)
	local started, began = create(1), time.now()
	fault.action, fault.times = "DescribeTask", times
	sim.fault(fault)
	local ids = wait(started)
	sim.clear()
	assert(#ids == 1, fault.kind)
	return time.now() - began
end
for _, fault in ipairs {
	{ kind = "refuse", code = "TaskNotFound", http = 404 }, { kind = "refuse", code = "TaskNotFound", http = 400 }, { kind = "malformed" },
	{ kind = "empty" }, { kind = "error", http = 500 }, { kind = "error", http = 503 }, { kind = "throttle" }, { kind = "cut_short" }, { kind = "drop_after" },
	{ kind = "no_connection" }, { kind = "deep" },
} do
	waits_through(fault, 1)
	waits_through(fault, 3)
end

-- For ever they do.
for kind, fault in pairs { service = { kind = "refuse", code = "TaskNotFound", http = 404 }, response = { kind = "malformed" } } do
	local started, began = create(1), time.now()
	fault.action = "DescribeTask"
	sim.fault(fault)
	local err = fails(wait, started)
	sim.clear()
	assert(err.kind == kind, tostring(err))
	local passed = time.now() - began
	assert(kind == "service" and passed >= 60 and passed < 90 or kind == "response" and passed > 5 and passed < 60, kind .. " after " .. passed)
	assert(#wait(started) == 1)
end

-- A code for something else ends it at once.
local started, now = create(1), time.now()
sim.fault { action = "DescribeTask", kind = "refuse", code = "InvalidTaskID.Malformed", http = 400 }
assert(fails(wait, started).code == "InvalidTaskID.Malformed" and time.now() - now < 2)
sim.clear()
