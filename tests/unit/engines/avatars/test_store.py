from dataclasses import replace
from pathlib import Path

import pytest

from engines.avatars.bundle import save
from engines.avatars.store import AvatarStore, UnknownAvatar, default_store
from tests.support.sample_avatar import sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(replace(sample(), name="zoe", title="Zoe"), tmp_path / "zoe")
    return tmp_path


def test_the_built_in_avatars_load() -> None:
    store = default_store()
    assert len(store.names()) >= 2
    for name in store.names():
        avatar, info = store.load(name), store.info(name)
        assert avatar.name == info.name == name
        assert info.title and info.credit and info.portrait.is_file()


def test_a_folder_of_ones_own_comes_before_the_built_in(folder: Path) -> None:
    own = default_store().names()[0]
    save(replace(sample(), name=own, title="Mine"), folder / own)
    store = default_store(folder)
    assert store.names() == sorted({*default_store().names(), "zoe"})
    assert store.info(own).title == "Mine"
    assert store.load("zoe").title == "Zoe"


@pytest.mark.parametrize("name", ["nobody", "", "../zoe", "zoe/", ".", "a\x00b", "/etc"])
def test_unknown_names_list_what_there_is(folder: Path, name: str) -> None:
    store = AvatarStore([folder])
    with pytest.raises(UnknownAvatar, match="zoe"):
        store.load(name)


def test_empty_and_missing_folders_have_no_names(tmp_path: Path) -> None:
    assert AvatarStore([tmp_path, tmp_path / "missing"]).names() == []
