-- A thing is found or made, and never made twice.
local VDC = "0bb08ed7-e686-4168-93e5-e0187579753b"
local function order(name)
	return { RegionId = "CN_Beijing_A", VdcId = VDC, InstanceName = name, InstanceType = "CCS.C3", Cpu = 2, Ram = 4, Password = "Pass-word-1" }
end

local function all(name)
	local found = {}
	for server in items(cds.ccs.DescribeInstances, { VdcId = VDC }) do
		if server.InstanceName == name then
			found[#found + 1] = server
		end
	end
	return found
end

-- What makes a server, and how often it was called.
local function server(name, make)
	local calls = { made = 0 }
	return {
		calls = calls,
		find = function()
			return all(name)[1]
		end,
		make = function()
			calls.made = calls.made + 1
			return (make or cds.ccs.CreateInstance)(order(name))
		end,
		is_running = function(found)
			return found.InstanceStatus == "running"
		end,
	}
end
local function ensure_server(name, it, with_ready, timeout)
	return ensure(name, { find = it.find, make = it.make, ready = with_ready and it.is_running or nil, timeout = timeout })
end
local function failure(f, ...)
	local ok, e = pcall(f, ...)
	assert(not ok, "it does not fail")
	return e
end

-- Made where it is not there, its task waited for; found where it is.
local web = server("web")
local value, made = ensure_server("web", web)
assert(value.InstanceName == "web" and made and value.InstanceStatus == "running", "its task has been waited for")
value, made = ensure_server("web", web)
assert(value.InstanceName == "web" and not made and web.calls.made == 1)

-- Its answer is lost: carried out or not, there is one in the end.
local lost = server("lost")
sim.fault { action = "CreateInstance", kind = "drop_after", times = 1 }
value, made = ensure_server("lost", lost, true)
assert(made and value.InstanceStatus == "running" and lost.calls.made == 1 and #all("lost") == 1)
local gone = server("gone")
sim.fault { action = "CreateInstance", kind = "drop_before", times = 1 }
value, made = ensure_server("gone", gone)
assert(made and gone.calls.made == 2 and #all("gone") == 1, "it certainly was not carried out, so it is made again")

-- Also where what makes it hides what happened.
local hidden = server("hidden", function(params)
	if not pcall(cds.ccs.CreateInstance, params) then
		error("it did not work", 0)
	end
end)
sim.fault { action = "CreateInstance", kind = "error_after", http = 502, times = 1 }
value, made = ensure_server("hidden", hidden)
assert(made and hidden.calls.made == 1 and #all("hidden") == 1)

-- It is made again where that certainly was not carried out, and its timeout is not waited for.
local caught = server("caught", function(params)
	pcall(cds.ccs.CreateInstance, params)
end)
sim.fault { action = "CreateInstance", kind = "drop_before", times = 2 }
local began = time.now()
value, made = ensure_server("caught", caught, false, "3h")
assert(made and caught.calls.made == 3 and #all("caught") == 1 and time.now() - began < 2 * 3600)

-- What makes it repeats a lost call by itself: that one has made it, so nothing else does.
local again = server("again", function(params)
	if not pcall(cds.ccs.CreateInstance, params) then
		cds.ccs.CreateInstance(params)
	end
end)
sim.fault { action = "CreateInstance", kind = "drop_before", times = 1 }
value, made = ensure_server("again", again)
assert(made and again.calls.made == 1 and #all("again") == 1)

-- Several at once: one makes it, and all are given it.
local once = server("once")
sim.fault { action = "CreateInstance", kind = "drop_after", times = 1 }
local given = parallel.map({ 1, 2, 3, 4 }, function()
	return { ensure_server("once", once) }
end)
local makers = 0
for _, pair in ipairs(given) do
	assert(pair[1].InstanceId == given[1][1].InstanceId)
	makers = makers + (pair[2] and 1 or 0)
end
assert(makers == 1 and once.calls.made == 1 and #all("once") == 1)

-- A refusal is an error, and the next try makes it.
local refused = server("refused")
sim.fault { action = "CreateInstance", kind = "refuse", code = "NotEnoughBalance", times = 1 }
local e = failure(ensure_server, "refused", refused)
assert(e.code == "NotEnoughBalance" and refused.calls.made == 1)
value, made = ensure_server("refused", refused)
assert(made and refused.calls.made == 2 and #all("refused") == 1)

-- So is a task that failed.
local failing = server("failing")
sim.fault { action = "CreateInstance", kind = "task_fails", reason = "no capacity", times = 1 }
e = failure(ensure_server, "failing", failing)
assert(e.kind == "task" and failing.calls.made == 1)
value, made = ensure_server("failing", failing)
assert(made and failing.calls.made == 2 and #all("failing") == 1)

-- What nothing can show is never made again: not in this try, nor in the next one.
local secret_order = server("secret", function()
	return cds.call { service = "ccs", action = "CreateInstance", body = order("secret") }
end)
local is_blind = true
local function find_blindly()
	return not is_blind and secret_order.find() or nil
end
sim.fault { action = "CreateInstance", kind = "drop_after", times = 1 }
for _ = 1, 2 do
	e = failure(ensure, "secret", { find = find_blindly, make = secret_order.make })
	assert(e.sent == "maybe" and secret_order.calls.made == 1, tostring(e))
end
is_blind = false
value, made = ensure("secret", { find = find_blindly, make = secret_order.make })
assert(value.InstanceName == "secret" and made and secret_order.calls.made == 1 and #all("secret") == 1)

-- What was made and does not show is not made again either.
local shy = server("shy")
is_blind = true
for _ = 1, 2 do
	e = failure(ensure, "shy", { find = function()
		return not is_blind and shy.find() or nil
	end, make = shy.make, timeout = "10m" })
	assert(e.kind == "timeout" and shy.calls.made == 1, tostring(e))
end

-- A sibling's failure ends the waiting, and what may have been made is remembered.
local torn = server("torn")
sim.fault { action = "CreateInstance", kind = "drop_after", times = 1 }
e = failure(parallel, {
	function()
		ensure_server("torn", torn)
	end,
	function()
		time.sleep(1)
		error("sibling", 0)
	end,
})
assert(e == "sibling" and torn.calls.made == 1)
value, made = ensure_server("torn", torn)
assert(value and torn.calls.made == 1 and #all("torn") == 1)

-- Ready is waited for; a look that fails for a while is made again.
local ready = { find = function()
	return #cds.ccs.DescribeTags().Data
end }
local before = time.now()
sim.fault { action = "DescribeTags", kind = "error", times = 11, after = 2 }
value, made = ensure("tags", { find = ready.find, make = error, ready = function()
	return time.now() - before > 90
end })
assert(not made and time.now() - before > 90)
sim.clear()
e = failure(ensure, "tags", { find = ready.find, make = error, ready = function()
	return false
end, timeout = "1m" })
assert(e.kind == "timeout" and tostring(e):find("ensure tags", 1, true) and tostring(e):find("not ready", 1, true), tostring(e))

-- What makes a thing cannot ensure it.
e = failure(ensure, "ring", { find = function() end, make = function()
	return ensure("ring", { find = function() end, make = function() end })
end })
assert(e.kind == "validation" and tostring(e):find("ring is made by what makes it", 1, true), tostring(e))

for problem, arguments in pairs {
	["the name of what is to be there"] = { "", { find = print, make = print } },
	["option find must be a function"] = { "x", { make = print } },
	["option make must be a function"] = { "x", { find = print, make = 5 } },
	["option ready must be a function"] = { "x", { find = print, make = print, ready = true } },
	["unknown option \"maek\""] = { "x", { find = print, maek = print } },
	["option timeout must be"] = { "x", { find = print, make = print, timeout = "soon" } },
} do
	e = failure(ensure, arguments[1], arguments[2])
	assert(e.kind == "validation" and tostring(e):find(problem, 1, true), tostring(e))
end
