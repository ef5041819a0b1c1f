-- Long lists, page by page.

local native, own = ...
local _ENV <const> = own.globals

local finish, refuse, need_wait, next_place = own.finish, own.refuse, own.need_wait, own.next_place
local answers, action_names, action_bindings, with_defaults = own.answers, own.action_names, own.action_bindings, own.with_defaults
local known_options, whole_number = own.known_options, own.whole_number

-- What reads a list page by page, and where the reading is to stop on purpose.
local function reader(name, f, params, options)
	need_wait()
	local action = action_names[f]
	if not action then
		refuse(name .. " needs an Action, as " .. name .. "(cds.ccs.DescribeInstances, {}), not a " .. type(f))
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
	local answer, about, list = finish(native.next_page(next_place(), reading))
	if answer ~= nil then
		answers[answer] = about
	end
	return answer, list
end

local function pages(f, params, options)
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

local function items(f, params, options)
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

_G.pages, _G.items = pages, items
