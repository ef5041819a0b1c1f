-- What mlua leaves sharp is blunted here, once, before a script runs.
--
-- Native functions answer `true, results…` or `false, error`; Lua raises, so that an error is a table with the script's own line.
-- `pcall`, `xpcall`, `coroutine.*`, `tostring` and `require` are replaced, because a call may suspend inside them and because a
-- run that is ended from outside stays ended.

local native, pending = ...

local raw_pcall, raw_xpcall, raw_error, raw_load, raw_tostring = pcall, xpcall, error, load, tostring
local raw_create, raw_resume, raw_yield, raw_close = coroutine.create, coroutine.resume, coroutine.yield, coroutine.close
local isyieldable, running = coroutine.isyieldable, coroutine.running
local script_frame, traceback = native.script_frame, native.traceback
local select, type, rawget, rawset, setmetatable, next, pack = select, type, rawget, rawset, setmetatable, next, table.pack
local concat, table_remove, floor = table.concat, table.remove, math.floor
local stdout = io.stdout

local weak_keys = { __mode = "k" }

local function raise(err)
	if type(err) == "table" and rawget(err, "where") == nil then
		local source, line, short_source = script_frame()
		if source then
			rawset(err, "where", short_source .. ":" .. line)
			rawset(err, "source", source)
			rawset(err, "line", line)
		end
	end
	raw_error(err, 0)
end

local function finish(ok, ...)
	if ok then
		return ...
	end
	raise((...))
end

-- A native function as a script sees it.
local function exported(f)
	return function(...)
		return finish(f(...))
	end
end

-- Each coroutine has a place in its run, the same in every replay: its path and the number of its effects so far.
local places = setmetatable({}, weak_keys)

local function place_of(co)
	local place = places[co]
	if not place then
		place = { path = "0", number = 0 }
		places[co] = place
	end
	return place
end

-- After something was caught: a run that is ended stays ended, and what Rust raised becomes a string.
local function caught(ok, ...)
	if ok then
		return ok, ...
	end
	local err = ...
	local stop = native.stopped(err, place_of(running()).path)
	if stop then
		raw_error(stop, 0)
	end
	if type(err) == "userdata" then
		return false, native.plain(err)
	end
	return false, ...
end

-- A function of Lua's own, whose complaints name a script's line and not ours.
local function from_c(name, f)
	local function deliver(ok, ...)
		if ok then
			return ...
		end
		local err = ...
		if type(err) == "string" then
			err = err:gsub("^[^:]*:%-?%d*:? ", "", 1):gsub("to '[^']*'", "to '" .. name .. "'")
			raise(native.failure("validation", err))
		end
		raw_error(err, 0)
	end
	return function(...)
		return deliver(raw_pcall(f, ...))
	end
end

function pcall(f, ...)
	return caught(raw_pcall(f, ...))
end

function xpcall(f, handler, ...)
	if type(handler) ~= "function" then
		return caught(raw_xpcall(f, handler, ...))
	end
	-- No hook fires inside a handler, so one of an ended run is not called.
	local function guarded(err)
		if native.is_stopped(place_of(running()).path) then
			return err
		end
		return handler(err)
	end
	return caught(raw_xpcall(f, guarded, ...))
end

-- The path and the number of a place's next effect.
local function next_at(place)
	place.number = place.number + 1
	return place.path, place.number
end

local function next_place()
	return next_at(place_of(running()))
end

-- The task is the innermost `parallel` task that a coroutine belongs to; none is the run itself.
local function place_below(parent)
	parent.children = (parent.children or 0) + 1
	return { path = parent.path .. "." .. parent.children, number = 0, task = parent.task }
end

local checked_create = from_c("coroutine.create", raw_create)
local function create(f)
	local co = checked_create(f)
	places[co] = place_below(place_of(running()))
	return co
end

-- Whether a call can suspend here: this coroutine and all that resumed it can yield.
local function can_wait_at(place)
	return isyieldable() and not place.is_stuck
end

local function can_wait()
	return can_wait_at(place_of(running()))
end

-- The place of what is about to wait.
local function need_wait()
	local place = place_of(running())
	if not can_wait_at(place) then
		raise(native.cannot_wait())
	end
	return place
end

-- A call inside a coroutine suspends whoever resumed it too; the script never sees that.
local function drive(co, ok, ...)
	if ok and select("#", ...) == 1 and (...) == pending then
		return drive(co, raw_resume(co, raw_yield(pending)))
	end
	return ok, ...
end

local function resume(co, ...)
	local place = places[co]
	if place then
		place.is_stuck = not can_wait() or nil
	end
	return drive(co, raw_resume(co, ...))
end

function coroutine.create(f)
	return create(f)
end

function coroutine.resume(co, ...)
	if type(co) ~= "thread" then
		raise(native.failure("validation", "coroutine.resume needs a coroutine, not a " .. type(co)))
	end
	return caught(resume(co, ...))
end

function coroutine.wrap(f)
	local co = create(f)
	local function deliver(ok, ...)
		if ok then
			return ...
		end
		local err = ...
		raw_close(co)
		if type(err) == "userdata" then
			err = native.plain(err)
		end
		raw_error(err, 0)
	end
	return function(...)
		return deliver(resume(co, ...))
	end
end

local checked_close = from_c("coroutine.close", raw_close)
function coroutine.close(co)
	return caught(checked_close(co))
end

-- What suspends a script; made at the first use, because most of a short script's start would go into it. mlua takes `yield` from
-- the globals then, so it is given the real one.
local function suspending(make)
	local made
	return function(...)
		if not made then
			local seen = rawget(_G, "coroutine")
			rawset(_G, "coroutine", { yield = raw_yield })
			made = make()
			rawset(_G, "coroutine", seen)
		end
		return made(...)
	end
end

local effect = suspending(native.make_effect)
local call_action = suspending(native.make_call)

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

function print(...)
	local words = {}
	for index = 1, select("#", ...) do
		words[index] = tostring((select(index, ...)))
	end
	write_line(concat(words, "\t"))
end

-- A text that may be long.
local write_page = function(text)
	write_line(text)
end

function pp(value, format)
	write_page(finish(native.pretty(value, format)))
end

-- Text only: bytecode can break out of any sandbox.
function load(chunk, name, mode, ...)
	if type(chunk) == "function" then
		local parts = {}
		for part in chunk do
			if type(part) ~= "string" then
				return nil, "reader function must return a string"
			elseif part == "" then
				break
			end
			parts[#parts + 1] = part
		end
		chunk = concat(parts)
	end
	if mode ~= nil and type(mode) == "string" and not mode:find("t", 1, true) then
		return nil, "only text can be loaded (mode is '" .. mode .. "')"
	end
	local loaded_chunk, err = raw_load(chunk, name, "t", ...)
	-- Too deep a nesting passes through the run's own handler.
	if type(err) == "table" then
		err = err.value
	end
	return loaded_chunk, err
end

function loadfile(path, mode, ...)
	local ok, text, name = native.read_script(path)
	if not ok then
		-- A place that is not granted is an error, a file that is not there is none.
		if text.kind == "policy" then
			raise(text)
		end
		return nil, text.message
	end
	return load(text, name, mode, ...)
end

function dofile(path)
	local chunk, err = loadfile(path)
	if not chunk then
		raw_error(err, 0)
	end
	return chunk()
end

local loaded, loading = {}, {}
package = { loaded = loaded }
for _, name in ipairs({ "string", "table", "math", "coroutine", "io", "os", "utf8" }) do
	loaded[name] = _G[name]
end

function require(name)
	if loaded[name] ~= nil then
		return loaded[name]
	end
	if loading[name] then
		raise(native.failure("validation", "the module '" .. raw_tostring(name) .. "' requires itself"))
	end
	local text, chunk_name, path = finish(native.find_module(name))
	local chunk, err = raw_load(text, chunk_name, "t")
	if not chunk then
		raise(native.syntax_failure(err))
	end
	loading[name] = true
	local result = pack(raw_pcall(chunk, name, path))
	loading[name] = nil
	if not result[1] then
		raw_error(result[2], 0)
	end
	if result[2] ~= nil then
		loaded[name] = result[2]
	elseif loaded[name] == nil then
		loaded[name] = true
	end
	return loaded[name], path
end

-- What is known of an answer: meta(r), a userdata until somebody asks. Of an Action's function: its whole name.
local answers = setmetatable({}, weak_keys)
local action_names, action_bindings = setmetatable({}, weak_keys), setmetatable({}, weak_keys)

local function answered(answer, about)
	if not answer then
		raise(about)
	end
	answers[answer] = about
	return answer
end

local function with_defaults(options, bound)
	if not bound then
		return options
	end
	local merged = {}
	for key, value in next, bound do
		merged[key] = value
	end
	for key, value in next, options or {} do
		merged[key] = value
	end
	return merged
end

local function action_function(bound, name, number)
	local function call(params, options)
		local place = need_wait()
		if options ~= nil and type(options) ~= "table" then
			raise(native.failure("validation", name .. ": the second argument is a table of options, not a " .. type(options)))
		end
		return answered(call_action(number, params, with_defaults(options, bound), next_at(place)))
	end
	action_names[call], action_bindings[call] = name, bound
	return call
end

local service_table

-- Names resolve at first use; what is found stays in the table.
local function lazy(kind, name, resolve, list, own)
	local function walk(self)
		for _, key in ipairs(finish(list())) do
			local _ = self[key]
		end
		return next, self, nil
	end
	return setmetatable({}, {
		__index = function(self, key)
			if own and own[key] then
				return own[key]
			end
			local value = resolve(key)
			rawset(self, key, value)
			return value
		end,
		__newindex = function(_, key)
			raise(native.failure("validation", name .. "." .. raw_tostring(key) .. " cannot be set: " .. name .. " is the catalogue's"))
		end,
		__pairs = walk,
		__name = kind,
		__tostring = function()
			return kind .. " " .. name
		end,
	})
end

function service_table(name, bound)
	return lazy("service", name, function(key)
		return action_function(bound, finish(native.action(name, key)))
	end, function()
		return native.actions(name)
	end)
end

local function bound_options(product, options)
	local bound = {}
	for key, value in next, options do
		if key ~= "profile" and key ~= "region" then
			raise(native.failure("validation", product .. ".with: unknown option '" .. raw_tostring(key) .. "'; there are profile and region"))
		end
		bound[key] = value
	end
	return bound
end

local function product_table(product, bound)
	local single = native.is_single(product)
	local own = {
		call = function(request, options)
			need_wait()
			local path, number = next_place()
			return answered(finish(effect("call", product, request, with_defaults(options, bound), path, number)))
		end,
		with = function(options)
			if type(options) ~= "table" then
				raise(native.failure("validation", product .. ".with needs a table, as { profile = \"b\", region = \"us\" }"))
			end
			return product_table(product, with_defaults(bound_options(product, options), bound))
		end,
	}
	return lazy("product", product, function(key)
		if single then
			return action_function(bound, finish(native.action(product, key)))
		end
		return service_table(finish(native.service(product, key)), bound)
	end, function()
		return native.members(product)
	end, own)
end

for _, product in ipairs(native.products()) do
	_G[product] = product_table(product)
end

local function meta_of(answer)
	local about = answers[answer]
	if type(about) == "userdata" then
		about = native.about(about)
		answers[answer] = about
	end
	return about
end

function meta(answer)
	return meta_of(answer)
end

local task_meta = { __name = "task" }
function task_meta.__tostring(self)
	return self.dialect .. " " .. concat(self.ids, ", ")
end

function task(dialect, ids, with)
	local handle = finish(native.task(dialect, ids, with))
	return setmetatable(handle, task_meta)
end

function native.task_handle(handle)
	return setmetatable(handle, task_meta)
end

-- The length of a list; an error where it has holes or other keys, because what stands behind a hole would be left out.
local function list_length(name, list)
	if type(list) ~= "table" then
		raise(native.failure("validation", name .. " needs a list, not a " .. type(list)))
	end
	local length, count = 0, 0
	for key in next, list do
		if math.type(key) ~= "integer" or key < 1 then
			raise(native.failure("validation", name .. " needs a list, and this table has the key " .. raw_tostring(key)))
		end
		length, count = key > length and key or length, count + 1
	end
	if count < length then
		raise(native.failure("validation", name .. " needs a list without holes: of " .. length .. " elements " .. length - count .. " are nil"))
	end
	return length
end

-- The handle of what a script may wait for.
local function handle_of(x)
	if getmetatable(x) == task_meta then
		return x
	end
	local about = meta_of(x)
	if not about then
		raise(native.failure("validation", "wait needs the answer of an Action that starts a task, a task(…), or a list of them; this is a " .. type(x)))
	elseif not about.starts_task then
		raise(native.failure("validation", about.action .. " starts no task, so there is nothing to wait for"))
	end
	return about.task
end

-- A handle, or else the handles of a list: most waits are for one task, and need no list of their own.
local function handles(x)
	if type(x) ~= "table" or getmetatable(x) == task_meta or answers[x] then
		return handle_of(x)
	end
	local found = {}
	for index = 1, list_length("wait", x) do
		found[index] = handle_of(x[index])
	end
	return nil, found
end

-- The options of a function by name, so that a misspelled one is not passed over.
local function known_options(name, options, known)
	if options ~= nil and type(options) ~= "table" then
		raise(native.failure("validation", name .. " takes a table of options, not a " .. type(options)))
	end
	for key in next, options or {} do
		if not known[key] then
			raise(native.unknown_option(name, key, known))
		end
	end
	return options or {}
end

local function whole_number(name, option, value, least)
	if value ~= nil and (math.type(value) ~= "integer" or value < least) then
		raise(native.failure("validation", name .. ": the option " .. option .. " must be a whole number from " .. least))
	end
	return value
end

local state_options = { done = true, failed = true, timeout = true, params = true, id = true, profile = true, region = true }

-- Whether what was seen is what an option names: by a function, or by one or several names of a state.
local function is_state(option, wanted, answer, state)
	local kind = type(wanted)
	if kind == "function" then
		return wanted(answer, state)
	elseif kind == "table" then
		for index = 1, list_length("wait.for_state: the option " .. option, wanted) do
			if is_state(option, wanted[index], answer, state) then
				return true
			end
		end
		return false
	elseif kind == "string" then
		return (state or "gone"):lower() == wanted:lower()
	end
	raise(native.failure("validation", "wait.for_state: the option " .. option .. " must be a function, a state or a list of states, not a " .. kind))
end

-- How to look: by a function of the script, or as the catalogue says. Gives the answer, its state and whether that is a failure.
local function looker(subject, options)
	local function refuse(with, ...)
		for _, option in ipairs({ ... }) do
			if options[option] ~= nil then
				raise(native.failure("validation", "wait.for_state: the option " .. option .. " means nothing with " .. with))
			end
		end
	end
	if type(subject) == "string" then
		finish(native.has_state(subject))
		refuse("a state", "params")
		return function()
			local path, number = next_place()
			local state, has_failed, answer, about =
				finish(effect("read_state", subject, options.id, options.profile, options.region, path, number))
			if answer then
				answers[answer] = about
			end
			return answer, state, has_failed
		end, subject .. " " .. raw_tostring(options.id)
	elseif type(subject) == "function" then
		local account
		if action_names[subject] then
			refuse("an Action", "id")
			account = { profile = options.profile, region = options.region }
		else
			refuse("a function", "id", "profile", "region")
		end
		return function()
			local answer = subject(options.params, account)
			return answer, type(answer) ~= "table" and tostring(answer) or "", false
		end, action_names[subject] or "a function"
	end
	raise(native.failure("validation", "wait.for_state needs a function or a state of the catalogue, as \"mcs.instance\", not a " .. type(subject)))
end

-- Calls a function whose effects stand at a place of their own.
local function call_at(place, f)
	local co = running()
	local outer = place_of(co)
	local function back(...)
		outer.is_stuck = place.is_stuck
		places[co] = outer
		return caught(...)
	end
	place.is_stuck = outer.is_stuck
	places[co] = place
	return back(raw_pcall(f))
end

-- However a watch ends, nothing shows that it goes on.
local watch_meta = {
	__close = function(watch)
		native.watched(watch.handle, "no longer waited for", false)
	end,
}

-- Looks once. A failure that can pass is no answer, nor is one that comes of the watch's own end; any other ends the watch.
local function look_once(watch, look)
	local ok, answer, state, has_failed = call_at(watch.place, look)
	if ok then
		watch.is_failing = false
		return true, answer, state, has_failed
	elseif native.is_stopped(watch.place.path) then
		return false
	elseif type(answer) ~= "table" or answer.retryable ~= true then
		native.watched(watch.handle, tostring(answer), false)
		raise(answer)
	end
	-- The first failure of a row is said, so that an hour of silence is none.
	native.log(watch.is_failing and "debug" or "warn", "looking failed and is tried again: " .. tostring(answer))
	watch.is_failing = true
	return false
end

local function for_state(subject, options)
	need_wait()
	options = known_options("wait.for_state", options, state_options)
	if options.done == nil then
		raise(native.failure("validation", "wait.for_state needs the option done: a function, a state or a list of states"))
	end
	local look, what = looker(subject, options)
	local place = place_below(place_of(running()))
	local handle = finish(native.watch(what, options.timeout, place.path))
	local watch <close> = setmetatable({ place = place, handle = handle }, watch_meta)
	local shown = ""
	while true do
		local seen, answer, state, has_failed = look_once(watch, look)
		if seen then
			shown = state or "gone"
			if is_state("done", options.done, answer, state) then
				native.watched(watch.handle, shown == "" and "done" or shown, true)
				return answer
			elseif has_failed or options.failed ~= nil and is_state("failed", options.failed, answer, state) then
				native.watched(watch.handle, shown == "" and "failed" or shown, false)
				raise(native.state_failure(what, shown))
			end
		end
		local path, number = next_place()
		finish(effect("pause", watch.handle, shown, path, number))
	end
end

wait = setmetatable({ for_state = for_state }, {
	__call = function(_, x, options)
		need_wait()
		if options ~= nil and type(options) ~= "table" then
			raise(native.failure("validation", "wait takes a table of options, as { timeout = \"15m\" }, not a " .. type(options)))
		end
		local handle, list = handles(x)
		local path, number = next_place()
		return finish(effect("wait", handle, list, options, path, number))
	end,
	__name = "function",
})

function lock(name, options)
	need_wait()
	local path, number = next_place()
	return finish(effect("lock", name, options, path, number))
end

function expect_account(expected)
	expected = known_options("expect_account", expected, { profile = true, id = true })
	for key, value in next, expected do
		if type(value) ~= "string" or value == "" then
			raise(native.failure("validation", "expect_account: " .. key .. " must be a text that is not empty, not a " .. type(value)))
		end
	end
	if next(expected) == nil then
		raise(native.failure("validation", "expect_account needs a profile, an id (the access key), or both"))
	end
	finish(native.expect_account(expected.profile, expected.id))
end

local function http_function(method)
	local name = "http." .. (method and method:lower() or "request")
	return function(url, options)
		need_wait()
		if not method then
			url, options = nil, url
		end
		local path, number = next_place()
		return finish(effect("http", name, method, url, options, path, number))
	end
end
http = { request = http_function(), get = http_function("GET"), post = http_function("POST") }
loaded.http = http
-- What reads a list page by page, and where the reading is to stop on purpose.
local function reader(name, f, params, options)
	need_wait()
	local action = action_names[f]
	if not action then
		raise(native.failure("validation", name .. " needs an Action, as " .. name .. "(cds.ccs.DescribeInstances, {}), not a " .. type(f)))
	end
	local call_options, limit = {}, nil
	for key, value in next, known_options(name, options, { limit = true, timeout = true, retries = true, profile = true, region = true, unchecked = true }) do
		if key == "limit" then
			limit = whole_number(name, "limit", value, 1)
		else
			call_options[key] = value
		end
	end
	return finish(native.reader(action, params, with_defaults(call_options, action_bindings[f]))), limit
end

local function next_page(reading)
	need_wait()
	local path, number = next_place()
	local answer, about, list = finish(effect("next_page", reading, path, number))
	if answer ~= nil then
		answers[answer] = about
	end
	return answer, list
end

function pages(f, params, options)
	local reading, limit = reader("pages", f, params, options)
	local count = 0
	return function()
		if count == limit then
			return nil
		end
		count = count + 1
		return (next_page(reading))
	end
end

function items(f, params, options)
	local reading, limit = reader("items", f, params, options)
	-- Tasks may share an iterator, so a page is added to what is left of the last one.
	local queue, first, last, count = {}, 1, 0, 0
	return function()
		if count == limit then
			return nil
		end
		while first > last do
			local answer, list = next_page(reading)
			if answer == nil and first > last then
				return nil
			end
			for index = 1, answer and #list or 0 do
				queue[last + index] = list[index]
			end
			last = last + (answer and #list or 0)
		end
		local item = queue[first]
		queue[first] = nil
		first, count = first + 1, count + 1
		return item, count
	end
end

null = native.null
args = native.args
secret = exported(native.secret)
env = exported(native.env)
if native.sim_fault then
	sim = {
		fault = exported(native.sim_fault),
		clear = native.sim_clear,
		skew = exported(native.sim_skew),
		requests = exported(native.sim_requests),
		state = exported(native.sim_state),
	}
end
json = { encode = exported(native.json_encode), decode = exported(native.json_decode) }
loaded.json = json
csv = { encode = exported(native.csv_encode), decode = exported(native.csv_decode) }
loaded.csv = csv

local function logger(level)
	return function(...)
		local words = {}
		for index = 1, select("#", ...) do
			words[index] = tostring((select(index, ...)))
		end
		native.log(level, concat(words, " "))
	end
end
log = { debug = logger("debug"), info = logger("info"), warn = logger("warn"), error = logger("error") }

time = {
	now = native.now,
	format = exported(native.time_format),
	parse = exported(native.time_parse),
	duration = exported(native.time_duration),
	sleep = function(duration)
		need_wait()
		local path, number = next_place()
		return finish(effect("sleep", duration, path, number))
	end,
}

function help(subject)
	local name = subject
	if action_names[subject] then
		name = action_names[subject]
	elseif type(subject) == "table" then
		name = tostring(subject)
	end
	if name ~= nil and (type(name) ~= "string" or name:find("^table: 0x")) then
		raise(native.failure("validation", "help knows Actions, services, products and words, as help(cds.ccs.CreateInstance) or help \"create disk\""))
	end
	write_page(finish(native.help(name)))
end

-- What was deferred, in order, with the task that it belongs to.
local deferred = {}
function defer(f)
	if type(f) ~= "function" then
		raise(native.failure("validation", "defer needs a function, not a " .. type(f)))
	end
	local task = place_of(running()).task
	if task then
		task.has_deferred = true
	end
	deferred[#deferred + 1] = { f = f, task = task }
end

local raw_open, raw_lines, raw_input, raw_output, raw_popen = io.open, io.lines, io.input, io.output, io.popen
local raw_remove, raw_rename, raw_date, raw_mktime = os.remove, os.rename, os.date, os.time

raw_open, raw_lines, raw_input = from_c("io.open", raw_open), from_c("io.lines", raw_lines), from_c("io.input", raw_input)
raw_output, raw_popen = from_c("io.output", raw_output), from_c("io.popen", raw_popen)
raw_date, raw_mktime = from_c("os.date", raw_date), from_c("os.time", raw_mktime)

-- The path to open; nil and why where there is no such folder. A place that is not granted is an error.
local function granted(path)
	return finish(native.path(path))
end

-- The same where there is nobody to give nil to.
local function needed(path)
	local resolved, problem = granted(path)
	if not resolved then
		raise(native.failure("validation", problem))
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

io.tmpfile = nil

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
if native.output then
	redirect(function(text, raw_write)
		return raw_write(stdout, native.output(text))
	end)
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

os.clock = native.clock
os.getenv = env
os.setlocale = nil
os.tmpname = nil

string.dump = nil
debug = {
	traceback = function(message, level)
		if message ~= nil and type(message) ~= "string" then
			return message
		end
		return traceback(message, (level or 1) + 1)
	end,
}
loaded.debug = debug
math.randomseed(native.random(), native.random())
math.randomseed = function(...)
	raise(native.failure("validation", "math.randomseed is the runtime's: a run's randomness is seeded once"))
end

-- The value, its traceback and, for a string, nothing else: where it happened stands in front of the string.
local function handler(err)
	local source, line = script_frame()
	return { value = err, traceback = traceback(nil, 2), source = source, line = line }
end

local function report(ok, ...)
	if ok then
		return true, ...
	end
	local caught_error = ...
	if type(caught_error) == "table" and rawget(caught_error, "traceback") and rawget(caught_error, "kind") == nil then
		return false, caught_error.value, caught_error.traceback, caught_error.source, caught_error.line
	end
	return false, caught_error, ""
end

-- Runs what a task deferred, or all that is left, last first; the errors that came up.
local function run_deferred(task)
	local errors = {}
	-- What a deferred function defers runs too.
	local index = #deferred
	while index > 0 do
		local entry = deferred[index]
		if task == nil or entry.task == task then
			table_remove(deferred, index)
			local result = pack(report(raw_xpcall(entry.f, handler)))
			if not result[1] then
				errors[#errors + 1] = result[2] == nil and "nil was raised" or result[2]
			end
			index = #deferred
		else
			index = index - 1
		end
	end
	return errors
end

-- What a task did, and what it deferred after that; its own error goes before theirs.
local function ended(task, ok, ...)
	if not task.has_deferred or not native.may_defer(task.path) then
		return ok, ...
	end
	local errors = run_deferred(task)
	native.has_deferred(task.path)
	for index = ok and 2 or 1, #errors do
		native.log("error", "a deferred function failed: " .. tostring(errors[index]))
	end
	if ok and errors[1] ~= nil then
		return false, errors[1]
	end
	return ok, ...
end

local function run_task(task, f, ...)
	return ended(task, report(raw_xpcall(f, handler, ...)))
end

-- Runs `count` tasks, of which `start` gives the functions and their arguments.
local function run_tasks(name, count, start, options, usual_limit)
	need_wait()
	options = known_options(name, options, { limit = true, settle = true })
	local limit = whole_number(name, "limit", options.limit, 1) or usual_limit or count
	if options.settle ~= nil and type(options.settle) ~= "boolean" then
		raise(native.failure("validation", name .. ": the option settle must be true or false"))
	end
	local group = place_below(place_of(running()))
	local function make(index)
		local task = place_below(group)
		task.task = task
		-- One function for all tasks, which is given what differs: a closure each would be memory held while they wait.
		local co = raw_create(run_task)
		places[co] = task
		return co, task, start(index)
	end
	local path, number = next_place()
	return finish(effect("parallel", make, count, limit, options.settle == true, group.path, path, number))
end

-- What `parallel.map` runs at once where nothing else is said.
local MAP_LIMIT = 16

local function map(list, f, options)
	local count = list_length("parallel.map", list)
	if type(f) ~= "function" then
		raise(native.failure("validation", "parallel.map needs a function, not a " .. type(f)))
	end
	return run_tasks("parallel.map", count, function(index)
		return f, rawget(list, index), index
	end, options, MAP_LIMIT)
end

parallel = setmetatable({ map = map }, {
	__call = function(_, functions, options)
		local count = list_length("parallel", functions)
		for index = 1, count do
			if type(functions[index]) ~= "function" then
				raise(native.failure("validation", "parallel needs functions; element " .. index .. " is a " .. type(functions[index]) .. ""))
			end
		end
		return run_tasks("parallel", count, function(index)
			return rawget(functions, index)
		end, options)
	end,
	__name = "function",
})

return {
	-- Runs a chunk; true, or false with the error and its traceback.
	run = function(chunk, ...)
		return report(raw_xpcall(chunk, handler, ...))
	end,
	-- Runs what was deferred and has not run yet; the errors that came up.
	run_deferred = function()
		return run_deferred(nil)
	end,
	has_deferred = function()
		return #deferred > 0
	end,
	tostring = tostring,
	-- The whole name of an Action's function.
	action_name = function(f)
		return action_names[f]
	end,
	-- Lets a session's console take over standard output and input.
	hand_over = function(take, natives)
		take(natives, {
			can_wait = can_wait,
			need_wait = need_wait,
			next_place = next_place,
			suspending = suspending,
			finish = finish,
			refuse = function(problem)
				raise(native.failure("validation", problem))
			end,
			input = raw_input,
			output = raw_output,
			redirect = redirect,
			set_writers = function(line, page)
				write_line, write_page = line, page
			end,
		})
	end,
}
