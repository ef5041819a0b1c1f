-- meta has what is known of an answer.
local r = cds.ccs.DescribeTags()
local m = meta(r)
assert(m.action == "cds.ccs.DescribeTags" and m.http_status == 200 and m.attempts == 1, "action, status, attempts")
assert(type(m.request_id) == "string" and m.request_id == r.RequestId and type(m.endpoint) == "string" and type(m.profile) == "string", "request, endpoint, profile")
assert(type(m.duration) == "number" and m.duration >= 0 and m.task == nil, "duration, and no task")
assert(m.place, "a place in the run")
local again = meta(cds.ccs.DescribeTags())
assert(json.encode(again.place) ~= json.encode(m.place), "each call has a place of its own")
local inside = coroutine.wrap(function() return meta(cds.ccs.DescribeTags()).place end)()
assert(inside.path ~= m.place.path, "a coroutine has a path of its own")
assert(tostring(meta(cds.ccs.CreateInstance {
	RegionId = "CN_Beijing_A", VdcId = "0bb08ed7-e686-4168-93e5-e0187579753b", InstanceName = "m", Cpu = 2, Ram = 4, InstanceType = "CCS.C3",
	Password = "Abc!12345x",
}).task):find("cds_task", 1, true), "a started task has its handle")
assert(meta {} == nil and meta(5) == nil and meta(nil) == nil, "nothing is known of anything else")
