"""Statements, root sheets and certificates as paper and as tables."""

from timebank.statements.sheets.certificate import certificate_pdf
from timebank.statements.sheets.root import root_pdf
from timebank.statements.sheets.statement import Letterhead, pdf, spoken_statement
from timebank.statements.sheets.tables import csv_text, xlsx_bytes

__all__ = ["Letterhead", "certificate_pdf", "csv_text", "pdf", "root_pdf", "spoken_statement", "xlsx_bytes"]
