-- COUNT: so many coroutines that wait for one task.
local order = cds.ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "wait", Cpu = 2, Ram = 4,
	InstanceType = "CCS.C3", Password = "Abc!12345x",
}
local list = {}
for index = 1, tonumber(args[1]) do
	list[index] = index
end
parallel.map(list, function() wait(order) end, { limit = #list })
