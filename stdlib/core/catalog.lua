-- The products as a script sees them, and what is known of an answer.

local native, own = ...

local finish, raise, refuse, need_wait, next_at, next_place = own.finish, own.raise, own.refuse, own.need_wait, own.next_at, own.next_place
local call_action, weak_keys = native.call_action, own.weak_keys
local raw_tostring, ipairs, next, rawset, setmetatable, type = own.globals.tostring, ipairs, next, rawset, setmetatable, type

-- What is known of an answer: meta(r), a userdata until it is asked for. Of an Action's function:
-- its whole name.
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
			refuse(name .. ": the second argument is a table of options, not a " .. type(options))
		end
		-- With nothing around it: each function of ours counts under the hook that can end a run.
		return answered(call_action(next_at(place), number, params, with_defaults(options, bound)))
	end
	action_names[call], action_bindings[call] = name, bound
	return call
end

local service_table

-- Names resolve at first use; what is found stays in the table.
local function lazy(kind, name, resolve, list, functions)
	local function walk(self)
		for _, key in ipairs(finish(list())) do
			local _ = self[key]
		end
		return next, self, nil
	end
	return setmetatable({}, {
		__index = function(self, key)
			if functions and functions[key] then
				return functions[key]
			end
			local value = resolve(key)
			rawset(self, key, value)
			return value
		end,
		__newindex = function(_, key)
			refuse(name .. "." .. raw_tostring(key) .. " cannot be set: " .. name .. " is the catalogue's")
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
			refuse(product .. ".with: unknown option '" .. raw_tostring(key) .. "'; there are profile and region")
		end
		bound[key] = value
	end
	return bound
end

local function product_table(product, bound)
	local functions = {
		call = function(request, options)
			need_wait()
			return answered(finish(native.call(next_place(), product, request, with_defaults(options, bound))))
		end,
		with = function(options)
			if type(options) ~= "table" then
				refuse(product .. ".with needs a table, as { profile = \"b\", region = \"us\" }")
			end
			return product_table(product, with_defaults(bound_options(product, options), bound))
		end,
	}
	return lazy("product", product, function(key)
		if native.is_single(product) then
			return action_function(bound, finish(native.action(product, key)))
		end
		return service_table(finish(native.service(product, key)), bound)
	end, function()
		return native.members(product)
	end, functions)
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

own.answers, own.action_names, own.action_bindings = answers, action_names, action_bindings
own.with_defaults, own.meta_of = with_defaults, meta_of

-- The whole name of an Action's function.
function own.action_name(f)
	return action_names[f]
end
