-- Finds EIPs that are bound to nothing, which cost money all the same, and releases them when asked
-- to.
--
--   cumulua run scripts/runbooks/loose-eips.lua --regions CN_Hongkong,CN_Qingyang
--   cumulua run scripts/runbooks/loose-eips.lua --regions CN_Hongkong --days 7 --release --dry-run
--   cumulua run scripts/runbooks/loose-eips.lua --regions CN_Hongkong --days 7 --release
--
-- Reads: the EIPs of the regions. Touches: nothing unless --release is given; then it deletes the
-- loose ones that were made more than --days ago and have no description, because a description is
-- how people mark an address that is kept on purpose. An address that is released may be gone for
-- good.

local options = require "std.args" {
	usage = "loose-eips.lua [--regions CN_Hongkong,…] [--zone ZONE] [--days 7] [--release] [--dry-run]",
	regions = "CN_Hongkong",
	zone = "",
	days = 7,
	release = false,
	["dry-run"] = false,
}

if options.release then
	lock "loose-eips"
end

-- The documents show the vendor's own time of day, without an offset.
local function age_in_days(text)
	local has_time = (text or ""):match "^%d+%-%d+%-%d+ %d+:%d+:%d+$"
	return has_time and (time.now() - time.parse(text, "cds")) / 86400
end

local loose = {}
for region in options.regions:gmatch "[^,%s]+" do
	for eip in items(cds.vpc.DescribeEIP, { RegionCode = region, AvailableZoneCode = options.zone ~= "" and options.zone or nil }) do
		if not eip.IsBind then
			loose[#loose + 1] = {
				id = eip.Id,
				ip = eip.IP,
				region = region,
				made = eip.CreateTime,
				age = age_in_days(eip.CreateTime),
				kept = eip.Description ~= nil and eip.Description ~= "",
				description = eip.Description,
			}
		end
	end
end
if #loose == 0 then
	print("no EIP hangs loose")
	return
end

local failed = 0
for _, eip in ipairs(loose) do
	local decision = "loose"
	if eip.kept then
		decision = "kept: " .. eip.description
	elseif not eip.age or eip.age < options.days then
		decision = "younger than " .. options.days .. " days"
	elseif options.release and options["dry-run"] then
		decision = "would be released"
	elseif options.release then
		local ok, err = pcall(function()
			-- It may have been bound since the list was read.
			local now = cds.vpc.DescribeEIP { RegionCode = eip.region, Keyword = eip.ip }.Data.EIPList
			for _, seen in ipairs(now) do
				if seen.Id == eip.id and seen.IsBind then
					return "bound meanwhile"
				end
			end
			cds.vpc.DeleteEIP { EIPId = eip.id }
			return "released"
		end)
		decision = ok and err or "failed"
		if not ok then
			failed = failed + 1
			log.error(eip.ip .. ": " .. tostring(err))
		end
	end
	print(("%s\t%s\t%s\tmade %s\t%s"):format(eip.ip, eip.id, eip.region, eip.made, decision))
end
if failed > 0 then
	error(("%d EIPs could not be released"):format(failed), 0)
end
