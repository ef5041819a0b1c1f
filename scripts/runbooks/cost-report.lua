-- Reports what was spent in a period, project by project: a table, and with --out as CSV and as a
-- chart.
--
--   cumulua run scripts/runbooks/cost-report.lua
--   cumulua run scripts/runbooks/cost-report.lua --from 2026-10-01 --to 2026-10-31 --out reports
--
-- Reads: the account's costs by project; last month's unless --from and --to say otherwise.
-- Touches: nothing in the cloud. Writes cost-by-project.csv and cost-by-project.svg into the folder
-- --out, which must be there; with --dry-run it only says so.

local options = require "std.args" {
	usage = "cost-report.lua [--from YYYY-MM-DD] [--to YYYY-MM-DD] [--currency CN] [--out FOLDER] [--dry-run]",
	from = "",
	to = "",
	currency = "CN",
	out = "",
	["dry-run"] = false,
}

---@type string, string
local from, to = options.from, options.to
if (from == "") ~= (to == "") then
	error("give both --from and --to, or neither for last month", 0)
elseif from == "" then
	-- The vendor's months are those of its own zone. Day 0 of a month is the last of the month
	-- before.
	local now = time.format(nil, "%Y %m", "Asia/Shanghai")
	---@type any
	local last_day = { year = now:sub(1, 4), month = now:sub(6, 7), day = 0, hour = 12 }
	to = tostring(os.date("%Y-%m-%d", os.time(last_day)))
	from = to:sub(1, 8) .. "01"
end

---@type any
local currency = options.currency
local answer = cds.billing.DescribeCostSummaryByProject { DateFrom = from, DateTo = to, Currency = currency }
---@type table[], number
local rows, sum = {}, 0
for _, bill in ipairs(answer.Data.BillInfo) do
	rows[#rows + 1] = { Project = bill.ProjectName, ProjectId = bill.ProjectId, Resources = bill.ResourceCount, Cost = bill.TotalCost, Currency = bill.Currency }
	sum = sum + bill.TotalCost
end
table.sort(rows, function(a, b)
	if a.Cost ~= b.Cost then
		return a.Cost > b.Cost
	end
	return a.ProjectId < b.ProjectId
end)

local total = answer.Data.TotalSummary.TotalCost
local title = ("Costs by project, %s to %s: %.2f %s"):format(from, to, total, options.currency)
print(title)
if #rows > 0 then
	pp(rows)
end
if math.abs(total - sum) >= 0.005 then
	log.warn(("the projects add up to %.2f, the account to %.2f: the rest belongs to no project"):format(sum, total))
end

local function escaped(text)
	return (text:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&apos;" }):gsub("%c", " "))
end

-- Bars from the dearest project down; what was paid back stands without a bar.
local function chart()
	local bar, gap, left, width = 22, 8, 220, 480
	local most = 0
	for _, row in ipairs(rows) do
		most = math.max(most, row.Cost)
	end
	local height = 50 + #rows * (bar + gap)
	local lines = {
		('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">'):format(left + width + 120, height),
		('<text x="10" y="24" font-size="16">%s</text>'):format(escaped(title)),
	}
	for index, row in ipairs(rows) do
		local y = 40 + (index - 1) * (bar + gap)
		local length = most > 0 and math.max(0, row.Cost) / most * width or 0
		lines[#lines + 1] = ('<text x="%d" y="%d" text-anchor="end">%s</text>'):format(left - 8, y + 16, escaped(row.Project))
		lines[#lines + 1] = ('<rect x="%d" y="%d" width="%.1f" height="%d" fill="#3b7dd8"/>'):format(left, y, length, bar)
		lines[#lines + 1] = ('<text x="%.1f" y="%d">%.2f</text>'):format(left + length + 6, y + 16, row.Cost)
	end
	lines[#lines + 1] = "</svg>\n"
	return table.concat(lines, "\n")
end

local function write(name, text)
	local path = options.out .. "/" .. name
	if options["dry-run"] then
		print("would write " .. path)
		return
	end
	local file = assert(io.open(path, "w"))
	assert(file:write(text))
	assert(file:close())
	print("wrote " .. path)
end

if options.out ~= "" then
	write("cost-by-project.csv", csv.encode(rows, { columns = { "Project", "ProjectId", "Resources", "Cost", "Currency" } }))
	write("cost-by-project.svg", chart())
end
