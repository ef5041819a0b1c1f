-- The main job in one script: create two instances, wait, find them by tag, stop, resize and start
-- one, delete both.
--
--   cumulua run --sim scripts/quickstart.lua
--
-- Against `cumulua sim` in another terminal:
--   cumulua run --endpoint cds=http://127.0.0.1:PORT scripts/quickstart.lua

local ccs = cds.ccs
local zone = "CN_Beijing_A"
local tag = "quickstart-" .. math.random(100000, 999999)
-- For instances that live some minutes; others take `secret "name"` from the profile.
local password = "Qs!" .. math.random(10 ^ 9, 10 ^ 10) .. "a"
local done = {}

local function note(what, instance, result)
	done[#done + 1] = { Step = #done + 1, What = what, Instance = instance, Result = result }
end

local function tag_id(name)
	for _, known in ipairs(ccs.DescribeTags().Data) do
		if known.TagName == name then
			return tostring(known.TagId)
		end
	end
end

-- The account's first VDC; the simulator has one ready.
local vdc = args[1] or "0bb08ed7-e686-4168-93e5-e0187579753b"

-- What the script makes it takes away again, also when a step fails or on Ctrl-C.
local ids = {}
defer(function()
	if #ids > 0 then
		log.warn("deleting what is left: " .. table.concat(ids, ", "))
		wait(ccs.DeleteInstance { InstanceIds = ids })
	end
	local left = tag_id(tag)
	if left then
		-- Instances that are still being created keep the tag.
		pcall(ccs.DeleteTag, { TagId = left })
	end
end)

local created = ccs.CreateInstance {
	RegionId = zone,
	VdcId = vdc,
	InstanceName = "quickstart",
	InstanceType = "CCS.C3",
	Cpu = 2,
	Ram = 4,
	Amount = 2,
	Password = password,
	LabelNames = { tag },
}
ids = wait(created, { timeout = "15m" })
note("created", table.concat(ids, ", "), #ids .. " instances")

local found = ccs.DescribeInstances { TagName = tag }.Data.Instances
assert(#found == #ids, "the tag finds what was created")
for _, instance in ipairs(found) do
	note("found by tag " .. tag, instance.InstanceId, instance.InstanceStatus)
end

local first = ids[1]
local function look()
	return ccs.DescribeInstances { InstanceId = first }.Data.Instances[1]
end

wait(ccs.StopInstance { InstanceId = first })
note("stopped", first, look().InstanceStatus)

wait(ccs.ModifyInstanceSpec { InstanceId = first, Cpu = 4, Ram = 8 })
local resized = look()
note("resized", first, resized.Cpu .. " CPU, " .. resized.Ram .. " GB")

wait(ccs.StartInstance { InstanceId = first })
note("started", first, look().InstanceStatus)

wait(ccs.DeleteInstance { InstanceIds = ids })
note("deleted", table.concat(ids, ", "), #ccs.DescribeInstances { TagName = tag }.Data.Instances .. " left")
ids = {}

pp(done)
