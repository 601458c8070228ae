"""In which role somebody looks: the one place where a door asks what it may show in full."""

from __future__ import annotations

from collections.abc import Collection

from govdata.errors import GovdataError
from govdata.standards import suggestion
from govdata.standards.model import Registry
from govdata.standards.role_settings import Door, Role
from govdata.standards.roles import FILE
from govdata.storage import access_log


def role_of(registry: Registry, name: str | None, door: Door, *, reveal: bool, purpose: str | None) -> Role | None:
    """Whose eyes see values in full by that door: with ``reveal`` the role called ``name``, else None. Raises
    ``GovdataError`` where the role is not declared or the account may not take it, revealed or not; and with ``reveal``
    where no role or purpose is named or the role sees nothing by that door."""
    found = _known(registry, name) if name is not None else None
    if not reveal:
        return None
    if found is None:
        raise GovdataError(f"看未脱敏的值须说明角色：--role（{_listed(registry, door)}）")
    if door not in found.doors:
        raise GovdataError(f"角色“{name}”（{found.name}）在 {door} 中不看未脱敏的值；可以的：{_listed(registry, door)}")
    if not (purpose or "").strip():
        raise GovdataError("看未脱敏的值须写明用途：--purpose")
    return found


def _known(registry: Registry, name: str) -> Role:
    known = registry.roles
    if name not in known:
        told = f"没有声明角色“{name}”{suggestion(name, known)}"
        raise GovdataError(f"{told}；standards/{FILE} 有：{'、'.join(known) or '无'}")
    found = known[name]
    if found.groups and not set(found.groups) & set(_groups()):
        raise GovdataError(f"本账户不在角色“{name}”（{found.name}）的用户组内：{'、'.join(found.groups)}")
    return found


def _listed(registry: Registry, door: Door) -> str:
    able = [f"{name} {role.name}" for name, role in registry.roles.items() if door in role.doors]
    return "、".join(able) or f"standards/{FILE} 没有声明这样的角色"


def _groups() -> Collection[str]:
    """The groups of the account that runs this process; none where the system has no such groups."""
    try:
        import grp
        import os
        import pwd
    except ImportError:  # Windows
        return ()
    account = access_log.account()
    try:
        numbers = os.getgrouplist(account, pwd.getpwnam(account).pw_gid)
    except KeyError:  # an account without a name
        numbers = os.getgroups()
    names = []
    for number in numbers:
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            continue
    return names
