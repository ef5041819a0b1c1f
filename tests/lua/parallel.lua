-- parallel: results in order, limits, errors that stop siblings, and calls that suspend their own task only.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end
local function after(seconds, value)
	return function()
		time.sleep(seconds)
		return value
	end
end

local start = time.now()
local results = parallel { after(3, "a"), after(1, "b"), after(2, "c") }
assert(table.concat(results) == "abc", "results stand in the order of the functions")
assert(time.now() - start < 3.5, "and the functions ran side by side")

start = time.now()
local running, most = 0, 0
local doubled = parallel.map({ 1, 2, 3, 4, 5, 6 }, function(x, index)
	running = running + 1
	most = math.max(most, running)
	time.sleep(10)
	running = running - 1
	assert(x == index)
	return x * 2
end, { limit = 2 })
assert(most == 2 and time.now() - start >= 30, "two at once, three times")
assert(table.concat(doubled, ",") == "2,4,6,8,10,12")
assert(#parallel {} == 0 and #parallel.map({}, print) == 0, "nothing to do is done at once")
assert(next(parallel { function() end }) == nil, "a function that gives nothing leaves nothing")

-- The first error stops the others, which cannot swallow that.
start = time.now()
local reached, deferred = {}, {}
local err = fails(parallel, {
	function()
		time.sleep(1)
		error("boom", 0)
	end,
	function()
		defer(function()
			cds.ccs.DescribeTags()
			deferred[#deferred + 1] = "sibling"
		end)
		pcall(time.sleep, 100)
		reached[#reached + 1] = "behind pcall"
	end,
	function()
		while true do
			coroutine.resume(coroutine.create(function() time.sleep(100) end))
		end
	end,
	function()
		for _ in coroutine.wrap(function() while true do time.sleep(100) coroutine.yield(1) end end) do end
	end,
})
assert(err == "boom" and time.now() - start < 5, "the error is raised as it is, at once")
assert(#reached == 0, "pcall in a sibling sees the end and cannot swallow it")
assert(deferred[1] == "sibling", "what a stopped task deferred runs, calls included")

local code = fails(parallel, { function() cds.ccs.DescribeTask { TaskId = "999999999" } end })
assert(code.kind == "service" and code.action == "cds.ccs.DescribeTask", "a call's error keeps its fields")
local mixed = parallel({ after(1, 7), function() error { code = 3 } end }, { settle = true })
assert(mixed[1].ok and mixed[1].value == 7 and mixed[2].ok == false and mixed[2].error.code == 3, "settle collects errors")

-- Tasks below tasks, and coroutines inside tasks.
local nested = parallel.map({ 1, 2 }, function(x)
	return parallel.map({ 10, 20 }, function(y)
		return select(2, coroutine.resume(coroutine.create(function() time.sleep(1) return x + y end)))
	end)
end)
assert(nested[1][2] == 21 and nested[2][1] == 12)
local outer = fails(parallel, {
	function() parallel { after(1000), after(2000) } end,
	function() time.sleep(1) error("outer", 0) end,
})
assert(outer == "outer", "the end of a task reaches the tasks below it")

-- What a task defers runs when the task ends, last first; its error is the task's.
local order = {}
parallel { function()
	defer(function() order[#order + 1] = "first" end)
	defer(function() order[#order + 1] = "second" end)
	order[#order + 1] = "task"
end }
order[#order + 1] = "after"
assert(table.concat(order, " ") == "task second first after", table.concat(order, " "))
assert(fails(parallel, { function() defer(function() error("late", 0) end) end }) == "late")

local place = meta(parallel { function() return cds.ccs.DescribeTags() end }[1]).place
assert(place.path:find("^0%.%d+%.%d+$") and place.number == 1, "an effect in a task has a place of its own")
for what, bad in pairs {
	["a number in place of a function"] = function() parallel { 1 } end,
	["a hole"] = function() parallel { print, nil, print } end,
	["no list"] = function() parallel(print) end,
	["an unknown option"] = function() parallel({}, { limti = 1 }) end,
	["a limit of 0"] = function() parallel({}, { limit = 0 }) end,
	["no function to map"] = function() parallel.map({ 1 }) end,
} do
	assert(fails(bad).kind == "validation", what .. " is a validation error")
end
