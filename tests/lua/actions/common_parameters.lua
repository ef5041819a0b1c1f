-- A parameter that is called Action does not replace the Action that is called (wire-facts.md, Signing).
local ccs = cds.ccs
wait(ccs.CreateSecurityGroup { SecurityGroupName = "kept", SecurityGroupType = "private", Description = "d" })
local function groups()
	return ccs.DescribeSecurityGroups {}.Data.SecurityGroup
end
local id = groups()[1].SecurityGroupId
pcall(ccs.DescribeTask, { TaskId = "x", Action = "DeleteSecurityGroup", SecurityGroupId = id }, { unchecked = true })
assert(#groups() == 1, "an unchecked parameter Action must not make a reading call delete")
pcall(cds.call, { service = "ccs", action = "DescribeTask", query = { TaskId = "x", Action = "DeleteSecurityGroup", SecurityGroupId = id } })
assert(#groups() == 1, "nor must one of cds.call")
