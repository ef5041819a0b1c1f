-- Integers are exact on their way through a call.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

for _, id in ipairs { 9007199254740993, math.maxinteger } do
	local err = fails(cds.ccs.DescribeTask, { TaskId = id })
	assert(err.kind == "service" and err.message:find(tostring(id), 1, true), "the service sees every digit of " .. id)
end
assert(math.maxinteger + 1 == math.mininteger and 9007199254740993 ~= 9007199254740992, "Lua's integers have 64 bits")
assert(fails(cds.ccs.DescribeTask, { TaskId = 1.5 }).kind == "validation", "a fraction does not become text")
