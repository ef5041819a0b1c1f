-- The arguments of a script: `--name value`, `--name=value`, and `--name` alone for what is true or false.
--
--   local options = require "std.args" { usage = "…", keep = 7, zone = "", ["dry-run"] = false }
--
-- Each default says what kind of value its option takes: text, a whole number, or true or false.

return function(known)
	local usage = "usage: " .. known.usage
	local options = {}
	for name, default in pairs(known) do
		options[name] = default
	end
	local index = 1
	while index <= #args do
		local name, value = args[index]:match "^%-%-([^=]+)=(.*)$"
		name = name or args[index]:match "^%-%-(.+)$"
		local default = known[name]
		if name == "usage" or default == nil then
			error("unknown argument " .. args[index] .. "; " .. usage, 0)
		end
		if type(default) == "boolean" then
			if value ~= nil then
				error("--" .. name .. " takes no value; " .. usage, 0)
			end
			options[name] = true
		else
			if value == nil then
				index = index + 1
				value = args[index]
			end
			if type(default) == "number" then
				---@type any
				local number = math.tointeger(tonumber(value))
				value = number
			end
			if value == nil then
				error("--" .. name .. " needs " .. (type(default) == "number" and "a whole number" or "a value") .. "; " .. usage, 0)
			end
			options[name] = value
		end
		index = index + 1
	end
	return options
end
