"""Services start after what they require, whatever the manifest's order."""

from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.model import Service
from agent.services.order import start_order


def services(**requires: list[str]) -> dict[str, Service]:
    return {name: Service(command=["/bin/x"], requires=them) for name, them in requires.items()}


def test_the_manifests_order_holds_where_nothing_is_required() -> None:
    assert start_order(services(web=[], db=[], cache=[])) == ("web", "db", "cache")


def test_a_chain_is_followed_to_its_end() -> None:
    found = services(web=["app"], app=["db"], db=[])
    assert start_order(found) == ("db", "app", "web")


def test_a_required_name_that_is_not_declared_is_left_out() -> None:
    assert start_order(services(web=["elsewhere"])) == ("web",)


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, Service]:
    names = [f"s{n}" for n in range(draw(st.integers(0, 8)))]
    edges = {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    shuffled = draw(st.permutations(names))
    return services(**{name: edges[name] for name in shuffled})


@given(acyclic())
def test_every_service_comes_once_and_after_all_it_requires(found: dict[str, Service]) -> None:
    order = start_order(found)
    assert sorted(order) == sorted(found)
    for name, service in found.items():
        for other in service.requires:
            assert order.index(other) < order.index(name)
