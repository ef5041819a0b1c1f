-- Deferred functions run at the end, last first; this spec fails in the last of them where they do not.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local order = {}
defer(function()
	assert(table.concat(order, ",") == "main,third,second:Success", "deferred functions run last first, after the script: " .. table.concat(order, ","))
end)
defer(function() order[#order + 1] = "second:" .. cds.ccs.DescribeTags().Code end)
defer(function() order[#order + 1] = "third" end)
assert(fails(defer).kind == "validation" and fails(defer, 5).kind == "validation", "defer takes a function")
order[#order + 1] = "main"
