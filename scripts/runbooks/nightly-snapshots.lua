-- Makes a snapshot of each disk once a day and keeps the latest of them.
--
--   cumulua run scripts/runbooks/nightly-snapshots.lua --dry-run
--   cumulua run scripts/runbooks/nightly-snapshots.lua --zone CN_Hohhot_B --keep 7
--   cumulua run scripts/runbooks/nightly-snapshots.lua --disks disk-1i5ybswrg8zrj9le,disk-khpw24dr6wcyfzxh
--
-- Reads: disks and snapshots. Touches: makes one snapshot a disk and day, which can cost money, and
-- deletes snapshots that it made itself (their names begin with --prefix and end with their disk)
-- beyond the --keep latest of the disk, once the new one is there. Never touches other snapshots. A
-- second run on the same day makes nothing twice. Days are those of --timezone.

local options = require "std.args" {
	usage = "nightly-snapshots.lua [--zone ZONE] [--disks ID,ID] [--keep 7] [--prefix nightly] [--timezone UTC] [--dry-run]",
	zone = "",
	disks = "",
	keep = 7,
	prefix = "nightly",
	timezone = "UTC",
	["dry-run"] = false,
}
if options.keep < 1 then
	error("--keep is at least 1: the snapshot of today", 0)
end

lock "nightly-snapshots"

local ebs = cds.ebs
local zone = options.zone ~= "" and options.zone or nil
local dry_run = options["dry-run"]
local today = time.format(nil, "%Y%m%d", options.timezone)

-- A disk in one of these states has no snapshot made of it now.
---@type table<string, boolean>
local busy = { building = true, build_fail = true, error = true, recycling = true, creating_snapshot = true, rollback = true, recovering = true }
-- A snapshot in one of these is none any more, or never became one.
---@type table<string, boolean>
local gone = { create_fail = true, deleting = true, deleted = true, destroy = true, destroying = true, recycle_destroying = true, error = true }

local function wanted_disks()
	local wanted, found, known = {}, {}, {}
	for id in options.disks:gmatch "[^,%s]+" do
		wanted[#wanted + 1] = id
	end
	for disk in items(ebs.DescribeDiskList, { AvailableZoneCode = zone, DiskIds = #wanted > 0 and wanted or nil, PageSize = 100 }) do
		found[#found + 1] = disk
		known[disk.DiskId] = true
	end
	for _, id in ipairs(wanted) do
		if not known[id] then
			error("there is no disk " .. id .. (zone and " in " .. zone or ""), 0)
		end
	end
	return found
end

-- The runbook's own snapshots of a disk, the latest first; the day stands in the name.
local function own_snapshots(disk)
	local own = {}
	local pattern = "^" .. options.prefix:gsub("%p", "%%%0") .. "%-(%d%d%d%d%d%d%d%d)%-" .. disk:gsub("%p", "%%%0") .. "$"
	for snapshot in items(ebs.DescribeSnapshotList, { DiskId = disk, PageSize = 100 }) do
		local day = snapshot.SnapshotName:match(pattern)
		if day and not gone[snapshot.SnapshotStatus] then
			own[#own + 1] = { id = snapshot.SnapshotId, day = day }
		end
	end
	table.sort(own, function(a, b)
		return a.day > b.day
	end)
	return own
end

local function back_up(disk)
	local id = disk.DiskId
	if busy[disk.Status] then
		log.warn(id .. " is " .. disk.Status .. "; no snapshot is made of it")
		return { disk = id, made = "no: " .. disk.Status, deleted = 0 }
	end
	local own = own_snapshots(id)
	local made = "is there"
	if not (own[1] and own[1].day == today) then
		local name = ("%s-%s-%s"):format(options.prefix, today, id)
		made = dry_run and "would be made" or "made"
		if not dry_run then
			-- The service must not take the last ones away because this runbook did not run for
			-- some days.
			wait(ebs.CreateSnapshot { DiskId = id, SnapshotName = name, ReservedTime = "Forever" }, { timeout = "1h" })
		end
		table.insert(own, 1, { id = name, day = today })
	end
	local old = {}
	for index = options.keep + 1, #own do
		old[#old + 1] = own[index].id
	end
	if #old > 0 and not dry_run then
		wait(ebs.DeleteSnapshot { SnapshotIds = old }, { timeout = "1h" })
	end
	return { disk = id, made = made, deleted = #old }
end

local disks = wanted_disks()
if #disks == 0 then
	print("there are no disks" .. (zone and " in " .. zone or ""))
	return
end
local outcomes = parallel.map(disks, back_up, { limit = 4, settle = true })
local failed = 0
for index, outcome in ipairs(outcomes) do
	if outcome.ok then
		local done = outcome.value
		print(("%s: %s, %d old ones %s"):format(done.disk, done.made, done.deleted, dry_run and "would be deleted" or "deleted"))
	else
		failed = failed + 1
		log.error(disks[index].DiskId .. ": " .. tostring(outcome.error))
	end
end
if failed > 0 then
	error(("%d of %d disks failed"):format(failed, #disks), 0)
end
