-- What Debian's pure-Lua libraries give here; `.ci/check-libraries` runs it beside them.
local count = 0
local function check(name, f)
	local library = require(name)
	local ok, err = xpcall(f, function(err) return tostring(err) .. "\n" .. debug.traceback() end, library)
	if not ok then
		error(name .. ": " .. err, 0)
	end
	count = count + 1
end

check("inspect", function(inspect)
	assert(inspect { 1, 2, a = { b = "c" } } == '{ 1, 2,\n  a = {\n    b = "c"\n  }\n}', inspect { 1, 2, a = { b = "c" } })
	assert(inspect(setmetatable({}, { __tostring = function() return "x" end })):find "metatable")
end)

check("argparse", function(argparse)
	local parser = argparse("check", "Checks.")
	parser:argument "kind"
	parser:option "-k --keep":convert(tonumber)
	local parsed = parser:parse()
	assert(parsed.kind == "server" and parsed.keep == 3, "the script's own arguments, from `arg`")
	local ok, problem = parser:pparse { "a", "--kep", "3" }
	assert(not ok and problem:find "Did you mean", problem)
end)

check("dkjson", function(json)
	local value = json.decode '{"a":[1,2,{"b":null}],"c":"\\u00e4"}'
	assert(value.a[2] == 2 and value.c == "\u{e4}" and json.encode({ 1, 2, x = nil }) == "[1,2]")
	local nothing, at, problem = json.decode "{"
	assert(nothing == nil and at and problem:find "unterminated", problem)
end)

check("say", function(say)
	say:set_namespace "en"
	say:set("greeting", "hello %s")
	assert(say("greeting", { "you" }) == "hello you")
end)

check("basexx", function(basexx)
	assert(basexx.from_base64(basexx.to_base64 "hello") == "hello" and basexx.to_hex "\1\255" == "01FF")
end)

check("inifile", function(inifile)
	assert(type(inifile.parse) == "function")
	local parsed = inifile.parse("[a]\nb=1\n", "memory")
	assert(parsed.a.b == 1)
end)

check("MessagePack", function(pack)
	local value = pack.unpack(pack.pack { 1, "a", { b = 2.5 } })
	assert(value[1] == 1 and value[2] == "a" and value[3].b == 2.5)
end)

check("moses", function(moses)
	local sum = moses.reduce(moses.map({ 1, 2, 3 }, function(n) return n * 2 end), function(a, b) return a + b end)
	assert(sum == 12, sum)
end)

-- Penlight, but what needs the C library LuaFileSystem.
check("pl.class", function(class)
	local Animal = class()
	function Animal:_init(name) self.name = name end
	local Cat = class(Animal)
	function Cat:speak() return self.name .. " says meow" end
	assert(Cat("tom"):speak() == "tom says meow" and Cat("a"):is_a(Animal))
end)
check("pl.List", function(List)
	assert(tostring(List { 1, 2, 3 }:map "_*2") == "{2,4,6}" and List.split("a b"):len() == 2)
end)
check("pl.OrderedMap", function(OrderedMap)
	assert(tostring(OrderedMap { { b = 1 }, { a = 2 } }:keys()) == "{b,a}")
end)
check("pl.Set", function(Set)
	assert(Set { 1, 2 } * Set { 2, 3 } == Set { 2 })
end)
check("pl.tablex", function(tablex)
	assert(tablex.deepcompare({ a = { 1 } }, { a = { 1 } }) and tablex.find({ "a", "b" }, "b") == 2)
end)
check("pl.pretty", function(pretty)
	assert(load("return " .. pretty.write { a = { 1, "x" } })().a[2] == "x", "what it reads, it reads by hooks of `debug`")
end)
check("pl.stringx", function(stringx)
	assert(stringx.strip "  a " == "a" and stringx.join(",", { 1, 2 }) == "1,2")
end)
check("pl.template", function(template)
	assert(template.substitute("# for i = 1, 2 do\n$(i)\n# end\n", {}) == "1\n2\n")
end)
check("pl.xml", function(xml)
	assert(xml.parse("<a><b c='1'>x</b></a>", false, true):child_with_name("b").attr.c == "1")
end)
check("pl.Date", function(Date)
	assert(Date { year = 2026, month = 2, day = 28 }:add({ day = 1 }):month() == 3)
end)
check("pl.lexer", function(lexer)
	assert(select(2, lexer.scan "a = 1"()) == "a")
end)
check("pl.sip", function(sip)
	local found = {}
	assert(sip.match("$v=$d", "x=42", found) and found[2] == 42)
end)
check("pl.data", function(data)
	assert(data.read(require "pl.stringio".open "a,b\n1,2\n"):column_by_name "b"[1] == 2)
end)
check("pl.config", function(config)
	assert(config.read(require "pl.stringio".open "a = 1\n").a == 1)
end)
for _, name in ipairs {
	"Map", "MultiMap", "array2d", "compat", "comprehension", "func", "import_into", "input", "lapp", "luabalanced", "operator",
	"permute", "seq", "strict", "text", "types", "url", "utils",
} do
	check("pl." .. name, function() end)
end

-- What is missing here is missing by an error that a library can read.
local ok, problem = pcall(require, "pl.path")
assert(not ok and problem:find "requires LuaFileSystem", problem)
print(count .. " modules load and work")
