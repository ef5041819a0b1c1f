-- Files below the working folder, and no others.
local function fails(f, ...)
	local ok, err = pcall(f, ...)
	assert(not ok, "this must fail")
	return err
end

local name = "files.lua.tmp"
local file = assert(io.open(name, "w"))
file:write("one\ntwo\n")
file:close()
local lines = {}
for line in io.lines(name) do
	lines[#lines + 1] = line
end
assert(table.concat(lines, " ") == "one two", "what was written is read")
assert(os.rename(name, name .. "2") and io.open(name) == nil, "a file can be renamed")
assert(os.remove(name .. "2") and not os.remove(name .. "2"), "and removed")
local handle, problem = io.open("files.lua.missing")
assert(handle == nil and type(problem) == "string", "a missing file gives nil and a message")
for _, path in ipairs { "/etc/passwd", "../../../Cargo.toml", "/proc/self/environ", "/tmp/x", "..", "/" } do
	for what, open in pairs { ["io.open"] = io.open, ["io.lines"] = io.lines, ["io.input"] = io.input, ["os.remove"] = os.remove, ["dofile"] = dofile } do
		assert(not pcall(open, path) , what .. " of " .. path .. " is refused")
	end
	assert(not pcall(io.open, path, "w"), "writing " .. path .. " is refused")
	assert(not pcall(os.rename, "files.lua", path), "moving to " .. path .. " is refused")
end
local err = fails(io.open, "/etc/passwd")
assert(err.kind == "policy" and tostring(err):find("--allow-path", 1, true), "the refusal names the remedy")
assert(tostring(err):find("files.lua:", 1, true), "and the script's line")
