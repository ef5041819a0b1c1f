-- read("n") takes a numeral as Lua's lexer would, and leaves what cannot belong to one.
local name = "numbers.lua.tmp"
local function with(text)
	local file <close> = assert(io.open(name, "w"))
	file:write(text)
	file:close()
	return assert(io.open(name))
end

do
	local file <close> = with("-12.3-	-0xffff+  .3|5.E-3X  +234e+13E 0xDEADBEEFDEADBEEFx\n0x1.13Ap+3e 0x1.8p+1 0xep1\n")
	for _, expected in ipairs {
		{ -12.3, "-" }, { -0xffff, "+ " }, { 0.3, "|" }, { 5e-3, "X" }, { 234e13, "E" },
		{ 0xdeadbeefdeadbeef, "x\n" }, { 0x1.13ap3, "e" }, { 3.0, " " }, { 28.0, "\n" },
	} do
		local number, rest = table.unpack(expected)
		local read = file:read("n")
		assert(read == number and math.type(read) == math.type(number), ("%s is read as %s"):format(number, read))
		assert(file:read(#rest) == rest, ("%q follows %s"):format(rest, number))
	end
	assert(file:read("n") == nil and file:read(0) == nil, "at the end there is none")
end

do
	local file <close> = with(".e+	0.e;	--;  0xX; nan 1e")
	for _, rest in ipairs { "e+", ";", "-;", "X", ";", "nan " } do
		assert(file:read("n") == nil, "no numeral")
		assert(file:read(#rest) == rest, "its valid beginning is gone, and the rest is " .. rest)
	end
	assert(file:read("n") == nil and file:read("a") == "", "an exponent without digits makes none")
end

do
	local file <close> = with(("1"):rep(200) .. " " .. ("1"):rep(201) .. "\n")
	assert(file:read("n") == tonumber(("1"):rep(200)), "200 characters are a numeral")
	assert(file:read("n") == nil and file:read("L") == "1\n", "more are not, and 200 of them are gone")
end

do
	local file <close> = assert(io.open(name, "w"))
	file:write(math.maxinteger, "\n", -math.maxinteger, "\n", 0.1, "\n", 1e100, "\n", 2 ^ 53, "\n")
	file:close()
	local file <close> = assert(io.open(name))
	local values = { file:read("n", "*n", "n", "*number", "n") }
	assert(values[1] == math.maxinteger and values[2] == -math.maxinteger, "integers survive a file")
	assert(values[3] == 0.1 and values[4] == 1e100 and values[5] == 9.007199254741e+15, "floats have 14 digits there")
end
os.remove(name)
