-- Files as Lua's manual has them, and processes, which the grants of a run limit; and its clock.

local native, own = ...
local _ENV <const> = own.globals

local finish, raise, complain, from_c = own.finish, own.raise, own.complain, own.from_c
local raw_date, raw_mktime, raw_getmetatable = from_c("os.date", os.date), from_c("os.time", os.time), getmetatable
local file_write, file_flush, file_use = native.file_write, native.file_flush, native.file_use
local next_place, can_wait = own.next_place, own.can_wait
local floor, pack, unpack = math.floor, table.pack, table.unpack

os.setlocale, os.tmpname = nil, nil

-- As Lua's own: an iterator keeps so many formats.
local MOST_FORMATS = 250

-- What files.rs gives where a closed file is used.
local CLOSED = "attempt to use a closed file"

local stdin, stdout, stderr

-- What a native of files gives: results, or what is raised, a text of Lua's own kind or an error
-- value.
local function give(ok, ...)
	if ok then
		return ...
	end
	local problem = ...
	if type(problem) == "string" then
		complain(problem)
	end
	raise(problem)
end

local function giving(f)
	return function(...)
		return give(f(...))
	end
end

-- The same for an effect.
local function giving_at(f)
	return function(...)
		return give(f(next_place(), ...))
	end
end

-- The files that processes write and read, for the collector to take.
local pipes = setmetatable({}, own.weak_keys)

-- Whether the run's other tasks go on while a process is waited for. At the prompt they do not: a
-- process reads what is typed.
local function can_go_on()
	return can_wait() and not own.shares_terminal
end

-- Waits for what comes from outside.
local function await_input(...)
	if can_go_on() then
		return native.input_await(next_place(), ...)
	end
	return native.input_read(next_place(), ...)
end

local function ready_or_awaited(file, count, format, ok, is_ready, ...)
	if not ok then
		return false, is_ready
	elseif is_ready then
		return true, ...
	elseif count == 0 then
		return await_input(file)
	end
	return await_input(file, format)
end

-- Reads what comes from outside. What is there already is no effect, and most lines are.
local function read_input(file, ...)
	local count = select("#", ...)
	if count > 1 then
		return await_input(file, ...)
	end
	return ready_or_awaited(file, count, (...), native.input_ready(file, ...))
end

-- A session's console puts a reader of what is typed in its place.
local read_stdin = read_input

function own.set_typed_reader(read_typed)
	read_stdin = read_typed
end

local function read(file, ...)
	if file == stdin then
		return read_stdin(file, ...)
	elseif pipes[file] then
		return read_input(file, ...)
	end
	return native.file_read(file, ...)
end

local function file_close(...)
	if pipes[...] and can_go_on() then
		return native.process_close(next_place(), ...)
	end
	return native.file_close(next_place(), ...)
end

-- The files that may hold what was written, for the collector to take.
local opened = setmetatable({}, own.weak_keys)

local function keep(file, ...)
	if file then
		opened[file] = true
	end
	return file, ...
end

-- What a process reads is there, and what it writes comes after. This is part of the process's
-- effect.
local function flush_all(place)
	for file in next, opened do
		file_flush(place, file)
	end
end

-- What goes on with a default file that may be closed.
local function of_default(name, ok, ...)
	if not ok and (...) == CLOSED then
		complain("default " .. name .. " file is closed")
	end
	return give(ok, ...)
end

local function check_count(first, ...)
	local count = select("#", ...)
	if count > MOST_FORMATS then
		complain("bad argument #" .. (MOST_FORMATS + first) .. " to 'lines' (too many arguments)")
	end
end

-- A function that gives what the formats read, until there is no more.
local function iterator(file, closes, ...)
	local formats = pack(...)
	local function deliver(ok, first, ...)
		if not ok then
			give(false, first == CLOSED and "file is already closed" or first)
		end
		if first ~= nil then
			return first, ...
		end
		local problem = ...
		if problem ~= nil then
			complain(problem)
		end
		if closes then
			give(file_close(file))
		end
	end
	if formats.n == 0 then
		return function()
			return deliver(read(file))
		end
	end
	return function()
		return deliver(read(file, unpack(formats, 1, formats.n)))
	end
end

local methods = {
	close = giving(file_close),
	flush = giving_at(file_flush),
	seek = giving(native.file_seek),
	setvbuf = giving(native.file_setvbuf),
}

function methods.lines(...)
	local file = give(file_use("lines", ...))
	check_count(1, select(2, ...))
	return iterator(file, false, select(2, ...))
end

function methods.read(...)
	return give(read(...))
end

function methods.write(...)
	return give(file_write(...))
end

local meta = {
	__name = "FILE*",
	__index = methods,
	__tostring = giving(native.file_text),
	__close = giving_at(native.file_drop),
	__gc = giving_at(native.file_drop),
}

stdin, stdout, stderr = native.standard_files(meta)
local input, output = stdin, stdout
keep(stdout)
own.stdin, own.stdout = stdin, stdout

-- A userdata's metatable is closed; that of files is known from Lua.
function _G.getmetatable(...)
	if select("#", ...) == 0 then
		complain("bad argument #1 to 'getmetatable' (value expected)")
	end
	local found = raw_getmetatable(...)
	return found == false and native.is_file(...) and meta or found
end

local io = { stdin = stdin, stdout = stdout, stderr = stderr, type = giving(native.file_kind) }
_G.io, own.loaded.io = io, io

function io.open(...)
	return keep(give(native.file_open(next_place(), ...)))
end

function io.close(...)
	if select("#", ...) == 0 then
		return give(file_close(output))
	end
	return give(file_close(...))
end

-- The file that a default becomes: one that is open, or one at a path.
local function default(name, mode, file)
	if type(file) == "string" or type(file) == "number" then
		return keep(give(native.file_need(next_place(), name, mode, file)))
	end
	return give(file_use(name, file))
end

function io.input(file)
	if file ~= nil then
		input = default("input", "r", file)
	end
	return input
end

function io.output(file)
	if file ~= nil then
		output = default("output", "w", file)
	end
	return output
end

function io.read(...)
	return of_default("input", read(input, ...))
end

function io.write(...)
	return of_default("output", file_write(output, ...))
end

function io.flush()
	return of_default("output", file_flush(next_place(), output))
end

function io.lines(path, ...)
	check_count(2, ...)
	if path == nil then
		return iterator(give(file_use("lines", input)), false, ...)
	end
	local file = give(native.file_need(next_place(), "lines", "r", path))
	return iterator(file, true, ...), nil, nil, file
end

function io.popen(...)
	finish(native.process())
	local place = next_place()
	flush_all(place)
	local file, problem, code = give(native.file_popen(place, ...))
	if file then
		pipes[file] = true
	end
	return keep(file, problem, code)
end

function os.execute(command)
	finish(native.process())
	if command == nil then
		return true
	end
	local place = next_place()
	flush_all(place)
	return finish((can_go_on() and native.execute or native.execute_now)(place, command))
end

os.remove, os.rename = giving_at(native.remove), giving_at(native.rename)

function os.time(parts)
	if parts ~= nil then
		return raw_mktime(parts)
	end
	return floor(native.now())
end

function os.date(format, at)
	return raw_date(format, at or floor(native.now()))
end

function os.exit(code)
	raise(native.exit(code))
end

os.getenv, os.clock = own.placed("env"), own.forwarded("clock")
