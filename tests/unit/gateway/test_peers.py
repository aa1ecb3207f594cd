"""Where a request comes from, with and without proxies in between."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from unittest.mock import Mock

import pytest
from aiohttp import hdrs, web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from services.gateway.peers import MOST_TOLD, Peers, network_of, read_address


def request(*, peer: str, forwarded: Sequence[str] = ()) -> web.Request:
    """Return a request with these X-Forwarded-For lines."""
    headers = CIMultiDict([(hdrs.X_FORWARDED_FOR, line) for line in forwarded])
    transport = Mock()
    transport.get_extra_info.return_value = (peer, 1)
    return make_mocked_request("GET", "/v1", headers=headers, transport=transport)


def address(*, peer: str, forwarded: Sequence[str] = (), trusted: str = "") -> str:
    """Return the address that is told of a request with these X-Forwarded-For lines."""
    return Peers(trusted).address(request(peer=peer, forwarded=forwarded))


def test_without_trusted_proxies_what_is_forwarded_is_not_believed() -> None:
    assert address(peer="10.0.0.1", forwarded=["1.2.3.4"]) == "10.0.0.1"


def test_behind_a_trusted_proxy_the_nearest_untrusted_address_counts() -> None:
    assert address(peer="10.0.0.1", forwarded=["6.6.6.6, 1.2.3.4, 10.0.0.2"], trusted="10.0.0.0/8") == "1.2.3.4"
    assert address(peer="10.0.0.1", forwarded=["6.6.6.6", "1.2.3.4"], trusted="10.0.0.0/8") == "1.2.3.4"


def test_a_trusted_proxy_that_tells_nonsense_leaves_the_address_unknown() -> None:
    assert address(peer="10.0.0.1", forwarded=["nobody"], trusted="10.0.0.1") == ""


def test_a_trusted_proxy_that_tells_nothing_is_the_client() -> None:
    assert address(peer="10.0.0.1", trusted="10.0.0.1") == "10.0.0.1"


def test_networks_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        Peers("10.0.0.0/8, proxy")


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("1.2.3.4:5678", "1.2.3.4"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("1.2.3.4,", "1.2.3.4"),
        ("6.6.6.6, , 1.2.3.4 , ,", "1.2.3.4"),
        (" , ", "10.0.0.1"),
        ("", "10.0.0.1"),
        *((garbage, "") for garbage in ("1.2.3.4:x", "1.2.3.4:123456", "[1.2.3.4", "[]:1", "1:2", "%", "unknown", '"')),
    ],
)
def test_an_address_is_read_in_every_usual_form(told: str, read: str) -> None:
    assert address(peer="10.0.0.1", forwarded=[told], trusted="10.0.0.1") == read


def test_a_proxy_that_is_reached_over_ipv6_is_still_trusted_by_its_ipv4_address() -> None:
    assert address(peer="::ffff:10.0.0.1", forwarded=["1.2.3.4:80"], trusted="10.0.0.0/8") == "1.2.3.4"


@given(st.ip_addresses().filter(lambda ip: ip.version == 4 or ip.ipv4_mapped is None), st.integers(0, 65535))
def test_any_address_is_read_with_and_without_its_port(ip: IPv4Address | IPv6Address, port: int) -> None:
    inside = f"[{ip}]" if ip.version == 6 else str(ip)
    assert {read_address(text) for text in (str(ip), inside, f"{inside}:{port}", f" {inside}:{port}")} == {str(ip)}


@given(st.text())
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    read = read_address(text)
    assert read_address(read) == read
    assert network_of(read)


def test_a_proxy_that_is_not_trusted_is_mentioned_once_a_network(caplog: pytest.LogCaptureFixture) -> None:
    peers = Peers("10.0.0.0/8")
    for peer in ("172.18.0.2", "172.18.0.3", "2001:db8::1", "2001:db8::2", "10.0.0.1"):
        assert peers.address(request(peer=peer, forwarded=["1.2.3.4"]))
    told = [(record.levelname, vars(record)["network"]) for record in caplog.records]
    assert told == [("WARNING", "172.18.0.0/24"), ("WARNING", "2001:db8::/64")]
    assert "AERODROME_TRUSTED_PROXIES" in caplog.text


def test_who_forwards_nothing_is_not_mentioned_and_nobody_fills_the_log(caplog: pytest.LogCaptureFixture) -> None:
    peers = Peers("")
    peers.address(request(peer="1.2.3.4"))
    assert caplog.records == []
    for number in range(2 * MOST_TOLD):
        peers.address(request(peer=f"1.2.{number}.4", forwarded=["6.6.6.6"]))
    assert len(caplog.records) == MOST_TOLD
