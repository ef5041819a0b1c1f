"""The vendors' Python clients at the same work. Modes as those of `examples/bare.rs`, and `tasks`; CLIENT is cds or aliyun.

    sdk.py calls CLIENT URL COUNT CONCURRENCY | pages URL PAGE_SIZE | answer URL PAGE_SIZE | json FILE | tasks URL COUNT FIRST
"""

import json
import random
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

ACCESS_KEY, SECRET = "sim", "sim-secret"


def cds(url, method="POST"):
    from capitalonline.common.credential import Credential
    from capitalonline.common.profile import client_profile, http_profile
    from capitalonline.instance import client

    host = urllib.parse.urlsplit(url).netloc
    http = http_profile.HttpProfile(protocol="http", endpoint=f"{host}/ccs/", reqMethod=method)
    profile = client_profile.ClientProfile(httpProfile=http)
    profile.signMethod = "HMAC-SHA1"
    return client.InstanceClient("ccs", "2019-08-08", Credential(ACCESS_KEY, SECRET), "Beijing", profile)


def cds_call(client, action, params):
    answer = client.call_json(action, params)
    if answer["Code"] != "Success":
        sys.exit(f"sdk.py: {answer}")
    return answer


def aliyun(url):
    from aliyunsdkcore.client import AcsClient

    host = urllib.parse.urlsplit(url).netloc
    return AcsClient(ACCESS_KEY, SECRET, "cn-hangzhou", auto_retry=False), host


def aliyun_call(client):
    from aliyunsdkcore.request import CommonRequest

    acs, host = client
    request = CommonRequest()
    request.set_accept_format("json")
    request.set_protocol_type("http")
    request.set_domain(host)
    request.set_method("POST")
    request.set_version("2017-07-05")
    request.set_action_name("GetInstanceCount")
    request.add_query_param("OwnerId", 1)
    return json.loads(acs.do_action_with_exception(request))


def calls(which, url, count, concurrency):
    count, concurrency = int(count), int(concurrency)
    local = threading.local()

    def call(_):
        # The clients are not said to be safe to share between threads.
        if not hasattr(local, "client"):
            local.client = cds(url) if which == "cds" else aliyun(url)
        cds_call(local.client, "DescribeTags", {}) if which == "cds" else aliyun_call(local.client)

    call(0)
    started = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        for _ in pool.map(call, range(count)):
            pass
    print(f"{count / (time.perf_counter() - started):.0f}")


def pages(url, size):
    client, servers, started = cds(url), [], time.perf_counter()
    number = last = 1
    while number <= last:
        data = cds_call(client, "DescribeInstances", {"PageSize": int(size), "PageNumber": number})["Data"]
        servers += data["Instances"]
        last = data["PageCount"]
        number += 1
    print(f"{time.perf_counter() - started:.6f}")
    print(len(servers), "servers", file=sys.stderr)


def answer(url, size):
    client, started = cds(url), time.perf_counter()
    found = cds_call(client, "DescribeInstances", {"PageSize": int(size)})
    print(f"{time.perf_counter() - started:.6f}")
    assert found["Data"]["Instances"]


def from_file(file):
    with open(file, "rb") as opened:
        text = opened.read()
    started = time.perf_counter()
    value = json.loads(text)
    print(f"{time.perf_counter() - started:.6f}")
    assert value["Data"]["Instances"]


def tasks(url, count, first):
    """A thread a task, which asks after 1 s and then ever more rarely up to 15 s, as cumulua does."""
    clients = threading.local()

    def client():
        if not hasattr(clients, "client"):
            clients.client = cds(url, "GET")
        return clients.client

    def stop(number):
        identity = f"00000000-0000-4000-8000-{int(first) + number:012x}"
        return cds_call(client(), "StopInstance", {"InstanceId": identity, "StopType": "HARD"})["TaskId"]

    def finished(task):
        pause = 1.0
        while True:
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 1.5, 15)
            status = cds_call(client(), "DescribeTask", {"TaskId": task})["Data"]["Status"]
            if status == "FINISH":
                return
            if status not in ("NEW", "DOING"):
                sys.exit(f"sdk.py: {status}")

    with ThreadPoolExecutor(64) as pool:
        started_tasks = list(pool.map(stop, range(1, int(count) + 1)))
    started = time.perf_counter()
    with ThreadPoolExecutor(int(count)) as pool:
        for _ in pool.map(finished, started_tasks):
            pass
    print(f"{time.perf_counter() - started:.6f}")


modes = {"calls": calls, "pages": pages, "answer": answer, "json": from_file, "tasks": tasks}
modes[sys.argv[1]](*sys.argv[2:])
