-- What a script makes of Lua's own functions changes nothing of the runtime's, also not of what is loaded at its first use.
local assert, type, concat = assert, type, table.concat
for _, name in ipairs {
	"type", "next", "pcall", "xpcall", "error", "select", "rawget", "rawset", "ipairs", "setmetatable", "getmetatable", "tostring", "load", "assert",
} do
	_G[name] = nil
end
coroutine.running, coroutine.yield, coroutine.isyieldable, math.floor, math.type = nil, nil, nil, nil, nil
table.concat, table.pack, table.remove = nil, nil, nil

local doubled = parallel.map({ 1, 2, 3 }, function(number)
	time.sleep(number)
	defer(function() end)
	return number * 2
end)
assert(concat(doubled, " ") == "2 4 6", "tasks")
local made = cds.ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "changed", Cpu = 2, Ram = 4,
	InstanceType = "CCS.C3", Password = "Abc!12345x", Amount = 1,
}
local id = wait(made)[1]
assert(type(id) == "string", "a wait")
local found = false
for server in items(cds.ccs.DescribeInstances, {}) do
	found = found or server.InstanceId == id
end
assert(found, "a list")
local looked = wait.for_state(cds.ccs.DescribeInstances, { done = function() return true end })
assert(looked.Code == "Success", "a state")
lock "changed"
local twice = coroutine.wrap(function(number)
	cds.ccs.DescribeTags()
	return number * 2
end)
assert(twice(21) == 42, "a coroutine")
assert(require "modules.counted".n == 1 and dofile "modules/counted.lua".n == 2, "modules")
assert(io.open("no such file") == nil and type(os.time()) == "number", "files and the clock")
assert(json.decode(json.encode { n = 1 }).n == 1, "JSON")
