-- The second argument of a call.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local tags = cds.ccs.DescribeTags
assert(tags({}, nil) and tags(nil, {}) and tags(), "both arguments are optional")
assert(tags({}, { timeout = "10s", retries = 0 }) and tags({}, { timeout = 5 }), "timeout and retries are options")
for what, options in pairs {
	["a negative timeout"] = { timeout = -1 },
	["a timeout that is no duration"] = { timeout = "soon" },
	["an infinite timeout"] = { timeout = math.huge },
	["negative retries"] = { retries = -1 },
	["half a retry"] = { retries = 1.5 },
	["a profile that is no string"] = { profile = 5 },
	["a region that does not exist"] = { region = "mars" },
	["an unknown option"] = { timeuot = 5 },
	["unchecked that is no boolean"] = { unchecked = 1 },
	["a list"] = { 5 },
	["a string"] = "5s",
	["false"] = false,
} do
	local err = fails(tags, {}, options)
	assert(type(err) == "table" and err.kind == "validation" and err.sent == "no", what .. " is a validation error")
end
assert(tostring(fails(tags, {}, { timeuot = 5 })):find("timeout", 1, true), "an unknown option suggests the nearest")
assert(fails(tags, { Foo = 1 }).kind == "validation", "an unknown parameter is refused")
assert(tags({ Foo = 1 }, { unchecked = true }), "unchecked sends it")
assert(meta(tags({}, { region = "us" })).region == "us", "a call can be made in another region")
