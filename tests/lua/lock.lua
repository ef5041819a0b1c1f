-- lock: held to the end of the run; what a run holds it may ask for again.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

lock "nightly"
lock("nightly", { timeout = 0 })
lock("another", { timeout = "1s" })
assert(fails(lock).kind == "validation", "it needs a name")
assert(fails(lock, "").kind == "validation", "the name is not empty")
assert(fails(lock, {}).kind == "validation", "the name is a string")
assert(tostring(fails(lock, "x", { timout = 1 })):find("timout", 1, true), "an unknown option is named")
assert(fails(lock, "x", { timeout = "soon" }).kind == "validation", "the timeout is a duration")
