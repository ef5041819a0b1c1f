-- pcall returns a script's own error value as it is, whatever it is.
local s = secret "vm-password"
for what, value in pairs { ["null"] = null, ["a secret"] = s, ["a file"] = io.stdout, ["a boolean"] = false, ["a number"] = 5, ["a function"] = print, ["a coroutine"] = coroutine.create(print) } do
	local ok, err = pcall(error, value)
	assert(not ok and rawequal(err, value), what .. " comes back as " .. type(err))
end
