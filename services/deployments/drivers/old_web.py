"""How the web server of an Airflow 2 knows people: by the tokens that the door brings, as Airflow 3 does by itself."""

from typing import Final

WEB_CONFIGURATION: Final = '''\
import os

import jwt
from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
from flask_appbuilder.const import AUTH_DB

AUTH_TYPE = AUTH_DB
WTF_CSRF_ENABLED = True
WTF_CSRF_TIME_LIMIT = None


class SecurityManager(FabAirflowSecurityManagerOverride):
    """Knows who brings a token of the door; nobody else can sign one."""

    def create_login_manager(self):
        manager = super().create_login_manager()
        manager.request_loader(self.user_of)
        return manager

    def user_of(self, request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        try:
            said = jwt.decode(
                token,
                os.environ["AIRFLOW__API_AUTH__JWT_SECRET"],
                algorithms=["HS512"],
                audience="apache-airflow",
                options={"require": ["sub", "role", "exp"]},
            )
        except jwt.InvalidTokenError:
            return None
        role = self.find_role(said["role"].capitalize())
        user = self.find_user(username=said["sub"]) or self.made(said["sub"], role)
        if user and user.roles != [role]:
            user.roles = [role]
            self.update_user(user)
        return user

    def made(self, name, role):
        address = name + "@aerodrome.invalid"
        user = self.add_user(username=name, first_name=name, last_name="", email=address, role=role)
        return user or self.find_user(username=name)


SECURITY_MANAGER_CLASS = SecurityManager
'''
