-- timeout holds in a rehearsal too: an answer of the simulator takes 20 ms of virtual time.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local err = fails(cds.ccs.DescribeTags, {}, { timeout = 0.001 })
assert(err.kind == "timeout", "a call that takes longer than its timeout fails with kind timeout")
