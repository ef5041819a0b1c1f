-- What a script writes: texts, values and its log.

local native, own = ...

local finish, raise = own.finish, own.raise
local raw_error, raw_tostring = error, own.globals.tostring
local select, type, concat, pack = select, type, table.concat, table.pack
local stdout, raw_output = io.stdout, io.output

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
	local ok = stdout:write(text, "\n") and stdout:flush()
	if not ok then
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

-- Gives what is written to standard output to `write`, with what wrote it until now.
local function redirect(write)
	local methods = getmetatable(stdout).__index
	local raw_write = methods.write
	function methods.write(file, ...)
		if file ~= stdout then
			return raw_write(file, ...)
		end
		local pieces = pack(...)
		for index = 1, pieces.n do
			if type(pieces[index]) ~= "string" and type(pieces[index]) ~= "number" then
				return raw_write(file, ...)
			end
		end
		return write(concat(pieces), raw_write)
	end
	function io.write(...)
		return raw_output():write(...)
	end
end

-- What the script writes to standard output is part of its run's history, where that is kept.
if native.is_heard then
	redirect(function(text, raw_write)
		return raw_write(stdout, native.output(text))
	end)
end

own.tostring, own.redirect = tostring, redirect

function own.write_page(text)
	write_page(text)
end

-- Lets a session's console take over what is written.
function own.set_writers(line, page)
	write_line, write_page = line, page
end
