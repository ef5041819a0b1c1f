-- time: virtual in a simulation, RFC 3339, zones, durations.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local before = time.now()
time.sleep("1h")
local passed = time.now() - before
assert(passed >= 3600 and passed < 3601, "an hour of sleep is an hour of virtual time")
assert(os.time() >= before + 3599 and os.clock() >= 3600, "os.time and os.clock follow it")
assert(time.format(0) == "1970-01-01T00:00:00+00:00", "RFC 3339")
assert(time.format(0, "%Y-%m-%d %H:%M", "Asia/Shanghai") == "1970-01-01 08:00", "a form and a zone")
assert(time.parse "1970-01-01T08:00:00+08:00" == 0 and time.parse(time.format(1792857600)) == 1792857600, "there and back")
for text, seconds in pairs { ["5s"] = 5, ["1h 30m"] = 5400, ["1h30m"] = 5400, ["15m"] = 900, ["90"] = 90 } do
	assert(time.duration(text) == seconds, text)
end
assert(time.duration(2.5) == 2.5 and time.duration(0) == 0, "numbers are seconds")
for _, bad in ipairs { -1, 0 / 0, math.huge, "", "soon", "-5s", true } do
	assert(fails(time.duration, bad).kind == "validation", "no duration: " .. tostring(bad))
	assert(fails(time.sleep, bad).kind == "validation", "no sleep: " .. tostring(bad))
end
for _, bad in ipairs { "", "yesterday", "2026-13-01T00:00:00Z" } do
	assert(fails(time.parse, bad).kind == "validation", "no time: " .. bad)
end
for _, zone in ipairs { "cds", "Asia/Shanghai" } do
	assert(time.parse("1970-01-01 08:00:00", zone) == 0 and time.parse("1970-01-02", zone) == 57600, "on the clock of a zone")
	assert(time.parse("1970-01-01T08:00:00Z", zone) == 28800, "an offset of its own counts")
end
assert(fails(time.parse, "1970-01-01 08:00:00").message:find("cds", 1, true), "without a zone it is not known when")
assert(fails(time.parse, "1970-01-01 08:00:00", "mcs").message:find("mcs", 1, true), "nor where the catalogue does not know it")
local eip = items(cds.vpc.DescribeEIP, { RegionCode = "CN_Hongkong" })()
assert(not eip or time.parse(eip.CreateTime, "cds") <= time.now(), "the simulator keeps to that zone")
assert(time.duration "7d" == 604800 and time.duration "2w" == 1209600, "days and weeks as in schedules")
assert(fails(time.format, 0, nil, "Mars/Olympus").kind == "validation", "no such zone")
for _, far in ipairs { 253402300800, 1e18, -1e18, 1e300, -1e12, 0 / 0 } do
	assert(fails(time.format, far).kind == "validation", "in no year that there is: " .. far)
end
assert(time.format(253402207200) == "9999-12-30T22:00:00+00:00", "the last year")
for _, offset in ipairs { "+25:00", "-24:00", "+24:00:01" } do
	assert(fails(time.parse, "2024-01-01T00:00:00" .. offset).kind == "validation", "no offset: " .. offset)
end
assert(time.parse "2024-01-01T00:00:00+23:59" == time.parse "2023-12-31T00:01:00Z", "an offset of less than a day")
