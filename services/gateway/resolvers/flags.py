"""The permission flags of 2018 that `self.permissions` shows.

Source: houston.md, section 4.4.
"""

from typing import Final

_GLOBAL: Final = (
    *(f"global_user_{verb}" for verb in ("create", "list", "view", "update", "delete", "invite")),
    *(f"global_group_{verb}" for verb in ("create", "list", "view", "update", "delete")),
    *(f"global_group_user_{verb}" for verb in ("add", "remove", "list", "manage_permissions")),
    *(f"global_role_{verb}" for verb in ("create", "list", "view", "update", "delete")),
    *(f"global_workspace_{verb}" for verb in ("create", "list", "view", "update", "delete")),
    *(f"global_workspace_user_{verb}" for verb in ("add", "remove", "list", "invites")),
    *(
        f"global_deployment_{verb}"
        for verb in ("create", "list", "view", "update", "delete", "resources", "images", "external")
    ),
    *(f"global_service_account_{verb}" for verb in ("create", "list", "view", "update", "delete")),
    *(f"global_system_setting_{verb}" for verb in ("list", "view", "update")),
)
_OWN: Final = (
    "user_user_view",
    "user_user_update",
    "user_user_delete",
    "user_service_account",
    "user_workspace_list",
    "user_workspace_create",
)


def permission_flags(*, is_admin: bool, is_user: bool) -> dict[str, bool]:
    """Return every flag: the global ones for a system administrator, those of "Manage self" for every user."""
    return {**dict.fromkeys(_GLOBAL, is_admin), **dict.fromkeys(_OWN, is_user)}
