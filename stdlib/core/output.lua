-- What a script writes: texts, values and its log.

local native, own = ...

local finish, raise = own.finish, own.raise
local raw_error, raw_tostring = error, own.globals.tostring
local select, type, concat = select, type, table.concat

function tostring(...)
	if select("#", ...) == 0 then
		raw_error("bad argument #1 to 'tostring' (value expected)", 2)
	end
	local value = ...
	local convert = type(value) == "table" and native.text_method(value)
	if not convert then
		return raw_tostring(value)
	end
	local text = convert(value)
	if type(text) ~= "string" then
		raw_error("'__tostring' must return a string", 2)
	end
	return text
end

local write_line = function(text)
	if not native.print(text) then
		raise(native.output_closed())
	end
end

local function joined(separator, ...)
	local words = {}
	for index = 1, select("#", ...) do
		words[index] = tostring((select(index, ...)))
	end
	return concat(words, separator)
end

function print(...)
	write_line(joined("\t", ...))
end

-- A text that may be long.
local write_page = function(text)
	write_line(text)
end

function pp(value, format)
	write_page(finish(native.pretty(value, format)))
end

local function logger(level)
	return function(...)
		native.log(level, joined(" ", ...))
	end
end
log = { debug = logger("debug"), info = logger("info"), warn = logger("warn"), error = logger("error") }

own.tostring = tostring

function own.write_page(text)
	write_page(text)
end

-- Lets a session's console take over what is written.
function own.set_writers(line, page)
	write_line, write_page = line, page
end
