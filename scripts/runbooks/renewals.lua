-- Reports bare metal servers and cloud desktops whose paid term is over or ends soon.
--
--   cumulua run scripts/runbooks/renewals.lua --days 14
--   cumulua run scripts/runbooks/renewals.lua --csv renewals.csv --webhook renewals-webhook
--
-- Reads: bare metal servers that are paid in advance, and the desktops that the service itself
-- calls expiring (within seven days, whatever --days says). Touches: nothing in the cloud, and
-- renews nothing. With --csv it writes that file, with --webhook it posts a text to the URL that
-- the secret of that name holds, where there is something to report; with --dry-run it only says
-- so.

local options = require "std.args" {
	usage = "renewals.lua [--days 14] [--csv FILE] [--webhook SECRET] [--dry-run]",
	days = 14,
	csv = "",
	webhook = "",
	["dry-run"] = false,
}

local now = time.now()

-- The documents show the vendor's own time of day, without an offset.
local function vendor_time(text)
	local has_time = (text or ""):match "^%d+%-%d+%-%d+ %d+:%d+:%d+$"
	return has_time and time.parse(text, "cds")
end

-- "2022-06-30T16:00:00.000+0000"
local function offset_time(text)
	local stamp, hours, minutes = (text or ""):match "^(.+[+-])(%d%d):?(%d%d)$"
	return stamp and time.parse(stamp .. hours .. ":" .. minutes)
end

local rows = {}
local function report(kind, name, id, ends, text, renews)
	local days = ends and math.floor((ends - now) / 86400)
	rows[#rows + 1] = {
		Kind = kind,
		Name = name,
		Id = id or "",
		Ends = ends and time.format(ends, "%Y-%m-%d %H:%M %:z", "Asia/Shanghai") or text or "unknown",
		Days = days or "?",
		Renews = renews,
		at = ends or 0,
	}
end

for server in items(cds.bms.DescribeBms, {}) do
	if server.InstanceChargeType == "PrePaid" then
		local detail = cds.bms.DescribeBmsDetail { BaremetalId = server.BaremetalId }.Data
		local ends = vendor_time(detail.ExpireDate)
		-- A date that cannot be read is reported too, because it would be overlooked otherwise.
		if not ends or ends - now <= options.days * 86400 then
			report("bare metal", server.Name, server.BaremetalId, ends, detail.ExpireDate, detail.IsAutoRenewal == 1 and "by itself" or "no")
		end
	end
end
for desktop in items(cds.desktop.QueryExpireVms, {}) do
	-- The answer has no ids.
	report("desktop", desktop.vmName, nil, offset_time(desktop.expireTime), desktop.expireTime, "")
end

table.sort(rows, function(a, b)
	if a.at ~= b.at then
		return a.at < b.at
	end
	return a.Name < b.Name
end)
if #rows == 0 then
	print("nothing ends within " .. options.days .. " days")
	return
end

local columns = { "Kind", "Name", "Id", "Ends", "Days", "Renews" }
local text = csv.encode(rows, { columns = columns, separator = "\t" })
print((text:gsub("\n$", "")))

if options.csv ~= "" then
	if options["dry-run"] then
		print("would write " .. options.csv)
	else
		local file = assert(io.open(options.csv, "w"))
		assert(file:write(csv.encode(rows, { columns = columns })))
		assert(file:close())
	end
end
if options.webhook ~= "" then
	if options["dry-run"] then
		print("would post to the webhook")
	else
		local sent = http.post(secret(options.webhook), { json = { text = "Renewals due:\n" .. text } })
		if sent.status >= 300 then
			error("the webhook answered with status " .. sent.status, 0)
		end
	end
end
