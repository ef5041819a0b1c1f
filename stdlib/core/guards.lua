-- What keeps a script from harm: locks, and the account that it expects.

local native, own = ...
local _ENV <const> = own.globals

local finish, refuse, need_wait, next_place = own.finish, own.refuse, own.need_wait, own.next_place

local function lock(name, options)
	need_wait()
	return finish(native.lock(next_place(), name, options))
end

local function expect_account(expected)
	expected = own.known_options("expect_account", expected, { profile = true, id = true })
	for key, value in next, expected do
		if type(value) ~= "string" or value == "" then
			refuse("expect_account: " .. key .. " must be a text that is not empty, not a " .. type(value))
		end
	end
	if next(expected) == nil then
		refuse("expect_account needs a profile, an id (the access key), or both")
	end
	finish(native.expect_account(expected.profile, expected.id))
end

_G.lock, _G.expect_account = lock, expect_account
