-- cds.with binds the tree to another account or region.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local us, asia = cds.with { region = "us" }, cds.with { region = "asia" }
local r = us.ccs.DescribeTags()
assert(meta(r).region == "us" and meta(r).endpoint:find("cdsapi-us", 1, true), "a bound region is used")
assert(meta(asia.ccs.DescribeTags()).region == "asia" and meta(cds.ccs.DescribeTags()).region ~= "us", "side by side, the unbound tree stays")
assert(meta(us.ccs.DescribeTags({}, { region = "cn" })).region == "cn", "an option of the call goes before")
assert(meta(us.with { profile = "simulator" }.ccs.DescribeTags()).region == "us", "with on a bound tree keeps what is bound")
assert(meta(us.call { service = "ccs", action = "DescribeTags", method = "POST" }).region == "us", "call on a bound tree too")
assert(fails(cds.with, { regoin = "us" }).kind == "validation" and fails(cds.with).kind == "validation", "bad options are errors")
assert(fails(cds.with { region = "mars" }.ccs.DescribeTags).kind == "validation", "an unknown region is an error")
