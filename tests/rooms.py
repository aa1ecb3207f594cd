"""The import rule between services, for import-linter: of another service, its contract only."""

from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OthersContract(Contract):
    """Each of `services` imports only `services.<other>.contract` of the others."""

    services = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Return every import that reaches past a contract."""
        del verbose
        names = {str(name) for name in cast("list[str]", self.services)}
        wrong = [
            f"{importer} -> {imported}"
            for importer in sorted(graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if _reaches_past(importer, imported, names)
        ]
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the imports."""
        for line in check.metadata["wrong"]:
            output.print_error(line)


def _reaches_past(importer: str, imported: str, services: set[str]) -> bool:
    own, other = importer.split("."), imported.split(".")
    if own[0] != "services" or other[0] != "services" or len(own) < 2 or len(other) < 2:
        return False
    if own[1] == other[1] or own[1] not in services or other[1] not in services:
        return False
    return len(other) < 3 or other[2] != "contract"
