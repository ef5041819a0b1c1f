-- Wherever a lookup decides, it finds out what became of a lost call: of one that was not carried out, and then of one that was.
local VDC, PRIVATE = "0bb08ed7-e686-4168-93e5-e0187579753b", "4e6f6790-a6b3-11e9-8f88-0242ac110041"
local covered = {}

-- Of those whose lookup may miss what was made, nothing shows that they were not carried out.
local MAY_MISS = { ["bms.CreateBmsInstance"] = true, ["mcs.ChangeInstanceType"] = true, ["vpc.UpdateVPCBandwidthType"] = true }

-- Loses a call that is not carried out, then one that is, and lets its task end.
local function step(name, params)
	local f = cds
	if name:find("^mcs%.") then
		f = mcs[name:sub(5)]
	else
		for part in name:gmatch("[^.]+") do
			f = f[part]
		end
	end
	local function lose(kind)
		sim.fault { kind = kind, times = 1 }
		local ok, e = pcall(f, params)
		assert(not ok and e.sent == "maybe", name .. ": " .. tostring(e))
		return outcome(e), e
	end
	local before, e = lose("drop_before")
	assert(before == (MAY_MISS[name] and "unknown" or "not done"), name .. ", not carried out: " .. before .. ": " .. tostring(e))
	local after
	after, e = lose("drop_after")
	assert(after == "done", name .. ", carried out: " .. after .. ": " .. tostring(e))
	covered[#covered + 1] = name
	time.sleep("20m")
end

local function ccs()
	local order = { RegionId = "CN_Beijing_A", VdcId = VDC, InstanceName = "web", InstanceType = "CCS.C3", Cpu = 2, Ram = 4, Password = "Pass-word-1", DataDisks = { { Size = 100 } } }
	step("ccs.CreateInstance", order)
	local id = cds.ccs.DescribeInstances().Data.Instances[1].InstanceId
	local function view()
		return cds.ccs.DescribeInstances({ InstanceId = id }).Data.Instances[1]
	end
	local one = { InstanceId = id }
	local function with(more)
		more.InstanceId = id
		return more
	end
	step("ccs.ModifyInstanceName", with { InstanceName = "web-2" })
	step("ccs.StopInstance", one)
	step("ccs.ModifyInstanceSpec", with { Cpu = 4, Ram = 8 })
	step("ccs.StartInstance", one)
	step("ccs.ResizeDisk", with { DiskId = view().Disks.DataDisks[1].DiskId, DataSize = 200 })
	step("ccs.ExtendSystemDisk", with { Size = view().Disks.SystemDisk.Size + 100 })
	step("ccs.DeleteDisk", with { DiskIds = { view().Disks.DataDisks[1].DiskId } })
	step("ccs.CreateTag", { TagName = "blue" })
	local tag = tostring(cds.ccs.DescribeTags().Data[1].TagId)
	cds.ccs.CreateInstance(order)
	time.sleep("20m")
	local ids = {}
	for index, server in ipairs(cds.ccs.DescribeInstances().Data.Instances) do
		ids[index] = server.InstanceId
	end
	step("ccs.AddInstancesTags", { InstanceIds = table.concat(ids, ","), AddTagIds = tag })
	step("ccs.DeleteInstancesTags", { InstanceIds = table.concat(ids, ","), DelTagIds = tag })
	step("ccs.DeleteTag", { TagId = tag })
	step("ccs.StopInstances", { InstanceIds = table.concat(ids, ",") })
	step("ccs.StartInstances", { InstanceIds = ids })
	local private = cds.vdc.CreatePrivateNetwork { VdcId = VDC, Name = "second", Type = "manual", Address = "192.168.0.0", Mask = "16" }
	wait(private)
	local net
	for _, candidate in ipairs(cds.vdc.DescribeVdc({ VdcId = VDC }).Data[1].PrivateNetwork) do
		net = candidate.Name == "second" and candidate.PrivateId or net
	end
	step("ccs.BatchAddNetworkInterfaces", { InstanceIds = ids, PrivateId = net, VdcId = VDC, Password = "Pass-word-1" })
	step("ccs.BatchDeleteNetworkInterfaces", { InstanceIds = ids, PrivateId = net, VdcId = VDC })
	step("ccs.StopInstance", one)
	step("ccs.CreateTemplate", with { DisplayName = "golden", PowerOn = false })
	local template
	for found in items(cds.ccs.DescribeTemplateInfo, { Keyword = "golden" }) do
		template = found.TemplateId
	end
	step("ccs.SyncTemplate", { TemplateId = template, RegionId = "CN_Beijing_B" })
	step("ccs.DeleteTemplate", { TemplateId = template, RegionId = "CN_Beijing_B" })
	step("ccs.ModifyInstanceChargeType", with { InstanceChargeType = "PrePaid", AutoRenew = 1, PrepaidMonth = 1 })
	step("ccs.DeleteInstance", { InstanceIds = { ids[1] ~= id and ids[1] or ids[2] } })
end

local function groups()
	local group = { SecurityGroupName = "g", Description = "d", SecurityGroupType = "public" }
	local function id(name)
		return cds.ccs.DescribeSecurityGroups({ Keyword = name }).Data.SecurityGroup[1].SecurityGroupId
	end
	step("ccs.CreateSecurityGroup", group)
	step("ccs.ModifySecurityGroupAttribute", { SecurityGroupId = id("g"), Description = "e", SecurityGroupName = "group" })
	local g = id("group")
	local rule = {
		SecurityGroupId = g, Action = "1", Description = "web", TargetAddress = "0.0.0.0/0", TargetPort = "0",
		LocalPort = "80", Direction = "all", Priority = "1", Protocol = "TCP", RuleType = "ip",
	}
	step("ccs.AddSecurityGroupRule", rule)
	local r = cds.ccs.DescribeSecurityGroupAttribute({ SecurityGroupId = g }).Data.SecurityGroupRules[1].RuleId
	step("ccs.ModifySecurityGroupRule", { SecurityGroupId = g, RuleId = r, Description = "new" })
	step("ccs.ModifySecurityGroupRulePriority", { SecurityGroupId = g, BindData = { { RuleId = r, Priority = 7 } } })
	step("ccs.RemoveSecurityGroupRule", { SecurityGroupId = g, RuleIds = { r } })
	step("ccs.DeleteSecurityGroup", { SecurityGroupId = g })
	group.SecurityGroupName = "forced"
	wait(cds.ccs.CreateSecurityGroup(group))
	step("ccs.ForceDeleteSecurityGroup", { SecurityGroupId = id("forced") })
end

local function vdc()
	step("vdc.CreateVdc", { RegionId = "CN_Beijing_A", VdcName = "another" })
	local function find(name)
		return cds.vdc.DescribeVdc({ Keyword = name }).Data[1]
	end
	local id = find("another").VdcId
	step("vdc.ModifyVdcName", { VdcId = id, VdcName = "other" })
	step("vdc.CreatePublicNetwork", { VdcId = id, Name = "out", Type = "Bandwidth_BGP", BillingMethod = "Bandwidth", Qos = 20, IPNum = 4, AutoRenew = 1, FloatBandwidth = 200 })
	local out = find("other").PublicNetwork[1]
	step("vdc.ModifyPublicNetwork", { PublicId = out.PublicId, Qos = "100" })
	step("vdc.CreatePrivateNetwork", { VdcId = id, Name = "in", Type = "manual", Address = "192.168.0.0", Mask = "16" })
	local private = find("other").PrivateNetwork[1].PrivateId
	step("vdc.CreateGPN", { Name = "joined", Qos = 5, AccessPoint = { { VdcId = VDC, PrivateId = PRIVATE, AccessPointType = "vdc" } }, PopAccessPoint = {} })
	local gpn = cds.vdc.DescribeGPN({ Key = "joined" }).Data[1].GpnId
	step("vdc.AddAccessPoint", { GpnId = gpn, VdcAdd = { { VdcId = id, PointType = "VDC", PrivateId = private } } })
	step("vdc.DeleteGpn", { GpnId = gpn })
	wait(cds.vdc.AddPublicIp { PublicId = out.PublicId, Number = "4" })
	local segments = find("other").PublicNetwork[1].Segments
	step("vdc.DeletePublicIp", { SegmentId = segments[#segments].SegmentId })
	step("vdc.DeletePublicNetwork", { PublicId = out.PublicId })
	step("vdc.DeletePrivateNetwork", { PrivateId = private })
	step("vdc.DeleteVdc", { VdcId = id })
end

local function vpc()
	step("vpc.CreateVPC", {
		RegionCode = "CN_Hongkong", VPCName = "v", VPCSegment = "10.15.0.0/16", VPCSegmentType = "auto",
		SubnetList = { { AvailableZoneCode = "CN_Hongkong_A", SubnetName = "s", SubnetSegment = "10.15.1.0/24" } },
	})
	local id
	for found in items(cds.vpc.DescribeVPC, { RegionCode = "CN_Hongkong", Keyword = "v" }) do
		id = found.VPCNmae == "v" and found.VPCId or id
	end
	step("vpc.CreateSubnet", { VPCId = id, SubnetList = { { AvailableZoneCode = "CN_Hongkong_A", SubnetName = "t", SubnetSegment = "10.15.2.0/24" } } })
	local nets = {}
	for found in items(cds.vpc.DescribeSubnet, { RegionCode = "CN_Hongkong", VPCId = id }) do
		nets[found.SubnetName] = found.SubnetId
	end
	local eips = {}
	for index = 1, 2 do
		eips[index] = cds.vpc.CreateEIP({ RegionCode = "CN_Hongkong", BandwidthType = "Bandwidth_China_Telecom", BillScheme = "BandwIdth", Qos = 5, Size = 1 }).Data[1].EIPId
	end
	time.sleep("5m")
	local bind = { EIPId = eips[1], NetId = nets.s, IP = "10.15.1.9" }
	step("vpc.BindEIP", bind)
	step("vpc.UnbindEIP", bind)
	step("vpc.UpdateEIP", { EIPId = eips[1], Qos = 20 })
	step("vpc.CreateBandwidth", { RegionCode = "CN_Hongkong", Name = "shared", AvailableZoneCode = "CN_Hongkong_A", BandwidthType = "Bandwidth_China_Telecom", BillScheme = "BandwIdth_Shared", Qos = 10 })
	local shared
	for found in items(cds.vpc.DescribeBandwidth, { RegionCode = "CN_Hongkong" }) do
		shared = found.Name == "shared" and found.Id or shared
	end
	step("vpc.UpdateBandwidth", { BandwidthId = shared, Qos = 100 })
	step("vpc.BandwidthAddEIP", { BandwidthId = shared, EIPIdList = { eips[2] } })
	wait(cds.vpc.BandwidthRemoveEIP { EIPIdList = { eips[2] }, Delete = true })
	step("vpc.DeleteBandwidth", { BandwidthId = shared })
	step("vpc.DeleteEIP", { EIPId = eips[1] })
	step("vpc.DeleteSubnet", { SubnetId = nets.t })
	wait(cds.vpc.DeleteSubnet { SubnetId = nets.s })
	step("vpc.DeleteVPC", { VPCId = id })
	local edge = cds.vpc.DescribeVPC({ RegionCode = "CN_Suqian" }).Data.VPCList[1]
	if not edge then
		wait(cds.vpc.CreateVPC {
			RegionCode = "CN_Suqian", VPCName = "edge", VPCSegment = "10.6.0.0/16", VPCSegmentType = "manual",
			SubnetList = { { AvailableZoneCode = "CN_Suqian_A", SubnetName = "s", SubnetSegment = "10.6.2.0/24" } },
		})
		edge = cds.vpc.DescribeVPC({ RegionCode = "CN_Suqian" }).Data.VPCList[1]
	end
	local carrier = edge.BandwidthType == "Bandwidth_CMCC" and "Bandwidth_China_Telecom" or "Bandwidth_CMCC"
	step("vpc.UpdateVPCBandwidthType", { VPCID = edge.VPCId, BandwidthType = carrier })
	step("vpc.CreateVirtualGateWay", { VPCId = edge.VPCId, VirtualGateWayList = {
		{ AvailableZoneCode = "CN_Suqian_A", VirtualGateWayName = "gate", VirtualGateWaySegment = "10.6.1.0/24", Type = carrier },
	} })
	for found in items(cds.vpc.DescribeVirtualGateWay, { RegionCode = "CN_Suqian", VPCId = edge.VPCId }) do
		if found.VirtualGateWayName == "gate" then
			step("vpc.DeleteVirtualGateWay", { VirtualGateWayId = found.VirtualGateWayId })
		end
	end
end

local ZONE = "CN_Hohhot_B"
local function server_order()
	local vpc = cds.vpc.DescribeVPC({ RegionCode = "CN_Huhhot" }).Data.VPCList[1].VPCId
	local subnet = cds.vpc.DescribeSubnet({ RegionCode = "CN_Huhhot", VPCId = vpc }).Data.SubnetList[1].SubnetId
	return {
		AvailableZoneCode = ZONE, EcsFamilyName = "Cpu计算型C4", Cpu = 2, Ram = 4, BillingMethod = "0", Password = "123QWEqwe",
		ImageId = "Centos 7.4 64位", SystemDisk = { DiskFeature = "ssd", Size = 40 }, VpcInfo = { VpcId = vpc },
		SubnetInfo = { SubnetId = subnet }, Name = "elastic",
	}
end

local function ecs()
	step("ecs.CreateInstance", server_order())
	local id = cds.ecs.DescribeInstanceList().Data.EcsList[1].EcsId
	step("ecs.ModifyInstanceName", { EcsId = id, Name = "renamed" })
	wait(cds.ecs.OperateInstance { EcsIds = { id }, OpType = "shutdown_ecs" })
	step("ecs.CreateImage", { EcsId = id, Name = "golden" })
	local image
	for found in items(cds.ecs.DescribeImages) do
		image = found.ImageName == "golden" and found.ImageId or image
	end
	step("ecs.SyncImage", { ImageId = image, AvailableZoneCodes = { "CN_Suqian_A" } })
	step("ecs.DeleteImage", { ImageIds = { image } })
	step("ecs.DeleteInstance", { EcsIds = { id } })
end

local function ebs()
	wait(cds.ecs.CreateInstance(server_order()))
	local server = cds.ecs.DescribeInstanceList().Data.EcsList[1].EcsId
	step("ebs.CreateDisk", { AvailableZoneCode = ZONE, DiskName = "data", DiskFeature = "SSD", Size = 40, BillingMethod = "0", Number = 1 })
	local disk
	for found in items(cds.ebs.DescribeDiskList) do
		disk = found.DiskName == "data" and found.DiskId or disk
	end
	step("ebs.ExtendDisk", { DiskId = disk, ExtendedSize = 64 })
	step("ebs.AttachDisk", { DiskIds = { disk }, InstanceId = server })
	step("ebs.CreateSnapshot", { DiskId = disk, SnapshotName = "shot" })
	local shot = cds.ebs.DescribeSnapshotList({ DiskId = disk }).Data.SnapshotList[1].SnapshotId
	step("ebs.RenameSnapshot", { SnapshotId = shot, SnapshotName = "renamed" })
	step("ebs.DeleteSnapshot", { SnapshotIds = { shot } })
	wait(cds.ebs.DetachDisk { DiskIds = { disk } })
	step("ebs.DeleteDisk", { DiskIds = { disk } })
	local system
	for found in items(cds.ebs.DescribeDiskList) do
		system = found.DiskId
	end
	wait(cds.ebs.CreateSnapshot { DiskId = system, SnapshotName = "system" })
	shot = cds.ebs.DescribeSnapshotList({ DiskId = system }).Data.SnapshotList[1].SnapshotId
	step("ebs.CreateImageBySnapshot", { SnapshotId = shot, ImageName = "from-disk" })
end

local KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC/wdHnVs2/ZfXUlqMpZ3wAvDhAcLSsT7RBcLpcDM6adX+okmy4+WZp7cYqs"
	.. "/QsvHq98PMseD8OFhd5yztaEC23SYU7eVo+w5KQpvKTLnvVPtJTmurYkJogEHKvTNjpMXalH60gXDQpfZGl+N4VSbFTC55gn6t/GlgzaTAeYVxsgw== qj@dog"

local function machines()
	local image = mcs.DescribeTemplates().TemplateSet.Template[2].templateId
	step("mcs.ImportKeyPair", { KeyName = "key", PublicKeyMaterial = KEY })
	step("mcs.DeleteKeyPair", { KeyName = "key" })
	step("mcs.CreateInstance", { ImageId = image, Duration = "72H", InstanceType = "small_net", InstanceName = "m" })
	local id = mcs.DescribeInstances().InstanceSet.Instance[1].instanceId
	step("mcs.StopInstance", { InstanceId = id })
	step("mcs.ChangeInstanceType", { InstanceId = id, InstanceType = "medium_net", Duration = "1M" })
	step("mcs.StartInstance", { InstanceId = id })
	step("mcs.TerminateInstance", { InstanceId = id })
end

local function desktop()
	step("desktop.CreateSubAccount", { name = "one", email = "one@example.com", remark = "r" })
	step("desktop.CreateSubAccounts", { createAccountParams = { { name = "two", email = "two@example.com", remark = "r" }, { name = "three", email = "three@example.com", remark = "r" } } })
	step("desktop.ChangeSubAccountName", { email = "one@example.com", name = "first" })
	step("desktop.ChangeSubAccountRemark", { emails = { "one@example.com", "two@example.com" }, remark = "new" })
end

local function vms()
	local order = {
		siteId = "ebbfcb70-a98f-11ec-926b-8aaa763f849e", productId = "745f6546-dc5f-492f-82d1-9eb47cd9fa2d",
		imageId = "dcd81283-d2e9-456d-9f03-803b83ecc25a", name = "desk", num = "1", billCycle = "minute", isToMonth = "0",
		isAutoRenewal = "0", priceToMonth = "0", qos = "5", vpcId = "73cbf764-cdcb-11ec-a318-ee97882ecf7d",
		subnetNetId = "73d2c7ec-cdcb-11ec-a318-ee97882ecf7d", vgatewayNetId = "80587138-cdcb-11ec-a318-ee97882ecf7d",
		vgatewayConfId = "10298",
	}
	local id = cds.desktop.CreateVm(order).Data.vmIds[1]
	time.sleep("20m")
	step("desktop.ChangeVmName", { vmId = id, name = "table" })
	step("desktop.DeleteVm", { vmId = id })
end

-- In a VDC of the zone that sells bare metal.
local function metal()
	local order = {
		RegionId = "CN_Beijing_F", VdcId = "062f81d7-cee2-4aca-880f-ad8766c78dab", InstanceName = "bare", Password = "Tester123",
		AssignHostNo = "001", InstanceChargeType = "PostPaid", AutoRenew = 1, PrepaidMonth = 1,
		ComputeId = "eb41773f-c944-4831-810b-9db4826996f2", GoodsId = 7685, ImageId = "0dff0137-ed2b-4ebb-bccf-6ec9d982fbfb",
		EnableMonitor = true, Amount = 1,
		PipeIds = { "79281b44-73db-11ea-ac8e-0242ac110002", "6c00cd1c-73db-11ea-8379-0242ac110002" },
	}
	step("bms.CreateBmsInstance", order)
	local server = cds.bms.DescribeBms().Data.Baremetals[1].BaremetalId
	step("bms_disk.CreateDisk", { RegionId = "CN_Beijing_F", Name = "data", Size = 200, Num = 1, GoodsId = "bbf63749-0186-4c68-8adc-9bf584bc1376" })
	local disk = cds.bms_disk.DescribeDisks({ Name = "data" }).Data.DiskList[1].DiskId
	local limits = cds.bms_disk.DescribeDisks({ Name = "data" }).Data.DiskList[1]
	step("bms_disk.ChangeIops", { DiskId = disk, Iops = limits.Iops + 1000 })
	step("bms_disk.AttachDisk", { DiskId = disk, InstanceId = server })
	step("bms_disk.DetachDisk", { DiskId = disk })
	cds.bms_disk.CreateSnapshot { DiskId = disk, SnapshotName = "shot" }
	time.sleep("20m")
	local shot = sim.state().bms_disk.snapshots[1].id
	step("bms_disk.CloneSnapshot", { Name = "clone", SnapshotId = shot })
	step("bms_disk.DeleteDisk", { DiskId = cds.bms_disk.DescribeDisks({ Name = "clone" }).Data.DiskList[1].DiskId })
	wait(cds.bms.OperateBmsPower { BaremetalIds = { server }, Operate = "stop" })
	step("bms.DeleteBmsInstance", { BaremetalId = server })
end

local which = { vms = vms, metal = metal, ccs = ccs, groups = groups, vdc = vdc, vpc = vpc, ecs = ecs, ebs = ebs, machines = machines, desktop = desktop }
which[args[1]]()
print(table.concat(covered, "\n"))
