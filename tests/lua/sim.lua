-- A rehearsal can be directed: what goes wrong, and what the cloud has seen and holds.
local VDC = "0bb08ed7-e686-4168-93e5-e0187579753b"
local ORDER = { RegionId = "CN_Beijing_A", VdcId = VDC, InstanceName = "web", InstanceType = "CCS.C3", Cpu = 2, Ram = 4, Password = "Pass-word-1" }

local function count(action)
	local found = 0
	for _, request in ipairs(sim.requests()) do
		if request.action == action then found = found + 1 end
	end
	return found
end

local function error_of(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "it raises")
	return err
end

-- Lost before or after it was carried out: `sent` cannot distinguish them, and nothing is sent twice.
for made, kind in ipairs { "drop_before", "drop_after" } do
	sim.fault { action = "CreateTag", kind = kind, times = 1 }
	local err = error_of(cds.ccs.CreateTag, { TagName = kind })
	assert(err.sent == "maybe" and err.kind == "dispatch", err)
	assert(#cds.ccs.DescribeTags().Data == made - 1)
end
assert(count "CreateTag" == 2)

-- No connection, or a refusal for the rate: not carried out, so it is sent again.
sim.fault { action = "CreateTag", kind = "no_connection", times = 1 }
sim.fault { action = "cds.ccs.CreateTag", kind = "throttle", times = 1, retry_after = 2 }
assert(meta(cds.ccs.CreateTag { TagName = "again" }).attempts == 3)

-- A slow answer takes its time, and one that breaks off is known as such.
local before = time.now()
sim.fault { action = "DescribeTags", kind = "delay", seconds = 30, times = 1 }
cds.ccs.DescribeTags()
assert(time.now() - before >= 30)
sim.fault { action = "CreateTag", kind = "cut_short", times = 1 }
assert(error_of(cds.ccs.CreateTag, { TagName = "cut" }).sent == "maybe")

-- Tasks that fail, and tasks that hang.
sim.fault { action = "CreateInstance", kind = "task_fails", reason = "no capacity", times = 1 }
local failed = error_of(wait, cds.ccs.CreateInstance(ORDER))
assert(failed.kind == "task" and tostring(failed):find("no capacity", 1, true), tostring(failed))
assert(#cds.ccs.DescribeInstances().Data.Instances == 0)
sim.fault { action = "CreateInstance", kind = "task_hangs", times = 1 }
assert(error_of(wait, cds.ccs.CreateInstance(ORDER), { timeout = "10m" }).kind == "timeout")

-- What the cloud has seen and holds; nothing of it is secret.
local state = sim.state()
assert(#state.ccs.instances == 1 and state.ccs.instances[1].name == "web" and #state.tasks == 2)
for _, request in ipairs(sim.requests()) do
	assert(not request.parameters or not json.encode(request):find("Pass-word-1", 1, true))
end
local faults = {}
for _, request in ipairs(sim.requests()) do faults[#faults + 1] = request.fault end
assert(faults[#faults] == "task-hangs", faults[#faults])

-- All is well again, and a rule that makes no sense is refused.
sim.fault { kind = "error", http = 503 }
sim.clear()
cds.ccs.DescribeTags()
assert(error_of(sim.fault, { kind = "eror" }).message:find("did you mean error", 1, true))
assert(error_of(sim.fault, { action = "CreateTg", kind = "error" }).message:find("did you mean CreateTag", 1, true))

-- A clock that is off is corrected.
sim.skew(7200)
assert(cds.ccs.DescribeTags().Code == "Success")
