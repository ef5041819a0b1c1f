-- help: what there is.

local native, own = ...
local _ENV <const> = own.globals

local action_names = own.action_names

local function help(subject)
	local name = subject
	if action_names[subject] then
		name = action_names[subject]
	elseif type(subject) == "table" then
		name = own.tostring(subject)
	end
	if name ~= nil and (type(name) ~= "string" or name:find("^table: 0x")) then
		own.refuse("help knows Actions, services, products and words, as help(cds.ccs.CreateInstance) or help \"create disk\"")
	end
	own.write_page(own.finish(native.help(name)))
end

_G.help = help
