"""A folder of this machine, or of one that is mounted here."""

from __future__ import annotations

from pathlib import Path

from reportspec.deliver.outlets.parcel import OutletError, Parcel, filled, no_target
from reportspec.files import write_whole
from reportspec.lazy_dataclass import dataclass
from reportspec.model.mail import Outlet


@dataclass(frozen=True, slots=True)
class Folder:
    """Files of a parcel in a folder."""

    outlet: Outlet
    root: Path

    def take(self, parcel: Parcel) -> str:
        """Write the files; where they are."""
        if not self.outlet.target:
            raise no_target(self.outlet)
        folder = self.root / filled(self.outlet.target, parcel.names)
        try:
            for name, data in parcel.files:
                write_whole(folder / name, data)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise OutletError(
                f"`{folder}` cannot be written: {why}",
                of_all=f"the folder `{self.outlet.name}` cannot be written: {why}",
            ) from None
        return str(folder)
