-- Parameters are held against the catalogue before anything is sent, and all faults are reported at once.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local ccs = cds.ccs
local vdc = "0bb08ed7-e686-4168-93e5-e0187579753b"

local err = fails(function() ccs.CreateInstance { VdcId = vdc, Cpu = 3, Ram = "four", InstanceNam = "x" } end)
assert(err.kind == "validation" and err.sent == "no" and err.attempts == 0, "a fault of the parameters is found before sending")
assert(err.action == "cds.ccs.CreateInstance", "the error names its Action")
local text = tostring(err)
for _, name in ipairs { "RegionId", "Cpu", "Ram", "InstanceNam", "InstanceType", "Password" } do
	assert(text:find(name, 1, true), "all faults are reported at once; not there: " .. name)
end
assert(text:find("did you mean", 1, true) and text:find("InstanceName", 1, true), "an unknown parameter suggests the nearest")
assert(text:find("validation.lua:11:", 1, true), "the error names the script's line: " .. text)

local function disk_path(disk)
	return tostring(fails(ccs.CreateInstance, {
		RegionId = "CN_Beijing_A", VdcId = vdc, InstanceName = "w", Cpu = 2, Ram = 4, InstanceType = "CCS.C3", Password = "Abc!12345x", SystemDisk = disk,
	}))
end
assert(disk_path({ Size = "big" }):find("SystemDisk.Size", 1, true), "a nested fault is named by its path")
assert(disk_path({ Siz = 20 }):find("SystemDisk.Siz", 1, true), "an unknown nested field is named by its path")
assert(disk_path("ssd"):find("SystemDisk", 1, true), "a string is no object")

-- Conversions that lose nothing, and those that would.
local function page_size(value)
	return pcall(ccs.DescribeInstances, { PageSize = value })
end
for _, good in ipairs { 4, "4", 4.0 } do
	assert(page_size(good), "converts without loss: " .. tostring(good))
end
for _, bad in ipairs { "04", "4.0", " 4", "0x4", "four", 4.5, 0 / 0, math.huge, 2.0 ^ 63, "9223372036854775808", true, null } do
	assert(not page_size(bad), "would lose something: " .. tostring(bad))
end
for _, bad in ipairs { print, io.stdout, coroutine.create(print) } do
	local problem = fails(ccs.DescribeInstances, { PageSize = bad })
	assert(problem.kind == "validation" and problem.sent == "no", "a " .. type(bad) .. " cannot be sent")
end
assert(ccs.CreateTag { TagName = 4 }, "4 becomes \"4\" where a string is wanted")
assert(fails(ccs.DescribeInstances, { VdcId = "\xff" }).kind == "validation", "text that is not UTF-8 is refused")
assert(fails(ccs.DescribeInstances, { "a" }).kind == "validation", "a parameter has a name")
assert(fails(ccs.DescribeInstances, { [1.5] = 1 }).kind == "validation", "a number is no parameter's name")
assert(fails(ccs.DescribeInstances, 5).kind == "validation", "parameters are a table")
assert(fails(ccs.DescribeInstances, "x").kind == "validation", "parameters are a table, no string")
local cyclic = {}
cyclic.SystemDisk = cyclic
assert(fails(ccs.CreateInstance, cyclic).kind == "validation", "a table that holds itself is refused")
