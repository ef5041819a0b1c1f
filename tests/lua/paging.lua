-- pages and items: whole lists, held against the service's own count.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local made = wait(cds.ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "page", Cpu = 2, Ram = 4,
	InstanceType = "CCS.C3", Password = "Abc!12345x", Amount = 7,
})
local seen = {}
for instance, index in items(cds.ccs.DescribeInstances, { PageSize = 3 }) do
	assert(index == #seen + 1)
	seen[index] = instance.InstanceId
end
assert(#seen == 7, "every item of every page, once")
table.sort(seen)
table.sort(made)
assert(table.concat(seen) == table.concat(made))

local sizes = {}
for page in pages(cds.ccs.DescribeInstances, { PageSize = 3 }) do
	sizes[#sizes + 1] = #page.Data.Instances
	assert(meta(page).action == "cds.ccs.DescribeInstances", "a page is an answer like any other")
end
assert(table.concat(sizes, ",") == "3,3,1")

local count = 0
for _ in items(cds.ccs.DescribeInstances, { PageSize = 3 }, { limit = 4 }) do
	count = count + 1
end
assert(count == 4, "limit stops early on purpose")
count = 0
for _ in pages(cds.ccs.DescribeInstances, { PageSize = 3 }, { limit = 2 }) do
	count = count + 1
end
assert(count == 2)
for _ in items(cds.ccs.DescribeTags) do
	error("there is none")
end
for group in items(cds.with { region = "asia" }.ccs.DescribeInstances) do
	assert(group.InstanceId, "an Action bound to an account is one too")
	break
end

-- Two tasks may share an iterator: each item goes to one of them.
local shared, taken = items(cds.ccs.DescribeInstances, { PageSize = 2 }), {}
parallel.map({ 1, 2, 3 }, function()
	for instance in shared do
		assert(not taken[instance.InstanceId], "an item came twice")
		taken[instance.InstanceId] = true
		time.sleep(1)
	end
end)
count = 0
for _ in pairs(taken) do
	count = count + 1
end
assert(count == 7, "all items were taken, and not " .. count)

for what, bad in pairs {
	["no Action"] = function() items(print) end,
	["an Action that lists nothing"] = function() items(cds.ccs.CreateTag, { TagName = "t" }) end,
	["a page of one's own"] = function() items(cds.ccs.DescribeInstances, { PageNumber = 2 }) end,
	["an unknown option"] = function() items(cds.ccs.DescribeInstances, {}, { limti = 3 }) end,
	["a limit of 0"] = function() items(cds.ccs.DescribeInstances, {}, { limit = 0 }) end,
} do
	assert(fails(bad).kind == "validation", what .. " is a validation error")
end
