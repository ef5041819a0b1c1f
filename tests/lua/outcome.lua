-- What became of a call whose answer was lost: judged by the catalogue's lookup, over whole lists, and only once its task has had its time.
local VDC = "0bb08ed7-e686-4168-93e5-e0187579753b"
local function order(name, amount)
	return { RegionId = "CN_Beijing_A", VdcId = VDC, InstanceName = name, InstanceType = "CCS.C3", Cpu = 2, Ram = 4, Password = "Pass-word-1", Amount = amount }
end

-- Makes a call whose answer is lost; carried out or not.
local function lost(f, params, is_carried_out)
	sim.fault { kind = is_carried_out and "drop_after" or "drop_before", times = 1 }
	local ok, e = pcall(f, params)
	assert(not ok and e.sent == "maybe", tostring(e))
	return e
end

-- Whether it was carried out, and how many seconds of the cloud that took to find out.
local function found(e, options)
	local before = time.now()
	return outcome(e, options), time.now() - before
end

local function carried_out(f, params, name)
	local was, took = found(lost(f, params, true))
	assert(was == "done", name .. ": " .. was .. " after " .. took .. " s")
end
local function not_carried_out(f, params, name)
	local was, took = found(lost(f, params, false))
	assert(was == "not done" and took > 60, name .. ": " .. was .. " after " .. took .. " s")
end

-- A rule shows only when its task has ended: the first look proves nothing.
cds.ccs.CreateSecurityGroup { SecurityGroupName = "g", Description = "d", SecurityGroupType = "public" }
time.sleep("5m")
local group = cds.ccs.DescribeSecurityGroups().Data.SecurityGroup[1].SecurityGroupId
local rule = {
	SecurityGroupId = group, Action = "1", Description = "web", TargetAddress = "0.0.0.0/0", TargetPort = "0",
	LocalPort = "80", Direction = "all", Priority = "1", Protocol = "TCP", RuleType = "ip",
}
not_carried_out(cds.ccs.AddSecurityGroupRule, rule, "a rule that was not added")
local function rules()
	return cds.ccs.DescribeSecurityGroupAttribute({ SecurityGroupId = group }).Data.SecurityGroupRules
end
assert(#rules() == 0)
local e = lost(cds.ccs.AddSecurityGroupRule, rule, true)
assert(#rules() == 0, "its task still runs")
assert(outcome(e, { timeout = 0 }) == "unknown", "there is no time to find out")
assert(outcome(e) == "done" and #rules() == 1)
assert(outcome(e) == "done", "it stays what it was")

-- One that is gone only when its task has ended, on any page of the list.
local ids = wait(cds.ccs.CreateInstance(order("many", 45)))
e = lost(cds.ccs.DeleteInstance, { InstanceIds = { ids[1], ids[45] } }, false)
assert(tostring(e):find("on any of its pages", 1, true), tostring(e))
assert(outcome(e) == "not done", "both are still there, on two pages")
carried_out(cds.ccs.DeleteInstance, { InstanceIds = { ids[1], ids[45] } }, "two that were deleted")
e = lost(cds.ccs.DeleteInstance, { InstanceIds = { ids[2], ids[3] } }, false)
wait(cds.ccs.DeleteInstance { InstanceIds = { ids[2] } })
assert(outcome(e, { timeout = "40m" }) == "unknown", "one of two is gone: a part proves nothing")

-- A task that has not ended after all its time proves nothing either.
sim.fault { action = "DeleteInstance", kind = "task_hangs", times = 1 }
local hanging = cds.ccs.DeleteInstance { InstanceIds = { ids[4] } }
sim.fault { action = "DeleteInstance", kind = "drop_before", times = 1 }
local ok
ok, e = pcall(cds.ccs.DeleteInstance, { InstanceIds = { ids[4] } })
assert(not ok and outcome(e) == "unknown", "its state is one in which something goes on: " .. tostring(hanging.TaskId))

-- A state decides where there is nothing to count.
carried_out(cds.ccs.StopInstance, { InstanceId = ids[5] }, "a server that was stopped")
not_carried_out(cds.ccs.StartInstance, { InstanceId = ids[5] }, "a server that was not started")
carried_out(cds.ccs.CreateInstance, order("lost", 1), "a server that was made")
not_carried_out(cds.ccs.CreateInstance, order("never", 1), "a server that was not made")

-- The region of an EIP is not in the call that moves it: all are asked.
local net = "22390f70-af37-11ec-8944-1200cba86117"
local vpc = cds.vpc.DescribeSubnet({ RegionCode = "CN_Hongkong" }).Data.SubnetList[1].VPCId
local eip = cds.vpc.CreateEIP({
	RegionCode = "CN_Hongkong", BandwidthType = "Bandwidth_China_Telecom", BillScheme = "BandwIdth", Qos = 5, Size = 1,
}).Data[1].EIPId
time.sleep("5m")
local bind = { EIPId = eip, NetId = net, IP = "10.10.11.9" }
carried_out(cds.vpc.BindEIP, bind, "an EIP that was bound")
not_carried_out(cds.vpc.UnbindEIP, bind, "an EIP that was not unbound")
carried_out(cds.vpc.UnbindEIP, bind, "an EIP that was unbound")
carried_out(cds.vpc.UpdateEIP, { EIPId = eip, Qos = 20 }, "an EIP that was changed")
carried_out(cds.vpc.CreateSubnet, { VPCId = vpc, SubnetList = { { AvailableZoneCode = "CN_Hongkong_A", SubnetName = "t", SubnetSegment = "10.10.200.0/24" } } }, "a subnet that was made")
carried_out(cds.vpc.DeleteEIP, { EIPId = eip }, "an EIP that was deleted")

-- Snapshots that are being deleted are still listed.
wait(cds.ebs.CreateDisk { AvailableZoneCode = "CN_Hongkong_A", DiskName = "data", DiskFeature = "SSD", Size = 40, BillingMethod = "0", Number = 1 })
local disk = cds.ebs.DescribeDiskList().Data.DiskList[1].DiskId
carried_out(cds.ebs.CreateSnapshot, { DiskId = disk, SnapshotName = "shot" }, "a snapshot that was made")
time.sleep("5m")
local shot = cds.ebs.DescribeSnapshotList().Data.SnapshotList[1].SnapshotId
not_carried_out(cds.ebs.DeleteSnapshot, { SnapshotIds = { shot } }, "a snapshot that was not deleted")
carried_out(cds.ebs.DeleteSnapshot, { SnapshotIds = { shot } }, "a snapshot that was deleted")

-- A lookup that changes while it is read, or fails for a while, is made again; one that is refused ends it.
sim.clear()
e = lost(cds.ccs.CreateTag, { TagName = "x" }, true)
sim.fault { action = "DescribeTags", kind = "error", http = 503, times = 7 }
assert(outcome(e) == "done")
e = lost(cds.ccs.CreateTag, { TagName = "y" }, true)
sim.fault { action = "DescribeTags", kind = "refuse", code = "Forbidden", times = 1 }
assert(outcome(e) == "unknown")
assert(outcome(e) == "done", "it can be asked again")

-- What an error shows by itself, and what is no error of a call.
ok, e = pcall(cds.ccs.CreateTag, {})
assert(outcome(e) == "not done", "nothing was sent")
sim.fault { action = "CreateTag", kind = "refuse", code = "Forbidden", times = 1 }
ok, e = pcall(cds.ccs.CreateTag, { TagName = "z" })
assert(e.sent == "yes" and outcome(e) == "not done", "the service refused")
e = lost(cds.ccs.RebootInstance, { InstanceId = ids[6] }, true)
assert(outcome(e) == "unknown", "nothing shows that a server was rebooted")
for _, wrong in ipairs { "text", 5, {}, false } do
	ok, e = pcall(outcome, wrong)
	assert(not ok and e.kind == "validation" and tostring(e):find("outcome needs the error of a call", 1, true), tostring(e))
end
ok, e = pcall(outcome, e, { timeot = 5 })
assert(not ok and tostring(e):find("timeout", 1, true))
ok, e = pcall(outcome, e, { timeout = "soon" })
assert(not ok and tostring(e):find("the option timeout must be", 1, true))
