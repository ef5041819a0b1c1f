-- The arguments of a script: `--name value`, `--name=value`, and `--name` alone for what is true or
-- false.
--
--   local options = require "std.args" { usage = "…", keep = 7, zone = "", ["dry-run"] = false }
--
-- Each default decides what kind of value its option takes: text, a whole number, or true or false.
-- What the run was given as `run.params` goes before the defaults, and the command line before both.

local kinds = { string = "text", integer = "a whole number", boolean = "true or false" }

local function kind_of(value)
	return kinds[math.type(value) or type(value)]
end

-- What a script gave wrong is its own fault, at its own line.
local function check(known)
	if type(known) ~= "table" or type(known.usage) ~= "string" then
		error("std.args takes a table of defaults with a text `usage`, as { usage = \"x.lua [--keep N]\", keep = 7 }", 3)
	end
	for name, default in pairs(known) do
		if type(name) ~= "string" or not kind_of(default) then
			error("std.args: the default of " .. tostring(name) .. " must be text, a whole number, or true or false, not a " .. type(default), 3)
		end
	end
end

return function(known)
	check(known)
	-- What the one who runs the script gave wrong has no line.
	local function refuse(problem)
		error(problem .. "; usage: " .. known.usage, 0)
	end
	local options = {}
	for name, default in pairs(known) do
		local given = run.params[name]
		if name == "usage" or given == nil then
			options[name] = default
		elseif kind_of(given) ~= kind_of(default) then
			refuse("the parameter " .. name .. " must be " .. kind_of(default))
		else
			options[name] = given
		end
	end
	local index = 1
	while index <= #args do
		local name, value = string.match(args[index], "^%-%-([^=]+)=(.*)$")
		name = name or string.match(args[index], "^%-%-(.+)$")
		local default = known[name]
		if name == "usage" or default == nil then
			refuse("unknown argument " .. args[index])
		elseif type(default) == "boolean" then
			if value ~= nil then
				refuse("--" .. name .. " takes no value")
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
				refuse("--" .. name .. " needs " .. (type(default) == "number" and "a whole number" or "a value"))
			end
			options[name] = value
		end
		index = index + 1
	end
	return options
end
