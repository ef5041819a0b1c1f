-- cds.call reaches an Action that the catalogue lacks.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local r = cds.call { service = "ccs", action = "CreateTag", body = { TagName = "by name" } }
assert(r.Code == "Success" and meta(r).http_status == 200, "it is signed like any other")
assert(cds.ccs.DescribeTags().Data[1].TagName == "by name", "and carried out")
assert(fails(cds.call, { service = "ccs", action = "NoSuchAction", method = "POST" }).kind == "service", "the service names what it does not know")
for what, request in pairs {
	["no action"] = { service = "ccs" },
	["an unknown service"] = { service = "cc", action = "X" },
	["an unknown key"] = { service = "ccs", action = "X", params = {} },
	["another method"] = { service = "ccs", action = "X", method = "PATCH" },
	["a GET with a body"] = { service = "ccs", action = "X", method = "GET", body = {} },
	["a DELETE with a body"] = { service = "ccs", action = "X", method = "DELETE", body = {} },
	["a PUT with a query"] = { service = "ccs", action = "X", method = "PUT", query = {} },
	["a query that is no table"] = { service = "ccs", action = "X", query = 5 },
	["an action that is no string"] = { service = "ccs", action = true },
} do
	local err = fails(cds.call, request)
	assert(err.kind == "validation" and err.sent == "no", what .. " is a validation error")
end
