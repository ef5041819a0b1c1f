-- Where Lua cannot yield, a call fails with how to write it instead.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local tags = cds.ccs.DescribeTags
for what, run in pairs {
	["table.sort"] = function() table.sort({ 3, 2, 1 }, function(a, b) tags() return a < b end) end,
	["string.gsub"] = function() string.gsub("x", "x", function() tags() end) end,
	["string.format"] = function() string.format("%s", setmetatable({}, { __tostring = function() tags() return "x" end })) end,
	["a coroutine in table.sort"] = function() table.sort({ 3, 2, 1 }, function(a, b) coroutine.wrap(function() tags() end)() return a < b end) end,
	["wait in table.sort"] = function() table.sort({ 3, 2, 1 }, function(a, b) wait({}) return a < b end) end,
	["time.sleep in table.sort"] = function() table.sort({ 3, 2, 1 }, function(a, b) time.sleep(1) return a < b end) end,
	["cds.call in table.sort"] = function() table.sort({ 3, 2, 1 }, function(a, b) cds.call { service = "ccs", action = "X" } return a < b end) end,
} do
	local err = fails(run)
	assert(type(err) == "table" and err.kind == "validation" and err.sent == "no", what .. " gives an error value")
	assert(tostring(err):find("cannot", 1, true) and tostring(err):find("cannot_wait.lua:", 1, true), what .. " is explained with the script's line")
end
assert(tags().Code == "Success", "and calls go on working")
