-- Products, services and Actions are found by name.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

assert(type(cds.ccs.CreateInstance) == "function", "an Action is a function")
assert(type(mcs.DescribeInstances) == "function" and type(aliyun.sas.CreateInstance) == "function", "each product has its Actions")
for _, name in ipairs { "ccs", "vdc", "vpc", "bms", "bms_disk", "billing", "subject", "metering", "desktop", "ecs", "ebs" } do
	assert(next({ cds[name] }), "cds has the service " .. name)
	local count = 0
	for action, call in pairs(cds[name]) do
		assert(type(action) == "string" and type(call) == "function", "pairs lists the Actions of " .. name)
		count = count + 1
	end
	assert(count > 0, name .. " has Actions")
end
for _, name in ipairs { "oss_admin", "sas", "aegis" } do
	assert(aliyun[name], "aliyun has the service " .. name)
end
local seen = {}
for name in pairs(cds.ccs) do
	seen[name] = true
end
assert(seen.CreateInstance and seen.DescribeTask and not seen.call, "pairs(cds.ccs) lists the Actions and nothing else")
local err = fails(function() return cds.ccs.CreateInstanc end)
assert(err.kind == "validation" and tostring(err):find("CreateInstance", 1, true), "an unknown Action suggests the nearest")
assert(tostring(err):find("names.lua:", 1, true), "and names the script's line")
assert(tostring(fails(function() return cds.cc end)):find("cds.ccs", 1, true), "an unknown service suggests the nearest")
fails(function() return cds.ccs[1] end)
fails(function() return cds.ccs[{}] end)
fails(function() cds.ccs.Mine = print end)
assert(cds.ccs.DescribeTags == cds.ccs.DescribeTags, "a name gives the same function each time")
