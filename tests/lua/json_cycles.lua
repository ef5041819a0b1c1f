-- A table that holds itself more than once fails at once, and does not go on for ever.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local t = {}
t.a, t.b = t, t
assert(fails(json.encode, t).kind == "validation", "json.encode of a table that holds itself twice")
assert(fails(cds.ccs.CreateTag, t).kind == "validation", "a call with a table that holds itself twice")
