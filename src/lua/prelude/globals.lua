-- What a script sees as globals. Most of it is loaded at its first use.

local native, own = ...

local finish, refuse, exported, forwarded, later, replace = own.finish, own.refuse, own.exported, own.forwarded, own.later, own.replace
local need_wait, next_place, effect, loaded = own.need_wait, own.next_place, own.effect, own.loaded

-- What is called like a function, and has other functions in it.
local function callable(f, functions)
	return setmetatable(functions, {
		__call = function(_, ...)
			return f(...)
		end,
		__name = "function",
	})
end

replace(coroutine, "coroutines", "create", "resume", "wrap", "close")

package = { loaded = loaded }
for _, name in ipairs({ "string", "table", "math", "coroutine", "io", "os", "utf8" }) do
	loaded[name] = _G[name]
end
replace(_G, "modules", "load", "loadfile", "dofile", "require")

replace(io, "files", "open", "lines", "input", "output", "popen")
replace(os, "files", "remove", "rename", "time", "date", "execute", "exit")
io.tmpfile, os.setlocale, os.tmpname, string.dump = nil, nil, nil, nil

null, args, help = native.null, native.args, later("help", "help")
secret, env = exported("secret"), exported("env")
os.getenv, os.clock = env, forwarded("clock")

debug = {
	traceback = function(message, level)
		if message ~= nil and type(message) ~= "string" then
			return message
		end
		return native.traceback(message, (level or 1) + 1)
	end,
}

math.randomseed(native.random(), native.random())
function math.randomseed()
	refuse("math.randomseed is the runtime's: a run's randomness is seeded once")
end

task = later("waiting", "task")
native.task_handle = later("waiting", "handle")
wait = callable(later("waiting", "wait"), { for_state = later("states", "for_state") })
parallel = callable(later("parallel", "all"), { map = later("parallel", "map") })
pages, items = later("lists", "pages"), later("lists", "items")
lock, expect_account = later("guards", "lock"), later("guards", "expect_account")
http = { request = later("http", "request"), get = later("http", "get"), post = later("http", "post") }
json = { encode = exported("json_encode"), decode = exported("json_decode") }
csv = { encode = exported("csv_encode"), decode = exported("csv_decode") }
loaded.debug, loaded.http, loaded.json, loaded.csv = debug, http, json, csv

time = {
	now = forwarded("now"),
	format = exported("time_format"),
	parse = exported("time_parse"),
	duration = exported("time_duration"),
	sleep = function(duration)
		need_wait()
		local path, number = next_place()
		return finish(effect("sleep", duration, path, number))
	end,
}

if native.is_rehearsal then
	sim = {
		fault = exported("sim_fault"),
		clear = forwarded("sim_clear"),
		skew = exported("sim_skew"),
		requests = exported("sim_requests"),
		state = exported("sim_state"),
	}
end
