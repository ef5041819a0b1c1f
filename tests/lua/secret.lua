-- A secret is opaque: it opens only as a parameter of a call.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local s = secret "vm-password"
assert(tostring(s) == "[secret]" and s .. "" == "[secret]" and "x" .. s == "x[secret]", "tostring and ..")
assert(string.format("%s", s) == "[secret]" and json.encode { a = s } == '{"a":"[secret]"}', "%s and json")
assert(getmetatable(s) == false or getmetatable(s) == nil, "its metatable is closed")
for what, attempt in pairs {
	["an index"] = function() return s.value end,
	["an assignment"] = function() s.value = 1 end,
	["arithmetic"] = function() return s + 1 end,
	["an order"] = function() return s < s end,
	["a call"] = function() return s() end,
	["%q"] = function() return ("%q"):format(s) end,
	["%d"] = function() return ("%d"):format(s) end,
	["table.concat"] = function() return table.concat { s } end,
	["string.byte"] = function() return string.byte(s) end,
	["string.len"] = function() return string.len(s) end,
	["io.write"] = function() io.write(s) end,
	["load"] = function() return assert(load(s)) end,
	["a file's name"] = function() return io.open(s) end,
	["setmetatable"] = function() setmetatable(s, {}) end,
} do
	local err = fails(attempt)
	assert(type(tostring(err)) == "string", what .. " does not open it")
end
assert(s ~= "[secret]" and s ~= tostring(s), "it equals no text")
log.info("logged: ", s)
pp { s }
print(s)
assert(cds.ccs.CreateTag { TagName = s }.Code == "Success", "it opens as a parameter")
local err = fails(cds.ccs.CreateInstance, { Cpu = s, Ram = s })
assert(tostring(err):find("Cpu", 1, true) and tostring(err):find("secret", 1, true), "a secret in the wrong place is named as one")
assert(tostring(fails(cds.ccs.DescribeTask, { TaskId = s })):find("[secret]", 1, true), "a server's echo of it is redacted")
assert(fails(env, "CDS_SECRET_KEY").kind == "policy" and fails(os.getenv, "MOS_SECRET").kind == "policy", "env does not give a product's secret")
assert(env "CUMULUA_SPEC_NOT_SET" == nil, "env of what is not set is nil")
