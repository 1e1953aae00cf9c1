"""Configuration as code for Qonversion: YAML in git, `plan` in the pull request, `apply` after the merge."""

from importlib import import_module

__version__ = "0.1.0"
TYPE_CHECKING = False  # that of typing takes as long to import as all else that `--version` needs

if TYPE_CHECKING:
    from reconciler.apply.execute import Event
    from reconciler.errors import *
    from reconciler.model.plan import Action, Cause, Change, FieldChange, Refusal, Unmanaged
    from reconciler.model.reports import ApplyReport, Outcome, Status, Verification
    from reconciler.model.results import Drift, Drifted, DriftedField
    from reconciler.project import Plan, Project
else:

    def __getattr__(name: str) -> object:
        """A public name, imported when it is first used."""
        for module in _MODULES if name in __all__ else ():
            if found := vars(import_module(f"{__name__}.{module}")).get(name):
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_MODULES = ("errors", "project", "model.plan", "model.results", "model.reports", "apply.execute")
__all__ = ["Action", "AnswerRefused", "AnswerUnreadable", "ApiFailed", "ApplyReport", "Cause", "CertificateUntrusted"]
__all__ += ["Change", "ConfigurationInvalid", "Drift", "Drifted", "DriftedField", "Event", "Exit", "FieldChange"]
__all__ += ["GitUnusable", "IdentityAmbiguous", "KeyExposed", "ListIncomplete", "NoSuchTarget", "NotAuthorised"]
__all__ += ["Outcome", "Plan", "Problem", "Project", "ReconcilerError", "Refusal", "Refused", "StateUnusable"]
__all__ += ["Status", "Unmanaged", "Unreachable", "Verification", "WrongUsage"]
