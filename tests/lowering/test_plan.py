"""What the compiler works out: owners, products, states and events of known rules, and of any rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cofire import Rule, compiler, rules
from cofire.backends.reference.expressions import evaluate
from cofire.language.algebra import names, simplify
from cofire.language.text import to_text
from cofire.language.tree import ZERO, Binary, Cell, Expr, Name, Number, Weight, walk
from cofire.lowering.placement import Placement
from cofire.lowering.products import Term
from strategies import expressions


def plan(text: str, signals: tuple[str, ...] = ()) -> compiler.Plan:
    rule = Rule(text, signals=signals, **dict.fromkeys(parameters(text) - set(signals), 1.0))
    return compiler.lower(rule)


def parameters(text: str) -> set[str]:
    from cofire.language import parse

    equations = parse(text)
    used = set().union(*(names(expression) for _, expression in equations.items()))
    return used - {name for name, _ in (*equations.variables, *equations.definitions)}


def shown(term: Term) -> tuple[str, str, str, str]:
    post, pre, synapse = ("" if factor is None else to_text(factor) for factor in (term.post, term.pre, term.synapse))
    return to_text(term.coefficient), post, pre, synapse


PRODUCTS = {
    "eta * pre * post": [("eta", "post", "pre", "")],
    "eta * post * (pre - post * w)": [("eta", "post", "pre", ""), ("-eta", "post * post", "", "w")],
    "eta * (pre - a) * (post - b)": [("eta", "post - b", "pre - a", "")],
    "eta * pre * post * (post - mean(post**2, tau))": [("eta", "post * (post - mean(post**2, tau))", "pre", "")],
    "eta * pre * post**2 - eta * b * pre * post": [("1", "eta * post**2 - eta * b * post", "pre", "")],
    "eta * w_max * pre * post - eta * w * pre * post": [("1", "post", "pre", "eta * w_max - eta * w")],
    "eta * post * pre - eta * post * sum_post(w * post)": [("eta", "post", "pre - sum_post(w * post)", "")],
    "-eta * w": [("-eta", "", "", "w")],
    "pre / post": [("1", "1 / post", "pre", "")],
    # factors that differ by a bracket only are no common factor
    "(post + a) * post.u * pre + (post + a * post.u) * pre.v": [
        ("1", "(post + a) * post.u", "pre", ""),
        ("1", "post + a * post.u", "pre.v", ""),
    ],
    "post.u * (post * post.v) * pre + post.v * post.u * post * pre.v": [
        ("1", "post.u * post * post.v", "pre + pre.v", "")
    ],
}


@pytest.mark.parametrize("expression", PRODUCTS)
def test_products(expression: str) -> None:
    assert [shown(term) for term in plan(f"dw/dt = {expression}").terms.terms] == PRODUCTS[expression]


def test_a_power_of_both_sides_is_multiplied_out() -> None:
    separated = plan("dw/dt = (pre - w)**2").terms
    assert not separated.rest
    assert sum(term.pre_in_batch for term in separated.terms) == 2


def test_what_does_not_separate_is_named() -> None:
    made = plan("dw/dt = eta * post * abs(pre - w) + pre * post")
    assert [to_text(part) for part in made.terms.rest] == ["eta * post * abs(pre - w)"]
    assert len(made.terms.terms) == 1
    assert "'eta * post * abs(pre - w)' does not separate" in str(made)


def test_the_number_of_terms_is_bounded() -> None:
    made = plan("dw/dt = " + " * ".join(["(pre + post + w)"] * 8))
    assert len(made.terms.terms) <= 64
    assert made.terms.rest


OWNERS = {
    "trace(pre, tau)": "presynaptic cell",
    "mean(post**2, tau)": "postsynaptic cell",
    "trace(pre * post, tau)": "synapse",
    "trace(reward, tau)": "nothing",
    "trace(sum_pre(w), tau)": "postsynaptic cell",
    "trace(sum_post(w * post), tau)": "presynaptic cell",
    "trace(pre.v, tau)": "presynaptic cell",
}


@pytest.mark.parametrize("text", OWNERS)
def test_owner_of_a_filter(text: str) -> None:
    made = plan(f"dw/dt = {text} * pre * post", ("reward",) if "reward" in text else ())
    assert [made.place.owner(state.symbol) for state in made.states if state.key.endswith(", tau)")][-1] == OWNERS[text]


def test_equal_traces_are_shared() -> None:
    made = plan("dw/dt = trace(pre, tau) * post - theta * pre\ntheta = trace(pre, tau) * trace(post, tau)")
    assert sorted(state.key for state in made.states) == ["trace(post, tau)", "trace(pre, tau)"]


EVENTS = {
    "A * trace(pre, tau) * post - B * trace(post, tau) * pre": (
        "-(B * trace(post, tau))",
        "A * trace(pre, tau)",
        "0",
        "0",
        "0",
    ),
    "eta * pre * post - w / tau": ("0", "0", "eta", "0", "-(w / tau)"),
    "eta * post * (pre - post * w)": ("0", "-(eta * w)", "eta", "0", "0"),
    "eta * (trace(post, tau) - b) * pre": ("eta * (trace(post, tau) - b)", "0", "0", "0", "0"),
    "eta * pre * exp(-post)": ("eta", "0", "eta * exp(-1) - eta", "0", "0"),
    # of the cells that a sum runs over, some may fire and others not
    "post * (pre - reconstruct(post))": ("0", "-sum_post(w * post)", "1", "0", "0"),
    "post * (pre - sum_pre(w * pre * post))": ("0", "-sum_pre(w * pre)", "1", "0", "0"),
    "w * sum_pre(pre) - w * sum_post(1)": ("0", "0", "0", "w * sum_pre(pre)", "-(w * sum_post(1))"),
    "sum_post(post * pre)": ("sum_post(post)", "0", "0", "0", "0"),
}


@pytest.mark.parametrize("expression", EVENTS)
def test_events(expression: str) -> None:
    events = dict(plan(f"dw/dt = {expression}").events)["w"]
    parts = (events.arrival, events.spike, events.meeting, events.elsewhere, events.drift)
    assert tuple(map(to_text, parts)) == EVENTS[expression]


STEPPED = {
    "-w / tau": None,
    "trace(pre, tau) * trace(post, tau)": None,
    "w * trace(pre, tau)": None,
    "w**2": None,  # integrated alone
    "exp(-w)": None,
    "w**2 * trace(pre, tau)": "not linear in",
    "reward * w": "reward changes from step to step",
    "w * post.v * trace(pre, tau)": "post.v changes from step to step",
    "pre.v * trace(pre, tau)": "pre.v changes from step to step",
    "post.v * trace(pre, tau)": None,
    "relu(mean(post.v, tau) - theta) * trace(pre, tau)": None,
    "reward * trace(pre, tau)": None,
    "tanh(trace(pre, tau))": "not a sum of products of decaying quantities",
    "trace(trace(pre, tau), tau)": "more than decay",
    "w * sum_pre(w)": "a sum over cells",
}


@pytest.mark.parametrize("drift", STEPPED)
def test_what_the_clock_must_step_is_said_with_the_reason(drift: str) -> None:
    made = plan(f"dw/dt = {drift}", ("reward",) if "reward" in drift else ())
    motion, wanted = dict(made.motions)["w"], STEPPED[drift]
    assert motion.is_stepped == (wanted is not None)
    assert (wanted or "") in motion.reason
    assert ("  w is stepped by the clock" in str(made)) == (wanted is not None)


@pytest.mark.parametrize(
    ("variable", "kinds"),
    [
        ("trace(pre, tau) * post.v - e / tau", ("integrated", "integrated")),
        ("trace(pre, tau) * trace(post, tau) - e / tau", ("integrated", "integrated")),  # alone it has a closed form
        ("pre * post - e / tau", ("integrated", "rests")),
        ("tanh(trace(pre, tau)) * post.v - e / tau", ("solved", "solved")),
        ("trace(pre, tau) * post.v - e**2", ("solved", "solved")),
    ],
)
def test_a_weight_follows_a_variable_that_is_integrated_itself(variable: str, kinds: tuple[str, str]) -> None:
    made = plan(f"dw/dt = reward * e\nde/dt = {variable}", ("reward",))
    assert tuple(dict(made.motions)[key].kind for key in ("w", "e")) == kinds
    assert ("by each postsynaptic cell" in str(made)) == (kinds == ("integrated", "integrated"))


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_the_equations_makes_no_difference(turned: bool) -> None:
    lines = ["de/dt = trace(pre, tau) * post.v - e / tau", "ds/dt = reward * e - s / tau"]
    made = plan("\n".join(["dw/dt = s * post", *(reversed(lines) if turned else lines)]), ("reward",))
    assert {key: motion.kind for key, motion in made.motions if key in "es"} == {"e": "integrated", "s": "integrated"}


class Numbers:
    """Values for one synapse and one sample, drawn at random."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.known: dict[Expr, float] = {}

    def leaf(self, node: Expr) -> np.ndarray:
        return np.asarray(self.known.setdefault(node, self.rng.uniform(0.2, 0.9)))

    def reduction(self, function: str, argument: np.ndarray) -> np.ndarray:
        w = self.leaf(Weight())
        return w * argument if function.startswith("reconstruct") else argument


def tame(**options: object) -> st.SearchStrategy[Expr]:
    return expressions(
        ("eta", "X"),
        numbers=st.sampled_from([0.0, 0.5, 1.0, 2.0]).map(Number),
        exponents=st.sampled_from([Number(2.0), Number(3.0)]),
        **options,  # type: ignore[arg-type]
    ).filter(lambda expression: not any(map(divides_by_zero, walk(expression))))


def divides_by_zero(node: Expr) -> bool:
    """Whether an infinity is written into `node`, whose sign may be lost: x / -0."""
    return isinstance(node, Binary) and node.operator == "/" and simplify(node.right) == ZERO


@settings(max_examples=200)
@given(tame())
def test_terms_add_up_to_the_expression(expression: Expr) -> None:
    from cofire.lowering.products import separate

    place = Placement(frozenset({"X"}), frozenset())
    separated = separate(expression, place)
    values = Numbers(1)
    with np.errstate(all="ignore"):
        wanted = evaluate(expression, values)
        got = sum(evaluate(term.expression, values) for term in separated.terms) + sum(
            evaluate(r, values) for r in separated.rest
        )
    if np.isfinite(wanted) and abs(wanted) < 1e6:
        assert got == pytest.approx(float(wanted), rel=1e-9, abs=1e-9)


@settings(max_examples=200)
@given(tame())
def test_events_add_up_to_the_expression(expression: Expr) -> None:
    """E(a, b) is drift + elsewhere + a · arrival + b · spike + a b · meeting for every a, b in {0, 1}."""
    from cofire.lowering.events import find_events

    events = find_events(expression)
    for a in (0.0, 1.0):
        for b in (0.0, 1.0):
            values = Numbers(2)
            values.known |= {Cell("pre"): a, Cell("post"): b}
            with np.errstate(all="ignore"):
                wanted = evaluate(expression, values)
                written = (events.drift, events.elsewhere, events.arrival, events.spike, events.meeting)
                parts = [evaluate(part, values) for part in written]
                got = parts[0] + parts[1] + a * parts[2] + b * parts[3] + a * b * parts[4]
            if np.isfinite(wanted) and abs(wanted) < 1e6 and all(np.isfinite(parts)):
                assert got == pytest.approx(float(wanted), rel=1e-9, abs=1e-9)


@settings(max_examples=100)
@given(tame(max_depth=3))
def test_a_synapse_variable_is_rate_and_drive(expression: Expr) -> None:
    from cofire.lowering.states import _variable

    state = _variable(Name("X"), expression, Placement(frozenset({"X"}), frozenset()))
    values = Numbers(3)
    with np.errstate(all="ignore"):
        wanted = evaluate(expression, values)
        got = evaluate(Binary("-", state.drive, Binary("*", state.rate, Name("X"))), values)
    if np.isfinite(wanted) and abs(wanted) < 1e6:
        assert got == pytest.approx(float(wanted), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", rules.names())
def test_every_catalogue_rule_explains_itself(name: str) -> None:
    rule = rules.get(name)()
    text = str(rule.explain())
    assert text.startswith(rule.text)
    for state in rule.explain().states:
        assert state.key in text
    assert all(parameter in text for parameter in rule.parameters)
    longest = max(len(to_text(expression)) for _, expression in rule.explain().equations.items())
    assert max(map(len, text.splitlines())) < max(200, longest + 65)  # no equation is broken into lines


def test_all_that_a_batch_costs_is_counted() -> None:
    """The sums, the products and what does not separate in a variable of the synapse too."""
    made = plan("dw/dt = e * post.drive\nde/dt = pre * post + abs(pre - w) + sum_pre(w * pre) - e / tau")
    text = " ".join(str(made).split())
    assert "sum_pre(w * pre) reduction, 1 matrix product, 2·B·post·pre operations each" in text
    assert "then decays exactly; 1 matrix product" in text
    assert "in all 2 matrix products, one more for post.drive unless given" in text
    assert "'abs(pre - w)' does not separate" in text


def test_sums_alone_stand_in_brackets() -> None:
    first, second = "(a + b) * step(pre - c) * (post - b)", "trace(pre, tau) * (trace(post, tau) - b) * (w - a)"
    text = str(plan(f"dw/dt = {first} + {second}"))
    assert "\n  (a + b) · ⟨(post - b) · step(pre - c)⟩   " in text
    assert "\n  (trace(post, tau) - b) · trace(pre, tau) · (w - a)\n" in text


def test_rules_of_spikes_only_say_that_rates_are_refused() -> None:
    text = " ".join(str(rules.stdp_pair_nearest().explain()).split())
    assert "nearest(pre, tau_plus) of spikes only: a rate has no nearest spike" in text


def test_triplet_reads_as_one_would_write_it() -> None:
    text = str(rules.triplet().explain())
    assert "at a presynaptic arrival   w -= trace(post, tau_minus) * (A2_minus + A3_minus * trace(pre, tau_x))" in text
    assert "at a postsynaptic spike    w += trace(pre, tau_plus) * (A2_plus + A3_plus * trace(post, tau_y))" in text


def test_only_rates_take_an_euler_step_where_spikes_are_exact() -> None:
    owners, _, rest = str(rules.stdp_pair_nearest_reduced().explain()).partition("A batch of B samples")
    batch, _, spikes = rest.partition("With spikes")
    assert ("Euler" in owners, "one Euler step" in batch, "Euler" in spikes) == (False, True, False)
    assert "fresh -= fresh" in spikes


@pytest.mark.parametrize(
    "text",
    [
        "-e / tau + post",
        "(tau * post - e) / tau",
        "(post * tau - e) * (1 / tau)",
        "post - e * (1 / tau)",
        "-(e - tau * post) / tau",
    ],
)
def test_a_linear_decay_is_exact_however_it_is_written(text: str) -> None:
    made = plan(f"dw/dt = e\nde/dt = {text}")
    (state,) = made.states
    assert state.exact
    values = Numbers(4)
    assert evaluate(state.rate, values) == pytest.approx(1 / float(values.leaf(Name("tau"))))


def test_a_plan_is_plain_data() -> None:
    import pickle

    made = rules.bcm().explain()
    assert pickle.loads(pickle.dumps(made)) == made


def test_what_follows_a_stepped_quantity_is_stepped() -> None:
    assert "w is stepped by the clock, with a solver: it depends on e" in str(
        plan("dw/dt = e\nde/dt = -e / tau + exp(-e)")
    )
    assert "dw/dt = e (exact, applied at the next event)" in str(plan("dw/dt = e\nde/dt = -e / tau + pre"))
