-- Files and processes, which the grants of a run limit, and its clock.

local native, own = ...
local _ENV <const> = own.globals

local finish, raise, refuse, from_c, raw = own.finish, own.raise, own.refuse, own.from_c, own.raw
local raw_open, raw_lines, raw_input = from_c("io.open", raw.open), from_c("io.lines", raw.lines), from_c("io.input", raw.input)
local raw_output, raw_popen = from_c("io.output", raw.output), from_c("io.popen", raw.popen)
local raw_date, raw_mktime = from_c("os.date", raw.date), from_c("os.time", raw.time)
local floor = math.floor

local files = {}

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

function files.open(path, mode)
	local resolved, problem = granted(path)
	if not resolved then
		return nil, problem, 2
	end
	return or_problem(path, raw_open(resolved, mode))
end

function files.lines(path, ...)
	if path == nil then
		return raw_lines(path, ...)
	end
	return raw_lines(needed(path), ...)
end

function files.input(file)
	return raw_input(type(file) == "string" and needed(file) or file)
end

function files.output(file)
	return raw_output(type(file) == "string" and needed(file) or file)
end

function files.popen(...)
	finish(native.process())
	return raw_popen(...)
end

function files.execute(command)
	finish(native.process())
	if command == nil then
		return true
	end
	return finish(native.execute(command))
end

function files.remove(path)
	local resolved, problem = finish(native.entry(path))
	if not resolved then
		return nil, problem, 2
	end
	return or_problem(path, raw.remove(resolved))
end

function files.rename(from, to)
	local resolved, problem = finish(native.entry(from))
	local target, target_problem = finish(native.entry(to))
	if not (resolved and target) then
		return nil, problem or target_problem, 2
	end
	return or_problem(from, raw.rename(resolved, target))
end

function files.time(parts)
	if parts ~= nil then
		return raw_mktime(parts)
	end
	return floor(native.now())
end

function files.date(format, at)
	return raw_date(format, at or floor(native.now()))
end

function files.exit(code)
	raise(native.exit(code))
end

return files
