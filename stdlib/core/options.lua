-- Checks of what a script gives to the functions that take lists and options.

local native, own = ...
local _ENV <const> = own.globals

local raise, refuse, math_type = own.raise, own.refuse, math.type

-- The length of a list; an error where it has holes or other keys, because what stands behind a
-- hole would be left out.
local function list_length(name, list)
	if type(list) ~= "table" then
		refuse(name .. " needs a list, not a " .. type(list))
	end
	local length, count = 0, 0
	for key in next, list do
		if math_type(key) ~= "integer" or key < 1 then
			refuse(name .. " needs a list, and this table has the key " .. tostring(key))
		end
		length, count = key > length and key or length, count + 1
	end
	if count < length then
		refuse(name .. " needs a list without holes: of " .. length .. " elements " .. length - count .. " are nil")
	end
	return length
end

-- The options of a function by name, so that a misspelled one is not passed over.
local function known_options(name, options, known)
	if options ~= nil and type(options) ~= "table" then
		refuse(name .. " takes a table of options, not a " .. type(options))
	end
	for key in next, options or {} do
		if not known[key] then
			raise(native.unknown_option(name, key, known))
		end
	end
	return options or {}
end

local function whole_number(name, option, value, least)
	if value ~= nil and (math_type(value) ~= "integer" or value < least) then
		refuse(name .. ": the option " .. option .. " must be a whole number from " .. least)
	end
	return value
end

own.list_length, own.known_options, own.whole_number = list_length, known_options, whole_number
