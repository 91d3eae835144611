"""The work is found wherever it lies and whatever its files are called, if only one file fits; else it is said."""

import random
import time
from pathlib import PurePosixPath

import pytest

from autograder.intake import layout
from autograder.intake.entries import Entry, Unreadable
from autograder.intake.layout import Layout, Nothing, lay_out
from autograder.intake.rules import Rules

NOTEBOOKS = ("FullyConnectedNets.ipynb", "Dropout.ipynb", "PyTorch.ipynb")
MODULES = (
    "nets/__init__.py",
    "nets/layers.py",
    "nets/optim.py",
    "nets/fast.pyx",
    "nets/more/__init__.py",
    "nets/more/fc_net.py",
)
MODELS = ("models/part1.npz", "models/part5.weights.h5")
RULES = Rules("nets", ((".npz", 2**20), (".h5", 2**20)), ("datasets",), NOTEBOOKS, MODULES, MODELS)
WORK = (*NOTEBOOKS, *MODULES, *MODELS)


def laid(*names: str | tuple[str, float | None]) -> Layout:
    """Lay out files with these names, or names and times; a name with a slash at its end is a folder."""
    both = [(one, None) if isinstance(one, str) else one for one in names]
    return lay_out(
        [Entry(name.rstrip("/"), size=1, is_folder=name.endswith("/"), time=when) for name, when in both], RULES
    )


def taken(*names: str | tuple[str, float | None]) -> dict[str, str]:
    """Return the names in the submission, each with its name in what was handed in."""
    plain = [one if isinstance(one, str) else one[0] for one in names]
    return {target: plain[number] for number, target in laid(*names).targets.items()}


def under(folder: str, names: tuple[str, ...] = WORK) -> list[str]:
    return [folder + name for name in names]


@pytest.mark.parametrize(
    "folder",
    ["", "./", "work/", "a/b/", "repository-main/assignment 2/", "submission/", "a/b/c/", "nets/", "Ärger 📝 [1]/", "my work./", "x" * 200 + "/",
     "Ba\u0308r/", "b\udce4r/", "C\\D\\", "CON/", "a:b?/", "tests2/", "homework (1)/homework/"],
)  # fmt: skip
def test_the_work_is_found_in_any_folder(folder: str) -> None:
    assert taken(*under(folder)) == {name: folder + name for name in WORK}
    assert laid(*under(folder)).notes == laid(*under(folder)).left_out == ()
    assert sorted(taken(*under(folder.replace("/", "\\")))) == sorted(WORK)


def test_backslashes_are_read_as_slashes() -> None:
    assert set(taken(*(f"hw\\{name}".replace("/", "\\") for name in WORK))) == set(WORK)


@pytest.mark.parametrize(
    ("package", "notebooks"),
    [
        ("", "notebooks/"),
        ("code/", ""),
        ("a/code/", "a/notebooks/"),
        ("submission/src/", "submission/"),
        ("x/", "y/z/"),
    ],
)
def test_package_and_notebooks_in_different_folders_are_joined(package: str, notebooks: str) -> None:
    names = [*under(package, MODULES), *under(notebooks, NOTEBOOKS), *under(notebooks, MODELS)]
    assert set(taken(*names)) == set(WORK)
    assert any("notebooks were found" in note for note in laid(*names).notes)


def test_notebooks_in_a_folder_each() -> None:
    names = [*MODULES, *(f"{name.removesuffix('.ipynb')}/{name}" for name in NOTEBOOKS)]
    assert set(taken(*names)) == {*MODULES, *NOTEBOOKS}


def test_what_else_is_in_the_package_comes_along() -> None:
    assert taken(*under("code/", ("nets/layers.py", "nets/own/helpers.py")), "PyTorch.ipynb", "util.py").keys() == {
        "nets/layers.py", "nets/own/helpers.py", "PyTorch.ipynb", "util.py",
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["", "code/", "hw/code/"])
def test_loose_modules_are_recognised_by_name(folder: str) -> None:
    names = [folder + name.rpartition("/")[2] for name in MODULES if not name.endswith("__init__.py")]
    found = taken(*names, "Dropout.ipynb")
    assert {name: source for name, source in found.items() if name.startswith("nets/")} == {
        name: folder + name.rpartition("/")[2] for name in MODULES if not name.endswith("__init__.py")
    }
    said = laid(*names, "Dropout.ipynb").notes
    assert f"{folder}layers.py was taken as nets/layers.py" in said[0]
    assert "Not handed in: nets/__init__.py and nets/more/__init__.py." in said


def test_a_package_without_its_name_keeps_its_form() -> None:
    for folder in ("", "code/"):
        names = [f"{folder}{name.removeprefix('nets/')}" for name in MODULES]
        assert set(taken(*names)) == set(MODULES)
        assert set(taken(*names, f"{folder}helpers.py")) == {*MODULES, "nets/helpers.py"}
        assert set(taken(*names, "PyTorch.ipynb", "models/part1.npz")) == {
            *MODULES,
            "PyTorch.ipynb",
            "models/part1.npz",
        }


def test_a_module_that_lies_beside_its_package_joins_it() -> None:
    assert taken("nets/optim.py", "layers.py")["nets/layers.py"] == "layers.py"
    found = laid("nets/optim.py", "nets/layers.py", "layers.py")
    assert found.targets == {0: "nets/optim.py", 1: "nets/layers.py", 2: "layers.py"}


def test_loose_models() -> None:
    found = laid("nets/layers.py", "part1.npz", "PyTorch.ipynb", "weights/part5.weights.h5")
    assert {"models/part1.npz", "models/part5.weights.h5"} < set(found.targets.values())
    assert "part1.npz was taken as models/part1.npz" in " ".join(found.notes)
    assert taken("models/part1.npz") == {"models/part1.npz": "models/part1.npz"}
    assert taken("part1 (1).npz") == {"models/part1.npz": "part1 (1).npz"}
    assert taken("hw/PyTorch.ipynb", "hw/models/part1.npz").keys() == {"PyTorch.ipynb", "models/part1.npz"}


RENAMED = (
    "FullyConnectedNets (1).ipynb", "FullyConnectedNets(2).ipynb", "FullyConnectedNets-Copy1.ipynb", "FullyConnectedNets copy.ipynb",
    "FullyConnectedNets copy 2.ipynb", "FullyConnectedNets - Copy.ipynb", "FullyConnectedNets - Copy (2).ipynb", "FullyConnectedNets - Kopie.ipynb",
    "Copy of FullyConnectedNets.ipynb", "Kopie von FullyConnectedNets.ipynb", "fullyconnectednets.ipynb", "FULLYCONNECTEDNETS.IPYNB",
    "fully_connected_nets.ipynb", "Fully Connected Nets.ipynb", "fully-connected-nets.ipynb", "FullyConnectedNets.ipynb.json",
    "FullyConnectedNets.ipynb.txt", "FullyConnectedNets", "FullyConnectedNets.ipynb (1).txt", "FullyConnectedNets (1).ipynb.json",
    "FullyConnectedNets.ipynb.ipynb", "FullyConnectedNets 2.ipynb", "FullyConnectedNets-1.ipynb", "FullyConnectedNets[1].ipynb",
    "FullyConnectedNets .ipynb", "FullyConnectedNets.ipynb.", "FullyConnectedNets.ipynb ", "FullyConnectedNets?.ipynb", "FullyConnectedNets\u200b.ipynb",
    "ＦｕｌｌｙConnectedNets.ipynb", "doejane_123456_7891011_FullyConnectedNets.ipynb", "doejane_LATE_12_34_FullyConnectedNets-1.ipynb",
    "Jane Doe_1234567_assignsubmission_file_FullyConnectedNets.ipynb", "jane_FullyConnectedNets.ipynb", "FullyConnectedNets_Jane_Doe.ipynb",
    "x_fullyconnectednets_final.ipynb", "FullyConnectedNets-final-v2.ipynb", "Müller FullyConnectedNets.ipynb", "A2 Fully Connected Nets Jane.ipynb",
    "Fully%20Connected%20Nets.ipynb", "FullyConnectedNets%20%281%29.ipynb", "FullyConnectedNets的副本.ipynb",
    "FullyConnectedNets.json", "FullyConnectedNets (Jane Doe).ipynb", "FullyConnectedNets_.ipynb",
)  # fmt: skip


@pytest.mark.parametrize("name", RENAMED)
@pytest.mark.parametrize("folder", ["", "work/"])
def test_a_renamed_notebook_is_recognised_and_said(name: str, folder: str) -> None:
    names = under(folder, (*MODULES, name, "Dropout.ipynb"))
    assert taken(*names)["FullyConnectedNets.ipynb"] == folder + name
    assert any("was taken as FullyConnectedNets.ipynb" in note for note in laid(*names).notes)
    assert all(note.isprintable() for note in laid(*names).notes)


@pytest.mark.parametrize(
    "name",
    ["FullyConnectedNets notes.ipynb", "PyTorch tutorial.ipynb", "Nets.ipynb", "ConnectedNets.ipynb", "Dropouts.ipynb", "dropout_test.ipynb",
     "PyTorch and Dropout.ipynb", "solution PyTorch.ipynb", "FullyConnectedNets.pdf", "FullyConnectedNets.html", "Untitled.ipynb", "old_Dropout.ipynb",
     "Dropout notes.txt", "Dropout.py"],
)  # fmt: skip
def test_a_name_that_may_mean_something_else_is_not_taken_for_the_work(name: str) -> None:
    assert not set(taken(*MODULES, name)) & set(NOTEBOOKS)


def test_more_words_count_only_if_one_file_has_them() -> None:
    assert "PyTorch.ipynb" not in taken(*MODULES, "jane_PyTorch.ipynb", "PyTorch_jane.ipynb")
    assert taken(*MODULES, "jane_PyTorch.ipynb", "PyTorch.ipynb")["PyTorch.ipynb"] == "PyTorch.ipynb"
    assert taken(*MODULES, ("jane_PyTorch.ipynb", 9e8), ("PyTorch.ipynb", 1e8))["PyTorch.ipynb"] == "PyTorch.ipynb"


@pytest.mark.parametrize(
    "other",
    ["Dropout (1).ipynb", "Dropout-Copy1.ipynb", "dropout.ipynb", "Dropout.ipynb.json", "Copy of Dropout.ipynb"],
)
@pytest.mark.parametrize(
    ("exact", "copy", "counts"),
    [
        (1e9, 1e9 + 100, "copy"),
        (1e9 + 100, 1e9, "exact"),
        (1e9, 1e9, "exact"),
        (1e9, 1e9 + 1, "exact"),
        (None, 1e9, "exact"),
        (1e9, None, "exact"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_the_newer_counts(
    other: str, exact: float | None, copy: float | None, counts: str, turned: bool
) -> None:
    both = [("w/Dropout.ipynb", exact), (f"w/{other}", copy)]
    found = laid("w/nets/layers.py", *(reversed(both) if turned else both))
    winner, loser = ("Dropout.ipynb", other) if counts == "exact" else (other, "Dropout.ipynb")
    number = next(number for number, target in found.targets.items() if target == "Dropout.ipynb")
    assert ["w/nets/layers.py", *(name for name, _ in (reversed(both) if turned else both))][number] == f"w/{winner}"
    (said,) = [note for note in found.notes if "left out" in note]
    assert winner in said
    assert loser in said
    assert ("newer" in said) == (
        None not in (exact, copy) and abs((exact or 0) - (copy or 0)) > 2
    ) or "nothing tells" in said
    assert f"{loser} ({winner} counts)" in found.left_out
    assert len(found.targets) == 2


def test_two_copies_without_the_exact_name() -> None:
    assert (
        taken(*MODULES, ("Dropout (1).ipynb", 5.0), ("Dropout (2).ipynb", 50.0))["Dropout.ipynb"] == "Dropout (2).ipynb"
    )
    found = laid(*MODULES, "Dropout (1).ipynb", "Dropout (2).ipynb")
    assert "Dropout.ipynb" not in found.targets.values()
    assert "nothing tells which one is newer" in found.notes[0]


def test_a_notebook_in_several_folders() -> None:
    found = laid(*MODULES, "a/Dropout.ipynb", "b/Dropout.ipynb")
    assert "Dropout.ipynb" not in found.targets.values()
    assert found.notes == (
        "Dropout.ipynb was not taken, because it lies in several folders (a/Dropout.ipynb and b/Dropout.ipynb): hand in one.",
    )
    assert taken(*MODULES, "a/Dropout.ipynb", "Dropout.ipynb")["Dropout.ipynb"] == "Dropout.ipynb"
    assert taken(*MODULES, "a/Dropout.ipynb", "a/old/Dropout.ipynb")["Dropout.ipynb"] == "a/Dropout.ipynb"


@pytest.mark.parametrize(
    "name",
    [
        "layers (1).py",
        "layers-Copy1.py",
        "Layers.py",
        "layers.py.txt",
        "layers copy.py",
        "layers.py.",
        "layers (1).py.txt",
    ],
)
def test_a_renamed_module_is_recognised(name: str) -> None:
    assert taken("nets/optim.py", f"nets/{name}")["nets/layers.py"] == f"nets/{name}"
    assert taken("optim.py", name)["nets/layers.py"] == name
    both = laid(("nets/layers.py", 1e9), (f"nets/{name}", 1e9))
    assert both.targets[0] == "nets/layers.py"


def test_of_two_modules_the_newer_counts_but_other_case_is_another_module() -> None:
    assert taken(("nets/layers.py", 1e8), ("nets/layers (1).py", 1e9))["nets/layers.py"] == "nets/layers (1).py"
    assert taken(("nets/layers.py", 1e8), ("nets/LAYERS.py", 1e9))["nets/layers.py"] == "nets/layers.py"
    assert taken(("nets/layers.py", 1e8), ("nets/layers_2.py", 1e9)).keys() == {"nets/layers.py", "nets/layers_2.py"}


@pytest.mark.parametrize("folder", ["Nets", "NETS", "nets (1)", "nets copy", "nets-Copy1", "nets."])
def test_a_renamed_package_is_recognised(folder: str) -> None:
    found = laid(*(name.replace("nets/", f"hw/{folder}/") for name in MODULES))
    assert set(found.targets.values()) == set(MODULES)
    assert found.notes == (f"The folder hw/{folder} was taken as the package nets.",)


SEVERAL = (["a/nets/layers.py", "b/nets/layers.py"], ["x/a/nets/optim.py", "x/b/nets/layers.py", "x/c/nets/layers.py"])


@pytest.mark.parametrize("names", SEVERAL)
def test_several_packages_are_said(names: list[str]) -> None:
    with pytest.raises(Unreadable, match=r"holds several nets packages \(.*\): hand in one of them"):
        laid(*names)


@pytest.mark.parametrize(
    "junk",
    [
        "venv/lib/python3.12/site-packages/",
        "venv/Lib/site-packages/",
        ".git/x/",
        "__MACOSX/",
        "node_modules/",
        "myenv/lib/python3.11/site-packages/",
        ".backup/",
    ],
)
def test_a_package_in_a_folder_that_nobody_writes_is_not_the_work(junk: str) -> None:
    assert taken(f"{junk}nets/layers.py", "work/nets/layers.py") == {"nets/layers.py": "work/nets/layers.py"}


def test_the_outer_package_counts_and_one_with_notebooks() -> None:
    assert taken("nets/layers.py", "old/nets/layers.py").keys() == {"nets/layers.py", "old/nets/layers.py"}
    assert (
        laid("hw/nets/layers.py", "hw/old/nets/layers.py").notes[0]
        == "The package in hw/nets/ counts, and not hw/old/nets."
    )
    course = ["a1/nets/layers.py", "a1/knn.ipynb", "a2/nets/layers.py", "a2/Dropout.ipynb", "a3/nets/layers.py"]
    assert taken(*course).items() >= {("nets/layers.py", "a2/nets/layers.py"), ("Dropout.ipynb", "a2/Dropout.ipynb")}
    assert taken("nets/nets/layers.py", "nets/README.md") == {"nets/layers.py": "nets/nets/layers.py"}


def test_parts_of_the_work_are_taken_alone() -> None:
    assert taken("Dropout.ipynb") == {"Dropout.ipynb": "Dropout.ipynb"}
    assert taken("deep/er/Dropout.ipynb") == {"Dropout.ipynb": "deep/er/Dropout.ipynb"}
    assert set(taken(*MODULES)) == set(MODULES)
    assert laid("nets/layers.py").notes[0].startswith("Not handed in: nets/__init__.py, nets/optim.py, ")
    assert laid("knn.ipynb").notes == ("Not recognised as notebooks of this assignment: knn.ipynb.",)
    assert (
        "Not recognised as notebooks of this assignment: knn.ipynb."
        in laid(*MODULES, "Dropout.ipynb", "knn.ipynb").notes
    )
    assert not laid(*WORK, "knn.ipynb").notes


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["README.md"],
        ["nets/"],
        ["main.py", "report.pdf"],
        [".venv/nets/layers.py"],
        ["../nets/layers.py", "/nets/layers.py"],
    ],
)
def test_nothing_to_grade_is_said(names: list[str]) -> None:
    with pytest.raises(Nothing, match="holds no nets package and no notebook"):
        laid(*names)


CROWDS = (
    [f".venv/lib/python3.12/site-packages/pkg{i % 90}/m{i}.py" for i in range(60_000)],
    [f"a_env/lib/python3.12/site-packages/pkg{i % 90}/m{i}.py" for i in range(60_000)],
    [f"anaconda/lib/python3.12/m{i}.py" for i in range(5_000)] + ["anaconda/conda-meta/history"],
    [f"Env/Lib/m{i}.py" for i in range(500)] + ["Env/pyvenv.cfg", "Env/Scripts/activate.py"],
    [f"node_modules/p{i}/index.js" for i in range(60_000)],
    [f"data/train/{i}.png" for i in range(60_000)],
    [f"aaa/m{i}.py" for i in range(5_000)],
    [f"checkpoints/epoch{i}.npz" for i in range(3_000)],
    [f".git/objects/{i % 256:02x}/{i}" for i in range(20_000)],
    [f"__MACOSX/hw/._{i}" for i in range(2_000)],
    [f"{i}.txt" for i in range(30_000)],
)  # fmt: skip


@pytest.mark.parametrize("crowd", CROWDS, ids=[names[0].partition("/")[0] for names in CROWDS])
@pytest.mark.parametrize("folder", ["", "hw/"])
def test_no_crowd_pushes_the_work_out(crowd: list[str], folder: str) -> None:
    names = [folder + name for name in (*crowd, *WORK)]
    start = time.process_time()
    found = lay_out([Entry(name, size=2**10) for name in names], RULES)
    assert time.process_time() - start < 20
    sources = {target: names[number] for number, target in found.targets.items()}
    assert {name: sources.get(name) for name in WORK} == {name: folder + name for name in WORK}
    assert len(found.targets) <= len(WORK) + layout.MAX_FILES
    assert len(found.left_out) <= 2
    if crowd[0].startswith((".venv", "a_env", "node", ".git", "__MACOSX")):
        assert f"{len(crowd):,} files" in found.left_out[0]


def test_work_in_the_folder_of_an_environment() -> None:
    """Students make an environment in the folder of the assignment, or unpack the assignment in an environment."""
    for folder in ("", "env/"):
        junk = [
            f"{folder}{name}"
            for name in ("pyvenv.cfg", "bin/python.py", "lib/python3.12/site-packages/nets/layers.py", "include/x.py")
        ]
        assert set(taken(*junk, *under(folder))) == set(WORK)


def test_large_files_do_not_push_the_work_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "MAX_TOTAL", 1000)
    sized = [("a.py", 600), ("b.py", 600), ("nets/layers.py", 500), ("Dropout.ipynb", 300)]
    found = lay_out([Entry(name, size=size) for name, size in sized], RULES)
    assert set(found.targets.values()) == {"nets/layers.py", "Dropout.ipynb"}
    assert found.left_out == ("a.py (too large)", "b.py (too large)")


def test_many_left_out_files_of_a_folder_are_one_line() -> None:
    found = laid(*WORK, *(f"out/run{i}.pt" for i in range(400)), "a.pt", "out2/b.pt")
    assert found.left_out == (
        "a.pt (not a kind of file that is accepted)", "out/ (400 files, not a kind of file that is accepted)",
        "out2/b.pt (not a kind of file that is accepted)",
    )  # fmt: skip


def test_what_intake_skips_is_listed_with_what_it_holds() -> None:
    junk = [".venv/x.py", "node_modules/a.js", "node_modules/b.js", ".git/HEAD", "__MACOSX/._a", "datasets/big.npz", "datasets/fetch.py", "nets/datasets/get.sh", "nets/__pycache__/a.pyc", ".cache/x",
            "nets/more/__pycache__/b.pyc", "tests/test_x.py", "nets/checks/check.py", "x.egg-info/PKG-INFO"]  # fmt: skip
    assert laid(*WORK, *junk).left_out == (
        ".cache/ (1 file, a hidden folder)", ".git/ (1 file, version control)", ".venv/ (1 file, a virtual environment)",
        "__MACOSX/ (1 file, files that macOS adds)", "__pycache__/ (2 files, a cache)", "datasets/ (1 file, data)",
        "node_modules/ (2 files, installed packages)",
    )  # fmt: skip


HOSTILE = (
    [f"d{i}/nets/layers.py" for i in range(20_000)],
    [f"d{i}/Dropout.ipynb" for i in range(20_000)],
    [f"d{i}/layers.py" for i in range(20_000)],
    [f"Dropout ({i % 900}){' copy' * (i % 60)}.ipynb" for i in range(20_000)],
    ["a/" * 30_000 + f"{i}.py" for i in range(100)],
    ["a/" * 30_000 + f"site-packages/{i}.py" for i in range(100)],
    ["\\/" * 20_000 + f"{i}.py" for i in range(100)],
    ["/" * 60_000 + f"\\{i}.py" for i in range(100)],
    [" (1)" * 15_000 + f"{i}.py" for i in range(100)],
    [f"lib/{i}/lib/site-packages/x.py" for i in range(20_000)],
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_names_take_little_time(number: int) -> None:
    start = time.process_time()
    for names in (HOSTILE[number], ["nets/layers.py", *HOSTILE[number]]):
        try:
            said = lay_out([Entry(name, size=1) for name in names], RULES).notes
        except Unreadable as why:
            said = (str(why),)
        assert max(map(len, said), default=0) < 5_000
    assert time.process_time() - start < 30


@pytest.mark.parametrize("seed", range(3))
def test_any_names_give_a_layout_or_one_sentence(seed: int) -> None:
    """Hostile names: every target is safe, no two fall together, and nothing takes long."""
    chance = random.Random(seed)
    bits = ["nets", "Nets", "layers.py", "layers (1).py", "Dropout.ipynb", "dropout.ipynb", "..", ".", "", "a", "CON.py", "x" * 300, "\x1b", "\udcff",
            "é", "e\u0301", "C:", "models", "part1.npz", "lib", "site-packages", "pyvenv.cfg", "x.zip", "\\", "b.py", "(1)(1)(1)", "copy " * 60]  # fmt: skip
    for _ in range(400):
        names = {"/".join(chance.choices(bits, k=chance.randint(1, 6))) for _ in range(chance.randint(0, 30))}
        entries = [
            Entry(name, size=1, is_folder=chance.random() < 0.1, time=chance.choice([None, 5.0, 50.0]))
            for name in sorted(names)
        ]
        try:
            found = lay_out(entries, RULES)
        except Unreadable as why:
            assert str(why).isprintable()
            continue
        targets = list(found.targets.values())
        assert len({target.casefold() for target in targets}) == len(targets)
        for target in targets:
            assert not PurePosixPath(target).is_absolute()
            assert not {"..", ".", ""} & set(target.split("/"))
            assert target.isprintable()
            assert PurePosixPath(target).suffix in RULES.limits
        assert all(said.isprintable() for said in (*found.notes, *found.left_out))


@pytest.mark.parametrize(
    ("name", "when", "why"),
    [
        ("nets/fast.cp39-win_amd64.pyd", 2000.0, "is of another system or another Python"),
        ("nets/fast.cpython-311-darwin.so", None, "is of another system or another Python"),
        ("nets/fast.so", 1.0, "is older than its source"),
        (f"nets/fast{layout.OWN}", 1.0, "is older than its source"),
        (f"nets/fast{layout.OWN}", 1990.0, ""),
        (f"nets/fast{layout.OWN}", None, ""),
        ("nets/fast.so", 3000.0, ""),
        ("nets/fast.c", 1.0, ""),
        ("nets/other.cp39-win_amd64.pyd", 1.0, ""),
    ],
)
@pytest.mark.parametrize("folder", ["", "work/"])
def test_a_library_that_is_not_that_of_its_source_is_said(folder: str, name: str, when: float | None, why: str) -> None:
    found = laid(*((folder + one, 2000.0) for one in WORK), (folder + name, when))
    assert folder + name not in found.targets.values()
    assert found.notes == ((f"{folder}{name} {why}, which is built anew here.",) if why else ())


@pytest.mark.parametrize("folders", [("a/", "b/"), ("x/y/", "z/")])
def test_a_loose_module_in_two_folders_is_not_taken(folders: tuple[str, str]) -> None:
    found = laid(*(f"{folder}layers.py" for folder in folders), *NOTEBOOKS)
    assert "nets/layers.py" not in found.targets.values()
    assert any("nets/layers.py was not taken, because it lies in several folders" in one for one in found.notes)
