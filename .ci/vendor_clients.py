"""The vendors' own clients against the simulator: each creates, lists and deletes, and is refused with a wrong secret.

Usage: vendor_clients.py URL ACCESS_KEY SECRET
"""

import json
import sys
import time
import urllib.parse

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from boto.connection import AWSQueryConnection
from boto.provider import Provider
from capitalonline.common.credential import Credential
from capitalonline.common.profile import client_profile, http_profile
from capitalonline.instance import client as ccs
from capitalonline.instance.models import DataDisk, PrivateIp, SystemDisk

URL, ACCESS_KEY, SECRET = sys.argv[1:]
HOST = urllib.parse.urlsplit(URL).netloc
VDC = "0bb08ed7-e686-4168-93e5-e0187579753b"
PRIVATE = "4e6f6790-a6b3-11e9-8f88-0242ac110041"


def check(condition, what):
    if not condition:
        sys.exit(f"vendor_clients.py: {what}")


def cds_client(secret):
    """A client of cds-python-sdk; its own NewClient has the vendor's host fixed."""
    http = http_profile.HttpProfile(protocol="http", endpoint=f"{HOST}/ccs/", reqMethod="POST")
    profile = client_profile.ClientProfile(httpProfile=http)
    profile.signMethod = "HMAC-SHA1"
    return ccs.InstanceClient("ccs", "2019-08-08", Credential(ACCESS_KEY, secret), "Beijing", profile)


def cds_python_sdk():
    client = cds_client(SECRET)

    def answered(result):
        answer, problem = result
        check(not problem, f"cds-python-sdk: {problem}")
        check(answer["Code"] == "Success", f"cds-python-sdk: {answer}")
        return answer

    def finished(answer):
        for _ in range(200):
            # The SDK has no function for this Action, and leaves the method as the last call had it.
            client.profile.httpProfile.reqMethod = "GET"
            task = client.call_json("DescribeTask", {"TaskId": answer["TaskId"]})
            client.profile.httpProfile.reqMethod = "POST"
            if task["Data"]["Status"] == "FINISH":
                return task["Data"]["ResourceIds"]
            check(task["Data"]["Status"] in ("NEW", "DOING"), f"cds-python-sdk: {task}")
            time.sleep(0.02)
        sys.exit("vendor_clients.py: cds-python-sdk: the task does not end")

    order = ccs.NewAddInstanceRequest()
    order.RegionId, order.VdcId, order.InstanceName, order.Password = "CN_Beijing_A", VDC, "from the SDK", "Pass-word-1"
    order.InstanceType, order.Cpu, order.Ram, order.ImageId = "CCS.C3", 4, 8, "Centos_7.6_64"
    order.InstanceChargeType, order.AutoRenew, order.UTC, order.PublicIp = "PostPaid", 0, False, ["auto"]
    disk, private, system = DataDisk(), PrivateIp(), SystemDisk()
    disk.Size, disk.Type = 200, "high_disk"
    private.PrivateId, private.IP = PRIVATE, ["auto"]
    system.IOPS, system.Size, system.Type = 5, 20, "ssd_system_disk"
    order.DataDisks, order.PrivateIp, order.SystemDisk = [disk], [private], system
    (created,) = finished(answered(client.CreateInstance(order)))

    query = ccs.NewDescribeInstanceRequest()
    query.VdcId, query.PageNumber, query.PageSize = VDC, 1, 10
    (listed,) = answered(client.DescribeInstance(query))["Data"]["Instances"]
    check(listed["InstanceId"] == created, f"cds-python-sdk lists {listed}")
    check(listed["Disks"]["DataDisks"][0]["Size"] == 200, f"cds-python-sdk lists {listed}")

    stop = ccs.NewStopInstanceRequest()
    stop.InstanceId = created
    finished(answered(client.StopInstance(stop)))
    delete = ccs.NewDeleteInstanceRequest()
    delete.InstanceIds = [created]
    finished(answered(client.DeleteInstance(delete)))
    check(answered(client.DescribeInstance(query))["Data"]["Instances"] == [], "cds-python-sdk: the server is still listed")

    answer, problem = cds_client(SECRET + "x").DescribeInstance(query)
    check(not answer and "SignatureDoesNotMatch" in str(problem), f"cds-python-sdk with a wrong secret: {answer or problem}")


def aliyun_python_sdk_core():
    def call(action, version, secret=SECRET, method="POST", query=None, body=None):
        request = CommonRequest()
        request.set_accept_format("json")
        request.set_protocol_type("http")
        request.set_domain(HOST)
        request.set_method(method)
        request.set_version(version)
        request.set_action_name(action)
        for name, value in (query or {}).items():
            request.add_query_param(name, value)
        for name, value in (body or {}).items():
            request.add_body_params(name, value)
        client = AcsClient(ACCESS_KEY, secret, "cn-hangzhou", auto_retry=False)
        return json.loads(client.do_action_with_exception(request))

    def refused(ask, code):
        try:
            answer = ask()
        except ServerException as refusal:
            check(refusal.get_error_code() == code, f"aliyun-python-sdk-core: {code} is wanted, not {refusal}")
        else:
            sys.exit(f"vendor_clients.py: aliyun-python-sdk-core: {code} is wanted, not {answer}")

    sas, aegis, oss = "2017-07-05", "2016-11-11", "2015-03-02"
    owner = {"OwnerId": 1}
    # It is sold for as many machines as the account has, one instance an account.
    machines = call("GetInstanceCount", sas, query=owner)["Data"]
    token = {"ClientToken": "6a8d1f6e-7d2c-4a0c-9a0b-3a9b3a1e8f10"}
    order = {"VersionCode": "level2", "Duration": 1, "PricingCycle": "Month", "BuyNumber": machines, **owner, **token}
    created = call("CreateInstance", sas, body=order)
    check(created["InstanceId"].startswith("sas-"), f"aliyun-python-sdk-core creates {created}")
    again = call("CreateInstance", sas, query=order, method="GET")
    check(again["InstanceId"] == created["InstanceId"], f"aliyun-python-sdk-core repeats {again}")
    check(again["OrderId"] == created["OrderId"], f"aliyun-python-sdk-core repeats {again}")
    release = {"InstanceId": created["InstanceId"], **owner}
    call("RefundInstance", sas, query=release)
    refused(lambda: call("RefundInstance", sas, query=release), "InvalidInstanceId.NotFound")
    guard = {"VersionCode": 4, "Duration": 1, "PricingCycle": "Month", "VmNumber": 3, "ClientToken": "guard", **owner}
    created = call("CreateInstance", aegis, body=guard)
    listed = call("GetSummary", aegis, query=owner)
    check(listed["InstanceId"] == created["InstanceId"], f"aliyun-python-sdk-core lists {listed}")
    check(listed["TotalMachineNum"] == "3", f"aliyun-python-sdk-core lists {listed}")
    opened = call("CreateOssInstance", oss, query={"ownerId": 1})["oss-admin_aliyuncs_com_CreateOssInstance_2015-03-02_response"]
    check(opened["instacneStatus"] == "enabled", f"aliyun-python-sdk-core opens {opened}")
    call("ReleaseOssInstance", oss, query={"ownerId": 1})
    refused(lambda: call("StopOssInstance", oss, query={"ownerId": 1}), "Forbidden")
    for version, action in [(sas, "GetInstanceCount"), (aegis, "GetSummary"), (oss, "StopOssInstance")]:
        refused(lambda: call(action, version, secret=SECRET + "x", query=owner), "SignatureDoesNotMatch")


class Mcs(AWSQueryConnection):
    """boto with Meituan's address; the SDK of that time was made of it in this way."""

    APIVersion = None
    DefaultRegionName = "beijing"

    def __init__(self, secret):
        host, port = HOST.split(":")
        provider = Provider("aws", ACCESS_KEY, secret)
        super().__init__(ACCESS_KEY, secret, is_secure=False, host=host, port=int(port), path="/mcs/v1", provider=provider)

    def _required_auth_capability(self):
        return ["sign-v2"]

    def ask(self, action, params=None, verb="GET", form="json"):
        answer = self.make_request(action, {"Format": form, **(params or {})}, "/mcs/v1", verb)
        return answer.status, answer.read().decode()

    def answered(self, action, params=None, verb="GET"):
        status, text = self.ask(action, params, verb)
        check(status == 200, f"boto: {action}: {text}")
        return json.loads(text)[f"{action}Response"]


def boto_sigv2():
    client = Mcs(SECRET)
    template = client.answered("DescribeTemplates")["TemplateSet"]["Template"][0]["templateId"]
    kind = client.answered("DescribeInstanceTypes")["InstanceTypeSet"]["InstanceType"][0]["instanceType"]
    order = {"ImageId": template, "InstanceType": kind, "InstanceName": "from boto", "Duration": "1H"}
    created = client.answered("CreateInstance", order, "POST")["Instance"]["instanceId"]
    wanted = {"InstanceId.1": created, "Filter.1.Name": "name", "Filter.1.Value.1": "from boto"}
    (listed,) = client.answered("DescribeInstances", wanted, "POST")["InstanceSet"]["Instance"]
    check(listed["instanceId"] == created, f"boto lists {listed}")
    for _ in range(200):
        if client.answered("DescribeInstanceStatus", {"InstanceId": created})["InstanceStatus"]["status"] in ("ready", "running"):
            break
        time.sleep(0.02)
    client.answered("TerminateInstance", {"InstanceId": created}, "POST")
    for _ in range(200):
        left = client.answered("DescribeInstances", {"InstanceId.1": created})["InstanceSet"].get("Instance", [])
        if not left:
            break
        time.sleep(0.02)
    check(not left, f"boto: the server is still listed: {left}")
    status, text = client.ask("DescribeTemplates", form="xml")
    check(status == 200 and "<DescribeTemplatesResponse>" in text, f"boto: XML: {text}")
    status, text = Mcs(SECRET + "x").ask("DescribeTemplates")
    check(status == 403 and "SignatureDoesNotMatch" in text, f"boto with a wrong secret: {status} {text}")


for client in (cds_python_sdk, aliyun_python_sdk_core, boto_sigv2):
    client()
    print(f"{client.__name__.replace('_', '-')}: creates, lists, deletes; a wrong secret is refused")
