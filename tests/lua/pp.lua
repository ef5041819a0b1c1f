-- pp prints anything, a table that holds itself too.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local cyclic = { 1 }
cyclic.self = cyclic
for _, value in ipairs { cyclic, {}, { {} }, { a = { b = { c = 1 } } }, { { Id = 1 }, { Id = 2, Name = "n" } }, { [true] = 1, [1.5] = 2 }, "\xff", print, null, cds, cds.ccs.DescribeTags() } do
	pp(value)
end
pp(nil)
pp({ a = 1 }, "json")
assert(fails(pp, {}, "xml").kind == "validation", "an unknown format is an error")
assert(fails(pp, print, "json").kind == "validation", "what JSON cannot hold is an error")
