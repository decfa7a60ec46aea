"""A plastic layer keeps torch's habits: train and eval, pieces and processes, state_dict, autocast, compile."""

from __future__ import annotations

import copy
import socket
from functools import partial
from typing import Any

import numpy as np
import pytest

from cofire import ArrayError, CofireError, DivergenceError, LanguageError, ParameterError, Rule, activations, rules
from cofire.estimators import soft_hebb
from cofire.units import ms

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

from cofire.torch import PRESETS, Plastic, accumulate, plastic, scales, soft_hebb_block, soft_hebb_net  # noqa: E402
from torch_layers.processes import images, learn, make_net  # noqa: E402


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def assert_close(one: Any, other: Any, atol: float = 1e-12) -> None:
    first, second = one.state_dict(), other.state_dict()
    assert set(first) == set(second)
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], rtol=0, atol=atol, msg=name)


@pytest.mark.parametrize("name", ["oja", "sanger", "bcm", "krotov_hopfield", "soft_hebb", "outstar"])
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_dense_layer_is_rule_step(name: str, reduce: Any) -> None:
    rule = rules.get(name)()
    layer = plastic(nn.Linear(6, 4, dtype=torch.float64), rule, activation=torch.tanh, reduce=reduce)
    w, state = layer.module.weight.clone(), None
    for _ in range(3):
        x = torch.rand(2, 5, 6, dtype=torch.float64)  # every axis but the last holds samples
        u = x.reshape(10, 6) @ w.T
        y = u + layer.module.bias
        given = {"post_drive": u} if name == "soft_hebb" else {}
        w, state = rule.step(w, pre=x.reshape(10, 6), post=torch.tanh(y), state=state, reduce=reduce, **given)
        output = layer(x)
        torch.testing.assert_close(output.reshape(10, 4), y)
    torch.testing.assert_close(layer.module.weight.data, w, rtol=0, atol=1e-14)
    for key, kept in state.items():
        torch.testing.assert_close(getattr(layer, key.replace(".", "_")), kept)


def test_a_dense_layer_learns_by_a_rule_that_does_not_separate() -> None:
    rule = Rule("dw/dt = 0.1 * abs(pre - w) * post")
    layer = plastic(nn.Linear(3, 2, bias=False), rule)
    x, w = torch.rand(4, 3), layer.module.weight.clone()
    layer(x)
    torch.testing.assert_close(layer.module.weight.data, rule.step(w, pre=x, post=x @ w.T)[0])


def test_nothing_learns_in_eval_and_no_graph_is_made() -> None:
    net = make_net().eval()
    before = copy.deepcopy(net)
    output = net(images(3))
    assert_close(net, before, atol=0)
    assert torch.equal(output, before(images(3)))
    assert not net.train()(images(3).requires_grad_()).requires_grad
    assert all(parameter.grad_fn is None for parameter in net.parameters())


def test_gradients_pass_in_eval() -> None:
    x = images(2).requires_grad_()
    make_net().eval()(x).sum().backward()
    assert x.grad is not None


def test_a_batch_in_pieces_is_the_batch() -> None:
    whole, pieces = make_net(), make_net()
    pieces.load_state_dict(whole.state_dict())
    for _ in range(2):
        with torch.no_grad():
            whole(images(7))
            with accumulate(pieces):
                for piece in images(7).split([1, 4, 2]):
                    pieces(piece)
    assert_close(whole, pieces)


def test_a_batch_in_pieces_of_pieces_waits_for_the_outer_one() -> None:
    one = plastic(torch.nn.Linear(5, 3), rules.oja(eta=0.1))
    other, x = copy.deepcopy(one), torch.randn(9, 5)
    one(x)
    with accumulate(other):
        with accumulate(other):
            other(x[:4])
        other(x[4:])
    assert other.steps == 1
    torch.testing.assert_close(other.module.weight, one.module.weight)


def test_an_exception_leaves_weights_as_they_were() -> None:
    net = make_net()
    before = copy.deepcopy(net)

    def stopped() -> None:
        with accumulate(net):
            net(images(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert_close(net, before, atol=0)
    net(images(2))
    before(images(2))
    assert_close(net, before, atol=0)


def test_a_batch_in_pieces_passes_by_layers_that_rest() -> None:
    net, whole = make_net(), make_net()
    whole.load_state_dict(net.state_dict())
    for part in (net, whole):
        part[2].eval()
    with accumulate(net):
        net(images(2))
    whole(images(2))
    assert_close(net, whole)
    assert [int(net[n].steps) for n in (0, 2, 4)] == [1, 0, 1]
    before = copy.deepcopy(net)
    with accumulate(net.eval()):
        net(images(2))
    assert_close(net, before, atol=0)


def test_no_layer_learns_from_a_batch_from_which_another_cannot() -> None:
    wild = plastic(nn.Linear(3, 2), rules.hebb(eta=1e38), activation=torch.ones_like)  # too much only when summed
    net = nn.Sequential(plastic(nn.Linear(4, 3), rules.oja()), wild)
    before = copy.deepcopy(net)

    def learn_in_pieces() -> None:
        with accumulate(net):
            net(torch.rand(100, 4))

    with pytest.raises(DivergenceError):
        learn_in_pieces()
    assert_close(net, before, atol=0)


def test_state_dict_goes_on_where_it_was() -> None:
    net, other = make_net(), make_net()
    net(images(4))
    assert {name.rpartition(".")[2] for name in net.state_dict()} >= {"steps"}
    assert any("tau_theta" in name for name in net.state_dict())
    other.load_state_dict(net.state_dict())
    net(images(4))
    other(images(4))
    assert_close(net, other, atol=0)


def test_to_moves_all_of_it() -> None:
    net = make_net().to(torch.float32)
    net(images(3).float())
    assert all(v.dtype in (torch.float32, torch.int64) for v in net.state_dict().values())
    assert net[0].steps == 1
    meta = copy.deepcopy(net).to("meta")
    assert all(v.device.type == "meta" for v in meta.state_dict().values())


def test_autocast_keeps_weights_in_their_type() -> None:
    net = make_net().float()
    plain = copy.deepcopy(net)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = net(images(4).float())
    plain(images(4).float())
    assert output.dtype == torch.bfloat16
    assert net[0].module.weight.dtype == torch.float32
    assert_close(net, plain, atol=0.03)  # bfloat16 holds 8 bits
    assert not torch.equal(net[0].module.weight, make_net().float()[0].module.weight)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_it_learns_the_same() -> None:
    net = make_net()
    plain = copy.deepcopy(net)
    compiled = torch.compile(net, backend="aot_eager")
    for _ in range(2):
        torch.testing.assert_close(compiled(images(4)), plain(images(4)))
    assert_close(net, plain)
    assert net[0].steps == 2


def test_two_processes_learn_as_one(tmp_path: Any) -> None:
    """To the last bit as one process that is given the same pieces, since a + b is b + a."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(learn, (port, str(tmp_path)), nprocs=2)
    torch.manual_seed(0)
    net, whole = make_net(), make_net()
    whole.load_state_dict(net.state_dict())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for part in images(12).split(6):
            with accumulate(net):
                for piece in part.split(3):
                    net(piece)
            whole(part)
    finally:
        torch.set_num_threads(threads)
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, tensor in net.state_dict().items():
            assert torch.equal(found[name], tensor), name
    assert_close(net, whole)


def test_unit_length_and_bounds() -> None:
    layer = plastic(nn.Conv2d(2, 3, 3), rules.hebb(eta=0.5, normalize="l2"))
    layer(torch.rand(2, 2, 6, 6))
    torch.testing.assert_close(torch.linalg.vector_norm(layer.module.weight.data.flatten(1), dim=1), torch.ones(3))
    layer = plastic(nn.Conv2d(2, 3, 3), rules.hebb(eta=100, bounds=(-0.25, 0.5)))
    layer(torch.rand(2, 2, 6, 6))
    assert layer.module.weight.min() >= -0.25
    assert layer.module.weight.max() <= 0.5


def test_a_modulator_and_a_target_come_with_the_input() -> None:
    rewarded = plastic(nn.Linear(3, 2, bias=False), Rule("dw/dt = reward * pre * post", signals="reward"))
    x, w = torch.rand(4, 3), rewarded.module.weight.clone()
    rewarded(x, reward=0.0)
    assert torch.equal(rewarded.module.weight, w)
    rewarded(x, reward=torch.tensor([1.0, 0, 0, 0]))
    torch.testing.assert_close(rewarded.module.weight.data, w + (x[:1] @ w.T).T @ x[:1] / 4)
    for layer, batch in ((nn.Linear(3, 2), torch.rand(2, 3)), (nn.Conv1d(3, 2, 1), torch.rand(2, 3, 1))):
        learns = plastic(layer, Rule("dw/dt = reward * pre * post", signals="reward"))
        for reward in (1, [1.0, 2.0], np.array([1.0, 2.0]), torch.ones(2, dtype=torch.float64), torch.ones(1)):
            learns(batch, reward=reward)
        with pytest.raises(ArrayError, match="reward cannot be read as numbers"):
            learns(batch, reward="much")
    told = plastic(nn.Conv1d(1, 1, 1, bias=False), rules.delta(eta=0.5))
    for _ in range(50):
        told(torch.ones(1, 1, 3), post_target=torch.full((1, 1, 3), 2.0))
    torch.testing.assert_close(told.module.weight.data, torch.full((1, 1, 1), 2.0))


def test_competition_about_another_response() -> None:
    """Krotov and Hopfield rank cells by the product of their p-norm, not by w·x."""

    def response(w: Any) -> Any:
        return w.sign() * w.abs() ** 2

    rule = rules.krotov_hopfield(p=3.0, eta=0.1)
    ranked = partial(activations.ranked, rank=2, depression=0.4)
    dense = plastic(nn.Linear(8, 5, bias=False), rule, activation=ranked, response=response)
    conv = plastic(nn.Conv2d(2, 5, 2, bias=False), rule, activation=ranked, response=response)
    conv.module.weight.copy_(dense.module.weight.view(5, 2, 2, 2))
    x, w = torch.rand(7, 8), dense.module.weight.clone()
    expected, _ = rule.step(w, pre=x, post=ranked(x @ response(w).T))
    dense(x)
    conv(x.view(7, 2, 2, 2))
    torch.testing.assert_close(dense.module.weight.data, expected)
    torch.testing.assert_close(conv.module.weight.data.flatten(1), expected)


def test_scales() -> None:
    w, change = torch.tensor([[3.0, 4.0], [0.6, 0.8]]), torch.tensor([[1.0, -2.0], [0.5, 0.0]])
    torch.testing.assert_close(scales.largest(change, w, 0.1), change / 2 * 0.1)
    torch.testing.assert_close(scales.slowing(change, w, 0.1), change / 2 * 0.1 * torch.tensor([[2.0], [0.01]]))
    slowed = torch.as_tensor(soft_hebb.slowed(w.numpy()))[:, None]  # never to a stop, as in the estimators
    torch.testing.assert_close(scales.slowing(change, w, 0.1), scales.largest(change, w, 0.1) * slowed)
    assert torch.equal(scales.largest(0 * change, w, 0.1), 0 * change)


def test_a_nan_in_an_image_is_named_by_its_place() -> None:
    images = torch.zeros(2, 1, 4, 4)
    images[1, 0, 2, 3] = torch.nan
    with pytest.raises(ArrayError, match=r"the input has shape \(2, 1, 4, 4\) .* the first at \[1, 0, 2, 3\]"):
        plastic(nn.Conv2d(1, 2, 3), rules.oja())(images)


REFUSED = [
    (lambda: plastic(nn.ReLU(), rules.oja()), ParameterError, "ReLU is refused"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja(), activation="relu"), ParameterError, "it must be a function"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja(), scale=0.1), ParameterError, "scale = 0.1 is refused"),
    (lambda: plastic(nn.Sequential(nn.Linear(1, 1)), rules.oja()), ParameterError, "the layers inside it"),
    (lambda: plastic(nn.ConvTranspose2d(1, 1, 1), rules.oja()), ParameterError, "ConvTranspose2d"),
    (lambda: plastic(3, rules.oja()), ParameterError, "module = 3"),
    (lambda: plastic(nn.LazyLinear(3), rules.oja()), ParameterError, "run it once"),
    (lambda: plastic(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), rules.oja()), ParameterError, "computed"),
    (lambda: plastic(nn.Linear(2, 2), "oja"), ParameterError, "rule = 'oja'"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja(), reduce="max"), ParameterError, "reduce = 'max'"),
    (lambda: plastic(nn.Linear(2, 2), rules.stdp_pair_nearest(), dt=1 * ms), ParameterError, "for spikes only"),
    (lambda: plastic(nn.Linear(2, 2), rules.stdp_pair()), ParameterError, "dt=1\\*ms"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja(), dt=-1), ParameterError, "dt = -1"),
    (lambda: plastic(nn.Conv1d(1, 1, 1), Rule("dw/dt = abs(pre - w)")), LanguageError, "abs\\(pre - w\\)"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja())(torch.rand(0, 2)), ArrayError, "batch is empty"),
    (lambda: plastic(nn.Conv1d(2, 2, 1), rules.oja())(torch.rand(0, 2, 3)), ArrayError, "batch is empty"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja())(torch.full((3, 2), torch.nan)), ArrayError, "NaN or infinite"),
    (lambda: plastic(nn.Linear(2, 2), rules.oja())(torch.rand(3, 2), reward=1), ArrayError, "no signal 'reward'"),
    (lambda: plastic(nn.Conv1d(1, 1, 1), rules.delta())(torch.rand(2, 1, 3)), ArrayError, "needs post_target="),
    (
        lambda: plastic(nn.Conv1d(1, 1, 1), rules.delta())(torch.rand(2, 1, 3), post_target=torch.rand(2, 1)),
        ArrayError,
        "expected \\(2, 1, 3\\)",
    ),
    (lambda: plastic(nn.Linear(2, 2), rules.oja())(torch.rand(3, 4)), RuntimeError, "shapes cannot be multiplied"),
    (
        lambda: plastic(nn.Conv1d(1, 1, 1), rules.hebb(eta=1e30))(torch.full((2, 1, 3), 1e10)),
        DivergenceError,
        "at step 1: .*; lower the learning rate",
    ),
    (lambda: plastic(nn.Linear(2, 3), rules.oja(), activation=partial(activations.ranked, rank=4, depression=0.1))(
        torch.rand(3, 2)), ParameterError, "rank = 4"),
]  # fmt: skip


@pytest.mark.parametrize(("work", "kind", "told"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refused(work: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        work()


def test_lowering_dt_slows_learning() -> None:
    layer = plastic(nn.Conv1d(1, 2, 2, bias=False), rules.hebb(eta=0.1))
    x, w = torch.rand(2, 1, 5), layer.module.weight.clone()
    layer.dt = 0.5
    layer(x)
    half = layer.module.weight - w
    layer.module.weight.copy_(w)
    layer.dt = 1
    layer(x)
    torch.testing.assert_close(layer.module.weight - w, 2 * half)
    layer.dt = 0
    with pytest.raises(CofireError, match="dt = 0"):
        layer(x)


@pytest.mark.parametrize("name", PRESETS)
def test_published_preset(name: str) -> None:
    """The shape of its features, without memory for its weights; and a step of its last block but one, thinned."""
    preset = PRESETS[name]
    with torch.device("meta"):
        net = soft_hebb_net(preset).eval()
        features = net(torch.empty(2, preset.image_channels, preset.size, preset.size))
    side = preset.size
    for block in preset.blocks:
        side //= block.pool_stride
    assert features.shape == (2, preset.blocks[-1].channels, side, side)
    assert sum(isinstance(part, Plastic) for part in net.modules()) == len(preset.blocks)


def test_every_layer_of_a_preset_learns_in_one_pass() -> None:
    first, second, third = PRESETS["cifar10"].blocks
    small = [copy.copy(block) for block in (first, second, third)]
    for block, channels in zip(small, (6, 8, 10), strict=True):
        object.__setattr__(block, "channels", channels)
    net = nn.Sequential(*(soft_hebb_block(n, block) for n, block in zip((3, 6, 8), small, strict=True)))
    before = copy.deepcopy(net)
    net(torch.rand(2, 3, 32, 32))
    for trained, untrained, block in zip(net, before, small, strict=True):
        w, old = trained[1].module.weight.data, untrained[1].module.weight.data
        assert trained[1].steps == 1
        change = (w - old).flatten(1)
        lengths = torch.linalg.vector_norm(old.flatten(1), dim=1)
        allowed = block.rate * (lengths - 1).abs().sqrt()
        assert (change.abs().amax(1) <= allowed * (1 + 1e-3)).all()
        torch.testing.assert_close((change.abs().amax(1) / allowed).max(), torch.tensor(1.0), rtol=1e-2, atol=0)


def test_soft_hebb_block_is_its_equations() -> None:
    """One step, worked out pixel by pixel from the paper."""
    block = PRESETS["cifar10"].blocks[1]
    block = copy.copy(block)
    object.__setattr__(block, "channels", 3)
    net = soft_hebb_block(2, block).double()
    x = torch.rand(2, 2, 4, 4, dtype=torch.float64)
    w = net[1].module.weight.clone().flatten(1).numpy()
    net(x)
    normal = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), keepdim=True, correction=0) + 1e-5).sqrt()
    padded = np.pad(normal.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
    change = np.zeros_like(w)
    for n in range(2):
        for i in range(4):
            for j in range(4):
                patch = padded[n, :, i : i + 3, j : j + 3].ravel()
                u = w @ patch
                q = np.exp(block.temperature * (u - u.max()))
                q /= q.sum()
                y = np.where(np.arange(3) == u.argmax(), q, -q)
                change += y[:, None] * (patch - u[:, None] * w)
    rate = block.rate * np.abs(np.linalg.norm(w, axis=1, keepdims=True) - 1) ** 0.5
    expected = w + rate * change / np.abs(change).max()
    np.testing.assert_allclose(net[1].module.weight.data.flatten(1).numpy(), expected, rtol=1e-10)
