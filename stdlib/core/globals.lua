-- What a script sees as globals beside what the other parts have put there.

local native, own = ...

local finish, exported, forwarded, from_c = own.finish, own.exported, own.forwarded, own.from_c
local need_wait, next_place, loaded = own.need_wait, own.next_place, own.loaded
local type = type

-- Bytecode can break out of any sandbox, and nothing here loads it.
string.dump = nil

null, args, arg = native.null, native.args, native.arg
run = native.run_facts
secret, env = exported("secret"), os.getenv

debug = {
	traceback = function(message, level)
		if message ~= nil and type(message) ~= "string" then
			return message
		end
		return native.traceback(message, (level or 1) + 1)
	end,
}

-- Nothing of the runtime's follows from `math.random`: a script may seed it, as libraries do.
local seed = from_c("math.randomseed", math.randomseed)
function math.randomseed(...)
	if select("#", ...) == 0 then
		return seed(native.random(), native.random())
	end
	return seed(...)
end
math.randomseed()

-- An error value answers what a text does by methods (`err:find "words"`), as libraries ask it. Its
-- fields go before.
local text_methods = {}
for _, name in ipairs { "byte", "find", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper" } do
	local of_text = from_c(name, string[name])
	text_methods[name] = function(err, ...)
		return of_text(own.tostring(err), ...)
	end
end
getmetatable(native.invalid "").__index = text_methods

json = { encode = exported("json_encode"), decode = exported("json_decode") }
csv = { encode = exported("csv_encode"), decode = exported("csv_decode") }
loaded.debug, loaded.json, loaded.csv = debug, json, csv

time = {
	now = forwarded("now"),
	format = exported("time_format"),
	parse = exported("time_parse"),
	duration = exported("time_duration"),
	sleep = function(duration)
		need_wait()
		return finish(native.sleep(next_place(), duration))
	end,
}

if native.is_simulation then
	sim = {
		fault = exported("sim_fault"),
		clear = forwarded("sim_clear"),
		skew = exported("sim_skew"),
		requests = exported("sim_requests"),
		state = exported("sim_state"),
	}
end

-- What modules of the standard library see: what a script makes of its globals changes nothing of
-- theirs. Its arguments are its own to set.
local kept = {}
for name, value in next, _G do
	if name ~= "args" then
		local copy = value
		if type(value) == "table" and value ~= _G and not getmetatable(value) then
			copy = {}
			for key, inner in next, value do
				copy[key] = inner
			end
		end
		kept[name] = copy
	end
end
own.kept_globals = setmetatable(kept, { __index = _G })
