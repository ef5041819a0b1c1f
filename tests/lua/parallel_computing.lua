-- A task that computes for long lets the others go on, and ends with its group, however it computes.
local function later()
	time.sleep(0.1)
	error("boom", 0)
end

-- Ways to compute without end.
local tail, mutual
function tail(n)
	return mutual(n + 1)
end
function mutual(n)
	return tail(n)
end
local function branches(depth)
	return depth == 0 and 1 or branches(depth - 1) + branches(depth - 1)
end
local loops = {
	empty = function() while true do end end,
	numeric = function() for _ = 1, math.maxinteger do end end,
	until_false = function() local n = 0 repeat n = n + 1 until false end,
	goes_to = function() ::again:: goto again end,
	iterator = function() for _ in function() return 1 end do end end,
	tail_calls = function() return tail(1) end,
	recursion = function() return branches(100) end,
	loaded = function() return load("while true do local x = {} end")() end,
	sorting = function() while true do table.sort({ 3, 1, 2 }, function(a, b) for _ = 1, 100 do end return a < b end) end end,
	replacing = function() while true do ("abc"):gsub("%w", function() for _ = 1, 100 do end end) end end,
	requiring = function() while true do require "std.args" end end,
	resuming_empty = function() while true do coroutine.resume(coroutine.create(function() end)) end end,
	yielding_nothing = function() for _ = 1, math.maxinteger do coroutine.wrap(function() coroutine.yield() end)() end end,
	generator = function() for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end end,
	calling = function() while true do pcall(cds.ccs.DescribeTags) end end,
}

-- What may stand around them.
local wrappers = {
	nothing = function(f) return f end,
	pcall = function(f) return function() while true do pcall(f) end end end,
	xpcall = function(f) return function() while true do xpcall(f, function(e) return e end) end end end,
	resume = function(f) return function() while true do coroutine.resume(coroutine.create(f)) end end end,
	wrap = function(f) return function() return coroutine.wrap(f)() end end,
	index = function(f) return function() return setmetatable({}, { __index = f }).x end end,
	concat = function(f) return function() return setmetatable({}, { __concat = f }) .. "" end end,
	close = function(f) return function() local _ <close> = setmetatable({}, { __close = f }) end end,
	parallel = function(f) return function() parallel { f, f } end end,
	settle = function(f) return function() parallel({ f }, { settle = true }) end end,
	for_state = function(f) return function() wait.for_state(f, { done = "x" }) end end,
}

local tried = 0
local function ends_with_its_group(what, f, most)
	local start = time.now()
	local ok, err = pcall(parallel, { f, later })
	assert(not ok and err == "boom", what .. ": " .. tostring(err))
	assert(time.now() - start < (most or 1), what .. ": it took " .. time.now() - start .. " s")
	tried = tried + 1
end
for name, loop in pairs(loops) do
	for wrapper, around in pairs(wrappers) do
		ends_with_its_group(wrapper .. " of " .. name, around(loop))
	end
end
for outer, around in pairs(wrappers) do
	for inner, between in pairs(wrappers) do
		ends_with_its_group(outer .. " of " .. inner, around(between(loops.empty)))
	end
end
assert(tried == 15 * 11 + 11 * 11, tried)

-- What is deferred runs, and has its time.
local tidied = false
ends_with_its_group("deferred", function()
	defer(function()
		for _ = 1, 2000000 do end
		tidied = true
	end)
	loops.empty()
end)
assert(tidied)

-- What is deferred and computes without end has the grace of a run that is ended.
ends_with_its_group("deferred without end", function()
	defer(loops.empty)
end, 12)

-- The time of a wait ends it too, without any other task.
local start = time.now()
local ok, err = pcall(wait.for_state, loops.empty, { done = "x", timeout = 1 })
assert(not ok and err.kind == "timeout" and time.now() - start < 4, tostring(err))

-- The others go on meanwhile.
local is_done, seen = false, 0
parallel {
	function()
		while not is_done do
			seen = seen + 1
		end
	end,
	function()
		for _ = 1, 3 do
			time.sleep(0.1)
			cds.ccs.DescribeTags()
		end
		is_done = true
	end,
}
assert(seen > 0)

-- Tasks that all compute give what they compute, and a statement on one line is not divided.
local total, list = 0, {}
local function count(n)
	return function()
		local own = 0
		for i = 1, n do
			own = own + i
			total = total + 1
			if i % 1000 == 0 then list[#list + 1] = i end
		end
		return own
	end
end
local sums = parallel { count(400000), count(300000), count(500000) }
assert(sums[1] == 400000 * 400001 // 2 and sums[2] == 300000 * 300001 // 2 and sums[3] == 500000 * 500001 // 2)
assert(total == 1200000 and #list == 1200, total .. " " .. #list)

-- Values pass between coroutines as they are, also where a slice ends between them.
local function generated(...)
	local values = table.pack(...)
	local co = coroutine.create(function(first)
		local got = first
		while true do
			for _ = 1, 700 do end
			got = table.pack(coroutine.yield(table.unpack(values, 1, values.n)))
		end
	end)
	for _ = 1, 1000 do
		local back = table.pack(coroutine.resume(co, 1, nil))
		assert(back[1] and back.n == values.n + 1, back.n)
		for index = 1, values.n do
			assert(back[index + 1] == values[index])
		end
	end
end
parallel {
	function() generated() end,
	function() generated(nil) end,
	function() generated(1) end,
	function() generated(nil, false, nil) end,
}

-- What the core decides is not divided either: one of them makes the thing.
local made = 0
local function slow()
	for _ = 1, 1500000 do end
end
local is_there = false
local results = parallel.map({ 1, 2, 3 }, function()
	return (ensure("thing", {
		find = function() slow() return is_there and "thing" or nil end,
		make = function() made = made + 1 slow() is_there = true end,
	}))
end)
assert(made == 1 and table.concat(results, " ") == "thing thing thing", made)
