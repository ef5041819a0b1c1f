-- Requests to other hosts.

local native, own = ...
local _ENV <const> = own.globals

local finish, need_wait, next_place = own.finish, own.need_wait, own.next_place

local function of_method(method)
	local name = "http." .. (method and method:lower() or "request")
	return function(url, options)
		need_wait()
		if not method then
			url, options = nil, url
		end
		return finish(native.http(next_place(), name, method, url, options))
	end
end

_G.http = { request = of_method(), get = of_method("GET"), post = of_method("POST") }
own.loaded.http = _G.http
