"""Settings that are blocks of their own: databases, gateway routes, alerts, retention rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from milepost.config.condition import condition as parsed_condition
from milepost.config.field import part, web_address
from milepost.config.model_uri import check_model_uri

_DRIVERS = ("postgresql", "mysql", "mariadb")
_ROUTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def _route_name(text: str) -> None:
    """A rule: a part of a URL and of a metric that needs no escaping."""
    if _ROUTE.fullmatch(text) is None:
        raise ValueError(f"'{text}' is no name of a route: up to 63 letters, digits, '_', '.', '-'")


@dataclass(frozen=True)
class Database:
    """A database that others refer to by its name, or through the shared connection pool."""

    host: str = part("localhost", "Host name or address.")
    port: int = part(0, "Port; 0 is the usual one of its kind.", least=0, most=65535)
    database: str = part("mlflow", "Name of the database.")
    username: str = part("", "User to connect as.")
    password: str = part("", "Password of that user.", secret=True)
    driver: str = part("postgresql", "postgresql, mysql or mariadb.", choices=_DRIVERS)
    pool: str = part("", "Name of the connection pool that this database stands behind.")

    @property
    def uri(self) -> str:
        """Its address as a backend store URI."""
        return address(
            self.driver, self.username, self.password, self.host, self.port, self.database
        )


def address(driver: str, user: str, password: str, host: str, port: int, name: str) -> str:
    """A backend store URI from its parts; user and password may hold any character."""
    secret = f":{quote(password, safe='')}" if password else ""
    who = f"{quote(user, safe='')}{secret}@" if user else ""
    scheme = "postgresql" if driver == "postgresql" else "mysql+pymysql"
    return f"{scheme}://{who}{host}{f':{port}' if port else ''}/{name}"


@dataclass(frozen=True)
class GatewayRoute:
    """A model behind the gateway."""

    name: str = part(help="Name of the route in the gateway's URLs.", rule=_route_name)
    model_uri: str = part(
        help="The model: models:/NAME/STAGE, models:/NAME@ALIAS, models:/NAME/VERSION, runs:/...,"
        " the URI of a store, or a folder.",
        rule=check_model_uri,
    )
    server: str = part(
        "", "URL of a model server that runs already; without one Milepost starts its own.",
        rule=web_address,
    )  # fmt: skip
    timeout: float = part(
        0.0, "Time its model may take to answer; 0 is gateway.timeout.", duration=True, least=0
    )

    def fault(self) -> str:
        """What it lacks; "" for nothing."""
        return "" if self.name and self.model_uri else "a route needs `name` and `model_uri`"


@dataclass(frozen=True)
class AlertRule:
    """When to tell somebody."""

    name: str = part(help="Name of the alert, unique.")
    condition: str = part(
        help="METRIC OPERATOR NUMBER[UNIT], such as response_time > 5000ms; see the guide.",
        rule=parsed_condition,
    )
    action: tuple[str, ...] = part((), "Names of the actions to take.")
    duration: float = part(
        0.0, "How long the condition must hold first.", key="for", duration=True, least=0
    )
    window: float = part(
        300.0, "The stretch of time that rates and percentiles look at.", duration=True, least=1
    )
    hysteresis: float = part(
        0.0, "Per cent by which the value must clear the limit to end the alert.", least=0, most=100
    )
    severity: str = part("warning", "Passed on with the alert.")
    summary: str = part("", "A sentence for whoever is told.")


@dataclass(frozen=True)
class AlertAction:
    """Whom to tell, and how."""

    type: str = part("webhook", "webhook, slack or email.", choices=("webhook", "slack", "email"))
    url: str = part(
        "", "Where a webhook or Slack message is posted.", secret=True, rule=web_address
    )
    to: tuple[str, ...] = part((), "Addresses of an e-mail.")
    sender: str = part("milepost@localhost", "Address an e-mail comes from.", key="from")
    smtp_host: str = part("localhost", "Mail server.")
    smtp_port: int = part(25, "Port of the mail server.", least=1, most=65535)
    smtp_username: str = part("", "User at the mail server, if it asks.")
    smtp_password: str = part("", "Password of that user.", secret=True)
    starttls: bool = part(False, "Encrypt the connection to the mail server.")

    def fault(self) -> str:
        """What it lacks; "" for nothing."""
        if self.type == "email":
            return "" if self.to else "an e-mail needs `to`"
        return "" if self.url else f"a {self.type} action needs `url`"


@dataclass(frozen=True)
class RetentionRule:
    """Which runs of an experiment may go after a while. Runs that a rule keeps stay."""

    experiment: str = part("*", "Name of the experiment; * stands for any characters.")
    older_than: float = part(
        0.0, "Only runs that ended longer ago than this.", duration=True, least=0
    )
    tag: str = part("", "Only runs with this tag: KEY or KEY=VALUE.")
    keep_tag: str = part("", "Never runs with this tag: KEY or KEY=VALUE.")
    keep_top: int = part(0, "Keep this many of the best runs by `metric`.", least=0)
    metric: str = part("", "The metric that says which runs are best.")
    goal: str = part("max", "Whether the best is the largest or the smallest.",
                     choices=("max", "min"))  # fmt: skip

    def fault(self) -> str:
        """What it lacks; "" for nothing."""
        return "keep_top needs `metric`" if self.keep_top and not self.metric else ""
