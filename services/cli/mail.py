"""What the local mail catcher holds: `aerodrome mail list` and `aerodrome mail show`."""

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from services.cli.folder import CannotStart, DataFolder


@dataclass(frozen=True)
class Mail:
    """One mail; numbers start at 1 with the oldest."""

    number: int
    message: EmailMessage

    def summary(self) -> str:
        """Return one line about it."""
        return f"{self.number:>4}  {self.message['Date'] or '-'}  {self.message['To']}  {self.message['Subject']}"

    def text(self) -> str:
        """Return headers and readable body."""
        heads = [f"{name}: {self.message[name]}" for name in ("From", "To", "Subject", "Date")]
        body = self.message.get_body(("plain", "html"))
        return "\n".join((*heads, "", str(body.get_content()) if body else ""))


def caught_in(folder: DataFolder) -> Path:
    """Return where the mail catcher of a data folder keeps mails; raise CannotStart where there is no such folder."""
    if not folder.path.is_dir():
        raise CannotStart(f"{folder.path} is no folder: name the one of `aerodrome up` by --data or AERODROME_DATA")
    if not folder.run.is_dir():
        raise CannotStart(f"{folder.path} is no data folder of `aerodrome up`: name that by --data or AERODROME_DATA")
    return folder.mail


def read_mails(maildir: Path) -> Sequence[Mail]:
    """Return every mail in the order of its arrival."""
    if not maildir.exists():
        return []
    paths = sorted((path for name in ("new", "cur") for path in (maildir / name).glob("*")), key=_arrival)
    return [Mail(number, _parse(path)) for number, path in enumerate(paths, start=1)]


def find_mail(maildir: Path, number: int) -> Mail:
    """Return the mail of that number; -1 is the newest. Raises CannotStart when there is none."""
    mails = read_mails(maildir)
    wanted = len(mails) if number == -1 else number
    if not 1 <= wanted <= len(mails):
        raise CannotStart(f"there is no mail {number}; {maildir} holds {len(mails)}")
    return mails[wanted - 1]


def _arrival(path: Path) -> tuple[int, str]:
    return path.stat().st_mtime_ns, path.name


def _parse(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
