-- Files and processes, which the grants of a run limit, and its clock.

local native, own = ...
local _ENV <const> = own.globals

local finish, raise, refuse, from_c = own.finish, own.raise, own.refuse, own.from_c
local raw_open, raw_lines, raw_input = from_c("io.open", io.open), from_c("io.lines", io.lines), from_c("io.input", io.input)
local raw_output, raw_popen = from_c("io.output", io.output), from_c("io.popen", io.popen)
local raw_date, raw_mktime = from_c("os.date", os.date), from_c("os.time", os.time)
local raw_remove, raw_rename = os.remove, os.rename
local floor = math.floor

io.tmpfile, os.setlocale, os.tmpname = nil, nil, nil

-- The path to open; nil and why where there is no such folder. A place that is not granted is an error.
local function granted(path)
	return finish(native.path(path))
end

-- The same where there is nobody to give nil to.
local function needed(path)
	local resolved, problem = granted(path)
	if not resolved then
		refuse(problem)
	end
	return resolved
end

-- What Lua says of a file has the path in it that the script gave.
local function or_problem(path, ok, problem, code)
	if not ok and type(problem) == "string" then
		return nil, path .. ": " .. (problem:match(": ([^:]*)$") or problem), code
	end
	return ok
end

function io.open(path, mode)
	local resolved, problem = granted(path)
	if not resolved then
		return nil, problem, 2
	end
	return or_problem(path, raw_open(resolved, mode))
end

function io.lines(path, ...)
	if path == nil then
		return raw_lines(path, ...)
	end
	return raw_lines(needed(path), ...)
end

function io.input(file)
	return raw_input(type(file) == "string" and needed(file) or file)
end

function io.output(file)
	return raw_output(type(file) == "string" and needed(file) or file)
end

function io.popen(...)
	finish(native.process())
	return raw_popen(...)
end

function os.execute(command)
	finish(native.process())
	if command == nil then
		return true
	end
	return finish(native.execute(command))
end

function os.remove(path)
	local resolved, problem = finish(native.entry(path))
	if not resolved then
		return nil, problem, 2
	end
	return or_problem(path, raw_remove(resolved))
end

function os.rename(from, to)
	local resolved, problem = finish(native.entry(from))
	local target, target_problem = finish(native.entry(to))
	if not (resolved and target) then
		return nil, problem or target_problem, 2
	end
	return or_problem(from, raw_rename(resolved, target))
end

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

os.getenv, os.clock = own.exported("env"), own.forwarded("clock")
