-- Waiting for tasks.

local native, own = ...
local _ENV <const> = own.globals

local finish, refuse, need_wait, next_place = own.finish, own.refuse, own.need_wait, own.next_place
local answers, meta_of, list_length = own.answers, own.meta_of, own.list_length
local callable, concat = own.callable, table.concat

local task_meta = { __name = "task" }
function task_meta.__tostring(self)
	return native.present(self.dialect .. " " .. concat(self.ids, ", "))
end

-- The handle of what a script may wait for.
local function handle_of(x)
	if getmetatable(x) == task_meta then
		return x
	end
	local about = meta_of(x)
	if not about then
		refuse("wait needs the answer of an Action that starts a task, a task(…), or a list of them; this is a " .. type(x))
	elseif not about.starts_task then
		refuse(about.action .. " starts no task, so there is nothing to wait for")
	end
	return about.task
end

-- A handle, or else the handles of a list: most waits are for one task, and need no list of their
-- own.
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

function _G.task(dialect, ids, with)
	return setmetatable(finish(native.task(dialect, ids, with)), task_meta)
end

-- Makes fields a handle.
function native.task_handle(handle)
	return setmetatable(handle, task_meta)
end

_G.wait = callable(function(x, options)
	need_wait()
	if options ~= nil and type(options) ~= "table" then
		refuse("wait takes a table of options, as { timeout = \"15m\" }, not a " .. type(options))
	end
	local handle, list = handles(x)
	return finish(native.wait(next_place(), handle, list, options))
end, {})
