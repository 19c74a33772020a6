"""Errors a person can act on. Everything else is a bug and may surface as one.

    UserError
    ├── Refused          the request, as it stands, is not carried out; nothing was changed
    │   ├── Conflict     somebody else acted first
    │   └── NotFound     no such batch, patient, flag, rule
    ├── WrongUsage       a command line that cannot be understood (exit 2)
    ├── WrongSetting     a setting that cannot be understood
    └── DatabaseProblem
        ├── DatabaseBusy         another process owns the embedded file
        └── DatabaseUnreachable  the server or the file does not answer
"""


class UserError(Exception):
    """Its text is shown as it is, without a traceback: where, what, and what would be right. It holds no patient data."""


class Refused(UserError):
    pass


class Conflict(Refused):
    pass


class NotFound(Refused):
    pass


class WrongUsage(UserError):
    pass


class WrongSetting(UserError):
    pass


class DatabaseProblem(UserError):
    pass


class DatabaseBusy(DatabaseProblem):
    pass


class DatabaseUnreachable(DatabaseProblem):
    pass
