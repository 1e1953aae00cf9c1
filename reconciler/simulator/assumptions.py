"""What the documents leave open about segments, remote configurations, entitlements and products: each question with
the answers that the simulator can give. Its first answer holds until another one is chosen."""

from __future__ import annotations

from collections.abc import Mapping

_SERVED = ("served", "403", "404")
ASSUMPTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "segments": (_SERVED, "Whether the project has segments, or what all their paths answer."),
    "remote-configurations": (_SERVED, "The same for remote configurations."),
    "entitlements": (_SERVED, "The same for entitlement definitions."),
    "products": (_SERVED, "The same for products."),
    "sandbox-scope": (("apart", "shared"), "Whether a test_sk_ key has segments and remote configurations of its own."),
    "create-answer": (("record", "identity"), "What a create answers: the record, or its object, id and url."),
    "stale-cursor": (("restart", "quiet", "422"), "A cursor that is gone: from the top, without a header, or refused."),
    "deleted-ids": (("taken", "free"), "Whether a deleted product or entitlement leaves its id to another one."),
    "delete-in-use": (("204", "409"), "Deleting what another object uses, or an active remote configuration."),
    "segments-list": (("without-system", "with-system"), "Whether GET /segments has the rows of the vendor."),
    "segments-order": (("newest", "oldest"), "Which segments are listed first."),
    "segment-ids": (("opaque", "slug"), "How a segment gets its id: without a meaning, or from its name."),
    "segment-put": (("keep", "clear"), "What PUT does to conditions that are left out."),
    "system-segment": (("403", "409", "422"), "Writing to a row of the vendor."),
    "archived-configs": (("listed", "left-out"), "Whether the list has archived remote configurations."),
    "config-status": (("draft", "active"), "The status of a new remote configuration."),
    "config-create": (("ignore", "422"), "A payload in the body of its create."),
    "config-put": (("reset", "keep"), "What PUT does to a context_key that is left out."),
    "config-payload": (("record", "apart"), "Whether the record has the payload, or its own path alone."),
    "payload-check": (("none", "mapping"), "What payload values are checked against."),
    "same-status": (("200", "409", "422"), "Setting the status that a remote configuration has."),
    "wrong-status": (("409", "422"), "A move of the status that is not allowed."),
    "entitlement-ids": (("narrow", "wide"), "Whether the id of an entitlement may have spaces and colons."),
    "unknown-product": (("400", "422", "accepted"), "An entitlement with a product that does not exist."),
    "null-products": (("clear", "ignore"), "What PATCH does with null for product_ids."),
    "product-duration": (("optional", "required"), "Whether a product that is a subscription needs a duration."),
    "product-type": (("changes", "fixed"), "Whether PATCH changes type and duration, or answers 422."),
}
"""By name: the answers, and the question."""
