-- An effect's place is the only one of its kind in a run: the script's, what it defers, coroutines and tasks have paths of their own.
local seen = {}
local function place()
	local place = meta(cds.ccs.DescribeTags()).place
	local text = place.path .. "#" .. place.number
	assert(not seen[text], text .. " comes twice")
	seen[text] = true
	return text
end

assert(place() == "0#1" and place() == "0#2")
local inner = coroutine.wrap(function()
	return place()
end)
assert(inner() == "0.1#1", "a coroutine")
local tasks = parallel { place, place }
assert(tasks[1] == "0.2.1#1" and tasks[2] == "0.2.2#1", table.concat(tasks, " "))
assert(place() == "0#4", "the script goes on behind its parallel")
defer(function()
	assert(place() == "0.d#2", "what is deferred goes on where the last of it was")
	-- Finalizers run where nothing can wait, and still may catch errors.
	setmetatable({}, { __gc = function() pcall(error) end })
	collectgarbage()
end)
defer(function()
	assert(place() == "0.d#1", "what is deferred is not the script")
end)
