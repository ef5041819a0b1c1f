-- Stops the instances of one tag outside their working hours. For a schedule that runs every hour
-- or so.
--
--   cumulua run scripts/runbooks/stop-idle-instances.lua --tag office-hours --dry-run
--   cumulua run scripts/runbooks/stop-idle-instances.lua --tag office-hours --from 20:00 --to 07:00 --zone Asia/Shanghai --weekends
--
-- Reads: the instances that carry the tag. Touches: those of them that run, which it asks to shut
-- down (StopType SOFT: nothing is lost that the system inside saves). Never starts, changes or
-- deletes any. What is stopped already, or on its way to another state, is left alone. Idle are the
-- hours from --from up to --to, over midnight where --to is earlier, the whole day where both are
-- the same.

local options = require "std.args" {
	usage = "stop-idle-instances.lua [--tag office-hours] [--from 20:00] [--to 07:00] [--zone UTC] [--weekends] [--dry-run]",
	tag = "office-hours",
	from = "20:00",
	to = "07:00",
	zone = "UTC",
	weekends = false,
	["dry-run"] = false,
}

for _, name in ipairs { "from", "to" } do
	local hour, minute = options[name]:match "^(%d%d):(%d%d)$"
	if not hour or tonumber(hour) > 23 or tonumber(minute) > 59 then
		error("--" .. name .. " is a time of day as 07:00, not " .. options[name], 0)
	end
end

-- Two runs at once would stop the same instances twice.
lock "stop-idle-instances"

local now = time.format(nil, "%H:%M", options.zone)
local weekday = tonumber(time.format(nil, "%u", options.zone))
local is_idle
if options.from < options.to then
	is_idle = now >= options.from and now < options.to
else
	is_idle = now >= options.from or now < options.to
end
if options.weekends and weekday >= 6 then
	is_idle = true
end
if not is_idle then
	print(("%s in %s lies within the working hours; nothing to do"):format(now, options.zone))
	return
end

local running = {}
for instance in items(cds.ccs.DescribeInstances, { TagName = options.tag }) do
	if instance.InstanceStatus == "running" then
		running[#running + 1] = instance
	end
end
if #running == 0 then
	print("no instance with the tag " .. options.tag .. " runs")
	return
end

local ids = {}
for index, instance in ipairs(running) do
	ids[index] = instance.InstanceId
	print((options["dry-run"] and "would stop " or "stopping ") .. instance.InstanceId .. " " .. instance.InstanceName)
end
if options["dry-run"] then
	return
end
wait(cds.ccs.StopInstances { InstanceIds = ids, StopType = "SOFT" }, { timeout = "30m" })
print(("stopped %d instances"):format(#ids))
