-- Answers are Lua tables, and what an Action did shows in the next answer.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local ccs = cds.ccs
local vdc = "0bb08ed7-e686-4168-93e5-e0187579753b"
local r = ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = vdc, InstanceName = "answers", Cpu = 2, Ram = 4, InstanceType = "CCS.C3", Amount = 2,
	Password = secret "vm-password",
}
assert(r.Code == "Success", "the answer is the server's")
local ids = wait(r)
assert(#ids == 2 and ids[1] ~= ids[2], "two servers are two resources")
local function look(id)
	return ccs.DescribeInstances { InstanceId = id }.Data.Instances[1]
end
local one = look(ids[1])
assert(one.InstanceName == "answers" and math.type(one.Cpu) == "integer" and one.Cpu == 2, "whole numbers are integers")
wait(ccs.StopInstance { InstanceId = ids[1] })
assert(look(ids[1]).InstanceStatus == "stop" and look(ids[2]).InstanceStatus == "running", "a stopped instance is stopped in the next answer")
wait(ccs.StartInstance { InstanceId = ids[1] })
assert(look(ids[1]).InstanceStatus == "running", "and runs again once it is started")
wait(ccs.DeleteInstance { InstanceIds = ids })
assert(#ccs.DescribeInstances {}.Data.Instances == 0, "deleted instances are gone")
local empty = ccs.DescribeTags().Data
assert(#empty == 0 and json.encode(empty) == "[]", "an empty list stays a list")
ccs.CreateTag { TagName = "a" }
local tags = ccs.DescribeTags().Data
assert(#tags == 1 and tags[1].TagName == "a", "a created tag is listed")
