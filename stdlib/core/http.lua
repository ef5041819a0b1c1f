-- Requests to other hosts.

local _, own = ...
local _ENV <const> = own.globals

local finish, need_wait, next_place, effect = own.finish, own.need_wait, own.next_place, own.effect

local function of_method(method)
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

_G.http = { request = of_method(), get = of_method("GET"), post = of_method("POST") }
own.loaded.http = _G.http
