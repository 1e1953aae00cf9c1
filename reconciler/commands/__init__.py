"""What each command does: the only place that calls one stage after the other. Each module is imported when first
used."""

from typing import TYPE_CHECKING

from reconciler.lazy import import_lazily

if TYPE_CHECKING:
    from reconciler.commands import (
        apply,
        apply_each,
        base_plan,
        comment,
        completion,
        doctor,
        drift,
        edits,
        environments,
        evidence,
        export,
        imports,
        live,
        plan,
        policies,
        probe,
        review,
        session,
        simulate,
        state,
        test,
        validate,
    )
else:
    __getattr__ = import_lazily(__name__)
