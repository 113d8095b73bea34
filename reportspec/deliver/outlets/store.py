"""A store that fsspec knows: S3, Azure, Google and others."""

from __future__ import annotations

from reportspec.deliver.outlets.censor import without_secrets
from reportspec.deliver.outlets.parcel import OutletError, Parcel, filled, no_target, why_not
from reportspec.deliver.outlets.time_limit import in_time
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import Outlet

# Where the first part of a path is a bucket, which is not to be made because its name was misspelt.
_BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "tos", "r2")
# What another try does not mend, by the names that the stores' own packages have for it.
_FOR_GOOD = (PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, NotImplementedError)
_FOR_GOOD_NAMED = ("NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "ProfileNotFound")


@dataclass(frozen=True, slots=True)
class Store:
    """Files of a parcel in a store."""

    outlet: Outlet
    within: float  # seconds

    def take(self, parcel: Parcel) -> str:
        """Store the files; where they are."""
        if not self.outlet.target:
            raise no_target(self.outlet)
        try:
            return in_time(self.within, lambda: self._take(parcel))
        except TimeoutError as error:
            # It can be stored once more: the same files have the same names.
            why = why_not(error, self.within)
            raise OutletError(f"the store `{self.outlet.name}` did not take it: {why}") from None

    def _take(self, parcel: Parcel) -> str:
        try:
            import fsspec  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            raise OutletError('the store needs fsspec: pip install "reportspec[store]"', temporary=False) from None
        place, _, query = filled(self.outlet.target, parcel.names).partition("?")
        place = place.rstrip("/")
        name = f"the store `{self.outlet.name}`"
        try:
            for file, data in parcel.files:
                address = f"{place}/{file}" + (f"?{query}" if query else "")
                system, path = fsspec.core.url_to_fs(address)
                protocols = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
                if not set(protocols) & set(_BUCKETS):
                    system.makedirs(path.rpartition("/")[0], exist_ok=True)
                system.pipe_file(path, data)
        except ImportError as error:
            raise OutletError(f"{name} needs another package: {error}", temporary=False) from None
        except Exception as error:  # what file systems raise is their own
            kind = type(error).__name__
            good = isinstance(error, _FOR_GOOD) or kind in _FOR_GOOD_NAMED
            reason = without_secrets(str(error), self.outlet.target)
            why = f"{kind}: {reason}" if reason else kind
            raise OutletError(
                f"{name} did not take it: {why}",
                temporary=not good,
                of_all=f"{name} did not take it: {kind}",  # paths may be in what it said
            ) from None
        return without_secrets(place, self.outlet.target)
