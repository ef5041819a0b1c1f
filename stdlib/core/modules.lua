-- Loading chunks and modules.

local native, own = ...
local _ENV <const> = own.globals

local raise, complain, next_place = own.raise, own.complain, own.next_place
local raw_load = load
local concat, pack = table.concat, table.pack

local loaded = {}
for _, name in ipairs({ "string", "table", "math", "coroutine", "os", "utf8" }) do
	loaded[name] = _G[name]
end
-- `path` and `config` are for libraries that look at them: modules are found below the script's own
-- folder alone. A loader in `preload` goes before a file.
local preload = {}
_G.package = {
	loaded = loaded,
	preload = preload,
	path = "./?.lua;./?/init.lua",
	config = "/\n;\n?\n!\n-\n",
}

-- Text only: bytecode can break out of any sandbox.
local function load(chunk, name, mode, ...)
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

local function loadfile(path, mode, ...)
	local ok, text, name = native.read_script(next_place(), path)
	if not ok then
		-- A place that is not granted is an error, a file that is not there is none.
		if text.kind == "policy" then
			raise(text)
		end
		return nil, text.message
	end
	return load(text, name, mode, ...)
end

local function dofile(path)
	local chunk, err = loadfile(path)
	if not chunk then
		error(err, 0)
	end
	return chunk()
end

local loading = {}

-- That a module is not there, or is no Lua, is a text, as Lua raises it: libraries look for words in
-- it. What is not granted stays an error with a kind.
local function found(ok, ...)
	if ok then
		return ...
	end
	local problem = ...
	if problem.kind == "validation" then
		complain(problem.message)
	end
	raise(problem)
end

local function require(name)
	if loaded[name] ~= nil then
		return loaded[name]
	end
	if loading[name] then
		complain("the module '" .. tostring(name) .. "' requires itself")
	end
	local chunk, path = preload[name], ":preload:"
	if chunk == nil then
		local text, chunk_name, file, is_own = found(native.find_module(next_place(), name))
		local loader, err = raw_load(text, chunk_name, "t", is_own and own.kept_globals or _G)
		if not loader then
			-- Too deep a nesting passes through the run's own handler.
			local problem = type(err) == "table" and err.value or err
			local place, what = problem:match "^(.-:%d+: )(.*)$"
			error((place or "") .. "error loading module '" .. name .. "': " .. (what or problem), 0)
		end
		chunk, path = loader, file
	end
	loading[name] = true
	local result = pack(pcall(chunk, name, path))
	loading[name] = nil
	if not result[1] then
		error(result[2], 0)
	end
	if result[2] ~= nil then
		loaded[name] = result[2]
	elseif loaded[name] == nil then
		loaded[name] = true
	end
	return loaded[name], path
end

_G.load, _G.loadfile, _G.dofile, _G.require = load, loadfile, dofile, require
own.loaded = loaded
