-- A module may begin with a byte order mark or a #! line, as a script may.
assert(require "modules.with_bom" == "bom", "a module with a byte order mark")
assert(require "modules.with_shebang" == "shebang", "a module with a #! line")
assert(dofile "modules/with_shebang.lua" == "shebang", "dofile too")
