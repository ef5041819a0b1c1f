-- help shows the page of an Action, a service, a product or a word.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

help(cds.ccs.DescribeTags)
help(cds.ccs)
help "cds.ccs.CreateInstance"
help "snapshot"
help()
assert(fails(help, "nosuchthing").kind == "validation", "an unknown name is an error")
