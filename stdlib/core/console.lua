-- A session's console: its scripts' standard output, and what a person types as their standard input.

-- The console's natives, and what the core's files have in common.
local console, own = ...

local stdin, stdout = io.stdin, io.stdout
local select, tonumber, tostring, type = select, tonumber, tostring, type
local raw_input, raw_output = io.input, io.output
local max, math_type, pack, unpack = math.max, math.type, table.pack, table.unpack

local LONGEST_NUMBER = 200

local page, read = console.page, console.read

own.set_writers(function(text)
	console.write(text .. "\n")
end, function(text)
	if not own.can_wait() then
		console.write(text .. "\n")
	else
		own.finish(page(text))
	end
end)

own.redirect(function(text)
	console.write(text)
	return stdout
end)

-- What was typed and is not read yet.
local typed = ""

local function more()
	own.need_wait()
	-- A question that somebody is to answer must be seen.
	console.flush()
	local text = own.finish(read(own.next_place()))
	typed = typed .. (text or "")
	return text ~= nil
end

local function take(length)
	local text = typed:sub(1, length)
	typed = typed:sub(length + 1)
	return text
end

local function characters(count)
	while #typed < max(count, 1) and more() do
	end
	return typed ~= "" and take(count) or nil
end

local function line(keeps_end)
	local ending = typed:find("\n", 1, true)
	while not ending and more() do
		ending = typed:find("\n", 1, true)
	end
	local text = typed ~= "" and take(ending or #typed) or nil
	return text and not keeps_end and text:gsub("\n$", "") or text
end

local function number()
	repeat
		typed = typed:gsub("^%s+", "")
	until typed ~= "" or not more()
	local text = typed:match("^[%w.+-]*"):sub(1, LONGEST_NUMBER)
	for length = #text, 1, -1 do
		local value = tonumber(text:sub(1, length))
		if value then
			take(length)
			return value
		end
	end
end

local formats = {
	n = number,
	l = line,
	L = function()
		return line(true)
	end,
	a = function()
		while more() do
		end
		return take(#typed)
	end,
}

local function read_typed(...)
	local wanted = select("#", ...) == 0 and { "l", n = 1 } or pack(...)
	local results = {}
	for index = 1, wanted.n do
		local format = wanted[index]
		local reader = formats[tostring(format):gsub("^%*", ""):sub(1, 1)]
		if math_type(format) == "integer" and format >= 0 then
			results[index] = characters(format)
		elseif type(format) == "string" and reader then
			results[index] = reader()
		else
			own.refuse("io.read takes \"n\", \"l\", \"L\", \"a\" or a number of bytes, not " .. tostring(format))
		end
		if results[index] == nil then
			return unpack(results, 1, index)
		end
	end
	return unpack(results, 1, wanted.n)
end

local methods = getmetatable(stdout).__index
local raw_flush, raw_read, raw_file_lines, raw_lines = methods.flush, methods.read, methods.lines, io.lines

function methods.flush(file)
	if file ~= stdout then
		return raw_flush(file)
	end
	console.flush()
	return file
end

function methods.read(file, ...)
	if file ~= stdin then
		return raw_read(file, ...)
	end
	return read_typed(...)
end

function methods.lines(file, ...)
	if file ~= stdin then
		return raw_file_lines(file, ...)
	end
	local wanted = pack(...)
	return function()
		return read_typed(unpack(wanted, 1, wanted.n))
	end
end

function io.flush()
	return raw_output():flush()
end

function io.read(...)
	return raw_input():read(...)
end

function io.lines(path, ...)
	if path == nil then
		return raw_input():lines(...)
	end
	return raw_lines(path, ...)
end
