-- Runs what was deferred.

local _, own = ...
local _ENV <const> = own.globals

local deferred, handler, report = own.deferred, own.handler, own.report
local pack, table_remove = table.pack, table.remove

-- Runs what a task deferred, or all that is left, last first; the errors that came up.
local function run(task)
	local errors = {}
	-- What a deferred function defers runs too.
	local index = #deferred
	while index > 0 do
		local entry = deferred[index]
		if task == nil or entry.task == task then
			table_remove(deferred, index)
			local result = pack(report(xpcall(entry.f, handler)))
			if not result[1] then
				errors[#errors + 1] = result[2] == nil and "nil was raised" or result[2]
			end
			index = #deferred
		else
			index = index - 1
		end
	end
	return errors
end

return { run = run }
