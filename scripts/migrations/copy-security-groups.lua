-- Copies network security groups with their rules from one profile to another; what is there already
-- is left alone, so it can run again.
--
--   cumulua run scripts/migrations/copy-security-groups.lua --from old --to new
--   cumulua run scripts/migrations/copy-security-groups.lua --from old --to new --dry-run
--   cumulua run scripts/migrations/copy-security-groups.lua --from old --to new web db
--
-- Under --sim, each profile has an account of its own: cumulua run --sim --profile old --seed-file
-- old.json … --from old --to new
--
-- Reads: the groups and rules of both accounts. Makes: groups and rules in the account of --to.
-- Never changes or deletes any, and puts no server into a group. Two groups of one name and type
-- are the same group here. Names as arguments copy only these groups. What a call whose answer was
-- lost has made is looked for and not made again. A rule whose priority another rule of the group has
-- there is refused, and so reported. Copies are in the default project of --to.

local usage = "usage: copy-security-groups.lua --from PROFILE --to PROFILE [--dry-run] [GROUP…]"

local from, to, dry_run
local names = {}
do
	local index = 1
	local function value(option)
		index = index + 1
		return args[index] or error(option .. " needs a profile; " .. usage, 0)
	end
	while index <= #args do
		local word = args[index]
		if word == "--from" then
			from = value(word)
		elseif word == "--to" then
			to = value(word)
		elseif word == "--dry-run" then
			dry_run = true
		elseif word:sub(1, 1) == "-" then
			error("unknown option " .. word .. "; " .. usage, 0)
		else
			names[#names + 1] = word
		end
		index = index + 1
	end
end
if not (from and to) then
	error(usage, 0)
elseif from == to then
	error("--from and --to name the same profile " .. from, 0)
end
local source, target = cds.with { profile = from }.ccs, cds.with { profile = to }.ccs

local function is_wanted(group)
	for _, name in ipairs(names) do
		if name == group.SecurityGroupName then
			return true
		end
	end
	return #names == 0
end

local function key_of(group)
	return group.SecurityGroupType .. " " .. group.SecurityGroupName
end

-- Groups by type and name. Nothing makes names unique, and a copy could not distinguish two groups
-- of one name.
local function groups_of(ccs, profile)
	local found = {}
	for group in items(ccs.DescribeNSGs) do
		local key = key_of(group)
		if found[key] and is_wanted(group) then
			error(profile .. " has two " .. key .. " groups (" .. found[key].SecurityGroupId .. ", " .. group.SecurityGroupId .. "); rename one", 0)
		end
		found[key] = group
	end
	return found
end

-- What a rule does; its description and its id do not count.
local function rule_key(rule)
	return table.concat({
		rule.Priority, rule.Action, rule.Direction, rule.Protocol, table.concat(rule.IpList, ","), table.concat(rule.PortList, ","),
	}, " ")
end

local function rules_of(ccs, id)
	local rules = {}
	for _, rule in ipairs(ccs.DescribeNSGAttribute({ SecurityGroupId = id }).Data.Rules) do
		rules[rule_key(rule)] = rule
	end
	return rules
end

local function sorted(map)
	local keys = {}
	for key in pairs(map) do
		keys[#keys + 1] = key
	end
	table.sort(keys)
	return keys
end

-- Makes something. Where the answer is lost, it is there some time later, or it is not known.
local function make(action, params, is_there)
	local ok, problem = pcall(action, params)
	if ok then
		return
	elseif type(problem) ~= "table" or problem.sent ~= "maybe" then
		error(problem, 0)
	end
	log.warn(tostring(problem))
	local found = pcall(wait.for_state, is_there, { done = function(there) return there end, timeout = "5m" })
	if not found then
		error(problem, 0)
	end
end

local function group_like(group)
	for made in items(target.DescribeNSGs, { Keyword = group.SecurityGroupName, SecurityGroupType = group.SecurityGroupType }) do
		if key_of(made) == key_of(group) then
			return made
		end
	end
end

local function make_group(group)
	local params = {
		SecurityGroupName = group.SecurityGroupName,
		SecurityGroupType = group.SecurityGroupType,
		Description = group.Description,
	}
	make(target.CreateNSG, params, function()
		return group_like(group) ~= nil
	end)
	-- A lost answer has no id.
	return group_like(group) or error("the group " .. group.SecurityGroupName .. " was made and is not listed", 0)
end

local function add_rule(id, rule)
	local params = {
		SecurityGroupId = id,
		Action = rule.Action,
		Description = rule.Description,
		Direction = rule.Direction,
		Protocol = rule.Protocol,
		IpList = rule.IpList,
		PortList = rule.PortList,
		Priority = rule.Priority,
	}
	make(target.AddNSGRule, params, function()
		return rules_of(target, id)[rule_key(rule)] ~= nil
	end)
end

local function copy(group, present)
	local row = { Group = group.SecurityGroupName, Type = group.SecurityGroupType, Made = not present, RulesThere = 0, RulesMade = 0 }
	local missing = {}
	local there = present and rules_of(target, present.SecurityGroupId) or {}
	local rules = rules_of(source, group.SecurityGroupId)
	for _, key in ipairs(sorted(rules)) do
		if there[key] then
			row.RulesThere = row.RulesThere + 1
		else
			missing[#missing + 1] = rules[key]
		end
	end
	row.RulesMade = #missing
	if not dry_run then
		local made = present or make_group(group)
		-- One after the other: a group takes one change at a time.
		for _, rule in ipairs(missing) do
			add_rule(made.SecurityGroupId, rule)
		end
	end
	return row
end

local there, chosen = groups_of(target, to), {}
for key, group in pairs(groups_of(source, from)) do
	if is_wanted(group) then
		chosen[key] = group
	end
end
for _, name in ipairs(names) do
	if not (chosen["public " .. name] or chosen["private " .. name]) then
		error(from .. " has no security group " .. name, 0)
	end
end

-- An error of one group must not leave the tasks of the others behind.
local results = parallel.map(sorted(chosen), function(key)
	return copy(chosen[key], there[key])
end, { limit = 4, settle = true })

if #results == 0 then
	print(from .. " has no security groups")
	return
end
local rows, problems, made, added = {}, {}, 0, 0
for _, result in ipairs(results) do
	local row = result.value
	if result.ok then
		rows[#rows + 1] = row
		made, added = made + (row.Made and 1 or 0), added + row.RulesMade
	else
		problems[#problems + 1] = result.error
	end
end
if #rows > 0 then
	pp(rows)
end
print(("%s%d groups and %d rules %s in %s"):format(dry_run and "dry run: " or "", made, added, dry_run and "would be made" or "made", to))
for index = 2, #problems do
	log.error(tostring(problems[index]))
end
if #problems > 0 then
	error(problems[1], 0)
end
