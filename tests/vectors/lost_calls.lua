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

local function network_groups()
	local g = cds.ccs.CreateNSG({ SecurityGroupName = "n", Description = "d", SecurityGroupType = "private" }).Data.SecurityGroupId
	step("ccs.AddNSGRule", {
		SecurityGroupId = g, Description = "web", Action = "ACCEPT", Direction = 0, Protocol = "TCP",
		IpList = { "0.0.0.0/0" }, PortList = { "443" }, Priority = 9,
	})
	local r = cds.ccs.DescribeNSGAttribute({ SecurityGroupId = g }).Data.Rules[1].RuleId
	cds.ccs.ModifyNSGRule { SecurityGroupId = g, RuleId = r, PortList = { "80" } }
	assert(cds.ccs.DescribeNSGAttribute({ SecurityGroupId = g }).Data.Rules[1].PortList[1] == "80")
	step("ccs.RemoveNSGRule", { SecurityGroupId = g, RuleId = r })
	cds.ccs.ModifyNSGAttribute { SecurityGroupId = g, SecurityGroupName = "edge", Description = "" }
	assert(cds.ccs.DescribeNSGs({ Keyword = "edge" }).Data.SecurityGroupCount == 1)
	step("ccs.DeleteNSG", { SecurityGroupId = g })
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

-- The services that the simulator carries out from the catalogue alone: one of each kind is made, awaited, listed, changed and removed.
local RULE = { MetricsId = "ecs.cpu.usage", Period = 1, LastedPeriod = 5, TriggerType = "Average", TriggerSymbol = ">=", Value = 90, SilentPeriod = 5 }

local function only(list, what)
	assert(#list == 1, what .. ": " .. #list)
	return list[1]
end

local function alarm()
	local contact = cds.alarm.CreateContactUser({ ContactName = "ada", ContactEmail = "ada@example.com" }).Data.ContactId
	local ok, e = pcall(cds.alarm.CreateContactUser, { ContactName = "ada", ContactEmail = "other@example.com" })
	assert(not ok and e.code == "ContactNameDuplicate", tostring(e))
	local group = cds.alarm.CreateContactGroup({ GroupName = "night", ContactIds = { contact } }).Data.GroupId
	local joined = cds.alarm.JoinContactGroups({ ContactId = contact, GroupIds = { group } }).Data
	assert(only(joined.Success, "joined") == group and #joined.Failed == 0)
	local order = { StrategyName = "busy", Level = 1, Scope = 0, ProductType = "ECS", NotificationGroup = { group }, Rules = { RULE } }
	local strategy = cds.alarm.CreateAlarmStrategy(order).Data.StrategyId
	cds.alarm.ModifyStrategy { StrategyId = strategy, StrategyName = "very busy" }
	cds.alarm.AddStrategyRule { StrategyId = strategy, Rules = { RULE } }
	local listed = only(cds.alarm.DescribeAlarmStrategies({ StrategyName = "very busy" }).Data.Strategy, "strategies")
	assert(#listed.Rules == 2, #listed.Rules)
	step("alarm.DeleteStrategyRule", { StrategyId = strategy, RuleIds = { listed.Rules[1].RuleId } })
	step("alarm.DeleteAlarmStrategy", { StrategyIds = { strategy } })
	step("alarm.DeleteContactGroup", { GroupIds = { group } })
end

local function cck()
	local cluster = only(cds.cck.DescribeClusters().Data, "clusters").ClusterId
	local node = { ClusterId = cluster, Cpu = 4, Memory = 8, AttachDisks = { { DiskType = "HighDisk", DiskSize = 100 } }, Num = 2, Password = "Pass-word-1", Type = "Worker", InstanceType = "CCK.Standard", Lsb = "Ubuntu" }
	node.SnatIds, node.SnatType = { "default" }, 0
	wait(cds.cck.CreateClusterNodes(node))
	local ids = {}
	for found in items(cds.cck.DescribeClusterNodes, { ClusterId = cluster, PageSize = 1 }) do
		ids[#ids + 1] = found.NodeId
	end
	assert(#ids == 2, #ids)
	wait(cds.cck.StopClusterNodes { ClusterId = cluster, NodeIds = ids })
	step("cck.DeleteClusterNodes", { ClusterId = cluster, NodeIds = { ids[1] } })
	only(cds.cck.DescribeClusterNodes({ ClusterId = cluster }).Data.Nodes, "nodes")
end

local function cdn()
	local site = { domainname = "www.example.com", typeid = "web", regionid = { "CN" }, protocolid = "http", origin = { originurl = "192.0.2.1", mastersource = "", slavesource = "", originprotocol = "HTTP", originrewrite = "example.com", originport = "80" } }
	cds.cdn.CreateCdn(site)
	local ready = { id = "www.example.com", done = "02" }
	wait.for_state("cds.cdn_domain", ready)
	local key = cds.cdn.CreateSsl({ name = "key", publickey = "public", privatekey = "private" }).data.id
	assert(cds.cdn.DescribeSslInfo({ id = key }).data.rows.name == "key")
	cds.cdn.ModifyProtocol { domainname = "www.example.com", sslid = key }
	wait.for_state("cds.cdn_domain", ready)
	local listed = only(cds.cdn.DescribeCdn({ keyword = "www.example" }).data.rows, "domain names")
	assert(listed.protocolid == "https", listed.protocolid)
	local ok, e = pcall(cds.cdn.DescribeCdnInfo, { domainname = "none.example.com" })
	assert(not ok and e.code == "40400001" and e.http_status == 404, tostring(e))
	step("cdn.DeleteCdn", { domainname = "www.example.com" })
end

local function gpu()
	local order = { RegionId = "CN_SJZ_B", VpcNetWork = { VpcId = "vpc", NetId = "net" }, Password = "Tester@123", InstanceName = "train", InstanceChargeType = "PostPaid", ComputeId = "compute", GoodsId = 8520, ImageId = "image", Amount = 2 }
	local ids = wait(cds.gpu.CreateGpuInstance(order))
	assert(#ids == 2 and #cds.gpu.DescribeGpu({ Name = "train" }).Data.Records == 2)
	wait(cds.gpu.OperateGpuPower { Operate = "stop", ResourceIds = ids })
	assert(cds.gpu.DescribeGpuDetail({ ResourceId = ids[1] }).Data.Name == "train")
	step("gpu.DeleteGpuInstances", { ResourceIds = { ids[1] } })
end

local function memcached()
	local id = only(cds.memcached.CreateMemcachedInstance({ InstanceName = "cache", ConfSize = "1G", VdcId = VDC, PipeId = PRIVATE, RegionId = "CN_Beijing_A" }).Data.InstanceIds, "instances")
	local ready = { id = id, done = "running" }
	wait.for_state("cds.memcached_instance", ready)
	cds.memcached.UpdateMemcachedInstance { InstanceId = id, ConfSize = "2G" }
	wait.for_state("cds.memcached_instance", ready)
	local listed = only(cds.memcached.MemcachedInstanceList({ Keyword = "cach" }).Data.InstanceList, "instances")
	assert(listed.InstanceConf == "2G", listed.InstanceConf)
	step("memcached.DeleteMemcachedInstance", { InstanceId = id })
end

-- MySQL, Redis and both MongoDBs have much in common.
local function database(name, goods, more)
	local f = cds[name]
	local order = { RegionId = "CN_Beijing_A", VdcId = VDC, BasePipeId = PRIVATE, InstanceName = "data", PaasGoodsId = goods, Password = "Pass-word-1" }
	if name ~= "redis" then
		order.DiskType, order.DiskValue = "ssd_disk", 100
	end
	f.CreateDBInstance(order)
	local id = only(f.DescribeDBInstances({ InstanceName = "data" }).Data, name).InstanceUuid
	wait.for_state("cds." .. name .. "_instance", { id = id, done = "RUNNING" })
	if more then
		more(id)
	end
	step(name .. ".DeleteDBInstance", { InstanceUuid = id })
end

local function backup(name, params)
	local f, id = cds[name], params.InstanceUuid
	f.CreateBackup(params)
	time.sleep("5m")
	local made = only(f.DescribeBackups({ InstanceUuid = id }).Data, "backups")
	step(name .. ".DeleteBackup", { InstanceUuid = id, BackupId = made.BackupId })
end

local function databases()
	database("mongodb", "6704")
	database("mongodb_v2", 6704, function(id)
		cds.mongodb_v2.ModifyDBInstanceSpec { InstanceUuid = id, PaasGoodsId = "6707" }
	end)
	database("redis", 6704, function(id)
		backup("redis", { InstanceUuid = id })
	end)
	database("mysql", 6704, function(id)
		local account = { InstanceUuid = id, AccountName = "app" }
		cds.mysql.CreatePrivilegedAccount { InstanceUuid = id, AccountName = "app", Password = "Pass-word-1", AccountType = "Normal" }
		time.sleep("5m")
		assert(only(cds.mysql.DescribeDBAccount({ InstanceUuid = id }).Data, "accounts").AccountStatus == "available")
		step("mysql.DeleteDBAccount", account)
		backup("mysql", { InstanceUuid = id, BackupType = "logical-backup" })
		cds.mysql.CreateReadOnlyDBInstance { InstanceUuid = id, InstanceName = "reader", PaasGoodsId = 6704, DiskType = "ssd_disk", DiskValue = 100 }
		time.sleep("5m")
		local readers = cds.mysql.DescribeDBInstances({ InstanceUuid = id }).Data[1].RoGroups
		assert(only(readers, "readers").ServiceName == "reader")
	end)
end

local function nas()
	local id = cds.nas.CreateFileSystem({ AvailableZoneCode = "CN_SJZ_B", FileSystemType = "standard", ProtocolType = "NFS", VpcId = "vpc", SubnetId = "net" }).Data.FileSystemId
	wait.for_state("cds.nas_file_system", { id = id, done = "running" })
	cds.nas.ModifyFileSystem { FileSystemId = id, FileSystemName = "shared" }
	assert(only(cds.nas.DescribeFileSystems({ VpcId = "vpc" }).Data.FileSystems, "file systems").FileSystemName == "shared")
	time.sleep("5m")
	step("nas.DeleteFileSystem", { FileSystemIds = { id } })
end

local function sg()
	local id = cds.sg.CreateSecurityGroup({ SecurityGroupName = "web", RegionCode = "CN_Suqian" }).Data.SecurityGroupId
	local open = { Protocol = "tcp", Port = "443/443", Priority = 1, CidrBlock = "0.0.0.0/0", PolicyDescription = "web", Status = true }
	cds.sg.CreateSecurityGroupPolicies { SecurityGroupId = id, SecurityGroupPolicySet = { Ingress = { open }, Egress = { open, open } } }
	local function rules()
		return cds.sg.DescribeSecurityGroupPolicies({ SecurityGroupId = id }).Data.SecurityGroupPolicySet
	end
	assert(#rules().Ingress == 1 and #rules().Egress == 2 and rules().Ingress[1].Port == "443/443")
	cds.sg.DeleteSecurityGroupPolicies { SecurityGroupId = id, PolicyIds = { rules().Egress[1].PolicyID } }
	assert(#rules().Egress == 1)
	cds.sg.AssociateSecurityGroups { SecurityGroupId = id, RegionCode = "CN_Suqian", InstanceSet = { { InstanceId = "ins-1", SecurityGroupPriority = 1 } } }
	step("sg.DisassociateSecurityGroups", { SecurityGroupId = id, InstanceIds = { "ins-1" } })
	cds.sg.ModifySecurityGroupAttribute { SecurityGroupId = id, SecurityGroupName = "site" }
	only(cds.sg.DescribeSecurityGroups({ SecurityGroupName = "site" }).Data.SecurityGroupSet, "groups")
	step("sg.DeleteSecurityGroup", { SecurityGroupId = id })
end

local function slb()
	local ips = { { IsVip = 1, PipeType = "private", PipeId = PRIVATE, SegmentId = "" } }
	local id = only(cds.slb.CreateLoadBalancer({ RegionId = "CN_Beijing_A", VdcId = VDC, BasePipeId = PRIVATE, InstanceName = "front", PaasGoodsId = 5072, Ips = ips }).Data.InstancesUuid, "balancers")
	local ready = { id = id, done = "RUNNING" }
	wait.for_state("cds.load_balancer", ready)
	cds.slb.ModifyLoadBalancerName { InstanceUuid = id, InstanceName = "edge" }
	wait.for_state("cds.load_balancer", ready)
	only(cds.slb.DescribeLoadBalancers({ InstanceName = "edge" }).Data, "balancers")
	cds.slb.UploadCACertificate { Certificate = "public", PrivateKey = "private", CertificateName = "site" }
	local certificate = only(cds.slb.DescribeCACertificates().Data, "certificates")
	assert(certificate.CertificateName == "site")
	step("slb.DeleteCACertificate", { CertificateId = certificate.CertificateId })
	step("slb.DeleteLoadBalancer", { InstanceUuid = id })
end

local function kafka()
	only(cds.kafka.GetKafkaList({ InstanceId = { cds.kafka.GetKafkaList().Data[1].InstanceId } }).Data, "instances")
	assert(#cds.kafka.GetKafkaList({ InstanceId = { "none" } }).Data == 0)
end

local function vpc_slb()
	local vpc = cds.vpc.DescribeVPC({ RegionCode = "CN_Hongkong", PageNumber = 1 }).Data.VPCList[1].VPCId
	local id = cds.vpc.CreateVpcSlb({ RegionCode = "CN_Hongkong", AvailableZoneCode = "CN_Hongkong_B", VpcId = vpc, Name = "front", NetType = "wan", ConfType = "slb.v1.small" })
	wait(id)
	id = id.Data.SlbId
	local listener = cds.vpc.CreateVpcSLBListen { SlbId = id, ListenName = "web", Vip = "1.2.3.4", VipId = "v", VipType = "wan_eip", ListenProtocol = "TCP", ListenPort = 443, Scheduler = "rr" }
	wait(listener)
	local server = { VmId = "ins-1", VmName = "one", VmPublicIp = "", VmType = "kvm", VmPrivateIp = "10.0.0.6", Port = "80", Weight = "1" }
	wait(cds.vpc.CreateVpcSLBRsPort { ListenId = listener.Data.ListenId, RsList = { server } })
	local port = only(cds.vpc.QueryVpcSLBRsPort({ ListenId = listener.Data.ListenId, Keyword = "" }).Data.RsPortList, "ports")
	wait(cds.vpc.UpdateVpcSLBRsPort { RsPortList = { { RsPortId = port.RsPortId, Port = "81", Weight = "2" } } })
	wait(cds.vpc.DeleteVpcSLBRsPort { RsPortIds = { port.RsPortId } })
	wait(cds.vpc.DeleteVpcSLBListen { ListenIds = { listener.Data.ListenId } })
	step("vpc.DeleteVpcSlb", { SlbId = id })
end

local generic = { alarm, cck, cdn, gpu, kafka, memcached, databases, nas, sg, slb, vpc_slb }

local function products()
	for _, product in ipairs(generic) do
		product()
	end
end

local which = { products = products, vms = vms, metal = metal, ccs = ccs, groups = groups, network_groups = network_groups, vdc = vdc, vpc = vpc, ecs = ecs, ebs = ebs, machines = machines, desktop = desktop }
which[args[1]]()
print(table.concat(covered, "\n"))
