"""Dimensions of rules: what agrees passes, what cannot agree is refused with the subexpression that is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cofire.errors import DimensionError
from cofire.language.dimensions import ACTIVITIES, check
from cofire.language.parse import parse
from cofire.language.tree import POST, PRE, Binary, Call, Cell, Equations, Expr, Name, Negative, Number, Weight
from cofire.units import (
    CONDUCTANCE,
    DIMENSIONLESS,
    FREQUENCY,
    TIME,
    VOLTAGE,
    Dimension,
    Hz,
    Quantity,
    dimension_of,
    ms,
    mV,
    nA,
    nS,
    pF,
    second,
)
from strategies import expressions

STDP = "dw/dt = A_plus * trace(pre, tau_plus) * post - A_minus * trace(post, tau_minus) * pre"
TRIPLET = """
dw/dt = A2 * trace(pre, tau_plus) * post + A3 * trace(pre, tau_plus) * trace(post, tau_y) * post
        - B2 * trace(post, tau_minus) * pre - B3 * trace(post, tau_minus) * trace(pre, tau_x) * pre
"""
VOGELS = "dw/dt = eta * ((trace(post, tau) - 2 * rho0 * tau) * pre + trace(pre, tau) * post)"
BCM = "dw/dt = eta * pre * post * (post - theta); theta = mean(post**2, tau_theta)"
ELIGIBILITY = "de/dt = -e / tau_e + A * trace(pre, tau) * post; dw/dt = dopamine * e"
CALCIUM = """
dca/dt = -ca / tau_ca + c_pre * pre + c_post * post
dw/dt = (gamma_p * (w_max - w) * step(ca - theta_p) - gamma_d * w * step(ca - theta_d)) / tau_w
"""


def infer(text: str, weight: Quantity | None = None, /, **parameters: float | Quantity) -> dict[str, Dimension | None]:
    known = {name: dimension_of(value) for name, value in parameters.items()}
    return check(parse(text), known, dimension_of(weight))


def refusal(text: str, weight: Quantity | None = None, /, **parameters: float | Quantity) -> str:
    with pytest.raises(DimensionError) as caught:
        infer(text, weight, **parameters)
    return str(caught.value)


def test_without_units_nothing_is_checked() -> None:
    found = infer("dw/dt = eta * (pre + tau) + exp(eta) * w + 1; theta = post", eta=1, tau=20)
    assert found == dict.fromkeys(("eta", "tau", "pre", "post", "w", "theta"))


@pytest.mark.parametrize(
    ("text", "weight", "parameters"),
    [
        (STDP, None, {"A_plus": 0.01, "A_minus": 0.01, "tau_plus": 20 * ms, "tau_minus": 20 * ms}),
        (STDP, None, {"A_plus": nS, "A_minus": nS, "tau_plus": 20 * ms, "tau_minus": 20 * ms}),
        (STDP, nS, {"A_plus": nS, "A_minus": nS, "tau_plus": 20 * ms, "tau_minus": 20 * ms}),
        (STDP, nS, {"A_plus": nS, "A_minus": nS, "tau_plus": 20, "tau_minus": 20}),  # in steps
        (TRIPLET, None, dict.fromkeys(("A2", "A3", "B2", "B3"), 0.01) | dict.fromkeys(("tau_plus", "tau_minus"), ms)
         | dict.fromkeys(("tau_x", "tau_y"), 100 * ms)),
        (TRIPLET, nS, dict.fromkeys(("A2", "A3", "B2", "B3"), nS) | dict.fromkeys(("tau_plus", "tau_minus"), ms)
         | dict.fromkeys(("tau_x", "tau_y"), 100 * ms)),
        (VOGELS, None, {"eta": 0.01, "rho0": 5 * Hz, "tau": 20 * ms}),
        (VOGELS, nS, {"eta": nS, "rho0": 5 * Hz, "tau": 20 * ms}),
        (BCM, None, {"eta": 0.01, "tau_theta": 10 * second}),
        (BCM.replace("tau_theta)", "tau_theta) / rho0"), None, {"eta": 0.01, "tau_theta": second, "rho0": 5 * Hz}),
        (ELIGIBILITY, nS, {"A": 0.01, "tau_e": second, "tau": 20 * ms}),
        (CALCIUM, None, {"tau_ca": 20 * ms, "c_pre": 1, "c_post": 2, "theta_p": 1.3, "theta_d": 1, "gamma_p": 700,
                         "gamma_d": 300, "tau_w": 100 * second, "w_max": 1}),
        ("dw/dt = eta * pre * (post.v - theta)", None, {"eta": 1, "theta": -50 * mV}),
        ("dw/dt = eta * (pre - a) * (post - b)", None, {"eta": 1, "a": 5 * mV, "b": 2 * nA}),
        ("dw/dt = eta * pre * post", nS, {"eta": 0.1 * nS / mV**2 / second}),
        ("dw/dt = eta * (post * trace(pre, tau) - w)", None, {"eta": 0.1, "tau": 20 * ms}),  # eta is per second
        ("dw/dt = A * nearest(pre, tau) * post * exp(-w / w0)", None, {"A": nS, "tau": 20 * ms, "w0": nS}),
        ("dw/dt = eta * (pre - reconstruct(post)) * post", None, {"eta": 1, "unused": ms}),
        ("dw/dt = eta * post * (pre - 0) * max(0, w, w_max)", None, {"eta": 1, "w_max": 10 * nS}),
    ],
)  # fmt: skip
def test_rules_of_the_literature_pass(
    text: str, weight: Quantity | None, parameters: dict[str, float | Quantity]
) -> None:
    found = infer(text, weight, **parameters)
    assert {name: found[name] for name, value in parameters.items() if isinstance(value, Quantity)} == {
        name: value.dimension for name, value in parameters.items() if isinstance(value, Quantity)
    }


def test_what_is_not_given_is_inferred() -> None:
    found = infer(VOGELS, nS, eta=nS, rho0=5 * Hz, tau=20 * ms)
    assert found["post"] == FREQUENCY
    assert infer(BCM, eta=0.01, tau_theta=second)["theta"] == DIMENSIONLESS
    found = infer("h = post.v - theta; dw/dt = eta * h**2 * pre; da/dt = h", eta=1, theta=-50 * mV, tau=ms)
    assert found["h"] == found["post.v"] == VOLTAGE
    assert found["a"] == VOLTAGE * TIME
    assert found["pre"] is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("v", VOLTAGE),
        ("-v", VOLTAGE),
        ("v * g", VOLTAGE * CONDUCTANCE),
        ("v / tau", VOLTAGE / TIME),
        ("v**2", VOLTAGE**2),
        ("v**-1", VOLTAGE**-1),
        ("v**0", DIMENSIONLESS),
        ("(v**3)**(1/3)", VOLTAGE),
        ("sqrt(v * v)", VOLTAGE),
        ("v**0.5 * sqrt(v)", VOLTAGE),
        ("abs(v) + relu(v)", VOLTAGE),
        ("step(v)", DIMENSIONLESS),
        ("sign(v) + 1", DIMENSIONLESS),
        ("exp(v / v) + log(2) + tanh(1) + sigmoid(0)", DIMENSIONLESS),
        ("clip(v, 0, v) + max(0, v) + min(v, v, 0)", VOLTAGE),
        ("trace(v, tau)", VOLTAGE * TIME),
        ("mean(v, 2 * tau)", VOLTAGE),
        ("nearest(pre, tau)", DIMENSIONLESS),
        ("sum_pre(v) + sum_post(v)", VOLTAGE),
        ("reconstruct(v) + reconstruct_ordered(v)", VOLTAGE * CONDUCTANCE),
        ("(v / v)**n", DIMENSIONLESS),
    ],
)
def test_each_function_has_its_dimension(expression: str, expected: Dimension) -> None:
    found = infer(f"dw/dt = g / tau; X = {expression}", nS, v=mV, g=nS, tau=ms, n=2)
    assert found["X"] == expected


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("v + g", ["'v' is in V", "'g' is in S", "cannot be added", "'v + g'"]),
        ("v - g * v", ["'v' is in V", "'g * v' is in A", "cannot be subtracted", "'v - g * v'"]),
        ("v + 1", ["'v' is in V", "'1' is a pure number"]),
        ("2 * (3 + g)", ["'3 + g'"]),
        ("min(v, 0, tau)", ["'v' is in V", "'tau' is in s", "compared", "'min(v, 0, tau)'"]),
        ("clip(v, 0, 1)", ["'v' is in V", "'1' is a pure number", "'clip(v, 0, 1)'"]),
        ("exp(v)", ["'v' must be a pure number but is in V", "'exp(v)'"]),
        ("1 + log(tau)", ["'tau' must be a pure number but is in s", "'log(tau)'"]),
        ("tanh(-v)", ["'-v' must be a pure number but is in V"]),
        ("sigmoid(v * g)", ["'v * g' must be a pure number but is in A"]),
        ("v**n", ["'v' must be a pure number", "its exponent is not a plain number", "'v**n'"]),
        ("2**v", ["'v' must be a pure number but is in V", "'2**v'"]),
        ("trace(post.a, v)", ["'v' must be a time but is in V", "'trace(post.a, v)'"]),
        ("mean(post.a, 20)", ["'20' must be a time but is a pure number"]),
        ("nearest(pre, v)", ["'v' must be a time but is in V", "'nearest(pre, v)'"]),
        ("step(v - tau)", ["'v - tau'"]),
        ("sum_pre(v + g)", ["'v + g'"]),
        ("1 + reconstruct(v)", ["'1' is a pure number", "'reconstruct(v)' is in A"]),
    ],
)
def test_the_offending_subexpression_is_named(expression: str, named: list[str]) -> None:
    message = refusal(f"dw/dt = g / tau; X = {expression}", nS, v=mV, g=nS, tau=ms, n=2)
    for part in [*named, "in the equation of X"]:
        assert part in message


def test_an_equation_names_its_two_sides() -> None:
    message = refusal("dw/dt = v / tau", nS, v=mV, tau=ms)
    assert message == "dw/dt must be in S/s, since w is in S, but 'v / tau' is in V/s"
    message = refusal("X = c + v; c = g; dw/dt = X", v=mV, g=nS)
    assert message == "c must be in V, but 'g' is in S; c is in V because of 'c + v'"


def test_a_name_without_a_unit_says_where_its_dimension_comes_from() -> None:
    message = refusal("dw/dt = eta * (post - theta) * pre + eta * (post - rho) * pre", eta=1, theta=mV, rho=5 * Hz)
    assert message == (
        "'post' is in V and 'rho' is in 1/s, so they cannot be subtracted: 'post - rho' in the equation of dw/dt; "
        "post is in V because of 'post - theta'"
    )
    message = refusal(STDP, A_plus=nS, A_minus=mV, tau_plus=ms, tau_minus=ms)
    assert "is in S/s and 'A_minus * trace(post, tau_minus) * pre' is in V/s" in message
    assert "pre is taken to be in 1/s" in message


def test_the_reason_is_what_settled_a_dimension_and_not_what_first_used_the_name() -> None:
    message = refusal("a = post - h; b = h - theta; c = post - rho; dw/dt = a + b + c", theta=mV, rho=Hz)
    assert message.endswith("'post - rho' in the equation of c; post is in V because of 'h - theta'")


def test_a_long_subexpression_is_shortened() -> None:
    message = refusal("dw/dt = " + " + ".join(["tau"] * 80) + " + v", tau=ms, v=mV)
    assert len(message) < 600
    assert "'v' is in V" in message


@pytest.mark.parametrize("given", [20 * ms, 5 * Hz, 100 * pF])
def test_beside_a_unit_of_time_a_plain_time_constant_is_refused(given: Quantity) -> None:
    message = refusal("dw/dt = eta * trace(pre, tau) * post * step(a)", eta=1, tau=20, a=given)
    assert message == ("tau is a plain number, but 'trace(pre, tau)' needs it in s; give it a unit, such as ms")


def test_beside_a_unit_a_plain_number_must_be_pure_or_a_rate() -> None:
    message = refusal(STDP, A_plus=nS, A_minus=0.01, tau_plus=ms, tau_minus=ms)
    assert "A_minus is a plain number" in message
    assert "give it a unit, such as nS" in message
    message = refusal(STDP, nS, A_plus=0.01, A_minus=0.01, tau_plus=ms, tau_minus=ms)
    assert "A_plus is a plain number" in message
    assert infer("dw/dt = eta * (post - w)", eta=1, unused=ms)["eta"] == FREQUENCY


@pytest.mark.parametrize(
    ("text", "weight", "parameters", "named"),
    [
        ("dw/dt = eta * (pre + tau)", None, {"eta": 1, "tau": ms}, "pre would be in s because of 'pre + tau'"),
        ("dw/dt = eta * post * (pre - w)", nS, {"eta": 1}, "pre would be in S because of 'pre - w'"),
        (STDP, nS, {"A_plus": mV, "A_minus": mV, "tau_plus": ms, "tau_minus": ms}, "post would be in A/V**2/s"),
        (
            VOGELS,
            None,
            {"eta": 1, "rho0": 5 * mV, "tau": ms},
            "activity whose trace is taken is in 1/s or a pure number",
        ),
        (
            "dw/dt = eta * post * (pre - post * w)",
            nS,
            {"eta": 1},
            "the activity of a cell is a pure number or in 1/s or in V or in A or in mM",
        ),
    ],
)
def test_activity_has_a_dimension_that_activity_can_have(
    text: str, weight: Quantity | None, parameters: dict[str, float | Quantity], named: str
) -> None:
    assert named in refusal(text, weight, **parameters)


def test_plain_numbers_as_exponents_have_a_value() -> None:
    text = "dw/dt = lam * w_0**(1 - mu) * w**mu * trace(pre, tau) * post - k * (w / w_0)**(2 * mu / 0.8 + n - 1) * pre"
    known = {"lam": None, "mu": None, "n": None, "k": None, "w_0": CONDUCTANCE, "tau": TIME}
    values = {"lam": 0.1, "mu": 0.4, "n": 1.0, "k": 0.0}
    assert check(parse(text), known, CONDUCTANCE, values)["lam"] is None
    with pytest.raises(DimensionError, match=r"'w_0' must be a pure number, since its exponent is not a plain number"):
        check(parse(text), known, CONDUCTANCE)
    found = check(parse("dw/dt = v**p / tau"), {"v": VOLTAGE, "p": None, "tau": TIME}, None, {"p": 2.0})
    assert found["w"] == VOLTAGE**2


def test_a_plain_zero_goes_with_every_dimension() -> None:
    known = {"A_plus": CONDUCTANCE, "A_minus": None, "tau_plus": TIME, "tau_minus": TIME}
    assert check(parse(STDP), known, None, {"A_minus": 0.0})["A_minus"] == CONDUCTANCE
    with pytest.raises(DimensionError, match="A_minus is a plain number"):
        check(parse(STDP), known, None, {"A_minus": 0.1})


def test_a_pure_weight_is_no_unit_of_its_own() -> None:
    assert set(check(parse(STDP), dict.fromkeys(("A_plus", "A_minus", "tau_plus")), DIMENSIONLESS).values()) == {None}
    with pytest.raises(DimensionError, match="dw/dt must be in 1/s, since w is a pure number"):
        check(parse("dw/dt = v / tau"), {"v": VOLTAGE, "tau": TIME}, DIMENSIONLESS)


def test_a_weight_is_no_time() -> None:
    assert "the weight would be in s**2" in refusal("dw/dt = eta * pre * post + tau", eta=1, tau=ms)
    assert infer("dw/dt = eta * pre * post + tau", second**2, eta=second, tau=ms)["w"] == TIME**2  # type: ignore[arg-type]


# Random rules that agree by construction: `Typed` grows an expression of a wanted dimension from leaves of known ones.

DIMENSIONS = st.builds(Dimension, s=st.integers(-1, 1), V=st.integers(-1, 1), A=st.integers(-1, 1))
PURE_CALLS = ("exp", "log", "tanh", "sigmoid")
SAME_CALLS = ("abs", "relu", "sum_pre", "sum_post")
PARAMETERS = ("a", "b", "c", "d")


class Typed:
    """Draws expressions of a wanted dimension; `free` holds extra parameters made to fit, with their dimensions."""

    def __init__(self, draw: st.DrawFn, leaves: dict[Expr, Dimension]) -> None:
        self.draw, self.leaves = draw, leaves
        self.free: dict[str, Dimension] = {}

    def leaf(self, wanted: Dimension) -> Expr:
        """A known name, times a new parameter that mends its dimension."""
        name = self.draw(st.sampled_from(list(self.leaves)))
        missing = wanted / self.leaves[name]
        if missing == DIMENSIONLESS:
            return name
        mend = f"k{len(self.free)}"
        self.free[mend] = missing
        return Binary("*", Name(mend), name)

    def grow(self, wanted: Dimension, depth: int = 3) -> Expr:
        if not depth:
            return self.leaf(wanted)
        kinds: list[Callable[[], Expr]] = [
            lambda: self.leaf(wanted),
            lambda: Binary(
                self.draw(st.sampled_from("+-")), self.grow(wanted, depth - 1), self.grow(wanted, depth - 1)
            ),
            lambda: self.product(wanted, depth - 1),
            lambda: Negative(self.grow(wanted, depth - 1)),
            lambda: Call(self.draw(st.sampled_from(SAME_CALLS)), (self.grow(wanted, depth - 1),)),
            lambda: Call("max", (self.grow(wanted, depth - 1), Number(0.0), self.grow(wanted, depth - 1))),
            lambda: Call("mean", (self.grow(wanted, depth - 1), Name("tau"))),
            lambda: Call("trace", (self.no_cell(self.grow(wanted / TIME, depth - 1)), Name("tau"))),
            lambda: Call("sqrt", (self.grow(wanted**2, depth - 1),)),
            lambda: Call("reconstruct", (self.grow(wanted / self.leaves[Weight()], depth - 1),)),
        ]
        if wanted == DIMENSIONLESS:
            kinds += [
                lambda: Number(self.draw(st.floats(0.1, 9))),
                lambda: Call(self.draw(st.sampled_from(PURE_CALLS)), (self.grow(DIMENSIONLESS, depth - 1),)),
                lambda: Call("step", (self.grow(self.draw(DIMENSIONS), depth - 1),)),
                lambda: Call("nearest", (self.no_cell(self.grow(self.draw(DIMENSIONS), depth - 1)), Name("tau"))),
                lambda: Binary("**", self.grow(DIMENSIONLESS, depth - 1), self.grow(DIMENSIONLESS, depth - 1)),
            ]
        return self.draw(st.sampled_from(kinds))()

    def no_cell(self, signal: Expr) -> Expr:
        """`signal`, but not the bare activity of a cell, which a trace holds to be a rate or a pure number."""
        return Negative(signal) if signal in (PRE, POST) and self.leaves[signal] not in ACTIVITIES[:2] else signal

    def product(self, wanted: Dimension, depth: int) -> Expr:
        other = self.draw(DIMENSIONS)
        if self.draw(st.booleans()):
            return Binary("*", self.grow(other, depth), self.grow(wanted / other, depth))
        return Binary("/", self.grow(wanted * other, depth), self.grow(other, depth))


@st.composite
def agreeing_rules(draw: st.DrawFn) -> tuple[Equations, dict[str, Dimension], Dimension]:
    """A rule, the dimension of every parameter, and that of the weight: consistent by construction."""
    known = {name: draw(DIMENSIONS) for name in PARAMETERS} | {"tau": TIME}
    leaves: dict[Expr, Dimension] = {Name(name): dimension for name, dimension in known.items()}
    leaves |= {PRE: draw(st.sampled_from(ACTIVITIES)), POST: draw(st.sampled_from(ACTIVITIES))}
    assume(len({leaves[PRE], leaves[POST]}.difference(ACTIVITIES[:2])) < 2)
    leaves |= {Cell("post", "v"): draw(DIMENSIONS), Weight(): draw(DIMENSIONS)}
    leaves |= {Name("e"): draw(DIMENSIONS), Name("h"): draw(DIMENSIONS)}
    typed = Typed(draw, leaves)
    definition = typed.grow(leaves[Name("h")])
    variable = typed.grow(leaves[Name("e")] / TIME)
    weight = typed.grow(leaves[Weight()] / TIME)
    equations = Equations(weight, (("e", variable),), (("h", definition),))
    return equations, known | typed.free, leaves[Weight()]


@given(agreeing_rules())
def test_a_rule_that_agrees_passes(rule: tuple[Equations, dict[str, Dimension], Dimension]) -> None:
    equations, known, weight = rule
    found = check(equations, known, weight)
    assert {name: found[name] for name in known} == known
    assert found["w"] == weight


@given(agreeing_rules(), DIMENSIONS, DIMENSIONS)
def test_one_wrong_unit_in_a_sum_fails(
    rule: tuple[Equations, dict[str, Dimension], Dimension], right: Dimension, wrong: Dimension
) -> None:
    assume(right != wrong)
    equations, known, weight = rule
    summed = Binary("+", equations.weight, Binary("*", Weight(), Binary("/", Name("p"), Name("q"))))
    equations = Equations(summed, equations.variables, equations.definitions)
    check(equations, {**known, "p": right, "q": right * TIME}, weight)
    with pytest.raises(DimensionError):
        check(equations, {**known, "p": wrong, "q": right * TIME}, weight)


@given(agreeing_rules())
def test_volt_and_ampere_are_only_names(rule: tuple[Equations, dict[str, Dimension], Dimension]) -> None:
    equations, known, weight = rule

    def swapped(dimension: Dimension | None) -> Dimension | None:
        return None if dimension is None else Dimension(s=dimension.s, V=dimension.A, A=dimension.V)

    found = check(equations, known, weight)
    after = check(equations, {name: swapped(dimension) for name, dimension in known.items()}, swapped(weight))
    assert after == {name: swapped(dimension) for name, dimension in found.items()}


@given(
    expressions(("eta", "theta")),
    st.fixed_dictionaries({name: st.none() | DIMENSIONS for name in ("eta", "theta", "tau", "tau_plus")}),
    st.none() | DIMENSIONS,
)
@example(Binary("**", Name("eta"), Binary("/", Number(1.0), Number(1e-300))), {"eta": VOLTAGE}, None)
@example(Binary("**", Name("eta"), Binary("/", Number(1.0), Negative(Number(0.0)))), {"eta": VOLTAGE}, None)
def test_any_rule_gives_an_answer_or_a_dimension_error(
    expression: Expr, known: dict[str, Dimension | None], weight: Dimension | None
) -> None:
    refused = ""
    try:
        found = check(Equations(expression), known, weight)
    except DimensionError as error:
        refused = str(error)
    if refused:
        assert 20 < len(refused) < 2000
    else:
        assert all(found[name] == dimension for name, dimension in known.items() if dimension is not None)
        assert weight in (None, DIMENSIONLESS) or found["w"] == weight


def test_a_large_rule_takes_little_time() -> None:
    def balanced(parts: list[str]) -> str:
        half = len(parts) // 2
        return parts[0] if not half else f"({balanced(parts[:half])} + {balanced(parts[half:])})"

    equations = parse("dw/dt = " + balanced([f"n{i}" for i in range(900)]))
    begin = time.perf_counter()
    with pytest.raises(DimensionError, match="the weight would be in"):
        check(equations, {"n3": TIME})
    assert time.perf_counter() - begin < 1.0
