-- A list with a hole is an error and never a silent short wait.
local function create()
	return cds.ccs.CreateInstance {
		RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "hole", Cpu = 2, Ram = 4,
		InstanceType = "CCS.C3", Password = "Abc!12345x",
	}
end
local ok, ids = pcall(wait, { create(), nil, create() })
assert(not ok or #ids == 2, "the second task must not be left out silently")
